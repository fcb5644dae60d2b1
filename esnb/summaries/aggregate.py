"""An aggregate: its state, as explore shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from esnb.drawing.values import counted
from esnb.summaries.summary import Section, Summary, SummaryRow
from esnb.values.state import state_of


def of_aggregate(aggregate: Any) -> Summary:
    """The aggregate as it is in memory, with what it has not saved yet."""
    version = f"version {aggregate.version:,}"
    pending = len(getattr(aggregate, "pending_events", ()) or ())
    count = f"{version}, {counted(pending, 'event')} not saved" if pending else version
    rows = [SummaryRow(name, value) for name, value in state_of(aggregate).items()]
    state = Section("State", f"after {version}", rows, "no fields")
    return Summary(type(aggregate).__name__, str(aggregate.id), count, [state])


def is_aggregate(given: Any) -> bool:
    """Whether an object of any class has what makes an aggregate: an id and a version."""
    version = getattr(given, "version", None)
    return type(version) is int and version > 0 and isinstance(given.id, UUID | str)
