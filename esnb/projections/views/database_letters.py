"""Dead letters beside the views of the library's own SQL modules."""

from __future__ import annotations

import json
from dataclasses import asdict

from eventsourcing.persistence import Tracking

from esnb.projections.views.database_table import DatabaseTable, InPostgres, InSQLite
from esnb.projections.views.dead_letters import DeadLetter


class DatabaseLetters(DatabaseTable):
    """A letter and the checkpoint past its event are one transaction."""

    kept = "in the view's database, in one transaction with the checkpoint"
    _called = "esnb_dead_letters"
    _columns = (
        "view_name TEXT NOT NULL, application_name TEXT NOT NULL, notification_id BIGINT NOT NULL, "
        "letter TEXT NOT NULL, PRIMARY KEY (view_name, application_name, notification_id)"
    )

    def add(self, letter: DeadLetter, tracking: Tracking, after: int | None) -> None:
        self.create_table()
        with self._view.datastore.transaction(commit=True) as cursor:
            # What the library's own `insert_tracking()` does in a transaction of its own.
            self._view._insert_tracking(cursor, tracking)
            cursor.execute(
                self._sql(
                    "INSERT INTO {table} (view_name, application_name, notification_id, letter) "
                    "VALUES (?, ?, ?, ?)"
                ),
                (
                    self._name,
                    tracking.application_name,
                    tracking.notification_id,
                    json.dumps(asdict(letter)),
                ),
            )

    def all(self) -> list[DeadLetter]:
        if not self.has_table():
            return []
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                self._sql(
                    "SELECT letter FROM {table} WHERE view_name = ? "
                    "ORDER BY application_name, notification_id"
                ),
                (self._name,),
            )
            rows = cursor.fetchall()
        return [DeadLetter(**json.loads(row["letter"])) for row in rows]


class SQLiteLetters(InSQLite, DatabaseLetters):
    """In SQLite."""


class PostgresLetters(InPostgres, DatabaseLetters):
    """In PostgreSQL."""
