"""The steps of one field: the versions that changed it, with their event and their reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esnb.clients.uri import masked_error
from esnb.drawing.values import line
from esnb.folds.same import ABSENT, same
from esnb.plot.field_values import FieldValue
from esnb.values.ordered_repr import short_repr

REASONS = ("reason", "comment", "note", "why", "because", "remark", "message")
"""The fields of a payload that say why something happened, the first that is there."""


@dataclass(frozen=True, slots=True)
class FieldStep:
    """A version that changed the field: from `before` to `after`, ABSENT where there is no value."""

    version: int
    event: str
    time: datetime | None
    before: Any
    after: Any
    reason: str

    @property
    def change(self) -> str:
        """The change, as a row of a list has it."""
        after = value_text(self.after)
        return after if self.before is ABSENT else f"{value_text(self.before)} → {after}"


@dataclass(frozen=True, slots=True)
class FieldHistory:
    """One field of one aggregate, from its first version to its last."""

    stream: str
    aggregate: str
    """Its class."""
    steps: Sequence[FieldStep]
    versions: int
    first: FieldMoment
    last: FieldMoment
    problem: str
    """Why the state is not known from some version on; empty where it is."""


@dataclass(frozen=True, slots=True)
class FieldMoment:
    """A version and its time."""

    version: int
    time: datetime | None


def value_text(value: Any) -> str:
    """A value in a list or beside a point."""
    return "no value" if value is ABSENT else line(value, 40)


def field_history(values: Iterable[FieldValue], field: str, reason: str | None) -> FieldHistory:
    """The steps of a field through all versions of an aggregate.

    Raises LookupError where no version has the field, with the fields that
    there are.
    """
    steps: list[FieldStep] = []
    names: dict[str, None] = {}
    before: Any = ABSENT
    first = last = None
    problem = ""
    count = 0
    for last in values:
        first, count = first or last, count + 1
        names.update(dict.fromkeys(last.names))
        if last.problem is not None and not problem:
            problem = f"not known from version {last.version:,} on: {masked_error(last.problem)}"
        if not same(before, last.value):
            steps.append(_step(last, before, reason))
            before = last.value
    assert first is not None  # an aggregate has events
    assert last is not None
    if field not in names and not problem:
        raise LookupError(_unknown(first, field, list(names)))
    ends = FieldMoment(first.version, first.time), FieldMoment(last.version, last.time)
    return FieldHistory(first.stream, _class_of(first), steps, count, *ends, problem)


def _step(found: FieldValue, before: Any, reason: str | None) -> FieldStep:
    why = _reason(found, REASONS if reason is None else (reason,))
    return FieldStep(found.version, found.event, found.time, before, found.value, why)


def _reason(found: FieldValue, names: Iterable[str]) -> str:
    said = (found.said(name) for name in names)
    why = next((each for each in said if each is not None and each != ""), "")
    return why if isinstance(why, str) else line(why, 120)


def _class_of(first: FieldValue) -> str:
    around = first.type.removesuffix(first.event).rstrip(".")
    return around.rpartition(".")[2] or "Aggregate"


def _unknown(first: FieldValue, field: str, names: Sequence[str]) -> str:
    known = ", ".join(short_repr(name, 40) for name in names[:20])
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    has = f"it has {known}{more}" if names else "it has no fields"
    return (
        f"{_class_of(first)} {first.stream} has no field {short_repr(field)} in any version: {has}"
    )
