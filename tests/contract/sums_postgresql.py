"""A view of the library's own PostgreSQL module; brings psycopg, so tests import it when they run."""

from __future__ import annotations

from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder


class PostgresSums(PostgresTrackingRecorder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._amounts = self.tracking_table_name.replace("tracking", "amounts")

    def _create_table(self, curs: Any) -> None:
        super()._create_table(curs)
        curs.execute(
            f"CREATE TABLE IF NOT EXISTS {self._amounts} (id serial, amount integer)".encode()
        )

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(f"INSERT INTO {self._amounts} (amount) VALUES ({amount:d})".encode())

    def seen(self) -> list[int]:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(f"SELECT amount FROM {self._amounts} ORDER BY id".encode())
            return [row["amount"] for row in cursor.fetchall()]
