"""events(), stream() and streams() over the library's own persistence modules."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import DatetimeAsISO, StoredEvent

import esnb
from esnb.sources.application import PAGE
from tests.domain.accounts import Account, Bank, a_cat, an_account, bank, record, stamp

COMMON = ["stream", "version", "type", "time", "data", "position", "event_id", "metadata"]
DTYPES = {
    "stream": "string",
    "version": "Int64",
    "type": "string",
    "time": "datetime64[us, UTC]",
    "data": "object",
    "position": "Int64",
    "event_id": "string",
    "metadata": "object",
    "topic": "string",
    "recorded": "datetime64[us, UTC]",
    "error": "string",
}


@pytest.fixture(params=["popo", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as opened:
        yield opened


def assert_dtypes(frame: pd.DataFrame, dtypes: dict[str, str]) -> None:
    assert list(frame.columns) == list(dtypes)
    for name, dtype in dtypes.items():
        assert frame[name].dtype == dtype, name
    assert type(frame.index) is pd.RangeIndex


def test_the_whole_sequence_in_order(app: Bank) -> None:
    first, second = an_account(app), an_account(app)

    frame = esnb.events(app)

    assert_dtypes(frame, DTYPES)
    assert list(frame["stream"]) == [str(first)] * 5 + [str(second)] * 5
    assert list(frame["version"]) == [1, 2, 3, 4, 5] * 2
    assert list(frame["position"]) == list(range(1, 11))
    assert frame["type"][1] == "Account.Deposited"
    assert frame["topic"][1] == "tests.domain.accounts:Account.Deposited"
    assert frame["data"][1]["amount"] == Decimal("2.50")
    assert frame["time"][0] == frame["data"][0]["timestamp"]
    assert frame["event_id"].isna().all()
    assert frame["error"].isna().all()
    assert frame.attrs == {}


def test_an_empty_application_has_the_same_columns(app: Bank) -> None:
    assert_dtypes(esnb.events(app), DTYPES)
    assert_dtypes(esnb.stream(app, uuid4()), DTYPES)
    assert len(esnb.events(app)) == 0
    without_data = {name: dtype for name, dtype in DTYPES.items() if name != "data"}
    assert_dtypes(esnb.events(app, flatten=True), without_data)


def test_a_limit_says_where_it_cut(app: Bank) -> None:
    an_account(app)

    first = esnb.events(app, limit=2)
    rest = esnb.events(app, start=first.attrs["next"])

    assert first.attrs == {"truncated": True, "next": 3}
    assert list(first["position"]) == [1, 2]
    assert list(rest["position"]) == [3, 4, 5]
    assert "truncated" not in esnb.events(app, limit=5).attrs
    assert len(esnb.events(app, limit=0)) == 0
    with pytest.raises(ValueError, match="limit=-1"):
        esnb.events(app, limit=-1)


def test_numbers_may_come_out_of_a_frame(app: Bank) -> None:
    account_id = an_account(app)
    shown = esnb.events(app)

    assert len(esnb.events(app, start=shown["position"].iloc[3], limit=shown["version"][0])) == 1
    assert len(esnb.stream(app, account_id, start=shown["version"].iloc[3])) == 2
    assert esnb.at(app, account_id, version=shown["version"].iloc[1]).version == 2
    assert len(esnb.diff(app, account_id, before=shown["version"].iloc[3])) == 1
    with pytest.raises(TypeError, match=r"start=1\.5: pass a whole number"):
        esnb.events(app, start=1.5)  # type: ignore[arg-type]


def test_a_limit_counts_what_the_filters_let_through(app: Bank) -> None:
    an_account(app)
    an_account(app)

    frame = esnb.events(app, types="Deposited", limit=1)

    assert list(frame["position"]) == [2]
    assert frame.attrs == {"truncated": True, "next": 7}


@pytest.mark.parametrize(
    "types",
    [
        "tests.domain.accounts:Account.Deposited",
        "Account.Deposited",
        "Deposited",
        ["Deposited"],
        {"Deposited", "NoSuchType"},
        Account.Deposited,  # type: ignore[attr-defined]
    ],
)
def test_types_are_named_in_any_of_their_forms(app: Bank, types: object) -> None:
    an_account(app)

    wanted = esnb.events(app, types=types)  # type: ignore[arg-type]
    others = esnb.events(app, exclude=types)  # type: ignore[arg-type]

    assert list(wanted["type"]) == ["Account.Deposited"]
    assert list(others["version"]) == [1, 3, 4, 5]


def test_types_are_no_patterns_and_no_beginnings(app: Bank) -> None:
    an_account(app)

    for name in ("Deposit", "deposited", "Account", ".*", "Account."):
        assert len(esnb.events(app, types=name)) == 0, name
    assert len(esnb.events(app, types=[])) == 0
    assert len(esnb.events(app, exclude=[])) == 5


@pytest.mark.parametrize("types", [7, [7], ["Deposited", None], Account("Ann", Decimal(0))])
def test_types_are_names_or_classes(app: Bank, types: Any) -> None:
    for argument in ("types", "exclude"):
        with pytest.raises(TypeError, match=f"{argument}=.*: pass names of types"):
            esnb.events(app, **{argument: types})


def test_since_and_until_are_inclusive_and_utc_when_naive(app: Bank) -> None:
    a_cat(app)  # at 01:00 and 02:00

    def versions(**bounds: object) -> list[int]:
        return list(esnb.events(app, **bounds)["version"])  # type: ignore[arg-type]

    assert versions(since=stamp(1)) == [1, 2]
    assert versions(since="2026-03-01 01:00:01") == [2]
    assert versions(until="2026-03-01T01:00:00Z") == [1]
    assert versions(until="2026-03-01T03:30+02:00") == [1]
    assert versions(since=datetime(2026, 3, 1, 2), until=pd.Timestamp("2026-03-01 02:00")) == [2]
    assert versions(until="2026-02-28") == []
    assert versions(until="2026-03-01") == [1, 2]
    with pytest.raises(ValueError, match="since='yesterdayish' is not a time"):
        versions(since="yesterdayish")
    with pytest.raises(ValueError, match="until=NaT is not a time"):
        versions(until=pd.NaT)
    with pytest.raises(ValueError, match="until=7 is not a time"):
        versions(until=7)


def test_events_without_a_time_fall_out_of_a_time_filter(app: Bank) -> None:
    record(app, b'{"a": 1}')

    assert len(esnb.events(app)) == 1
    assert esnb.events(app)["time"].isna().all()
    assert len(esnb.events(app, since="0001-01-01")) == 0


@pytest.mark.parametrize(
    "name", [lambda i: i, str, lambda i: i.hex, lambda i: str(i).upper(), lambda i: f"Bank-{i}"]
)
def test_one_stream_by_id_text_or_stream_name(app: Bank, name: object) -> None:
    an_account(app)
    account_id = an_account(app)

    frame = esnb.stream(app, name(account_id))  # type: ignore[operator]

    assert_dtypes(frame, DTYPES)
    assert list(frame["stream"].unique()) == [str(account_id)]
    assert list(frame["version"]) == [1, 2, 3, 4, 5]


def test_a_stream_by_what_the_stream_column_says(app: Bank) -> None:
    an_account(app)
    shown = esnb.events(app)["stream"].iloc[0]

    assert len(esnb.stream(app, shown)) == 5


def test_a_range_of_a_stream(app: Bank) -> None:
    account_id = an_account(app)

    def versions(**bounds: Any) -> list[int]:
        return list(esnb.stream(app, account_id, **bounds)["version"])

    assert versions(start=2, stop=4) == [2, 3]
    assert versions(start=4) == [4, 5]
    assert versions(stop=1) == []
    assert versions(last=2) == [4, 5]
    assert versions(last=2, stop=4) == [2, 3]
    assert versions(last=9, start=5) == [5]
    assert versions(last=0) == []
    assert versions(start=0, stop=99) == [1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="last=-1"):
        versions(last=-1)


def test_streams_has_a_row_each(app: Bank) -> None:
    account_id = an_account(app)
    cat_id = a_cat(app)

    frame = esnb.streams(app)

    assert_dtypes(
        frame,
        {
            "stream": "string",
            "category": "string",
            "events": "Int64",
            "first_time": "datetime64[us, UTC]",
            "last_time": "datetime64[us, UTC]",
            "first_version": "Int64",
            "last_version": "Int64",
            "last_type": "string",
            "state": "string",
        },
    )
    assert list(frame["stream"]) == [str(account_id), str(cat_id)]
    assert frame["category"][0] == "Account"
    assert pd.isna(frame["category"][1])  # a functional event names no class
    assert list(frame["events"]) == [5, 2]
    assert (frame["first_time"][1], frame["last_time"][1]) == (stamp(1), stamp(2))
    assert list(frame["last_type"]) == ["Account.Frozen", "Renamed"]


def test_streams_that_match(app: Bank) -> None:
    account_id = an_account(app)
    a_cat(app)

    assert list(esnb.streams(app, match="Account-*")["stream"]) == [str(account_id)]
    assert list(esnb.streams(app, match=str(account_id))["stream"]) == [str(account_id)]
    assert len(esnb.streams(app, match="*")) == 2
    assert len(esnb.streams(app, match="account-*")) == 0
    assert len(esnb.streams(Bank(), match="*")) == 0


@pytest.mark.parametrize("match", [7, ["Account-*"]])
def test_a_pattern_for_streams_is_text(app: Bank, match: Any) -> None:
    an_account(app)

    with pytest.raises(TypeError, match=r"match=.*: pass a pattern"):
        esnb.streams(app, match=match)


# --- what others have put into the store --------------------------------------


def test_a_topic_that_names_a_module_is_not_imported(app: Bank, tmp_path: Path) -> None:
    (tmp_path / "frames_trap.py").write_text("raise SystemExit('imported')")
    sys.path.insert(0, str(tmp_path))
    try:
        stream = record(app, b'{"originator_topic": "frames_trap:X"}', topic="frames_trap:X.Made")
        frame = esnb.events(app)
        esnb.stream(app, stream)
        esnb.streams(app)
    finally:
        sys.path.remove(str(tmp_path))

    assert "frames_trap" not in sys.modules
    assert frame["type"][0] == "X.Made"


@pytest.mark.parametrize(
    ("state", "data", "readable"),
    [
        (b"\x00\xff\x10", b"\x00\xff\x10", False),
        (b'{"a": 1', b'{"a": 1', False),
        (b"[" * 100_000, b"[" * 100_000, False),
        (b"", None, True),
        (b"[1, 2]", [1, 2], True),
        (b"null", None, True),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}, True),
        (b'{"x": {"_type_": "no_such", "_data_": 1}}', {"x": 1}, True),
        (b'{"x": {"_type_": "datetime_iso", "_data_": "soon"}}', {"x": "soon"}, True),
        (b'{"x": {"_type_": ["?"], "_data_": 1}}', {"x": {"_type_": ["?"], "_data_": 1}}, True),
        (b'{"timestamp": "next week"}', {"timestamp": "next week"}, True),
        (b'{"n": 9007199254740993}', {"n": 2**53 + 1}, True),
    ],
)
def test_foreign_and_damaged_events_are_rows(
    app: Bank, state: bytes, data: object, readable: bool
) -> None:
    account_id = an_account(app)
    stream = record(app, state)

    for flatten in (False, True):
        frame = esnb.events(app, flatten=flatten)
        assert len(frame) == 6
        assert list(frame["stream"])[:1] == [str(account_id)]
    row = esnb.events(app).iloc[-1]
    assert (row["stream"], row["version"], row["type"]) == (str(stream), 1, "Ghost.Seen")
    assert row["data"] == data
    assert pd.isna(row["error"]) == readable
    assert len(esnb.stream(app, str(stream))) == 1
    assert len(esnb.streams(app)) == 2


@pytest.mark.parametrize(
    ("stamp_text", "time"),
    [
        ("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00"),
        ("9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59.999999"),
        ("2026-03-01T12:00:00.000001+05:30", "2026-03-01T06:30:00.000001"),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:00"),
        ("0001-01-01T00:00:00+14:00", "NaT"),  # year 0 in UTC
        ("9999-12-31T23:59:59-14:00", "NaT"),
    ],
)
def test_times_from_year_1_to_9999(app: Bank, stamp_text: str, time: str) -> None:
    record(app, json.dumps({"timestamp": stamp_text}).encode())
    record(
        app,
        json.dumps({"timestamp": {"_type_": DatetimeAsISO.name, "_data_": stamp_text}}).encode(),
    )
    a_cat(app)

    for flatten in (False, True):
        frame = esnb.events(app, flatten=flatten)
        assert frame["time"].dtype == "datetime64[us, UTC]"
        shown = [str(value) for value in frame["time"].dt.tz_localize(None).to_numpy()]
        expected = time if "." in time or time == "NaT" else f"{time}.000000"
        assert shown[:2] == [expected, expected]
        assert expected[:3] in repr(frame["time"])
        assert "2026" in frame.to_html()
    assert str(frame["timestamp"].iloc[0]).startswith(stamp_text[:4])  # kept, also where UTC ends


def test_encrypted_and_compressed_events_are_read_with_the_applications_own_keys(
    tmp_path: Path,
) -> None:
    from eventsourcing.cipher import AESCipher

    settings = {"CIPHER_KEY": AESCipher.create_key(16), "COMPRESSOR_TOPIC": "zlib"}
    with bank("sqlite", tmp_path, **settings) as app:
        account_id = an_account(app)
        assert b"Ann" not in app.recorder.select_events(account_id)[0].state

        frame = esnb.events(app)

        assert frame["data"][0]["owner"] == "Ann"
        assert frame["error"].isna().all()
    with bank("sqlite", tmp_path, CIPHER_KEY=AESCipher.create_key(16)) as stranger:
        frame = esnb.events(stranger)

        assert list(frame["version"]) == [1, 2, 3, 4, 5]
        assert isinstance(frame["data"][0], bytes)
        assert frame["error"].str.startswith("payload not readable: ").all()
        assert frame["time"].isna().all()


def test_ids_that_are_text(tmp_path: Path) -> None:
    app: Application[str] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(tmp_path / "text.sqlite"),
            "ORIGINATOR_ID_TYPE": "text",
        }
    )
    plain = record(app, b"{}", originator_id="order-1")
    like_uuid = record(app, b"{}", originator_id=str(uuid4()))

    assert list(esnb.events(app)["stream"]) == [plain, like_uuid]
    assert len(esnb.stream(app, "order-1")) == 1
    assert len(esnb.stream(app, str(like_uuid))) == 1
    assert len(esnb.stream(app, UUID(str(like_uuid)))) == 1
    assert len(esnb.stream(app, "1")) == 0
    app.close()


def test_ids_that_are_text_in_memory() -> None:
    app: Application[str] = Application()
    record(app, b"{}", originator_id="order-1")

    assert len(esnb.stream(app, "order-1")) == 1


# --- what is no source ---------------------------------------------------------


@pytest.mark.parametrize("source", [None, 3, b"somewhere", object(), Bank])
def test_what_is_no_source_is_named_by_its_kind(source: object) -> None:
    for read in (esnb.events, esnb.streams, lambda given: esnb.stream(given, "x")):
        with pytest.raises(TypeError, match=r"no source of events: .*; pass an eventsourcing"):
            read(source)
    if source is Bank:
        with pytest.raises(TypeError, match="the class Bank"):
            esnb.events(source)


@pytest.mark.parametrize(
    "uri",
    ["esdb://admin:sesame@host:2113", "esdb+discover://admin:sesame@a,b", "redis://:sesame@h"],
)
def test_a_server_is_no_source_before_it_is_connected_to(uri: str) -> None:
    for read in (esnb.events, esnb.catalog, lambda given: esnb.load(given, Bank())):
        with pytest.raises(TypeError, match=r"\*\*\*@.* is a URI: .*esnb\.connect") as refused:
            read(uri)
        assert "sesame" not in str(refused.value)


def test_a_stream_is_named_by_uuid_or_text(app: Bank) -> None:
    with pytest.raises(TypeError, match="not by int"):
        esnb.stream(app, 7)  # type: ignore[arg-type]


def test_more_events_than_a_page(app: Bank) -> None:
    last = 2 * PAGE + 1
    app.recorder.insert_events([StoredEvent(uuid4(), 1, "m:A", b"{}") for _ in range(last)])

    assert list(esnb.events(app)["position"]) == list(range(1, last + 1))
    assert list(esnb.events(app, start=4)["position"]) == list(range(4, last + 1))


def test_offsets_of_one_column_may_differ(app: Bank) -> None:
    zones = [timezone.utc, timezone(timedelta(hours=9)), UTC]  # noqa: UP017  another object
    for hour, zone in enumerate(zones):
        moment = datetime(2026, 3, 1, 12 + hour, tzinfo=zone)
        record(app, json.dumps({"timestamp": moment.isoformat()}).encode())

    assert list(esnb.events(app)["time"].dt.hour) == [12, 4, 14]


@pytest.mark.parametrize("by", ["time", "recorded"])
def test_times_are_asked_of_the_event_or_of_the_store(by: Any) -> None:
    app = Bank()
    an_account(app)

    found = esnb.events(app, since="2000-01-01", by=by)

    # POPO keeps no time of its own.
    assert len(found) == (5 if by == "time" else 0)
    with pytest.raises(ValueError, match="pass 'time' or 'recorded'"):
        esnb.events(app, since="2000-01-01", by="written")  # type: ignore[arg-type]
