"""Frames over applications with mappers, transcoders and transcodings of their own."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.cipher import AESCipher
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

import esnb
from esnb.sources import payload as _payload
from tests.domain import mapped as domain
from tests.domain.mapped import (
    Cart,
    Houses,
    Joined,
    Money,
    Moved,
    Opened,
    PositionalClub,
    Shop,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORES = ["popo", "sqlite", "esnb"]
SEALED = {
    "COMPRESSOR_TOPIC": "zlib",
    "CIPHER_TOPIC": "eventsourcing.cipher:AESCipher",
    "CIPHER_KEY": AESCipher.create_key(16),
}


@pytest.fixture(params=STORES)
def env(request: pytest.FixtureRequest, tmp_path: Path, stores: esnb.Stores) -> dict[str, str]:
    if request.param == "esnb":
        stores.reset()
        return dict(stores.env)
    return {
        "PERSISTENCE_MODULE": f"eventsourcing.{request.param}",
        "SQLITE_DBNAME": str(tmp_path / "houses.sqlite"),
    }


def mapped(env: dict[str, str], mapper: str, transcoder: str = "Nothing", **more: str) -> Houses:
    topics = {
        "MAPPER_TOPIC": f"{domain.HERE}:{mapper}",
        "TRANSCODER_TOPIC": f"{domain.HERE}:{transcoder}",
    }
    return Houses(env={**env, **topics, **more})


def a_house(app: Houses) -> UUID:
    """Opened at noon, moved an hour and two hours later."""
    house_id = uuid4()

    def fields(version: int) -> dict[str, Any]:
        return {
            "originator_id": house_id,
            "originator_version": version,
            "timestamp": NOON + timedelta(hours=version - 1),
        }

    app.save(
        Opened(**fields(1), owner="Ann", price=Decimal("1.50")),
        Moved(**fields(2), places=["Bern"]),
        Moved(**fields(3), places=["Basel", "Ulm"]),
    )
    return house_id


def outcome(source: str) -> str:
    names: dict[str, Any] = {}
    exec(source, names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test()
    return "passed"


@pytest.mark.parametrize("sealed", [{}, SEALED], ids=["plain", "sealed"])
@pytest.mark.parametrize(
    ("mapper", "transcoder"),
    [
        ("MsgspecJSON", "Nothing"),
        ("MsgspecJSON", "Empty"),
        ("MsgspecJSON", "Sealed"),
        ("MsgspecJSON", "Marked"),
        ("MsgspecPack", "Nothing"),
        ("MsgspecPack", "Packed"),
    ],
)
def test_what_a_mapper_of_ones_own_wrote_is_shown(
    env: dict[str, str], mapper: str, transcoder: str, sealed: dict[str, str], tmp_path: Path
) -> None:
    app = mapped(env, mapper, transcoder, **sealed)
    house_id = a_house(app)

    events = esnb.events(app)
    assert [each["originator_version"] for each in events["data"]] == [1, 2, 3]
    assert events["data"][0]["price"] == "1.50"
    assert events["data"][2]["places"] == ["Basel", "Ulm"]
    assert list(events["time"]) == [NOON + timedelta(hours=hours) for hours in range(3)]
    assert events["error"].isna().all()
    assert list(esnb.events(app, until=NOON + timedelta(hours=1))["version"]) == [1, 2]
    assert list(esnb.events(app, since=NOON + timedelta(hours=2))["version"]) == [3]
    assert list(esnb.events(app, flatten=True)["owner"].dropna()) == ["Ann"]
    assert list(esnb.stream(app, house_id, last=1)["version"]) == [3]
    catalog = esnb.catalog(app)
    assert list(catalog["fields"]) == ["owner: str; price: str", "places: list"]
    assert list(catalog["first_time"]) == [NOON, NOON + timedelta(hours=1)]
    assert "Basel" in str(esnb.browse(app, live=False))
    history = esnb.history(app, house_id)
    assert list(history.columns[-3:]) == ["owner", "price", "places"]
    assert list(history["time"]) == list(events["time"])
    assert history["places"][2] == ("Bern", "Basel", "Ulm")
    assert esnb.at(app, house_id, time=NOON).places == ()
    assert "Basel" in str(esnb.explore(app, house_id, live=False))
    assert outcome(esnb.given_when_then(app, house_id)) == "passed"

    path = tmp_path / "houses.jsonl"
    assert esnb.export(app, path) == 3
    file = esnb.events(path)
    assert list(file["data"]) == list(events["data"])
    assert list(file["time"]) == list(events["time"])
    other = mapped({"PERSISTENCE_MODULE": "eventsourcing.popo"}, mapper, transcoder)
    assert esnb.load(path, other) == 3
    assert esnb.at(other, house_id).places == ("Bern", "Basel", "Ulm")
    assert list(esnb.events(other)["data"]) == list(events["data"])


@pytest.mark.parametrize("mapper", ["MsgspecJSON", "MsgspecPack"])
def test_a_client_shows_what_the_application_shows(stores: esnb.Stores, mapper: str) -> None:
    stores.reset()
    app = mapped(dict(stores.env), mapper)
    a_house(app)

    assert list(esnb.events(stores)["data"]) == list(esnb.events(app)["data"])
    assert list(esnb.events(stores)["time"]) == list(esnb.events(app)["time"])


def test_a_format_that_nobody_else_reads_is_bytes_and_an_error(
    env: dict[str, str], tmp_path: Path
) -> None:
    app = mapped(env, "Binary")
    house_id = a_house(app)

    events = esnb.events(app)
    assert [type(data) for data in events["data"]] == [bytes] * 3
    assert (
        events["error"]
        .str.contains("not readable: .*its transcoder: .*JSON: .*MessagePack: ")
        .all()
    )
    assert list(esnb.catalog(app)["type"]) == ["Opened", "Moved"]
    assert "problem: payload not readable" in str(esnb.browse(app, live=False))
    # The application reads it, and so what is folded is known.
    history = esnb.history(app, house_id)
    assert list(history["time"]) == [NOON + timedelta(hours=hours) for hours in range(3)]
    assert esnb.at(app, house_id, time=NOON + timedelta(hours=1)).places == ("Bern",)
    assert outcome(esnb.given_when_then(app, house_id)) == "passed"
    path = tmp_path / "houses.jsonl"
    esnb.export(app, path)
    assert list(esnb.events(path)["data"]) == list(events["data"])
    other = mapped({"PERSISTENCE_MODULE": "eventsourcing.popo"}, "Binary")
    assert esnb.load(path, other) == 3
    assert esnb.at(other, house_id).places == ("Bern", "Basel", "Ulm")


@pytest.fixture
def no_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Packages that are not installed, as the test says."""
    gone: list[str] = []
    _payload._message_pack_reader.cache_clear()
    find = builtins.__import__

    def imported(name: str, *more: Any) -> Any:
        if name in gone:
            raise ImportError(name)
        return find(name, *more)

    monkeypatch.setattr(builtins, "__import__", imported)
    yield gone
    _payload._message_pack_reader.cache_clear()


