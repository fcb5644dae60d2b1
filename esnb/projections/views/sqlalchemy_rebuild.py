"""Filling a SQLAlchemy view again, in tables beside those that are read meanwhile."""

from __future__ import annotations

from typing import Any

from eventsourcing.persistence import NotSupportedError, Tracking, TrackingRecorder
from sqlalchemy import String, column, delete, func, insert, inspect, select
from sqlalchemy import table as table_named

from esnb.projections.views.sqlalchemy_events import forget_events, move_events
from esnb.projections.views.sqlalchemy_session import begin_writing
from esnb.running.transient import is_transient

_SUFFIX = "_tracking"
_MARK = "code "


class SQLAlchemyRebuild:
    """In tables named after another tracking table, whose rows then replace the view's.

    The view names its tables after its `tracking_table_name`, which is
    `{projection}_tracking`, or `{projection}_rebuild_tracking` for the new
    ones. One transaction puts them in the place of the old; tables whose
    columns have changed are made again in it. A row of the new tracking table
    bears the fingerprint of the code that fills them, and says that they are no
    other projection's: a rebuild that is under way, or was interrupted, goes on
    unless that has changed since.
    """

    is_possible = True

    def __init__(self, view: Any, application_name: str, code: str) -> None:
        """`code` is that fingerprint, of at most 27 characters: the column has 32."""
        self._view = view
        self._application_name = application_name
        self._mark = f"{_MARK}{code}"

    def check(self) -> None:
        """Raises NotSupportedError where the new tables' names are those of other tables.

        Of the view's own, which do not depend on the projection's name, or of
        another projection's.
        """
        new = self._new()
        try:
            marks = self._marks()
        except Exception as error:
            if not is_transient(error):
                raise
            return  # the runner's thread waits for the database, and checks again
        if marks == []:
            stem = new.tracking_table_name.removesuffix(_SUFFIX)
            raise NotSupportedError(
                f"{type(self._view).__qualname__} cannot be rebuilt beside itself: another "
                f"projection named {stem!r} has tables of the names that the new ones would have. "
                "Give one of the two another name"
            )

    def pending(self) -> TrackingRecorder | None:
        if not self._marks():
            return None
        new: TrackingRecorder = self._new()
        if new.max_tracking_id(self._application_name) is None:
            return None
        return self.begin() if self.is_gone(new) else new

    def begin(self) -> TrackingRecorder:
        self.check()
        new = self._new()
        with new.transaction(commit=True) as session:
            begin_writing(session)
            connection = session.connection()
            for table in reversed(_tables(new)):
                table.drop(connection, checkfirst=True)
            for table in _tables(new):
                table.create(connection)
            forget_events(session, new)
            # Below every event: it says that the rebuild has begun.
            new.insert_tracking(Tracking(self._application_name, 0))
            new.insert_tracking(Tracking(self._mark, 0))
        made: TrackingRecorder = new
        return made

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        new: Any = filled
        with new.transaction(commit=True) as session:
            begin_writing(session)
            stored = self._locked(session, self._view)
            # Whoever else fills the new view, a second rebuild of the same projection for
            # instance, waits: a batch between the copies of two tables would be half of one.
            reached = self._locked(session, new)
            if reached is None:
                return True  # another has swapped it in, and left it empty
            if not reached < (stored or 0) <= (head or 0):
                record = new.tracking_record_cls
                session.query(record).filter_by(application_name=self._mark).delete()
                _move(session.connection(), _tables(new), _tables(self._view))
                move_events(session, new, self._view)
                new.insert_tracking(Tracking(self._mark, 0))
                return True
        return False

    def is_gone(self, filled: TrackingRecorder) -> bool:
        names = (self._application_name, self._mark)
        return any(filled.max_tracking_id(name) is None for name in names)

    def _locked(self, session: Any, view: Any) -> int | None:
        """A view's checkpoint, which no other runner moves before the commit."""
        row = (
            session.query(view.tracking_record_cls)
            .filter_by(application_name=self._application_name)
            .with_for_update()
            .first()
        )
        found = None if row is None else int(row.notification_id)
        # Its row is deleted later, behind the back of the session.
        session.expunge_all()
        return found

    def _marks(self) -> list[str] | None:
        """Of the code that fills or has filled the new tables; None where there are none."""
        view, schema = self._view, self._view.tracking_table.schema
        if not inspect(view.datastore.engine).has_table(self._name(), schema=schema):
            return None
        name = column("application_name", String())
        marks = select(name).select_from(table_named(self._name(), name, schema=schema))
        with view.transaction(commit=False) as session:
            return list(session.scalars(marks.where(name.startswith(_MARK))))

    def _name(self) -> str:
        stem = str(self._view.tracking_table_name).removesuffix(_SUFFIX)
        return f"{stem}_rebuild{_SUFFIX}"

    def _new(self) -> Any:
        view = self._view
        new = type(view)(
            datastore=view.datastore,
            tracking_table_name=self._name(),
            schema_name=view.tracking_table.schema,
        )
        old = {table.fullname for table in _tables(view)}
        shared = sorted(old & {table.fullname for table in _tables(new)})
        if shared:
            raise NotSupportedError(
                f"{type(view).__qualname__} cannot be rebuilt beside itself: its table "
                f"{', '.join(map(repr, shared))} has the same name whatever tracking_table_name "
                f"is. Name it after that (self.tracking_table_name.removesuffix({_SUFFIX!r})), "
                "or stop the runner, drop the view's tables and start it again"
            )
        return new


def _tables(view: Any) -> list[Any]:
    """A view's tables, those first that others refer to."""
    return [*view.tables, view.tracking_table]


def _move(connection: Any, filled: list[Any], live: list[Any]) -> None:
    there = inspect(connection)
    for table in reversed(live):
        columns = [column["name"] for column in there.get_columns(table.name, schema=table.schema)]
        if columns == list(table.columns.keys()):
            # Not dropped: others may have rights on it, and SQL views of it.
            connection.execute(delete(table))
        else:
            table.drop(connection)
    for new, table in zip(filled, live, strict=True):
        table.create(connection, checkfirst=True)
        connection.execute(insert(table).from_select(list(new.columns.keys()), select(new)))
        _count_on(connection, table)
    for new in reversed(filled):
        connection.execute(delete(new))


def _count_on(connection: Any, table: Any) -> None:
    """Has PostgreSQL number new rows after those that were inserted with their numbers."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    quoted = connection.dialect.identifier_preparer.format_table(table)
    sequence = connection.scalar(select(func.pg_get_serial_sequence(quoted, column.name)))
    if sequence is not None:
        highest = connection.scalar(select(func.max(column)))
        connection.execute(select(func.setval(sequence, highest or 1, highest is not None)))
