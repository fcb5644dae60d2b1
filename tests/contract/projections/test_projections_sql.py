"""One projection into SQLite and into PostgreSQL, by eventsourcing-sqlalchemy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from eventsourcing.persistence import NotSupportedError

import esnb
from esnb.examples.flights import FlightsApplication, FlightsPerCarrierProjection, load
from esnb.examples.flights import timetable as data
from esnb.examples.flights.carriers_sql import FlightsPerCarrierTables
from esnb.projections import Backoff, CatchUpRunner
from tests.contract.amounts_sql import Amounts, AmountsProjection, own_projection
from tests.domain.bank import Bank
from tests.postgresql_server import PostgreSQLServer
from tests.unit.flights_table import places, timetable
from tests.waiting import DEADLINE

pytestmark = [
    pytest.mark.extras,
    # A view's tables are mapped anew for each runner of a process.
    pytest.mark.filterwarnings("ignore:This declarative base already contains"),
]

LASTING = ["sqlite", "postgresql"]
"""A database in memory is gone with its runner."""


@pytest.fixture(params=["memory", *LASTING])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/views.db"
    if request.param == "memory":
        return "sqlite:///:memory:"
    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    return server.url


Runner = CatchUpRunner[Bank, Amounts]


@pytest.fixture
def run(url: str) -> Callable[..., Runner]:
    """Makes runners of one projection, whose tables no other test has."""
    projection = own_projection()

    def make(app: Bank, **options: Any) -> Runner:
        env = {
            "PERSISTENCE_MODULE": "eventsourcing_sqlalchemy",
            "SQLALCHEMY_URL": options.pop("url", url),
        }
        return CatchUpRunner(app, projection, Amounts, env, backoff=Backoff(0.01, 0.05), **options)

    return make


def test_the_view_is_the_fold_in_groups_of_any_size(run: Callable[..., Runner]) -> None:
    app = Bank()
    account = app.open()
    app.deposit(account, *range(14, 40))
    app.rename(account, "Bob")
    with run(app, batch_size=7) as runner:
        runner.wait()
        assert runner.view.seen() == list(range(14, 40))
        app.deposit(account, 40, 41)
        runner.wait()
        assert runner.view.seen() == list(range(14, 42))
        status = runner.status()
    assert (status.lag, status.position) == (0, app.recorder.max_notification_id())


@pytest.mark.parametrize("url", LASTING, indirect=True)
def test_it_goes_on_from_its_checkpoint(run: Callable[..., Runner]) -> None:
    app = Bank()
    account = app.open()
    for amounts in ([1, 2], [3], [4, 5, 6]):
        app.deposit(account, *amounts)
        with run(app) as runner:
            runner.wait()
    assert runner.view.seen() == [1, 2, 3, 4, 5, 6]


def test_events_before_a_poison_event_are_committed_and_nothing_of_it(
    run: Callable[..., Runner],
) -> None:
    app = Bank()
    app.deposit(app.open(), 1, 2, 13, 4)
    runner = run(app).start()
    with pytest.raises(ValueError, match="unlucky"):
        runner.wait()
    runner.stop()
    assert runner.view.seen() == [1, 2]
    assert runner.view.max_tracking_id("Bank") == 3
    status = runner.status()
    assert status.state == "failed"
    assert "event 4" in (status.event or "")


def test_a_poison_event_may_be_set_aside(run: Callable[..., Runner]) -> None:
    app = Bank()
    app.deposit(app.open(), 1, 2, 13, 4)
    with run(app, on_error="dead-letter") as runner:
        runner.wait()
    assert runner.view.seen() == [1, 2, 4]
    assert [letter.notification_id for letter in runner.dead_letters()] == [4]


def test_a_poison_event_may_be_skipped(run: Callable[..., Runner]) -> None:
    app = Bank()
    app.deposit(app.open(), 1, 2, 13, 4)
    with run(app) as runner:
        with pytest.raises(ValueError, match="unlucky"):
            runner.wait()
        assert "in this runner's memory" in str(runner.status().skipping)
        runner.skip_event()
        runner.wait()
    assert runner.view.seen() == [1, 2, 4]
    assert [letter.notification_id for letter in runner.dead_letters()] == [4]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_exit_in_the_middle_of_an_event_is_set_aside(
    kind: type[BaseException], run: Callable[..., Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Amounts, "unlucky", kind("unlucky"))
    app = Bank()
    app.deposit(app.open(), 1, 2, 13, 4)
    with run(app, on_error="dead-letter") as runner:
        runner.wait()
        assert runner.status().state == "running"
    assert runner.view.seen() == [1, 2, 4]
    [letter] = runner.dead_letters()
    assert letter.notification_id == 4
    assert f"{kind.__name__}: unlucky was raised in a thread" in letter.error


def test_a_group_is_one_transaction(run: Callable[..., Runner]) -> None:
    """Of a hundred events, seen from the statements that the database gets."""
    app = Bank()
    app.deposit(app.open(), *range(100, 200))
    runner = run(app, batch_size=500)
    commits: list[None] = []
    sqlalchemy.event.listen(
        runner.view.datastore.engine, "commit", lambda connection: commits.append(None)
    )
    with runner:
        runner.wait()
    assert len(runner.view.seen()) == 100
    assert len(commits) <= 3


@pytest.mark.parametrize("url", LASTING, indirect=True)
def test_two_runners_by_mistake_apply_each_event_once(
    run: Callable[..., Runner],
) -> None:
    app = Bank()
    account = app.open()
    with run(app, batch_size=3) as one, run(app, batch_size=5) as two:
        for amount in range(100, 200):
            app.deposit(account, amount)
        one.wait(timeout=DEADLINE)
        two.wait(timeout=DEADLINE)
    assert one.view.seen() == list(range(100, 200))


def test_a_rebuild_fills_new_tables_and_the_old_ones_are_read_until_its_end(
    run: Callable[..., Runner],
) -> None:
    app = Bank()
    account = app.open()
    app.deposit(account, *range(100, 110))
    with run(app, batch_size=3) as runner:
        runner.wait()
        with runner.view.transaction(commit=True) as session:
            session.execute(sqlalchemy.delete(runner.view.amounts))
        seen_meanwhile: list[list[int]] = []
        projection: Any = type(runner.projection)
        before = projection.before

        def look() -> None:
            seen_meanwhile.append(runner.view.seen())

        projection.before = staticmethod(look)
        try:
            runner.rebuild()
            runner.wait(timeout=DEADLINE)
        finally:
            projection.before = staticmethod(before)
        assert seen_meanwhile == [[]] * 10
        assert runner.view.seen() == list(range(100, 110))
        # Rows that come later are numbered behind those that were moved.
        app.deposit(account, 110, 111)
        runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == list(range(100, 112))
        runner.rebuild()
        runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == list(range(100, 112))
        assert runner.status().lag == 0


@pytest.mark.parametrize("url", LASTING, indirect=True)
def test_a_rebuild_that_was_interrupted_starts_over(run: Callable[..., Runner]) -> None:
    app = Bank()
    app.deposit(app.open(), *range(100, 120))
    with run(app, batch_size=2) as runner:
        runner.wait()
        with runner.view.transaction(commit=True) as session:
            session.execute(sqlalchemy.delete(runner.view.amounts))
    entered = threading.Event()
    projection: Any = type(runner.projection)
    calls: list[None] = []

    def stop_at_the_seventh() -> None:
        calls.append(None)
        if len(calls) == 7:
            entered.set()
            runner._ask("stop", True)

    projection.before = staticmethod(stop_at_the_seventh)
    runner.rebuild()
    runner.start()
    assert entered.wait(DEADLINE)
    runner.stop()
    assert runner.view.seen() == []
    projection.before = staticmethod(lambda: None)
    with run(app) as again:
        again.wait(timeout=DEADLINE)
        assert again.view.seen() == list(range(100, 120))


def content_of(view: Amounts) -> list[Any]:
    """All rows of a view's tables, its checkpoints among them."""
    with view.transaction(commit=False) as session:
        return [
            sorted(map(tuple, session.execute(sqlalchemy.select(table)).all()))
            for table in (*view.tables, view.tracking_table)
        ]


