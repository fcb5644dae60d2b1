"""Runners as a caller passes them: one by one, or in collections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def one_by_one(given: Iterable[Any]) -> Iterator[Any]:
    """What was given, also within lists and other collections.

    >>> list(one_by_one([1, [2, (3, 4)], iter([5])]))
    [1, 2, 3, 4, 5]
    """
    for each in given:
        has_others = isinstance(each, Iterable) and not isinstance(
            each, str | bytes | Mapping | type
        )
        if has_others and not callable(getattr(each, "status", None)):
            yield from one_by_one(each)
        else:
            yield each
