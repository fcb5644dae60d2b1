"""Where two values of a field differ, down to the entry: + added, − removed, ~ changed.

Lists are compared as texts are: what was inserted in front moves the rest, and
changes nothing else. Two values are the same if `same` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal, NamedTuple

from esnb.folds.same import ABSENT, same
from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import attributed_repr, has_own_repr, in_order

Mark = Literal["+", "−", "~"]

LONGEST: Final = 80
"""Characters up to which a value that has a text of its own is compared as a whole."""

_DEEPEST: Final = 5
"""Levels below a field that are compared entry by entry."""
_MOST_MATCHED: Final = 200
"""Entries of a list that are matched with each other: it takes as many steps as their product."""


class PathStep(NamedTuple):
    """From a value to one in it."""

    kind: Literal["key", "index", "attribute", "element"]
    """An entry of a dict or a list, an attribute; an element of a set has no place in it."""
    name: Any


@dataclass(frozen=True, slots=True)
class EntryDifference:
    """One difference: where it is, and what was and is there."""

    mark: Mark
    steps: tuple[PathStep, ...]
    """From the field on; none where the whole field differs."""
    before: Any = ABSENT
    after: Any = ABSENT

    @property
    def is_in_sequence(self) -> bool:
        """Whether it was added to, or removed from, a list or a set."""
        return self.mark != "~" and bool(self.steps) and self.steps[-1].kind in ("index", "element")


def entries(before: Any, after: Any) -> Iterator[EntryDifference]:
    """The differences of two values, one of which may be ABSENT; none where they are the same.

    >>> for entry in entries({"tea": [1, 2]}, {"tea": [0, 1, 2], "jam": []}):
    ...     print(entry.mark, *(step.name for step in entry.steps), entry.after)
    + tea 0 0
    + jam []
    """
    return _compared((), before, after, _DEEPEST)


def _compared(
    steps: tuple[PathStep, ...], before: Any, after: Any, levels: int
) -> Iterator[EntryDifference]:
    if before is ABSENT:
        yield EntryDifference("+", steps, after=after)
    elif after is ABSENT:
        yield EntryDifference("−", steps, before)
    elif not same(before, after):
        found = _inside(steps, before, after, levels - 1) if levels else iter(())
        first = next(found, None)
        if first is None:  # nothing in them says how they differ
            yield EntryDifference("~", steps, before, after)
        else:
            yield first
            yield from found


def _inside(
    steps: tuple[PathStep, ...], before: Any, after: Any, levels: int
) -> Iterator[EntryDifference]:
    """The differences in two values of the same type, as far as they can be read."""
    if type(before) is not type(after):
        return
    try:
        pairs = list(_pairs(before, after))
    except Exception:  # noqa: BLE001  whatever their own code raises: they are shown as a whole
        return
    for step, one, other in pairs:
        yield from _compared((*steps, step), one, other, levels)


Pair = tuple[PathStep, Any, Any]


def _pairs(before: Any, after: Any) -> Iterable[Pair]:
    """What is compared with what; ABSENT where one side has no such entry."""
    if isinstance(before, dict):
        return _of_mappings("key", before, after)
    if isinstance(before, list | deque):
        return _of_sequences(list(before), list(after))
    if isinstance(before, Set):
        return _of_sets(before, after)
    if type(before) is tuple:
        grows = len(before) != len(after)
        return _of_sequences(before, after) if grows or _are_long(before, after) else ()
    if not has_own_repr(before) or _are_long(before, after):
        return _of_mappings(
            "attribute", dict(instance_attributes(before)), dict(instance_attributes(after))
        )
    return ()


def _are_long(before: Any, after: Any) -> bool:
    return max(len(attributed_repr(before)), len(attributed_repr(after))) > LONGEST


def _of_mappings(
    kind: Literal["key", "attribute"], before: Mapping[Any, Any], after: Mapping[Any, Any]
) -> Iterator[Pair]:
    for name, new in after.items():
        old = before.get(name, ABSENT)
        if old is not new:  # most entries are the same object, and a step for each takes time
            yield PathStep(kind, name), old, new
    for name, old in before.items():
        if name not in after:
            yield PathStep(kind, name), old, ABSENT


def _of_sets(before: Set[Any], after: Set[Any]) -> Iterator[Pair]:
    for added in in_order(each for each in after if each not in before):
        yield PathStep("element", None), ABSENT, added
    for removed in in_order(each for each in before if each not in after):
        yield PathStep("element", None), removed, ABSENT


def _of_sequences(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Pair]:
    """The entries between the common beginning and the common end."""
    shorter = min(len(before), len(after))
    head = _common(before, after, shorter)
    tail = _common(before[::-1], after[::-1], shorter - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    for first, last, begin, end in _replaced(old, new):
        for place in range(max(last - first, end - begin)):
            one, other = first + place, begin + place
            yield (
                PathStep("index", head + (other if other < end else one)),
                old[one] if one < last else ABSENT,
                new[other] if other < end else ABSENT,
            )


def _common(before: Sequence[Any], after: Sequence[Any], most: int) -> int:
    """How many entries both begin with: found in large steps, which Python compares quickly."""
    found, step = 0, most
    while step:
        end = min(found + step, most)
        if _equal(before[found:end], after[found:end]):
            found = end
        step = min(step // 2, most - found)
    while found < most and same(before[found], after[found]):
        found += 1
    return found


def _equal(before: Sequence[Any], after: Sequence[Any]) -> bool:
    try:
        return bool(before == after)
    except Exception:  # noqa: BLE001  their own __eq__ raises: they are compared one by one
        return False


def _replaced(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[int, int, int, int]]:
    """The pieces of both that are not in the other one, as `SequenceMatcher` has them."""
    if not (old and new) or max(len(old), len(new)) > _MOST_MATCHED:
        yield 0, len(old), 0, len(new)
        return
    kinds = _numbered([*old, *new])
    matcher = SequenceMatcher(None, kinds[: len(old)], kinds[len(old) :], autojunk=False)
    for tag, *piece in matcher.get_opcodes():
        if tag != "equal":
            first, last, begin, end = piece
            yield first, last, begin, end


def _numbered(values: Sequence[Any]) -> list[int]:
    """For each value a number, which is the same for those that are the same."""
    kinds: list[Any] = []
    numbers = []
    for value in values:
        number = next((n for n, kind in enumerate(kinds) if same(kind, value)), len(kinds))
        if number == len(kinds):
            kinds.append(value)
        numbers.append(number)
    return numbers