@pytest.mark.parametrize("url", LASTING, indirect=True)
@pytest.mark.parametrize("name", ["{}2", "{}_rebuild2"])
def test_a_rebuild_does_not_touch_another_view(
    url: str, run: Callable[..., Runner], name: str
) -> None:
    app = Bank()
    account = app.open()
    app.deposit(account, *range(100, 110))
    env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": url}
    with run(app) as runner:
        runner.wait(timeout=DEADLINE)
        named = name.format(runner.projection.name)
        with CatchUpRunner(
            app, type("Other", (AmountsProjection,), {"name": named}), Amounts, env
        ) as other:
            other.wait(timeout=DEADLINE)
        before = content_of(other.view)
        runner.rebuild()
        runner.wait(timeout=DEADLINE)
        app.deposit(account, 110)
        runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == list(range(100, 111))
    assert content_of(other.view) == before
    assert [len(rows) for rows in before] == [10, 1]


@pytest.mark.parametrize("url", LASTING, indirect=True)
def test_a_view_whose_tables_are_named_like_those_of_a_rebuild_is_left_alone(
    url: str, run: Callable[..., Runner]
) -> None:
    app = Bank()
    app.deposit(app.open(), *range(100, 110))
    name = run(app).projection.name
    env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": url}
    namesake = type("Namesake", (AmountsProjection,), {"name": f"{name}_rebuild"})
    other = CatchUpRunner(app, namesake, Amounts, env)
    for _ in range(2):
        before = content_of(other.view)  # of a view that is empty, then of one that is filled
        with run(app) as runner:
            runner.wait(timeout=DEADLINE)
            with pytest.raises(NotSupportedError, match=f"'{name}_rebuild' has tables"):
                runner.rebuild()
            assert runner.view.seen() == list(range(100, 110))
        assert content_of(other.view) == before
        with other:
            other.wait(timeout=DEADLINE)


