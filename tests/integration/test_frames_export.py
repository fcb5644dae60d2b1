"""export and load: a log as a file, the file as a source, and back into a store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    IntegrityError,
    JSONTranscoder,
    Transcoder,
    UUIDAsHex,
)
from hypothesis import given
from hypothesis import strategies as st

import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.sources import line as _line
from esnb.sources.line import NotAnExportError
from esnb.sources.record import Origin, Record
from esnb.sources.redaction import Redaction
from tests.domain.accounts import Account, Bank, an_account, bank, record

EVENT_COLUMNS = ["stream", "version", "type", "topic", "time", "data"]
SURVIVING = [*EVENT_COLUMNS, "event_id", "recorded", "error"]


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture(params=["popo", "sqlite", "esnb"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as app:
        yield app


def some_events(app: Application[Any]) -> UUID:
    """Two interleaved accounts."""
    account_id = an_account(app)
    other = Account("Bob", Decimal("1"))
    app.save(other)
    with esnb.correlate("order-17"):
        other.deposit(Decimal("3"))
        app.save(other)
    account: Account = app.repository.get(account_id)
    account.note("again «ü»\u2028\n")
    app.save(account)
    return account_id


def same(one: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> bool:
    pd.testing.assert_frame_equal(one[columns], other[columns])
    return True


# --- the file as a source -----------------------------------------------------------


def test_a_file_shows_what_its_source_shows(app: Bank, path: Path) -> None:
    account_id = some_events(app)

    assert esnb.export(app, path) == 8

    assert same(esnb.events(app), esnb.events(path), list(esnb.events(app).columns))
    assert same(esnb.events(app), esnb.events(str(path)), SURVIVING)
    assert same(esnb.stream(app, account_id), esnb.stream(path, account_id), SURVIVING)
    assert same(
        esnb.stream(app, account_id, start=2, stop=5, last=2),
        esnb.stream(path, str(account_id), start=2, stop=5, last=2),
        SURVIVING,
    )
    assert same(esnb.streams(app), esnb.streams(path), list(esnb.streams(app).columns))
    assert same(esnb.catalog(app), esnb.catalog(path), list(esnb.catalog(app).columns))
    assert len(esnb.stream(path, uuid4())) == 0
    third = esnb.events(app)["position"][2]
    assert same(
        esnb.events(app, start=third, types="Deposited"),
        esnb.events(path, start=third, types="Deposited"),
        SURVIVING,
    )


def test_an_empty_source_is_an_empty_file(app: Bank, path: Path) -> None:
    assert esnb.export(app, path) == 0

    assert same(esnb.events(app), esnb.events(path), list(esnb.events(app).columns))


def test_a_server_with_all_sorts_of_events(stores: esnb.Stores, path: Path) -> None:
    some_events(stores.application(Bank))
    client = stores.eventstoredb
    for data, content_type, metadata in [
        (b'{ "pretty": 1.50 }', "application/json", b""),
        (b"\x00\xff", "application/octet-stream", b'{"$correlationId":"c"}'),
        (b"", "application/json", b"no json"),
        (b'{"n":NaN}', "application/json", b""),
    ]:
        client.append_to_stream(
            "other-1",
            current_version=StreamState.ANY,
            events=[
                NewEvent(
                    type="Seen",
                    data=data,
                    metadata=metadata,
                    content_type=content_type,  # type: ignore[arg-type]
                )
            ],
        )
    assert esnb.export(stores, path) == 12
    before = esnb.events(stores)

    assert same(before, esnb.events(path), list(before.columns))
    raw = [(event.type, event.data, event.metadata, event.id) for event in client.read_all()]

    stores.reset()
    assert esnb.load(path, stores) == 12

    after = esnb.events(stores)
    columns = [name for name in before.columns if name not in ("position", "time", "recorded")]
    assert same(before, after, columns)
    # Metadata that are no JSON have no place for the first recorded time.
    timed = before.index[[type(each) is not bytes for each in before["metadata"]]]
    assert len(timed) == 11
    assert same(before.loc[timed], after.loc[timed], ["time", "recorded"])
    events = list(client.read_all())
    assert [(event.type, event.data, event.id) for event in events] == [
        (type_, data, id_) for type_, data, _, id_ in raw
    ]


# --- back into a store ----------------------------------------------------------------


def test_an_application_goes_on_with_what_was_loaded(
    app: Bank, path: Path, stores: esnb.Stores
) -> None:
    account_id = some_events(app)
    before = esnb.events(app)
    history = esnb.history(app, account_id)
    esnb.export(app, path)
    stores.reset()

    assert esnb.load(path, stores) == len(before)

    loaded = stores.application(Bank)
    after = esnb.events(loaded)
    assert same(before, after, EVENT_COLUMNS)
    if before["event_id"].notna().all():  # esnb's own
        assert same(before, after, [*SURVIVING, "metadata"])
    else:
        assert after["event_id"].is_unique
    assert same(history, esnb.history(loaded, account_id), list(history.columns))
    account: Account = loaded.repository.get(account_id)
    account.note("and on")
    loaded.save(account)
    assert len(esnb.stream(loaded, account_id)) == 7


@pytest.mark.parametrize("target", ["popo", "sqlite", "esnb"])
@pytest.mark.parametrize("settings", [{}, {"COMPRESSOR_TOPIC": "zlib"}], ids=["plain", "zlib"])
def test_into_an_application(
    target: str, settings: dict[str, str], path: Path, tmp_path: Path, stores: esnb.Stores
) -> None:
    source = Bank(env=settings)
    account_id = some_events(source)
    esnb.export(source, path)
    if target == "esnb":
        app = stores.application(Bank, env=settings)
    else:
        app = Bank(
            env={
                "PERSISTENCE_MODULE": f"eventsourcing.{target}",
                "SQLITE_DBNAME": str(tmp_path / "target.sqlite"),
                **settings,
            }
        )

    assert esnb.load(path, app) == 8

    assert same(esnb.events(source), esnb.events(app), EVENT_COLUMNS)
    assert app.repository.get(account_id).owner == "Ann"
    app.close()


def test_nothing_is_stored_over_what_is_there(app: Bank, path: Path, stores: esnb.Stores) -> None:
    some_events(app)
    esnb.export(app, path)
    target = Bank()
    esnb.load(path, target)
    extra = an_account(target)

    with pytest.raises(IntegrityError, match="2 of the 2 streams") as caught:
        esnb.load(path, target)

    assert "nothing was stored" in str(caught.value)
    assert len(esnb.events(target)) == 13
    assert len(esnb.stream(target, extra)) == 5


def test_a_slice_says_that_its_streams_are_cut(path: Path, stores: esnb.Stores) -> None:
    app = Bank()
    account_id = some_events(app)
    assert esnb.export(app, path, types=["Deposited", "Noted"]) == 4

    with pytest.warns(UserWarning, match="versions are counted from 1"):
        assert esnb.load(path, stores) == 4

    assert esnb.stream(path, account_id)["version"].tolist() == [2, 4, 6]
    assert esnb.stream(stores, f"Bank-{account_id}")["version"].tolist() == [1, 2, 3]


def test_one_stream_and_a_limit(path: Path) -> None:
    app = Bank()
    account_id = some_events(app)

    assert esnb.export(app, path, stream=account_id) == 6
    assert set(esnb.events(path)["stream"]) == {str(account_id)}
    assert esnb.export(app, path, limit=3) == 3
    assert esnb.export(app, path, since="2001-01-01", until="2002-01-01") == 0


# --- what must not leave ----------------------------------------------------------------


def test_redacted_fields_are_not_in_the_file(path: Path, stores: esnb.Stores) -> None:
    app = stores.application(Bank)
    some_events(app)
    record(Bank(), b"x")
    stores.eventstoredb.append_to_stream(
        "raw-1",
        current_version=StreamState.NO_STREAM,
        events=[NewEvent(type="Raw", data=b'{"owner": "Ann', metadata=b"Ann")],
    )

    esnb.export(stores, path, redact=["owner", "text", "$correlationId"])

    text = path.read_text("utf-8")
    assert "Ann" not in text
    assert "QW5u" not in text  # in base64 neither
    assert "called" not in text
    assert "order-17" not in text
    assert esnb.events(path)["data"][0]["owner"] == "[redacted]"


def test_an_encrypted_log_is_exported_in_plain(path: Path) -> None:
    app = Bank(env={"COMPRESSOR_TOPIC": "zlib"})
    some_events(app)

    esnb.export(app, path)

    lines = path.read_text("utf-8").splitlines()
    assert json.loads(lines[1])["data"]["owner"] == "Ann"
    assert "base64" not in lines[1]


# --- what is wrong ---------------------------------------------------------------------


def test_another_file_is_not_replaced(tmp_path: Path) -> None:
    other = tmp_path / "thesis.txt"
    other.write_text("years of work")

    with pytest.raises(FileExistsError, match=r"thesis\.txt"):
        esnb.export(Bank(), other)
    with pytest.raises(FileExistsError):
        esnb.export(Bank(), tmp_path)

    assert other.read_text() == "years of work"


def test_an_export_that_fails_leaves_what_was_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Bank()
    some_events(app)
    esnb.export(app, path, limit=2)
    before = path.read_bytes()
    written: list[str] = []

    def full(*arguments: Any) -> str:
        written.append("line")
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        return "{}"

    monkeypatch.setattr("esnb.sources.line.write", full)
    with pytest.raises(OSError, match="No space left"):
        esnb.export(app, path)

    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda lines: ["{}", *lines[1:]], 1),
        (lambda lines: [], 1),
        (lambda lines: [lines[0].replace('"esnb.export":1', '"esnb.export":9'), *lines[1:]], 1),
        (lambda lines: [*lines[:2], lines[2][:40], *lines[3:]], 3),
        (lambda lines: [*lines[:3], "[]", *lines[4:]], 4),
        (lambda lines: [*lines[:2], "", lines[2][:40], *lines[3:]], 4),
    ],
    ids=["header", "empty", "format", "torn", "no object", "torn after a blank line"],
)
def test_a_damaged_file_says_where(path: Path, damage: Any, line: int, stores: esnb.Stores) -> None:
    app = Bank()
    some_events(app)
    esnb.export(app, path)
    lines = path.read_text("utf-8").split("\n")
    path.write_text("\n".join(damage(lines)), "utf-8")

    with pytest.raises(NotAnExportError, match=rf"line {line}\)"):
        esnb.events(path)
    with pytest.raises(NotAnExportError, match=rf"line {line}\)"):
        esnb.load(path, stores)
    assert len(esnb.events(stores)) == 0


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"esnb\.export wrote: .*gone\.jsonl"):
        esnb.events(tmp_path / "gone.jsonl")
    with pytest.raises(FileNotFoundError):
        esnb.export(Bank(), tmp_path / "no folder" / "log.jsonl")


@pytest.mark.parametrize("target", [7, esnb.Stores, "log.jsonl"], ids=["number", "class", "path"])
def test_what_nothing_can_be_loaded_into(path: Path, target: Any) -> None:
    esnb.export(Bank(), path)

    with pytest.raises(TypeError, match="cannot be loaded into"):
        esnb.load(path, target)


def test_a_file_has_no_aggregates_to_fold(path: Path) -> None:
    app = Bank()
    account_id = some_events(app)
    esnb.export(app, path)

    with pytest.raises(TypeError, match="pass an eventsourcing Application"):
        esnb.history(path, account_id)  # type: ignore[arg-type]


# --- lines ------------------------------------------------------------------------------


@given(
    state=st.binary(max_size=20)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode()),
    metadata=st.none() | st.binary(max_size=5) | st.dictionaries(st.text(max_size=3), st.text()),
)
def test_every_byte_survives_its_line(state: bytes, metadata: Any) -> None:
    given_record = Record("s", 1, "m:T", state, 7, str(uuid4()), None, metadata, "T", 0)

    line = _line.write(given_record, state, Redaction(None))

    assert "\n" not in line
    assert _line.read(line) == given_record
    assert _line.read_header(_line.header(Origin("server", "ü"))) == Origin("server", "ü")


class _Stamps(Transcoder):
    """Writes times as {"ts": seconds}, which nobody else reads."""

    def encode(self, obj: Any) -> bytes:
        return json.dumps(obj, default=lambda time: {"ts": time.timestamp()}).encode()

    def decode(self, data: bytes) -> Any:
        return json.loads(data, object_hook=_unstamped)


def _unstamped(found: dict[str, Any]) -> Any:
    return datetime.fromtimestamp(found["ts"], UTC) if set(found) == {"ts"} else found


class _Reversed(JSONTranscoder):
    """Writes what is no JSON."""

    def encode(self, obj: Any) -> bytes:
        return super().encode(obj)[::-1]

    def decode(self, data: bytes) -> Any:
        return super().decode(data[::-1])


def _transcoded(transcoder: Transcoder) -> Application[Any]:
    if isinstance(transcoder, JSONTranscoder):
        for each in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
            transcoder.register(each)

    class Shop(Application[UUID]):
        def construct_transcoder(self) -> Transcoder:
            return transcoder

    app = Shop()
    first = Aggregate()
    first.trigger_event(Aggregate.Event)
    app.save(first, Aggregate())
    return app


@pytest.mark.parametrize("transcoder", [_Stamps, _Reversed])
@pytest.mark.parametrize("redact", [None, ["id"]])
def test_times_that_only_the_application_reads_are_in_the_file(
    path: Path, transcoder: type[Transcoder], redact: Any
) -> None:
    app = _transcoded(transcoder())
    before = esnb.events(app)
    esnb.export(app, path, redact=redact)

    assert before["time"].notna().all()
    assert list(esnb.events(path)["time"]) == list(before["time"])
    assert list(esnb.streams(path)["last_time"]) == list(esnb.streams(app)["last_time"])
    middle = before["time"].iloc[1]
    assert len(esnb.events(path, since=middle)) == len(esnb.events(app, since=middle)) > 0
    assert len(esnb.events(path, until=middle)) == len(esnb.events(app, until=middle)) > 0
    assert f"{middle:%H:%M:%S}" in str(esnb.browse(path, live=False))


def test_a_file_that_is_exported_again_keeps_such_times(path: Path, tmp_path: Path) -> None:
    app = _transcoded(_Stamps())
    esnb.export(app, path)
    esnb.export(path, tmp_path / "again.jsonl")

    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_a_time_that_is_redacted_is_not_in_the_file(path: Path) -> None:
    app = _transcoded(_Stamps())
    esnb.export(app, path, redact=["timestamp"])

    assert esnb.events(path)["time"].isna().all()
    year = str(esnb.events(app)["time"].iloc[0].year)
    assert all(f'"{year}-' not in line for line in path.read_text().splitlines())


def test_a_time_that_everybody_reads_is_written_once(path: Path) -> None:
    app = Bank()
    some_events(app)
    esnb.export(app, path)

    assert all("time" not in json.loads(line) for line in path.read_text("utf-8").split("\n")[1:-1])
