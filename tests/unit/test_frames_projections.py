"""checkpoints() and read_model() over the library's views and runners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import Application, ProcessingEvent
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import OperationalError, StoredEvent, Tracking, TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import (
    EventSourcedProjection,
    EventSourcedProjectionRunner,
    Projection,
    ProjectionRunner,
)
from eventsourcing.sqlite import SQLiteDatastore, SQLiteTrackingRecorder

import esnb
from esnb.sources.lag import MOST_COUNTED
from tests.domain.accounts import Account, Bank, an_account


class Kinds(POPOTrackingRecorder):
    """Counts events by type."""

    def __init__(self) -> None:
        super().__init__()
        self.by_type: dict[str, int] = {}
        self.order: list[str] = []
        self.total = 0

    def count(self, kind: str, tracking: Tracking) -> None:
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.by_type[kind] = self.by_type.get(kind, 0) + 1
            self.order.append(kind)
            self.total += 1


class CountKinds(Projection[Kinds]):
    name = "kinds"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(type(domain_event).__name__, tracking)


class KindsTable(SQLiteTrackingRecorder):
    """The same in SQLite."""

    def construct_create_table_statements(self) -> list[str]:
        return [
            *super().construct_create_table_statements(),
            "CREATE TABLE IF NOT EXISTS kinds (kind TEXT PRIMARY KEY, number INTEGER, share REAL)",
        ]

    def count(self, kind: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO kinds VALUES (?, 1, NULL) ON CONFLICT DO UPDATE SET number = number + 1",
                (kind,),
            )


class TwoTables(KindsTable):
    def construct_create_table_statements(self) -> list[str]:
        return [
            *super().construct_create_table_statements(),
            'CREATE TABLE IF NOT EXISTS "notes" (note TEXT)',
        ]


@pytest.fixture(params=["single", "multi"])
def table(request: pytest.FixtureRequest) -> Iterator[KindsTable]:
    yield from a_table(KindsTable, single_row_tracking=request.param == "single")


def a_table(view_class: type[KindsTable], **options: Any) -> Iterator[KindsTable]:
    datastore = SQLiteDatastore(":memory:", **options)
    view = view_class(datastore)
    view.create_table()
    yield view
    datastore.close()


# --- checkpoints -----------------------------------------------------------------


def test_a_view_alone_knows_its_positions_only() -> None:
    view = Kinds()
    view.count("A", Tracking("Zoo", 3))
    view.count("A", Tracking("Bank", 2**53 + 1))

    frame = esnb.checkpoints(view)

    assert {name: str(dtype).partition("[p")[0] for name, dtype in frame.dtypes.items()} == {
        "name": "string",
        "application": "string",
        "position": "Int64",
        "head": "Int64",
        "lag": "Int64",
    }
    assert frame[["name", "application", "position"]].to_dict("records") == [
        {"name": "Kinds", "application": "Bank", "position": 2**53 + 1},
        {"name": "Kinds", "application": "Zoo", "position": 3},
    ]
    assert frame["head"].isna().all()
    assert frame["lag"].isna().all()


def test_a_view_that_has_seen_nothing() -> None:
    frame = esnb.checkpoints(Kinds())

    assert len(frame) == 0
    assert frame["lag"].dtype == "Int64"


def test_the_tracking_table_of_sqlite(table: KindsTable) -> None:
    for position in (1, 2, 5):
        table.count("A", Tracking("Bank", position))
    table.count("B", Tracking("Zoo", 1))

    frame = esnb.checkpoints(table)

    assert list(frame["application"]) == ["Bank", "Zoo"]
    assert list(frame["position"]) == [5, 1]


@pytest.mark.extras
def test_the_tracking_table_of_sqlalchemy() -> None:
    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import Environment

    env = {
        "PERSISTENCE_MODULE": "eventsourcing_sqlalchemy",
        "SQLALCHEMY_URL": "sqlite:///:memory:",
    }
    factory = InfrastructureFactory.construct(Environment("kinds", env))
    recorder = factory.tracking_recorder()
    recorder.insert_tracking(Tracking("Bank", 3))
    recorder.insert_tracking(Tracking("Bank", 4))

    assert list(esnb.checkpoints(recorder)["position"]) == [4]
    factory.close()


def test_a_runner_leads_to_the_head_and_the_lag() -> None:
    with ProjectionRunner(
        application_class=Bank, projection_class=CountKinds, view_class=Kinds
    ) as runner:
        an_account(runner.app)
        runner.wait(5, timeout=60)

        (caught_up,) = esnb.checkpoints(runner).to_dict("records")

    assert caught_up == {"name": "kinds", "application": "Bank", "position": 5, "head": 5, "lag": 0}


class FakeRunner:
    """What checkpoints() takes of a runner, at rest."""

    def __init__(self, app: Application[UUID], view: TrackingRecorder) -> None:
        self.app = app
        self.view = view
        self.projection = CountKinds(view)  # type: ignore[arg-type]


def test_the_lag_is_the_number_of_events() -> None:
    app = Bank()
    an_account(app)
    view = Kinds()
    view.count("A", Tracking("Bank", 2))

    (row,) = esnb.checkpoints(FakeRunner(app, view)).to_dict("records")

    assert (row["position"], row["head"], row["lag"]) == (2, 5, 3)


def test_ids_with_gaps_are_counted_and_too_many_are_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("esnb.sources.lag.has_gapless_ids", lambda recorder: False)
    app = Bank()
    an_account(app)
    view = Kinds()
    view.count("A", Tracking("Bank", 2))

    assert esnb.checkpoints(FakeRunner(app, view))["lag"][0] == 3
    app.recorder.insert_events([StoredEvent(uuid4(), 1, "m:A", b"{}") for _ in range(MOST_COUNTED)])
    assert pd.isna(esnb.checkpoints(FakeRunner(app, view))["lag"][0])


class Nameless(TrackingRecorder):
    """Keeps checkpoints, and does not tell whose."""

    def insert_tracking(self, tracking: Tracking) -> None:
        raise NotImplementedError

    def max_tracking_id(self, application_name: str) -> int | None:
        return 4 if application_name == "Bank" else None


def test_a_runner_names_the_application_where_the_recorder_cannot() -> None:
    app = Bank()
    an_account(app)

    (row,) = esnb.checkpoints(FakeRunner(app, Nameless())).to_dict("records")

    assert (row["application"], row["position"], row["lag"]) == ("Bank", 4, 1)
    with pytest.raises(TypeError, match="Nameless cannot tell which applications it follows"):
        esnb.checkpoints(Nameless())


class Mirror(EventSourcedProjection[UUID]):
    """An application that follows another one."""

    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        if isinstance(domain_event, Account.Opened):  # type: ignore[attr-defined]
            processing_event.collect_events(Aggregate())


def test_an_application_that_processes_events() -> None:
    with EventSourcedProjectionRunner(
        application_class=Bank, projection_class=Mirror, env={}
    ) as runner:
        an_account(runner.app)
        runner.wait(1, timeout=60)

        followed = esnb.checkpoints(runner)
        alone = esnb.checkpoints(runner.projection)

    assert followed["application"][0] == alone["application"][0] == "Bank"
    assert (followed["name"][0], alone["name"][0]) == ("Mirror", "Mirror")
    assert followed["head"][0] == 5
    assert alone["position"][0] >= 1


@pytest.mark.parametrize("source", [None, "view", Kinds, 3])
def test_what_has_no_checkpoints(source: object) -> None:
    with pytest.raises(TypeError, match=r"no checkpoints: .*; pass a view"):
        esnb.checkpoints(source)


def test_an_application_that_no_view_in_redis_follows() -> None:
    frame = esnb.checkpoints(Bank())
    assert len(frame) == 0
    assert frame.dtypes.to_dict() == esnb.checkpoints(Kinds()).dtypes.to_dict()


def test_a_redis_that_is_away_is_named() -> None:
    app = Bank(env={"REDIS_URL": "redis://:sesame@127.0.0.1:9"})

    with pytest.raises(
        OperationalError, match=r"Redis at redis://127\.0\.0\.1:9/0 cannot be reached"
    ):
        esnb.checkpoints(app)


# --- read models -----------------------------------------------------------------


def test_a_view_in_memory_shows_its_attributes() -> None:
    view = Kinds()
    view.count("A", Tracking("Bank", 1))
    view.count("B", Tracking("Bank", 2))

    frame = esnb.read_model(view)

    assert list(frame.columns) == ["key", "type", "field", "value"]
    assert frame.astype(object).where(frame.notna(), None).values.tolist() == [
        ["by_type", "dict", "A", 1],
        ["by_type", "dict", "B", 1],
        ["order", "list", "0", "A"],
        ["order", "list", "1", "B"],
        ["total", "int", None, 2],
    ]


def test_a_runner_shows_its_view() -> None:
    assert esnb.read_model(FakeRunner(Bank(), Kinds())).equals(esnb.read_model(Kinds()))


def test_a_view_in_sqlite_shows_its_table(table: KindsTable) -> None:
    empty = esnb.read_model(table)
    table.count("A", Tracking("Bank", 1))
    table.count("A", Tracking("Bank", 2))

    frame = esnb.read_model(table)

    assert list(empty.columns) == list(frame.columns) == ["kind", "number", "share"]
    assert len(empty) == 0
    assert frame["number"].dtype == "Int64"
    assert frame[["kind", "number"]].values.tolist() == [["A", 2]]


def test_several_tables_are_asked_for_by_name() -> None:
    for view in a_table(TwoTables):
        view.count("A", Tracking("Bank", 1))

        with pytest.raises(ValueError, match="has the tables kinds, notes: say which with table="):
            esnb.read_model(view)
        with pytest.raises(ValueError, match="kinds, notes"):
            esnb.read_model(view, table="tracking; DROP TABLE kinds")
        assert list(esnb.read_model(view, table="kinds")["kind"]) == ["A"]
        assert list(esnb.read_model(view, table="notes").columns) == ["note"]


class Line(NamedTuple):
    sku: str
    number: int | None


@dataclass
class Entry:
    sku: str
    number: int | None


@pytest.mark.parametrize(
    "rows",
    [
        [{"sku": "a", "number": 2**60}, {"sku": "b"}],
        [Line("a", 2**60), Line("b", None)],
        [Entry("a", 2**60), Entry("b", None)],
    ],
)
def test_rows_of_a_views_own(rows: list[Any]) -> None:
    class View(Kinds):
        def rows(self) -> Iterator[Any]:
            return iter(rows)

    frame = esnb.read_model(View())

    assert list(frame.columns) == ["sku", "number"]
    assert frame["sku"].dtype == "string"
    assert frame["number"].dtype == "Int64"
    assert frame["number"][0] == 2**60
    assert pd.isna(frame["number"][1])


def test_rows_of_a_kind_that_is_no_row() -> None:
    class View(Kinds):
        def rows(self) -> list[Any]:
            return [1, 2]

    with pytest.raises(TypeError, match=r"rows\(\) must return mappings"):
        esnb.read_model(View())


@pytest.mark.parametrize("given", [None, "view", Kinds, Bank()])
def test_what_is_no_view(given: object) -> None:
    with pytest.raises(TypeError, match="no view: "):
        esnb.read_model(given)


def test_a_view_that_shows_nothing_says_how_to() -> None:
    with pytest.raises(TypeError, match=r"Nameless does not show its state: .*rows\(\)"):
        esnb.read_model(Nameless())


# --- redaction of read models ------------------------------------------------------------


class Rows:
    """A view of somebody's own."""

    def __init__(self, *rows: Any) -> None:
        self._rows = rows

    def rows(self) -> list[Any]:
        return list(self._rows)


