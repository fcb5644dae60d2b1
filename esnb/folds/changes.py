"""What differs between two states, and how it reads in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, NamedTuple

from esnb.folds.entries import LONGEST, EntryDifference, PathStep, entries
from esnb.folds.same import ABSENT, same
from esnb.values.ordered_repr import attributed_repr
from esnb.values.state import text_of

_MOST = 10
"""Entries of one field that are named."""


class FieldChange(NamedTuple):
    """A field that differs: ABSENT where one side lacks it."""

    field: str
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The fields that differ, in the order of `after`, then those that are gone.

    >>> changes({"price": 10, "name": "tea"}, {"price": 12, "name": "tea"})
    [FieldChange(field='price', before=10, after=12)]
    """
    found = [
        FieldChange(name, before.get(name, ABSENT), value)
        for name, value in after.items()
        if name not in before or not same(before[name], value)
    ]
    return found + [
        FieldChange(name, value, ABSENT) for name, value in before.items() if name not in after
    ]


def describe_changes(found: Iterable[FieldChange]) -> str:
    """The changes in one line.

    >>> describe_changes(changes({"price": 10}, {"price": 12, "tags": ["new"]}))
    "price: 10 → 12; tags: ['new']"
    >>> describe_changes(changes({"tags": ["new"]}, {"tags": ["new", "hot"]}))
    "tags: + 'hot'"
    """
    return "; ".join(text for change in found for text in _described(change))


def _described(change: FieldChange) -> Iterator[str]:
    """The texts of a field, one for each place in it at which something changed."""
    found = entries(change.before, change.after)
    named = islice(found, _MOST)
    for (place, is_in_sequence), group in groupby(named, lambda each: _place(change.field, each)):
        sides = map(_sides, group)
        yield from (
            [f"{place}: {', '.join(sides)}"]
            if is_in_sequence
            else (f"{place}: {side}" for side in sides)
        )
    if left := sum(1 for _ in found):
        yield f"{change.field}: … {left:,} more"


def _place(field: str, entry: EntryDifference) -> tuple[str, bool]:
    """What an entry's text begins with; additions to one list, or set, have it in common."""
    steps = entry.steps[:-1] if entry.is_in_sequence else entry.steps
    return field + "".join(map(_step, steps)), entry.is_in_sequence


def _step(step: PathStep) -> str:
    if step.kind == "index":
        return f"[{step.name}]"
    return f".{step.name if isinstance(step.name, str) else text_of(step.name)}"


def _sides(entry: EntryDifference) -> str:
    if entry.is_in_sequence:
        return f"{entry.mark} {_short(entry.after if entry.mark == '+' else entry.before)}"
    if entry.before is ABSENT:
        return _short(entry.after)
    if entry.after is ABSENT:
        return f"{_short(entry.before)} → (gone)"
    before, after = (text_of(each, attributed_repr) for each in (entry.before, entry.after))
    if _cut(before) == _cut(after) and before != after:
        start = max(0, _common(before, after) - LONGEST // 2)
        before, after = _from(start, before), _from(start, after)
    return f"{_cut(before)} → {_cut(after)}"


def _short(value: Any) -> str:
    return _cut(text_of(value, attributed_repr))


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}…{text[-half:]}"


def _common(one: str, other: str) -> int:
    """How many characters both texts begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _from(start: int, text: str) -> str:
    """The part of a long text that begins at `start`."""
    part = text[start : start + LONGEST - 2]
    return f"…{part}{'…' if start + len(part) < len(text) else ''}"
