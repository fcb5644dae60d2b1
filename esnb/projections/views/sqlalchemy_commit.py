"""Many events in one transaction of a SQLAlchemy view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder
from sqlalchemy import text

from esnb.adapters.checkpoint_event import TrackedEvent
from esnb.projections.views.sqlalchemy_events import SQLAlchemyEvents
from esnb.projections.views.sqlalchemy_session import begin_writing


@contextmanager
def sqlalchemy_commit(
    view: Any, application_name: str, after: int | None, events: object = None
) -> Iterator[SQLAlchemyCommit]:
    """The next events of `view`, whose checkpoint is `after`, in one transaction.

    The checkpoint is locked in PostgreSQL (SQLite has one writer, from the beginning): a
    second runner of the projection waits, and then finds a checkpoint that it
    did not leave. Raises IntegrityError for that, and applies nothing. `events` keep
    what the checkpoint stands at, in the same transaction where they have a table.
    """
    with view.transaction(commit=True) as session:
        begin_writing(session)
        stored = _locked(session, view.tracking_record_cls, application_name)
        if stored != after:
            raise IntegrityError(
                f"view {type(view).__qualname__} is at {stored} of application "
                f"{application_name!r}, where {after} was left: another runner of the same "
                "projection moves it. Nothing was applied: go on from its checkpoint"
            )
        commit = SQLAlchemyCommit(view, session, events)
        yield commit
    if commit.failure is not None:
        raise commit.failure


def _locked(session: Any, record: Any, application_name: str) -> int | None:
    """The checkpoint, which nobody else moves until the transaction ends."""
    row = session.query(record).filter_by(application_name=application_name).with_for_update()
    found = row.first()
    dialect = session.get_bind().dialect
    if found is None and dialect.name == "postgresql":
        # No row to lock: nobody is to insert one. The library would overwrite it unseen.
        table = dialect.identifier_preparer.format_table(record.__table__)
        session.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
        found = row.first()
    return None if found is None else int(found.notification_id)


class SQLAlchemyCommit:
    """One transaction; each event of it has a savepoint of its own."""

    def __init__(self, view: TrackingRecorder, session: Any, events: object = None) -> None:
        self._view = view
        self._session = session
        self._events = events
        self.failure: Exception | None = None
        """What is raised when those before it are committed."""

    def event(self) -> AbstractContextManager[object]:
        """The block of one event: left by an exception, it has changed nothing."""
        block: AbstractContextManager[object] = self._session.begin_nested()
        return block

    def forget(self, tracking: Tracking) -> None:
        """Its savepoint is gone already."""

    def fails(self, error: Exception) -> None:
        """Has `error` raised after the commit of what came before it."""
        self.failure = error

    def finish(self, tracking: Tracking) -> None:
        if not self._view.has_tracking_id(tracking.application_name, tracking.notification_id):
            self._view.insert_tracking(tracking)
        if isinstance(self._events, SQLAlchemyEvents) and isinstance(tracking, TrackedEvent):
            self._events.keep_in(self._session, tracking)
