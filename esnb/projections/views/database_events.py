"""Events of checkpoints beside the views of the library's own SQL modules."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.projections.views.database_table import DatabaseTable, InPostgres, InSQLite
from esnb.projections.views.event_table import TABLE, EventTable


class DatabaseEvents(EventTable, DatabaseTable):
    """Of a view whose handlers commit the checkpoint."""

    _called = TABLE
    _columns = (
        "view_name TEXT NOT NULL, application_name TEXT NOT NULL, event TEXT NOT NULL, "
        "PRIMARY KEY (view_name, application_name)"
    )

    def __init__(self, view: Any, clock: Callable[[], float] = monotonic) -> None:
        EventTable.__init__(self, clock)
        DatabaseTable.__init__(self, view)

    def load(self, application_name: str) -> CheckpointEvent | None:
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                self._sql("SELECT event FROM {table} WHERE view_name = ? AND application_name = ?"),
                (self._name, application_name),
            )
            row = cursor.fetchone()
        return None if row is None else CheckpointEvent.from_text(row["event"])

    def _write(self, tracking: TrackedEvent) -> None:
        event = CheckpointEvent.of(tracking.notification)
        with self._view.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                self._sql(
                    "INSERT INTO {table} (view_name, application_name, event) VALUES (?, ?, ?) "
                    "ON CONFLICT (view_name, application_name) DO UPDATE SET event = excluded.event"
                ),
                (self._name, tracking.application_name, event.to_text()),
            )


class SQLiteEvents(InSQLite, DatabaseEvents):
    """In SQLite."""


class PostgresEvents(InPostgres, DatabaseEvents):
    """In PostgreSQL."""
