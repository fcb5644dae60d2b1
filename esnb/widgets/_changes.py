"""What differs between two states: + came, − went, ~ changed, down to the entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from esnb.widgets._values import line, visible

Mark = Literal["+", "−", "~"]

WORDS: Final[dict[Mark, str]] = {"+": "added", "−": "removed", "~": "changed"}
"""What each mark means, for those who hear it."""

_DEEPEST = 4
"""Levels below a field that are compared entry by entry."""


class Absent:
    """Stands for the value of a field that a state does not have."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `path` is the field, with `[2]` or `['key']` after it."""

    mark: Mark
    path: str
    before: Any = ABSENT
    after: Any = ABSENT


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], most: int = 100
) -> tuple[list[Change], bool]:
    """The first `most` differences, and whether there are more."""
    found = list(islice(_fields(before, after), most + 1))
    return found[:most], len(found) > most


def same(one: Any, other: Any) -> bool:
    """Whether two values are shown as equal; never raises.

    Values of different types differ (`1` and `True`, `1` and `1.0`), a NaN
    equals a NaN, and what cannot be compared is compared as text.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    try:
        if bool(one == other):
            return True
        return bool(one != one) and bool(other != other)
    except Exception:  # noqa: BLE001  # an `__eq__` of the user's own, or an array's
        return line(one, 1000) == line(other, 1000)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        yield from _compared(
            visible(name, 80), before.get(name, ABSENT), after.get(name, ABSENT), _DEEPEST
        )


def _compared(path: str, before: Any, after: Any, levels: int) -> Iterator[Change]:
    if before is ABSENT:
        yield Change("+", path, after=after)
    elif after is ABSENT:
        yield Change("−", path, before=before)
    elif same(before, after):
        return
    elif levels and isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            inner = f"{path}[{line(key, 80)}]"
            yield from _compared(
                inner, before.get(key, ABSENT), after.get(key, ABSENT), levels - 1
            )
    elif levels and isinstance(before, list | tuple) and type(before) is type(after):
        yield from _sequences(path, before, after, levels)
    else:
        yield Change("~", path, before, after)


def _sequences(
    path: str, before: list[Any] | tuple[Any, ...], after: list[Any] | tuple[Any, ...], levels: int
) -> Iterator[Change]:
    """Entries between the common beginning and the common end."""
    head = 0
    shorter = min(len(before), len(after))
    while head < shorter and same(before[head], after[head]):
        head += 1
    tail = 0
    while tail < shorter - head and same(before[-1 - tail], after[-1 - tail]):
        tail += 1
    old, new = len(before) - tail, len(after) - tail
    for index in range(head, max(old, new)):
        yield from _compared(
            f"{path}[{index}]",
            before[index] if index < old else ABSENT,
            after[index] if index < new else ABSENT,
            levels - 1,
        )
