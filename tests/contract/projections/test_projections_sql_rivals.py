"""Two runners of one projection by mistake, over one SQLite or PostgreSQL view."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy
from eventsourcing.persistence import IntegrityError, Tracking

from esnb.projections import Backoff, CatchUpRunner
from esnb.projections.views import kind_of, sqlalchemy_rebuild
from esnb.projections.views.sqlalchemy_commit import sqlalchemy_commit
from esnb.projections.views.sqlalchemy_rebuild import SQLAlchemyRebuild
from tests.contract.amounts_sql import Amounts, AmountsProjection
from tests.domain.bank import Bank, Gate
from tests.postgresql_server import PostgreSQLServer
from tests.waiting import DEADLINE, until

pytestmark = [
    pytest.mark.extras,
    # A view's tables are mapped anew for each runner of a process.
    pytest.mark.filterwarnings("ignore:This declarative base already contains"),
]

Runner = CatchUpRunner[Bank, Amounts]
Make = Callable[..., Runner]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/views.db"
    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    return server.url


@pytest.fixture
def app() -> Bank:
    return Bank()


@pytest.fixture
def make(url: str, app: Bank) -> Make:
    """Makes runners of one projection; `before` is called before each event of that runner."""
    name = f"p{uuid4().hex[:12]}"

    def runner(before: Callable[[], None] = lambda: None, **options: Any) -> Runner:
        projection = type(
            "Rival", (AmountsProjection,), {"name": name, "before": staticmethod(before)}
        )
        env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": url}
        return CatchUpRunner(app, projection, Amounts, env, backoff=Backoff(0.01, 0.05), **options)

    return runner


def asks_for_its_turn(view: Amounts) -> threading.Event:
    """Set when `view` is about to ask for what another transaction may hold."""
    asked = threading.Event()

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if any(each in statement for each in ("FOR UPDATE", "BEGIN IMMEDIATE", "DROP TABLE")):
            asked.set()

    sqlalchemy.event.listen(view.datastore.engine, "before_cursor_execute", listen)
    return asked


@pytest.mark.parametrize("applied", [0, 2], ids=["first-events", "later-events"])
def test_a_batch_that_overlaps_another_s_is_applied_once(
    make: Make, app: Bank, applied: int
) -> None:
    account = app.open()
    if applied:
        app.deposit(account, *range(100, 100 + applied))
        with make() as earlier:
            earlier.wait(timeout=DEADLINE)
    app.deposit(account, *range(100 + applied, 110))
    gate = Gate()
    slow = make(lambda: gate(None))
    quick = make()
    asked = asks_for_its_turn(quick.view)
    with slow:
        assert gate.entered.wait(DEADLINE)  # it has read all events, and applied none
        with quick:
            assert asked.wait(DEADLINE)
            app.deposit(account, 110)
            gate.opened.set()
            quick.wait(timeout=DEADLINE)
            slow.wait(timeout=DEADLINE)
            assert slow.view.seen() == quick.view.seen() == list(range(100, 111))
            assert slow.status().lag == quick.status().lag == 0


def test_the_first_batch_of_an_empty_view_keeps_another_s_from_beginning(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no checkpoint to lock yet, and the library overwrites one that it finds late."""
    one, two = make().view, make().view
    refused: list[BaseException] = []

    def fill() -> None:
        try:
            with sqlalchemy_commit(two, "Bank", None) as group, group.event():
                two.add(101, Tracking("Bank", 2))
        except IntegrityError as error:
            refused.append(error)

    filler = threading.Thread(target=fill)
    has_tracking_id = one.has_tracking_id

    def looked(*tracking: Any) -> bool:
        found = has_tracking_id(*tracking)
        if filler.ident is None:
            filler.start()
            with one.transaction(commit=False) as session:
                _until_it_waits_or_is_done(session.connection(), filler)
        return found

    monkeypatch.setattr(one, "has_tracking_id", looked)
    with sqlalchemy_commit(one, "Bank", None) as group, group.event():
        one.add(100, Tracking("Bank", 1))
    filler.join(DEADLINE)
    assert not filler.is_alive()

    assert (one.seen(), one.max_tracking_id("Bank")) == ([100], 1)
    assert len(refused) == 1  # it goes on from the view's checkpoint


def test_two_rebuilds_at_once_and_what_comes_meanwhile(make: Make, app: Bank) -> None:
    account = app.open()
    app.deposit(account, *range(100, 130))
    gate = Gate()
    gate.opened.set()
    one, two = make(lambda: gate(None), batch_size=3), make(batch_size=4)
    with one, two:
        one.wait(timeout=DEADLINE)
        two.wait(timeout=DEADLINE)
        with one.view.transaction(commit=True) as session:
            session.execute(sqlalchemy.delete(one.view.amounts))
        gate.entered.clear()
        gate.opened.clear()
        one.rebuild()
        assert gate.entered.wait(DEADLINE)  # in the middle of its first batch
        asked = asks_for_its_turn(two.view)
        two.rebuild()
        assert asked.wait(DEADLINE)
        gate.opened.set()
        app.deposit(account, *range(130, 140))
        one.wait(timeout=DEADLINE)
        two.wait(timeout=DEADLINE)
        assert one.view.seen() == two.view.seen() == list(range(100, 140))
        app.deposit(account, 140)
        one.wait(timeout=DEADLINE)
        two.wait(timeout=DEADLINE)
        assert one.view.seen() == list(range(100, 141))
        assert one.status().state in ("running", "standby")
        assert two.status().state in ("running", "standby")


