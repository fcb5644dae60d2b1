"""Events of checkpoints in a database, in a table of their own beside those of its views.

The views' tables, which are the library's, stay as they are.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic
from typing import Any

from eventsourcing.persistence import ProgrammingError, TrackingRecorder
from eventsourcing.sqlite import SQLiteTrackingRecorder

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.projections.sql_group import begin_writing

TABLE = "esnb_checkpoint_events"
_SECONDS = 1.0
"""Between two transactions that do nothing but keep an event."""

_log = logging.getLogger(__name__)


class _InTransactions(ABC):
    """Writes in transactions of its own, not more than one a second.

    What lies a little below the checkpoint tells the log as well.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._written_at: float | None = None
        self._written: TrackedEvent | None = None
        self._waiting: TrackedEvent | None = None

    def keep(self, tracking: TrackedEvent) -> None:
        if tracking == self._written:
            return
        self._waiting = tracking
        if self._written_at is None or self._clock() - self._written_at >= _SECONDS:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._write(waiting)
            self._written_at = self._clock()

    @abstractmethod
    def _write(self, tracking: TrackedEvent) -> None: ...


class InTable(_InTransactions):
    """Of a SQLAlchemy view: written in the transaction that moves the checkpoint.

    In one of their own, where each handler has its own, too.
    """

    def __init__(self, view: Any) -> None:
        super().__init__()
        self._view = view
        self._table = _table(view)

    def load(self, application_name: str) -> CheckpointEvent | None:
        from sqlalchemy import select

        wanted = select(self._table.c.event).where(*self._row(application_name))
        with self._view.transaction(commit=False) as session:
            found = session.scalar(wanted)
        return None if found is None else CheckpointEvent.from_text(found)

    def keep_in(self, session: Any, tracking: TrackedEvent) -> None:
        from sqlalchemy import insert, update

        name, text = tracking.application_name, CheckpointEvent.of(tracking.notification).to_text()
        changed = update(self._table).where(*self._row(name)).values(event=text)
        if not session.execute(changed).rowcount:
            row = {"view_name": self._name, "application_name": name, "event": text}
            session.execute(insert(self._table).values(row))
        self._written = tracking

    def _write(self, tracking: TrackedEvent) -> None:
        with self._view.transaction(commit=True) as session:
            begin_writing(session)
            self.keep_in(session, tracking)

    @property
    def _name(self) -> str:
        return str(self._view.tracking_table_name)

    def _row(self, application_name: str) -> tuple[Any, ...]:
        columns = self._table.c
        return columns.view_name == self._name, columns.application_name == application_name


def _table(view: Any) -> Any:
    from sqlalchemy import Column, MetaData, String, Table, Text

    return Table(
        TABLE,
        MetaData(),
        Column("view_name", String(255), primary_key=True),
        Column("application_name", String(255), primary_key=True),
        Column("event", Text, nullable=False),
        schema=view.tracking_table.schema,
    )


def _has_table(view: Any, session: Any) -> bool:
    from sqlalchemy import inspect

    found: bool = inspect(session.connection()).has_table(TABLE, schema=view.tracking_table.schema)
    return found


def in_table(view: Any, *, may_create: bool) -> InTable | None:
    """Where a SQLAlchemy view keeps them; None where there is no table, and none can be made."""

    def create() -> None:
        with view.transaction(commit=True) as session:
            begin_writing(session)
            _table(view).create(session.connection(), checkfirst=True)

    with view.transaction(commit=False) as session:
        is_there = _has_table(view, session)
    return InTable(view) if is_there or (may_create and _is_done(create)) else None


def forget_events(session: Any, view: Any) -> None:
    """Those of a SQLAlchemy view that is begun again, in its transaction."""
    from sqlalchemy import delete

    table = _table(view)
    if _has_table(view, session):
        session.execute(delete(table).where(table.c.view_name == view.tracking_table_name))


def move_events(session: Any, filled: Any, live: Any) -> None:
    """Those of a view that was filled anew become those of the view whose place it takes."""
    from sqlalchemy import update

    table = _table(live)
    if _has_table(live, session):
        forget_events(session, live)
        moved = update(table).where(table.c.view_name == filled.tracking_table_name)
        session.execute(moved.values(view_name=live.tracking_table_name))


class InDatabase(_InTransactions):
    """Of a view of the library's own SQL modules, whose handlers commit the checkpoint."""

    def __init__(self, view: Any, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(clock)
        self._view = view
        self._is_sqlite = isinstance(view, SQLiteTrackingRecorder)

    def load(self, application_name: str) -> CheckpointEvent | None:
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                self._sql("SELECT event FROM {table} WHERE view_name = ? AND application_name = ?"),
                (self._name, application_name),
            )
            row = cursor.fetchone()
        return None if row is None else CheckpointEvent.from_text(row["event"])

    def keep_in(self, session: Any, tracking: TrackedEvent) -> None:
        """No such view has a session."""

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
        sql = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"
            if self._is_sqlite
            else "SELECT to_regclass(%s)::text AS name"
        )
        with self._view.datastore.transaction(commit=False) as cursor:
            cursor.execute(sql, (TABLE if self._is_sqlite else self._table,))
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

    @property
    def _table(self) -> str:
        return TABLE if self._is_sqlite else f'"{self._view.datastore.schema}".{TABLE}'

    def _sql(self, text: str) -> str:
        return (text if self._is_sqlite else text.replace("?", "%s")).format(table=self._table)


def in_database(view: TrackingRecorder, *, may_create: bool) -> InDatabase | None:
    """Where a view of the library's own SQL modules keeps them; None as for `in_table()`."""
    found = InDatabase(view)
    if found.has_table() or (may_create and _is_done(found.create_table)):
        return found
    return None


def is_in_database(view: object) -> bool:
    """Whether a view is one of the library's for SQLite or PostgreSQL, which is not imported."""
    modules = ("eventsourcing.sqlite", "eventsourcing.postgres")
    return any(each.__module__ in modules for each in type(view).__mro__)


def _is_done(create: Callable[[], None]) -> bool:
    """Whether the table could be made: whoever runs a view may lack the right to make tables."""
    try:
        create()
    except ProgrammingError as error:
        _log.info("without table %r only a runner itself knows its checkpoints: %s", TABLE, error)
        return False
    return True
