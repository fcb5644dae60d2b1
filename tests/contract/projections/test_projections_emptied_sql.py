"""SQL views beside an event store that was emptied and filled again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import Tracking

from esnb.projections import Backoff, CatchUpRunner, CheckpointMismatchError
from esnb.projections.views import kind_of
from esnb.projections.views.database_events import DatabaseEvents
from esnb.projections.views.event_table import TABLE
from tests.contract.amounts_sql import Amounts, own_projection
from tests.domain.bank import Bank, SQLiteSums
from tests.postgresql_server import USER, PostgreSQLServer

pytestmark = [
    pytest.mark.extras,
    # A view's tables are mapped anew for each runner of a process.
    pytest.mark.filterwarnings("ignore:This declarative base already contains"),
]


ALCHEMY = ["SQLAlchemy to SQLite", "SQLAlchemy to PostgreSQL"]


@pytest.fixture(params=[*ALCHEMY, "SQLite", "PostgreSQL"])
def view(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[type[Any], dict[str, str]]:
    """A view class, and the settings of its database."""
    kind = request.param
    if kind == "SQLite":
        return SQLiteSums, {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": f"{tmp_path}/view.db",
        }
    if kind == "SQLAlchemy to SQLite":
        url = f"sqlite:///{tmp_path}/view.db"
        return Amounts, {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": url}
    server: PostgreSQLServer = request.getfixturevalue("postgresql")
    if kind == "PostgreSQL":
        from tests.contract.sums_postgresql import PostgresSums

        return PostgresSums, server.env
    return Amounts, {
        "PERSISTENCE_MODULE": "eventsourcing_sqlalchemy",
        "SQLALCHEMY_URL": server.url,
    }


Runner = CatchUpRunner[Bank, Any]


@pytest.fixture
def run(view: tuple[type[Any], dict[str, str]]) -> Callable[..., Runner]:
    """Makes runners of one projection."""
    view_class, env = view
    projection = own_projection()

    def make(app: Bank, **settings: str) -> Runner:
        return CatchUpRunner(
            app, projection, view_class, {**env, **settings}, backoff=Backoff(0.01, 0.05)
        )

    return make


def bank(*amounts: int) -> Bank:
    app = Bank()
    app.deposit(app.open(), *amounts)
    return app


def test_a_view_of_a_log_that_was_emptied_is_refused(run: Callable[..., Runner]) -> None:
    with run(bank(1, 2)) as runner:
        runner.wait()
    again = run(bank(3, 4, 5, 6))
    with pytest.raises(CheckpointMismatchError, match="is at event 3 of application 'Bank'"), again:
        again.wait()
    assert again.view.seen() == [1, 2]


def test_a_view_goes_on_in_its_own_log(run: Callable[..., Runner]) -> None:
    app = Bank()
    account = app.open()
    for amount in range(3):
        app.deposit(account, amount)
        with run(app) as runner:
            runner.wait()
            app.deposit(account, 10 + amount)
            runner.wait()
    assert runner.view.seen() == [0, 10, 1, 11, 2, 12]


def test_the_event_is_known_after_a_runner_that_was_killed(run: Callable[..., Runner]) -> None:
    app = bank(1, 2)
    runner = run(app).start()
    runner.wait()  # and nobody stops it
    again = run(bank(3, 4, 5, 6))
    with pytest.raises(CheckpointMismatchError), again:
        again.wait()
    runner.stop()


def test_a_view_without_known_events_goes_on(run: Callable[..., Runner]) -> None:
    app = Bank()
    account = app.open()
    app.deposit(account, 1)
    with run(app) as runner:
        runner.wait()
    drop_table(runner.view)
    app.deposit(account, 2)
    with run(app, CREATE_TABLE="no") as runner:
        runner.wait()
        app.deposit(account, 3)
        runner.wait()
    assert runner.view.seen() == [1, 2, 3]
    assert not has_table(runner.view)
    with run(app) as runner:
        app.deposit(account, 4)
        runner.wait()
    again = run(bank(*range(10)))
    with pytest.raises(CheckpointMismatchError), again:
        again.wait()


def drop_table(view: Any) -> None:
    import sqlalchemy

    with view.datastore.transaction(commit=True) as transaction:
        statement = f"DROP TABLE {TABLE}"
        transaction.execute(sqlalchemy.text(statement) if is_alchemy(view) else statement)


def has_table(view: Any) -> bool:
    import sqlalchemy

    if is_alchemy(view):
        return bool(sqlalchemy.inspect(view.datastore.engine).has_table(TABLE))
    events = kind_of(view).checkpoint_events(may_create=False)
    return isinstance(events, DatabaseEvents) and events.has_table()


def is_alchemy(view: Any) -> bool:
    return isinstance(view, Amounts)


@pytest.mark.parametrize("view", ALCHEMY, indirect=True)  # others cannot be rebuilt
def test_a_rebuilt_view_knows_the_log_that_it_was_rebuilt_from(
    run: Callable[..., Runner],
) -> None:
    with run(bank(1, 2)) as runner:
        runner.wait()
    app = bank(3, 4, 5, 6)
    again = run(app)
    with pytest.raises(CheckpointMismatchError), again:
        again.wait()
    again.rebuild()
    again.wait()
    again.stop()
    assert again.view.seen() == [3, 4, 5, 6]
    with run(app) as runner:
        runner.wait()
    assert runner.view.seen() == [3, 4, 5, 6]
    third = run(bank(*range(10)))
    with pytest.raises(CheckpointMismatchError, match="event 5 was"), third:
        third.wait()


def test_a_user_without_the_right_to_make_tables_goes_on(postgresql: PostgreSQLServer) -> None:
    import psycopg

    projection = own_projection()
    reader, schema = f"reader_{uuid4().hex[:8]}", f"schema_{uuid4().hex[:8]}"
    env = {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_SCHEMA": schema}

    def own(app: Bank, user: str) -> Runner:
        url = postgresql.url.replace(f"//{USER}@", f"//{user}@")
        return CatchUpRunner(app, projection, Plain, {**env, "SQLALCHEMY_URL": url})

    with psycopg.connect(postgresql.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        app = bank(1, 2)
        own(app, USER)  # makes the tables
        connection.execute(f"CREATE ROLE {reader} LOGIN".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {reader}".encode())
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {reader}".encode())
    with own(app, reader) as runner:
        runner.wait()
        assert runner.view.max_tracking_id("Bank") == 3


class Plain(Amounts):
    """Keeps its checkpoint, and nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tables.clear()

    def add(self, amount: int, tracking: Tracking) -> None:
        self.insert_tracking(tracking)
