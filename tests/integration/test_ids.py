"""What may be passed where an id is asked for, in every kind of source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import AggregateNotFoundError, Application

import esnb
from esnb.examples.dog import Dog
from tests.domain.rooms import Hotel, Room

FIDO = UUID("7f3a1b2c-9f00-4000-8000-000000000001")
REX = UUID("7f3a1b2c-9f00-4000-8000-000000000002")
BELLO = UUID("0a1b2c3d-9f00-4000-8000-000000000003")

ASKING: list[Callable[[Any, Any], Any]] = [
    esnb.history,
    esnb.stream,
    esnb.at,
    esnb.diff,
    esnb.blame,
    esnb.given_when_then,
    esnb.snapshots,
    esnb.verify_snapshot,
    lambda app, given: esnb.bisect(app, given, lambda dog: True),
    lambda app, given: esnb.what_if(app, given, skip=2),
    lambda app, given: esnb.explore(app, given, live=False),
    lambda app, given: esnb.browse(app, given, live=False),
]


class Kennel(Application[UUID]):
    pass


class Inn(Hotel):
    pass


class Pup(Dog):
    @staticmethod
    def create_id(name: str) -> UUID:
        return {"Fido": FIDO, "Rex": REX, "Bello": BELLO}[name]


def filled(app: Kennel) -> Kennel:
    for name in ("Fido", "Rex", "Bello"):
        pup = Pup(name)
        pup.add_trick("sit")
        app.save(pup)
    return app


@pytest.fixture(scope="module")
def stores() -> Iterator[esnb.Stores]:
    with esnb.connect(embedded=True) as opened:
        filled(opened.application(Kennel))
        yield opened


@pytest.fixture(params=["popo", "sqlite", "esnb"])
def kennel(request: pytest.FixtureRequest, stores: esnb.Stores) -> Kennel:
    if request.param == "esnb":
        return stores.application(Kennel)
    module = f"eventsourcing.{request.param}"
    return filled(Kennel(env={"PERSISTENCE_MODULE": module, "SQLITE_DBNAME": ":memory:"}))


def bello(app: Any, way: str) -> Any:
    rows = esnb.streams(app)
    place = [str(BELLO) in name for name in rows["stream"]].index(True)
    return {
        "uuid": BELLO,
        "text": str(BELLO),
        "hex": BELLO.hex,
        "eight digits": "0a1b2c3d",
        "in capitals": "0A1B2C3D",
        "as widgets cut it": "0a1b2c3d…",
        "with a dash": "0a1b2c3d-9f0",
        "row": rows.iloc[place],
        "frame of one row": rows.iloc[[place]],
        "tuple": list(rows.itertuples())[place],
        "dict": rows.to_dict("records")[place],
        "cell": rows["stream"].iloc[place],
    }[way]


WAYS = [
    "uuid",
    "text",
    "hex",
    "eight digits",
    "in capitals",
    "as widgets cut it",
    "with a dash",
    "row",
    "frame of one row",
    "tuple",
    "dict",
    "cell",
]


@pytest.mark.parametrize("way", WAYS)
def test_an_aggregate_is_named_in_many_ways(kennel: Kennel, way: str) -> None:
    given = bello(kennel, way)

    assert esnb.stream(kennel, given)["stream"].tolist() == [str(BELLO)] * 2
    assert esnb.history(kennel, given)["name"].tolist() == ["Bello"] * 2


@pytest.mark.parametrize("ask", ASKING)
def test_every_question_takes_the_aggregate_itself_and_eight_digits(
    kennel: Kennel, ask: Callable[[Any, Any], Any]
) -> None:
    whole = str(ask(kennel, BELLO))

    assert str(ask(kennel, "0a1b2c3d")) == whole
    assert str(ask(kennel, kennel.repository.get(BELLO))) == whole
    assert str(ask(kennel, next(kennel.events.get(BELLO)))) == whole


@pytest.mark.parametrize("ask", ASKING)
def test_the_beginning_of_two_ids_names_both(
    kennel: Kennel, ask: Callable[[Any, Any], Any]
) -> None:
    with pytest.raises(ValueError, match="beginning of 2 ids") as caught:
        ask(kennel, "7f3a1b2c")

    assert str(FIDO) in str(caught.value)
    assert str(REX) in str(caught.value)


def test_one_aggregate_is_exported_by_the_beginning_of_its_id(
    kennel: Kennel, tmp_path: Path
) -> None:
    file = tmp_path / "bello.jsonl"

    assert esnb.export(kennel, file, stream="0a1b2c3d") == 2
    assert esnb.events(file)["stream"].unique().tolist() == [str(BELLO)]


@pytest.mark.parametrize("unknown", ["deadbeef", "0a1b2c3d-8", "0a1b", "", "é", "no such dog"])
def test_what_begins_no_id_is_not_found(kennel: Kennel, unknown: str) -> None:
    for ask in (esnb.history, esnb.explore, esnb.at):
        with pytest.raises(AggregateNotFoundError, match="has no aggregate") as caught:
            ask(kennel, unknown)
        assert "ORIGINATOR_ID_TYPE" not in str(caught.value)
    assert esnb.stream(kennel, unknown).empty
    with pytest.raises(LookupError, match="has no stream"):
        esnb.browse(kennel, unknown, live=False)


def test_several_rows_name_no_aggregate(kennel: Kennel) -> None:
    rows = esnb.streams(kennel)
    for frame, problem in ((rows, "by one row, not by 3"), (rows[:0], "by one row, not by 0")):
        with pytest.raises(TypeError, match=problem):
            esnb.history(kennel, frame)
    others: list[Any] = [Dog, rows.iloc[0][["events"]], object()]
    for given in others:
        with pytest.raises(TypeError, match="UUID or text, not by"):
            esnb.history(kennel, given)


@pytest.mark.parametrize("way", [*WAYS, "name"])
def test_a_client_s_stream_is_named_by_the_id_in_it(stores: esnb.Stores, way: str) -> None:
    given = "Kennel-0a1b2c3d" if way == "name" else bello(stores, way)

    assert esnb.stream(stores, given)["stream"].tolist() == [f"Kennel-{BELLO}"] * 2
    assert esnb.browse(stores.eventstoredb, given, live=False).stream == f"Kennel-{BELLO}"


def test_a_client_s_stream_is_not_named_by_the_beginning_of_a_text(stores: esnb.Stores) -> None:
    assert esnb.stream(stores, "Kennel-0a").empty
    assert esnb.stream(stores, "Kennel").empty


@pytest.mark.parametrize("way", WAYS)
def test_a_file_s_stream_is_named_as_its_application_s(
    stores: esnb.Stores, tmp_path: Path, way: str
) -> None:
    file = tmp_path / "kennel.jsonl"
    esnb.export(stores.application(Kennel), file)

    assert esnb.stream(file, bello(file, way))["stream"].tolist() == [str(BELLO)] * 2


# --- flows ------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["5d0a1b2c", "5D0A1B2C-9F00", "5d0a1b2c…"])
def test_a_flow_is_named_by_the_beginning_of_its_id(stores: esnb.Stores, given: str) -> None:
    flow = "5d0a1b2c-9f00-4000-8000-000000000007"
    app = stores.application(Inn)
    with esnb.correlate(flow):
        app.save(Room(f"room for {given}"))

    for source in (stores, app):
        assert esnb.trace(source, given)["correlation_id"].unique().tolist() == [flow]
        assert "Room.Opened" in str(esnb.flow(source, given, live=False))


def test_flows_that_begin_alike_are_listed(stores: esnb.Stores) -> None:
    flows = [f"6d0a1b2c-9f00-4000-8000-00000000000{number}" for number in (1, 2)]
    for each in flows:
        with esnb.correlate(each):
            stores.application(Inn).save(Room(f"room {each[-1]}"))

    with pytest.raises(ValueError, match="beginning of 2 flows in") as caught:
        esnb.trace(stores, "6d0a1b2c")

    assert all(each in str(caught.value) for each in flows)
    assert esnb.trace(stores, "deadbeef").empty


# --- ids that are text ----------------------------------------------------------


ROOMS = ["customer-1", "customer-10", "customer-tea", "suite-blue", f"attic-{FIDO}", f"attic-{REX}"]


@pytest.fixture(params=["popo", "sqlite", "esnb"])
def hotel(request: pytest.FixtureRequest, stores: esnb.Stores) -> Hotel:
    if request.param == "esnb":
        app = stores.application(Hotel)
    else:
        module = f"eventsourcing.{request.param}"
        app = Hotel(env={"PERSISTENCE_MODULE": module, "SQLITE_DBNAME": ":memory:"})
    if app.recorder.max_notification_id() is None:
        for name in ROOMS:
            app.save(Room(name))
    return app


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("customer-1", "customer-1"),
        ("suite-bl", "suite-blue"),
        ("customer-t", "customer-tea"),
        (Room("customer-10"), "customer-10"),
        (str(REX), f"attic-{REX}"),
    ],
)
def test_text_ids_have_beginnings_too(hotel: Hotel, given: Any, name: str) -> None:
    assert esnb.history(hotel, given)["name"].tolist() == [name]
    assert esnb.stream(hotel, given)["stream"].tolist() == [name]


@pytest.mark.parametrize("given", ["customer-", "attic-7f3a1b2c", "7f3a1b2c"])
def test_several_text_ids_that_begin_so_are_listed(hotel: Hotel, given: str) -> None:
    with pytest.raises(ValueError, match="Pass more of the one that you mean"):
        esnb.history(hotel, given)


@pytest.mark.parametrize("given", ["suite", "customer-2", "suite-blue-2", "attic-7f"])
def test_text_that_begins_no_id_is_not_found(hotel: Hotel, given: str) -> None:
    with pytest.raises(AggregateNotFoundError, match="has no aggregate"):
        esnb.history(hotel, given)


def test_a_number_in_a_text_id_counts_as_a_whole() -> None:
    app = Hotel()
    app.save(Room("customer-10"))

    assert esnb.stream(app, "customer-1").empty