class Filled:
    """Counts what runners put into the tables of a rebuild; calls back at the tenth."""

    def __init__(self, at_the_tenth: Callable[[], None]) -> None:
        self.rows = 0
        self._at_the_tenth = at_the_tenth

    def watch(self, view: Amounts) -> None:
        table = view.amounts.name.replace("_amounts", "_rebuild_amounts")

        def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith(f"INSERT INTO {table} "):
                self.rows += 1
                if self.rows == 10:
                    self._at_the_tenth()

        sqlalchemy.event.listen(view.datastore.engine, "before_cursor_execute", listen)


def test_a_runner_that_starts_during_a_rebuild_leaves_it_what_it_has(make: Make, app: Bank) -> None:
    app.deposit(app.open(), *range(100, 130))
    gate = Gate()
    filled = Filled(lambda: gate(None))
    with make() as before:
        before.wait(timeout=DEADLINE)
    with make(batch_size=3) as one:
        filled.watch(one.view)
        one.rebuild()
        assert gate.entered.wait(DEADLINE)  # three batches of it are filled
        two = make(batch_size=3)
        filled.watch(two.view)
        asked = asks_for_its_turn(two.view)
        with two:
            assert asked.wait(DEADLINE)
            gate.opened.set()
            one.wait(timeout=DEADLINE)
            two.wait(timeout=DEADLINE)
            assert one.view.seen() == two.view.seen() == list(range(100, 130))
            assert one.view.max_tracking_id("Bank") == app.recorder.max_notification_id()
            assert {one.status().state, two.status().state} <= {"running", "standby"}
            assert dict(kind_of(one.view).positions()) == {
                "Bank": app.recorder.max_notification_id()
            }
    assert filled.rows == 30


def test_a_rebuild_by_other_code_starts_over_and_the_older_leaves_it(make: Make, app: Bank) -> None:
    """A new version of the projection is started while the old one rebuilds."""
    account = app.open()
    app.deposit(account, *range(100, 130))
    with make() as before:
        before.wait(timeout=DEADLINE)
    old, new = make(batch_size=3), make(lambda: [], batch_size=3)
    by_old, by_new = (Filled(runner.pause) for runner in (old, new))
    by_old.watch(old.view)
    by_new.watch(new.view)
    with old:
        old.rebuild()
        until_in_state(old, "paused")
        new.start()
        until_in_state(new, "paused")
        old.resume()
        old.wait(timeout=DEADLINE)
        assert (by_old.rows, by_new.rows) == (10, 10)
        assert old.view.seen() == list(range(100, 130))
        new.resume()
        new.wait(timeout=DEADLINE)
        assert (by_old.rows, by_new.rows) == (10, 30)
        app.deposit(account, 130)
        new.wait(timeout=DEADLINE)
        assert new.view.seen() == list(range(100, 131))
    new.stop()


def until_in_state(runner: Runner, state: str) -> None:
    assert runner._progress.wait(DEADLINE, lambda: runner._progress.state == state)


def test_a_rebuilt_view_is_swapped_in_whole_while_another_fills_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other's batch falls between the copies of two tables."""
    one, two = make().view, make().view
    swapper = SQLAlchemyRebuild(one, "Bank", "code")
    filled: Any = swapper.begin()
    with sqlalchemy_commit(filled, "Bank", 0) as group, group.event():
        filled.add(100, Tracking("Bank", 1))
    other: Any = SQLAlchemyRebuild(two, "Bank", "code").pending()
    refused: list[BaseException] = []

    def fill() -> None:
        try:
            with sqlalchemy_commit(other, "Bank", 1) as group, group.event():
                other.add(101, Tracking("Bank", 2))
        except IntegrityError as error:
            refused.append(error)

    filler = threading.Thread(target=fill)
    asked = asks_for_its_turn(other)
    copied = sqlalchemy_rebuild._count_on

    def between(connection: Any, table: Any) -> None:
        copied(connection, table)
        if filler.ident is None:
            filler.start()
            assert asked.wait(DEADLINE)
            _until_it_waits_or_is_done(connection, filler)

    monkeypatch.setattr(sqlalchemy_rebuild, "_count_on", between)
    assert swapper.swap(filled, 2)
    filler.join(DEADLINE)
    assert not filler.is_alive()

    seen, position = one.seen(), one.max_tracking_id("Bank")
    assert (seen, position) == ([100], 1)
    assert len(refused) == 1  # it goes on from the view's checkpoint


def _until_it_waits_or_is_done(connection: Any, thread: threading.Thread) -> None:
    """Until `thread` waits for a lock of the database, which only PostgreSQL shows."""
    if connection.dialect.name != "postgresql":
        return
    waiting = sqlalchemy.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    until(lambda: not thread.is_alive() or connection.scalar(waiting))


def test_the_second_of_two_swaps_leaves_the_view_alone(make: Make) -> None:
    one, two = make().view, make().view
    first, second = SQLAlchemyRebuild(one, "Bank", "code"), SQLAlchemyRebuild(two, "Bank", "code")
    filled: Any = first.begin()
    with sqlalchemy_commit(filled, "Bank", 0) as group, group.event():
        filled.add(100, Tracking("Bank", 1))
    other: Any = second.pending()
    assert first.swap(filled, 1)
    # Also where the event store was emptied, and the view is beyond its end.
    for head in (1, None):
        assert second.swap(other, head)  # the new view is in its place
        assert one.seen() == [100]
        assert one.max_tracking_id("Bank") == 1
