"""Views in the tables of the library's own SQL modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eventsourcing.persistence import TrackingRecorder

from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.database_events import DatabaseEvents, PostgresEvents, SQLiteEvents
from esnb.projections.views.database_letters import (
    DatabaseLetters,
    PostgresLetters,
    SQLiteLetters,
)
from esnb.projections.views.database_table import quoted
from esnb.projections.views.dead_letters import DeadLetter, DeadLetters
from esnb.projections.views.event_table import is_made
from esnb.projections.views.kind import ViewKind
from esnb.projections.views.rows import Rows
from esnb.sources.source import describe_source

_CREATED_TABLE = re.compile(
    r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"'`\[]?(\w+)", re.IGNORECASE
)


class _DatabaseKind(ViewKind):
    """Its handlers commit event by event, each with its checkpoint."""

    _events: type[DatabaseEvents]
    _letters: type[DatabaseLetters]

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        found = self._events(self._view)
        if found.has_table() or (may_create and is_made(found.create_table)):
            return found
        return super().checkpoint_events()

    def dead_letters(self, in_memory: list[DeadLetter]) -> DeadLetters:
        """In a table of their own, where there is one for the events of checkpoints, too.

        Whoever made that may make this one.
        """
        found = self._letters(self._view)
        is_kept = found.has_table() or self._events(self._view).has_table()
        return found if is_kept else super().dead_letters(in_memory)

    @property
    def _tracking_table(self) -> str:
        """Its name as SQL writes it."""
        raise NotImplementedError

    def _positions(self) -> Mapping[str, int]:
        migration = getattr(self._view, "table_migration_identifier", None)
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT application_name, MAX(notification_id) AS position "
                f"FROM {self._tracking_table} GROUP BY 1"
            )
            rows = cursor.fetchall()
        return {
            row["application_name"]: row["position"]
            for row in rows
            if row["application_name"] != migration
        }


class PostgresKind(_DatabaseKind):
    """A view of `eventsourcing.postgres`."""

    _events = PostgresEvents
    _letters = PostgresLetters

    @property
    def _tracking_table(self) -> str:
        return ".".join(map(quoted, (self._view.datastore.schema, self._view.tracking_table_name)))


class SQLiteKind(_DatabaseKind):
    """A view of `eventsourcing.sqlite`, whose own tables the frames show."""

    _events = SQLiteEvents
    _letters = SQLiteLetters
    _tracking_table = "tracking"

    def _rows(self, table: str | None) -> Rows:
        tables = self._own_tables()
        if table is None and len(tables) == 1:
            table = tables[0]
        if table is None or table not in tables:
            raise ValueError(
                f"{describe_source(self._view)} has the tables {', '.join(tables) or '(none of its own)'}"
                ": say which with table="
            )
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows: list[Any] = cursor.fetchall()
            names = [column[0] for column in cursor.sqlite_cursor.description]
        return Rows([dict(zip(names, tuple(row), strict=True)) for row in rows], names)

    def _own_tables(self) -> list[str]:
        """The tables that the view's class creates, but for that of the checkpoints."""
        found = map(_CREATED_TABLE.search, self._view.create_table_statements)
        names = dict.fromkeys(match[1] for match in found if match)
        return [name for name in names if name != self._tracking_table]

    @classmethod
    def _settings_in_memory(cls, view_class: type[TrackingRecorder]) -> Mapping[str, str]:
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": ":memory:"}
