"""The steps of one field: the versions that changed it, with their event and their reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esnb.clients.uri import masked_error
from esnb.drawing.values import line
from esnb.folds.changes import ABSENT, same
from esnb.folds.versions import Version
from esnb.values.ordered_repr import short_repr

REASONS = ("reason", "comment", "note", "why", "because", "remark", "message")
"""The fields of a payload that say why something happened, the first that is there."""
Measure = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class FieldStep:
    """A version that changed the field: from `before` to `after`, ABSENT where there is no value."""

    version: int
    type: str
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


def field_history(
    found: Iterable[Version], field: str, measure: Measure | None, reason: str | None
) -> FieldHistory:
    """The steps of a field through all versions of an aggregate.

    Raises LookupError where no version has the field, with the fields that there
    are, and what the `measure` raises, with the version named.
    """
    steps: list[FieldStep] = []
    names: dict[str, None] = {}
    before: Any = ABSENT
    first = version = None
    problem = ""
    count = 0
    for version in found:
        first, count = first or version, count + 1
        names.update(dict.fromkeys(version.state))
        after = _measured(version, field, measure)
        if version.problem is not None and not problem:
            problem = (
                f"not known from version {version.number:,} on: {masked_error(version.problem)}"
            )
        if not same(before, after):
            steps.append(_step(version, before, after, reason))
            before = after
    assert first is not None  # an aggregate has events
    assert version is not None
    if field not in names and not problem:
        raise LookupError(_unknown(first, field, list(names)))
    return FieldHistory(
        first.stream, _class_of(first), steps, count, _moment(first), _moment(version), problem
    )


def _measured(version: Version, field: str, measure: Measure | None) -> Any:
    value = version.state.get(field, ABSENT)
    if measure is None or value is ABSENT or value is None:
        return value
    try:
        return measure(value)
    except Exception as error:
        error.add_note(
            f"value= raised this for {short_repr(value)}, {field!r} in version {version.number}"
        )
        raise


def _step(version: Version, before: Any, after: Any, reason: str | None) -> FieldStep:
    why = _reason(version.data, REASONS if reason is None else (reason,))
    return FieldStep(version.number, version.type, version.event, version.time, before, after, why)


def _reason(data: Any, names: Iterable[str]) -> str:
    if type(data) is not dict:
        return ""
    found = next((data[name] for name in names if data.get(name) not in (None, "")), "")
    return found if isinstance(found, str) else line(found, 120)


def _moment(version: Version) -> FieldMoment:
    return FieldMoment(version.number, version.time)


def _class_of(first: Version) -> str:
    return first.type.rpartition(".")[0].rpartition(".")[2] or "Aggregate"


def _unknown(first: Version, field: str, names: Sequence[str]) -> str:
    known = ", ".join(short_repr(name, 40) for name in names[:20])
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    has = f"it has {known}{more}" if names else "it has no fields"
    return (
        f"{_class_of(first)} {first.stream} has no field {short_repr(field)} in any version: {has}"
    )
