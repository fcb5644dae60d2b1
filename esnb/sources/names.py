"""Arguments that take one name or several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def listed(given: Any, kinds: Any, problem: str) -> list[Any]:
    """What was passed, one or several of `kinds`; TypeError with `problem` for anything else.

    >>> listed("Created", str, "pass names"), listed(("Created", "Renamed"), str, "pass names")
    (['Created'], ['Created', 'Renamed'])
    """
    several = isinstance(given, Iterable) and not isinstance(given, kinds)
    names = list(given) if several else [given]
    if not all(isinstance(name, kinds) for name in names):
        raise TypeError(problem)
    return names
