"""Events of checkpoints beside SQLAlchemy's views, in the transactions of these."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    update,
)

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.projections.views.event_table import TABLE, EventTable, is_made
from esnb.projections.views.sqlalchemy_session import begin_writing


class SQLAlchemyEvents(EventTable):
    """Of a SQLAlchemy view: written in the transaction that moves the checkpoint.

    In one of their own, where each handler has its own, too.
    """

    def __init__(self, view: Any) -> None:
        super().__init__()
        self._view = view
        self._table = _table(view)

    def load(self, application_name: str) -> CheckpointEvent | None:
        wanted = select(self._table.c.event).where(*self._row(application_name))
        with self._view.transaction(commit=False) as session:
            found = session.scalar(wanted)
        return None if found is None else CheckpointEvent.from_text(found)

    def keep_in(self, session: Any, tracking: TrackedEvent) -> None:
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
    return Table(
        TABLE,
        MetaData(),
        Column("view_name", String(255), primary_key=True),
        Column("application_name", String(255), primary_key=True),
        Column("event", Text, nullable=False),
        schema=view.tracking_table.schema,
    )


def _has_table(view: Any, session: Any) -> bool:
    found: bool = inspect(session.connection()).has_table(TABLE, schema=view.tracking_table.schema)
    return found


def events_in_table(view: Any, *, may_create: bool) -> SQLAlchemyEvents | None:
    """Where a SQLAlchemy view keeps them; None where there is no table, and none can be made."""

    def create() -> None:
        with view.transaction(commit=True) as session:
            begin_writing(session)
            _table(view).create(session.connection(), checkfirst=True)

    with view.transaction(commit=False) as session:
        is_there = _has_table(view, session)
    return SQLAlchemyEvents(view) if is_there or (may_create and is_made(create)) else None


def forget_events(session: Any, view: Any) -> None:
    """Those of a SQLAlchemy view that is begun again, in its transaction."""
    table = _table(view)
    if _has_table(view, session):
        session.execute(delete(table).where(table.c.view_name == view.tracking_table_name))


def move_events(session: Any, filled: Any, live: Any) -> None:
    """Those of a view that was filled again become those of the view whose place it takes."""
    table = _table(live)
    if _has_table(live, session):
        forget_events(session, live)
        moved = update(table).where(table.c.view_name == filled.tracking_table_name)
        session.execute(moved.values(view_name=live.tracking_table_name))
