"""What differs between two states: + added, − removed, ~ changed, down to the entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from esnb.drawing.values import line, visible
from esnb.folds.entries import Mark, PathStep, entries
from esnb.folds.same import ABSENT

WORDS: Final[dict[Mark, str]] = {"+": "added", "−": "removed", "~": "changed"}
"""What each mark means, for those who hear it."""


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
        for entry in entries(before.get(name, ABSENT), after.get(name, ABSENT)):
            path = visible(name, 80) + "".join(map(_path, entry.steps))
            yield EntryChange(entry.mark, name, path, entry.before, entry.after)


def _path(step: PathStep) -> str:
    if step.kind == "attribute":
        return f".{visible(step.name, 80)}"
    return "" if step.kind == "element" else f"[{line(step.name, 80)}]"