class Doubled(Amounts):
    """Another version of the view, whose table has one more column."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts = sqlalchemy.Table(
            self.amounts.name,
            sqlalchemy.MetaData(),
            sqlalchemy.Column("place", sqlalchemy.Integer, primary_key=True),
            sqlalchemy.Column("amount", sqlalchemy.Integer),
            sqlalchemy.Column("note", sqlalchemy.String(20), server_default="new"),
        )
        self.tables[:] = [self.amounts]


@pytest.mark.parametrize("url", LASTING, indirect=True)
def test_a_rebuild_takes_new_columns_in(url: str, run: Callable[..., Runner]) -> None:
    app = Bank()
    app.deposit(app.open(), 100, 101)
    with run(app) as runner:
        runner.wait()
    env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": url}
    with CatchUpRunner(app, type(runner.projection), Doubled, env) as newer:
        newer.rebuild()
        newer.wait(timeout=DEADLINE)
        with newer.view.transaction(commit=False) as session:
            rows = session.execute(sqlalchemy.select(newer.view.amounts)).all()
    assert [(row.amount, row.note) for row in rows] == [(100, "new"), (101, "new")]


class Fixed(Amounts):
    """Names its table without regard to the projection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts = sqlalchemy.Table(
            "fixed_amounts",
            sqlalchemy.MetaData(),
            sqlalchemy.Column("place", sqlalchemy.Integer, primary_key=True),
            sqlalchemy.Column("amount", sqlalchemy.Integer),
        )
        self.tables[:] = [self.amounts]


def test_tables_of_fixed_names_are_not_rebuilt(tmp_path: Path) -> None:
    app = Bank()
    app.deposit(app.open(), 100)
    env = {
        "PERSISTENCE_MODULE": "eventsourcing_sqlalchemy",
        "SQLALCHEMY_URL": f"sqlite:///{tmp_path}/views.db",
    }
    with CatchUpRunner(app, AmountsProjection, Fixed, env) as runner:
        runner.wait()
        with pytest.raises(NotSupportedError, match="'fixed_amounts' has the same name"):
            runner.rebuild()
        assert runner.view.seen() == [100]


def test_it_survives_a_crash_of_postgresql() -> None:
    projection = own_projection()
    app = Bank()
    account = app.open()
    with PostgreSQLServer() as server:
        env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": server.url}
        with CatchUpRunner(
            app, projection, Amounts, env, batch_size=3, backoff=Backoff(0.01, 0.05)
        ) as runner:
            for turn in range(4):
                app.deposit(account, *range(100 * turn + 100, 100 * turn + 120))
                server.stop()
                app.deposit(account, 100 * turn + 120)
                assert runner._progress.changed.wait_for(
                    lambda: runner._progress.state == "retrying", DEADLINE
                )
                assert runner.status().error
                server.start()
                runner.wait(timeout=DEADLINE)
            assert runner.view.seen() == [
                100 * turn + 100 + each for turn in range(4) for each in range(21)
            ]
            assert runner.status().restarts >= 4


def test_a_wrong_statement_is_no_outage(tmp_path: Path, run: Callable[..., Runner]) -> None:
    app = Bank()
    app.deposit(app.open(), 1)
    runner = run(app, url=f"sqlite:///{tmp_path}/other.db")
    with runner.view.transaction(commit=True) as session:
        session.execute(sqlalchemy.text(f"DROP TABLE {runner.view.amounts.name}"))
    runner.start()
    with pytest.raises(sqlalchemy.exc.OperationalError, match="no such table"):
        runner.wait()
    runner.stop()


def test_flights_by_carrier_in_tables_and_a_report(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "airports", places)
    app = FlightsApplication()
    load(app, flights=timetable(), progress=False)
    env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": url}
    view_class: Any = FlightsPerCarrierTables  # which looks like the projection's view in Redis
    with CatchUpRunner(app, FlightsPerCarrierProjection, view_class, env) as runner:
        runner.wait()
        found = {each.carrier: each for each in runner.view.carriers()}
        report = runner.view.report()
        shown = esnb.read_model(runner)
        assert runner.view.days() == 2
    assert sorted(found) == ["AA", "B6", "EV", "MQ", "UA", "US"]
    assert (found["B6"].scheduled, found["B6"].mean_arrival_delay) == (2, 15.0)
    assert (found["AA"].cancelled, found["AA"].departed) == (1, 0)
    assert list(shown["carrier"]) == sorted(found)
    assert "AA" not in set(report["carrier"])
    assert report["mean_arrival_delay"].is_monotonic_increasing
    assert report["place"].iloc[0] == 1
    assert [str(dtype) for dtype in report.dtypes][:3] == ["string", "Int64", "Int64"]


def test_handlers_run_in_one_thread_at_a_time(run: Callable[..., Runner]) -> None:
    """A view in memory is readable while its runner is between groups."""
    app = Bank()
    account = app.open()
    done = threading.Event()
    with run(app, batch_size=1) as runner:
        reader = threading.Thread(
            target=lambda: [runner.view.seen() for _ in range(50)] and done.set()
        )
        reader.start()
        app.deposit(account, *range(100, 130))
        runner.wait(timeout=DEADLINE)
        assert done.wait(DEADLINE)
        reader.join()
    assert runner.view.seen() == list(range(100, 130))
