"""Places in a server's log as persistent subscriptions write them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?:C:)?(-?\d+)")


def parse_position(text: str) -> int | None:
    """A revision, or the commit position of `C:12/P:12`; None where there is none.

    >>> parse_position("C:12/P:12"), parse_position("7"), parse_position(""), parse_position("-1")
    (12, 7, None, None)
    """
    found = _NUMBER.match(text or "")
    number = None if found is None else int(found[1])
    return None if number is None or number < 0 else number