def test_without_a_package_that_reads_it_message_pack_is_bytes(no_reader: list[str]) -> None:
    app = mapped({}, "MsgspecPack")
    a_house(app)
    no_reader += ["msgspec", "msgpack"]

    events = esnb.events(app)
    assert [type(data) for data in events["data"]] == [bytes] * 3
    assert events["error"].str.contains("pip install msgspec").all()


@pytest.mark.extras  # a dependency of bullmq
def test_either_package_reads_message_pack(no_reader: list[str]) -> None:
    app = mapped({}, "MsgspecPack")
    a_house(app)
    no_reader += ["msgspec"]

    assert esnb.events(app)["data"][0]["owner"] == "Ann"
    assert list(esnb.events(app)["time"]) == [NOON + timedelta(hours=hours) for hours in range(3)]


def test_a_mapper_without_the_librarys_parts(env: dict[str, str]) -> None:
    app = mapped(env, "Bare")
    house_id = a_house(app)

    assert list(esnb.events(app)["time"]) == [NOON + timedelta(hours=hours) for hours in range(3)]
    assert outcome(esnb.given_when_then(app, house_id)) == "passed"


def test_a_transcoder_that_reads_its_own_marks(env: dict[str, str]) -> None:
    app = Application[UUID](env={**env, "TRANSCODER_TOPIC": f"{domain.HERE}:Marked"})
    cart = Cart({"price": Decimal("1.50"), "own": {"_type_": "x", "_data_": 1}})
    app.save(cart)

    events = esnb.events(app)
    assert events["data"][0]["fields"] == cart.fields
    assert list(events["time"]) == [cart.created_on]


def test_a_mapper_that_does_not_compress_what_it_could(env: dict[str, str], tmp_path: Path) -> None:
    app = mapped(env, "Unsealed", COMPRESSOR_TOPIC="zlib")
    house_id = a_house(app)

    assert esnb.events(app)["data"][0]["owner"] == "Ann"
    # Nor is it compressed on its way through a file.
    esnb.export(app, tmp_path / "houses.jsonl")
    assert esnb.events(tmp_path / "houses.jsonl")["data"][0]["owner"] == "Ann"
    other = mapped({}, "Unsealed", COMPRESSOR_TOPIC="zlib")
    esnb.load(tmp_path / "houses.jsonl", other)
    assert esnb.at(other, house_id).places == ("Bern", "Basel", "Ulm")


