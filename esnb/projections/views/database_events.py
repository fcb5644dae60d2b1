"""Events of checkpoints beside the views of the library's own SQL modules."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.projections.views.event_table import TABLE, EventTable


class DatabaseEvents(EventTable):
    """Of a view whose handlers commit the checkpoint."""

    _is_there: str
    """A query for the table of that name."""

    @property
    def _table(self) -> str:
        """Its name as SQL writes it."""
        raise NotImplementedError

    def __init__(self, view: Any, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(clock)
        self._view = view

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

    def has_table(self) -> bool:
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(self._sql(self._is_there), (self._table,))
            row = cursor.fetchone()
        return row is not None and row["name"] is not None

    def create_table(self) -> None:
        with self._view.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                self._sql(
                    "CREATE TABLE IF NOT EXISTS {table} (view_name TEXT NOT NULL, "
                    "application_name TEXT NOT NULL, event TEXT NOT NULL, "
                    "PRIMARY KEY (view_name, application_name))"
                )
            )

    @property
    def _name(self) -> str:
        return getattr(self._view, "tracking_table_name", "tracking")

    def _sql(self, text: str) -> str:
        return text.format(table=self._table)


class SQLiteEvents(DatabaseEvents):
    _table = TABLE
    _is_there = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"


class PostgresEvents(DatabaseEvents):
    _is_there = "SELECT to_regclass(?)::text AS name"

    @property
    def _table(self) -> str:
        return f"{quoted(self._view.datastore.schema)}.{TABLE}"

    def _sql(self, text: str) -> str:
        return super()._sql(text.replace("?", "%s"))


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
