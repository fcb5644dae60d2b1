"""One colour per type of event: chosen here only; `esnb.css` says what each looks like."""

from __future__ import annotations

from collections.abc import Iterable

COLOURS = 8
"""Classes `esnb-k0` to `esnb-k7`; the last is a grey."""


def type_colours(types: Iterable[str]) -> dict[str, str]:
    """The class of each type's colour, in the order in which the types first appear.

    From the eighth type on all have the last colour, since people tell no more apart.

    >>> type_colours(["Opened", "Added", "Added"])
    {'Opened': 'esnb-k0', 'Added': 'esnb-k1'}
    """
    found = dict.fromkeys(types)
    return {name: f"esnb-k{min(place, COLOURS - 1)}" for place, name in enumerate(found)}