def test_a_read_model_hides_fields_at_any_depth_and_in_json_text() -> None:
    view = Rows(
        {"id": "a", "email": "a@b.c", "card": {"number": 42, "name": "Ada"}},
        {"id": "b", "email": None, "card": '{"number": 43, "name": "Bob"}'},
    )
    frame = esnb.read_model(view, redact=["email", "card.number"])
    assert list(frame["id"]) == ["a", "b"]
    assert list(frame["email"]) == ["[redacted]", "[redacted]"]
    assert frame["card"][0] == {"number": "[redacted]", "name": "Ada"}
    assert frame["card"][1] == '{"number": "[redacted]", "name": "Bob"}'


def test_entries_of_a_read_model_are_hidden_by_key_and_field() -> None:
    view = Rows(
        ("users", "hash", "ada", '{"email": "a@b.c"}'),
        ("users", "hash", "email", "x@y.z"),
        ("email", "string", None, "q@r.s"),
        ("notes", "list", "0", "[no JSON"),
        ("count", "string", None, 3),
    )
    shown = list(esnb.read_model(view, redact="email")["value"])
    assert shown == ['{"email": "[redacted]"}', "[redacted]", "[redacted]", "[no JSON", 3]
    by_path = list(esnb.read_model(view, redact="users.ada")["value"])
    assert by_path == ["[redacted]", "x@y.z", "q@r.s", "[no JSON", 3]


def test_columns_of_a_table_and_attributes_of_a_view_are_hidden(table: KindsTable) -> None:
    table.count("A", Tracking("Zoo", 1))
    frame = esnb.read_model(table, redact="number")
    assert (list(frame["kind"]), list(frame["number"])) == (["A"], ["[redacted]"])
    view = Kinds()
    view.count("A", Tracking("Zoo", 1))
    assert esnb.read_model(view, redact="A")["value"].iloc[0] == "[redacted]"