@pytest.mark.parametrize(
    ("transcoder", "reads"), [("PlainJSON", True), ("Packed", True), ("Pickled", False)]
)
def test_a_transcoder_of_ones_own(
    env: dict[str, str], transcoder: str, reads: bool, tmp_path: Path
) -> None:
    app = Application[UUID](env={**env, "TRANSCODER_TOPIC": f"{domain.HERE}:{transcoder}"})
    legitimate = {"_type_": "invoice", "_data_": {"total": 3}}
    cart = Cart({"note": "ü", "nested": {"a": [1, {"b": None}]}, "own": legitimate})
    app.save(cart)

    events = esnb.events(app)
    assert events["data"][0]["fields"]["own"] == legitimate
    assert events["data"][0]["fields"]["nested"] == {"a": [1, {"b": None}]}
    assert events["time"].notna().all()
    path = tmp_path / "carts.jsonl"
    esnb.export(app, path)
    file = esnb.events(path)
    if reads:
        assert file["data"][0]["fields"] == events["data"][0]["fields"]
        assert file["time"].notna().all()
    else:
        assert type(file["data"][0]) is bytes
        assert file["error"].notna().all()


# --- transcodings ---------------------------------------------------------------------------


VALUES: dict[str, Any] = {
    "money": Money(Decimal("1.50"), "EUR"),
    "day": date(2026, 3, 1),
    "tags": {"b", "a"},
    "id": UUID(int=7),
    "at": NOON,
    "price": Decimal("0.10"),
    "nested": {"list": [{"deep": Money(Decimal("2"), "USD")}, date(2026, 3, 2)]},
    "three": {"_type_": "x", "_data_": 1, "more": 2},
    "one": {"_type_": "decimal_str"},
}
SHOWN = {
    **VALUES,
    "money": {"amount": Decimal("1.50"), "currency": "EUR"},
    "day": "2026-03-01",
    "tags": ["a", "b"],
    "nested": {"list": [{"deep": {"amount": Decimal("2"), "currency": "USD"}}, "2026-03-02"]},
}


def test_transcodings_look_alike_from_everywhere(env: dict[str, str], tmp_path: Path) -> None:
    app = Shop(env=env)
    cart = Cart(VALUES)
    cart.pay(VALUES["money"])
    app.save(cart)

    path = tmp_path / "shop.jsonl"
    esnb.export(app, path)
    assert esnb.events(app)["data"][0]["fields"] == SHOWN
    assert esnb.events(app)["data"][1]["value"] == SHOWN["money"]
    assert list(esnb.events(path)["data"]) == list(esnb.events(app)["data"])
    assert esnb.catalog(app)["fields"][1] == "value: dict"
    frames = [esnb.events(source, flatten=True) for source in (app, path)]
    assert frames[0]["value.currency"][1] == frames[1]["value.currency"][1] == "EUR"
    # What is folded is what the application makes of it.
    assert esnb.history(app, cart.id)["value"][1] == VALUES["money"]
    assert outcome(esnb.given_when_then(app, cart.id)) == "passed"


def test_a_client_and_its_file_show_transcodings_as_the_application(
    stores: esnb.Stores, tmp_path: Path
) -> None:
    stores.reset()
    app = stores.application(Shop)
    app.save(Cart(VALUES))
    stranger = type("Stranger", (Application,), {"name": "Shop"})(env=dict(stores.env))

    path = tmp_path / "all.jsonl"
    esnb.export(stores, path)
    for source in (stores, path, stranger):
        assert esnb.events(source)["data"][0]["fields"] == SHOWN


def test_a_transcoding_of_a_known_name_and_another_form(tmp_path: Path) -> None:
    class Cents(Application[UUID]):
        def register_transcodings(self, transcoder: JSONTranscoder) -> None:
            super().register_transcodings(transcoder)
            transcoder.register(domain.DecimalAsCents())

    app = Cents()
    app.save(Cart({"price": Decimal("1.50")}))
    esnb.export(app, tmp_path / "cents.jsonl")

    for source in (app, tmp_path / "cents.jsonl"):
        assert "_type_" not in str(esnb.events(source)["data"][0])


