"""What differs between two states: + added, − removed, ~ changed, down to the entry.

Two values are the same if `esnb.diff` considers them the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from esnb.drawing.values import line, visible
from esnb.folds.changes import ABSENT, same

Mark = Literal["+", "−", "~"]

WORDS: Final[dict[Mark, str]] = {"+": "added", "−": "removed", "~": "changed"}
"""What each mark means, for those who hear it."""

_DEEPEST = 4
"""Levels below a field that are compared entry by entry."""


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One difference in a field; `path` names the entry, as in `tags[2]`."""

    mark: Mark
    field: str
    path: str
    before: Any = ABSENT
    after: Any = ABSENT


def entry_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], most: int = 100
) -> tuple[list[EntryChange], bool]:
    """The first `most` differences, and whether there are more."""
    found = list(islice(_fields(before, after), most + 1))
    return found[:most], len(found) > most


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[EntryChange]:
    for name in dict.fromkeys([*before, *after]):
        sides = before.get(name, ABSENT), after.get(name, ABSENT)
        yield from _compared(name, visible(name, 80), *sides, _DEEPEST)


def _compared(field: str, path: str, before: Any, after: Any, levels: int) -> Iterator[EntryChange]:
    if before is ABSENT:
        yield EntryChange("+", field, path, after=after)
    elif after is ABSENT:
        yield EntryChange("−", field, path, before=before)
    elif same(before, after):
        return
    elif levels and type(before) is type(after) is dict:
        try:
            entries = [
                (key, (before.get(key, ABSENT), after.get(key, ABSENT)))
                for key in dict.fromkeys([*before, *after])
            ]
        except Exception:  # noqa: BLE001  keys that cannot be compared: the dicts are shown whole
            yield EntryChange("~", field, path, before, after)
            return
        for key, sides in entries:
            yield from _compared(field, f"{path}[{line(key, 80)}]", *sides, levels - 1)
    elif levels and type(before) is type(after) and type(before) in (list, tuple):
        yield from _sequences(field, path, before, after, levels - 1)
    else:
        yield EntryChange("~", field, path, before, after)


def _sequences(
    field: str, path: str, before: Sequence[Any], after: Sequence[Any], levels: int
) -> Iterator[EntryChange]:
    """The entries between the common beginning and the common end."""
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and same(before[head], after[head]):
        head += 1
    tail = 0
    while tail < shorter - head and same(before[-1 - tail], after[-1 - tail]):
        tail += 1
    old, new = len(before) - tail, len(after) - tail
    for index in range(head, max(old, new)):
        sides = (
            before[index] if index < old else ABSENT,
            after[index] if index < new else ABSENT,
        )
        yield from _compared(field, f"{path}[{index}]", *sides, levels)