def test_an_object_of_another_client_keeps_its_keys(stores: esnb.Stores, tmp_path: Path) -> None:
    stores.reset()
    data = b'{"own": {"_type_": "invoice", "_data_": {"total": 3}}, "n": 1}'
    append(stores, "invoices-1", "InvoiceSent", data)
    append(stores, "packed-1", "Packed", b"\x81\xa1a\x01", content_type="application/octet-stream")
    append(stores, "bytes-1", "Bytes", b"\x81\xa1a", content_type="application/octet-stream")

    path = tmp_path / "all.jsonl"
    esnb.export(stores, path)
    for source in (stores, path):
        shown = list(esnb.events(source)["data"])
        assert shown[0]["own"] == {"_type_": "invoice", "_data_": {"total": 3}}
        assert shown[1:] == [{"a": 1}, b"\x81\xa1a"]


def append(stores: esnb.Stores, stream: str, kind: str, data: bytes, **more: Any) -> None:
    from esnb.clients.installed import NewEvent, StreamState

    event = NewEvent(type=kind, data=data, **more)
    stores.eventstoredb.append_to_stream(stream, current_version=StreamState.ANY, events=[event])


def test_nothing_that_the_data_name_is_imported(tmp_path: Path) -> None:
    (tmp_path / "mapped_trap.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    program = f"""
import sys
from uuid import uuid4
from eventsourcing.persistence import StoredEvent
import esnb
from esnb.sources import payload as _payload
from tests.domain import mapped as domain
for mapper in ("MsgspecJSON", "MsgspecPack", "Binary"):
    app = domain.Houses(env={{"MAPPER_TOPIC": f"{{domain.HERE}}:{{mapper}}",
                             "TRANSCODER_TOPIC": f"{{domain.HERE}}:Nothing"}})
    states = [b'{{"a": 1, "originator_topic": "mapped_trap:X"}}', b"\\x81\\xa1a\\x01", b"?"]
    app.recorder.insert_events(
        [StoredEvent(uuid4(), 1, "mapped_trap:X.Made", state) for state in states]
    )
    assert len(esnb.events(app, until="2030-01-01")) == 0
    assert len(esnb.events(app, flatten=True)) == 3
    esnb.catalog(app), esnb.streams(app), str(esnb.browse(app, live=False))
    esnb.export(app, {str(tmp_path / "trap.jsonl")!r})
    assert len(esnb.events({str(tmp_path / "trap.jsonl")!r})) == 3
assert "mapped_trap" not in sys.modules
"""
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        timeout=120,
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}", "ESNB_PROGRESS": "0"},
    )


@pytest.mark.parametrize("store", STORES[::2])
def test_a_damaged_payload_is_the_same_behind_a_file(
    store: str, stores: esnb.Stores, tmp_path: Path
) -> None:
    app = Shop(env=SEALED)
    app.recorder.insert_events([StoredEvent(uuid4(), 1, "m:Cart.Filled", b"damaged")])
    path = tmp_path / "shop.jsonl"
    esnb.export(app, path)
    stores.reset()
    other = Shop(env={**SEALED, **(stores.env if store == "esnb" else {})})
    esnb.load(path, other)

    (found,) = other.recorder.select_notifications(1, 1)
    assert found.state == b"damaged"
    assert esnb.events(other)["error"].str.contains("not readable").all()
    # A file of the file is the same file.
    esnb.export(path, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == path.read_text()


def test_a_mapper_that_adds_to_the_librarys() -> None:
    class Counting(Mapper[UUID]):
        def to_domain_event(self, stored_event: Any) -> Any:
            return super().to_domain_event(stored_event)

    app = Shop()
    app.mapper.__class__ = Counting
    app.save(Cart(VALUES))

    assert esnb.events(app)["data"][0]["fields"] == SHOWN
    assert pd.isna(esnb.events(app)["error"][0])


def test_what_a_mapper_writes_by_position_has_the_time_of_the_store(tmp_path: Path) -> None:
    """Which of its values is a time only its class knows; a store without times has none."""
    stream, file = uuid4(), tmp_path / "events.jsonl"
    with esnb.connect(embedded=True) as stores:
        app = PositionalClub(env=stores.env)
        app.events.put([Joined(stream, 1, "a@b.c")])
        esnb.export(app, file)
        in_server = esnb.stream(stores, f"{app.name}-{stream}")
        recorded = in_server["recorded"][0]
        assert in_server["time"][0] == recorded

        for source in (app, file):
            assert esnb.events(source)["time"][0] == recorded
        assert esnb.stream(app, stream)["time"][0] == recorded
        assert esnb.streams(app)["first_time"][0] == recorded
        assert len(esnb.events(app, until=recorded)) == 1
        assert esnb.events(app, since=recorded, until=recorded)["data"][0][2] == "a@b.c"

    memory = PositionalClub()
    memory.events.put([Joined(stream, 1, "a@b.c")])
    assert esnb.events(memory)["time"].isna().all()
