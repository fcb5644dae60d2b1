"""Frames over an EventStoreDB client: positions, links, truncation, interrupts, errors."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import OperationalError, Tracking
from eventsourcing.utils import Environment

import esnb
from esnb.clients.installed import Client, ClientError, NewEvent, StreamState
from esnb.eventstoredb.reading import whole
from esnb.sources.paging import Pager
from tests.domain.accounts import Account, Bank, an_account

COLUMNS = [
    *("stream", "version", "type", "time", "data", "position", "event_id", "metadata"),
    *("revision", "content_type", "link_stream", "link_revision", "link_position"),
    *("topic", "recorded", "error"),
]


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


def append(stores: esnb.Stores, stream: str, *types: str, data: bytes = b'{"n": 1}') -> None:
    stores.eventstoredb.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=[NewEvent(type=each, data=data) for each in types],
    )


def link(stores: esnb.Stores, stream: str, *targets: str) -> None:
    stores.eventstoredb.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=[NewEvent(type="$>", data=target.encode()) for target in targets],
    )


def test_the_columns_of_a_server_also_when_it_is_empty(stores: esnb.Stores) -> None:
    for frame in (
        esnb.events(stores),
        esnb.stream(stores, "nothing"),
        esnb.stream(stores, "nothing", last=3),
        esnb.stream(stores, "nothing", start=2, stop=4),
    ):
        assert list(frame.columns) == COLUMNS
        assert len(frame) == 0
        assert frame["revision"].dtype == frame["link_position"].dtype == "Int64"
        assert frame["content_type"].dtype == "string"
        assert frame["recorded"].dtype == "datetime64[us, UTC]"


def test_any_position_is_a_start(stores: esnb.Stores) -> None:
    append(stores, "a-1", "A", "B", "C")
    append(stores, "b-1", "D")
    whole = esnb.events(stores)
    positions = list(whole["position"])

    for start in (0, positions[0], positions[1] - 1, positions[1], positions[1] + 1, positions[3]):
        expected = [position for position in positions if position >= start]
        assert list(esnb.events(stores, start=start)["position"]) == expected, start
    assert len(esnb.events(stores, start=positions[3] + 10**6)) == 0
    assert whole["recorded"].notna().all()
    assert (whole["time"] == whole["recorded"]).all()


def _asked(stores: esnb.Stores, monkeypatch: pytest.MonkeyPatch, read: Callable[[], object]) -> int:
    """How many reads `read` makes, and how many events they bring, added up."""
    asked = 0

    def counted(*arguments: Any, **options: Any) -> Iterator[Any]:
        nonlocal asked
        asked += 1
        for event in whole(*arguments, **options):
            asked += 1
            yield event

    with monkeypatch.context() as patch:
        patch.setattr("esnb.eventstoredb.log.whole", counted)
        read()
    return asked


@pytest.mark.parametrize("source", ["client", "application"])
@pytest.mark.parametrize("direction", ["forwards", "backwards"])
def test_a_read_begins_between_two_events_of_a_long_log_as_in_a_short_one(
    source: str, direction: str, stores: esnb.Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stores.application(Bank)
    pager = Pager(stores if source == "client" else app)

    def fill(events: int) -> None:
        for part in range(0, events, 100):
            append(stores, f"filling-{part}", *"F" * 100)

    def read() -> None:
        with getattr(pager, direction)(None, number) as records:
            next(records)

    asked = []
    for events in (100, 1_500):
        fill(events)
        account = Account("Ann", Decimal(0))
        account.deposit(Decimal(1))
        account.freeze()
        position = app.save(account)[1].notification.id
        fill(events)
        number = position + 90
        asked.append(_asked(stores, monkeypatch, read))

    assert asked[0] > 90  # it was looked for
    assert asked[1] < 2 * asked[0]


def test_a_limit_says_where_to_go_on(stores: esnb.Stores) -> None:
    append(stores, "a-1", "A", "B", "A", "B")

    first = esnb.events(stores, limit=3)
    rest = esnb.events(stores, start=first.attrs["next"])

    assert list(first["type"]) == ["A", "B", "A"]
    assert list(rest["revision"]) == [3]
    assert list(esnb.events(stores, exclude="A")["revision"]) == [1, 3]


def test_system_events_are_not_the_databases_events(stores: esnb.Stores) -> None:
    append(stores, "a-1", "A")
    stores.eventstoredb.set_stream_metadata("a-1", metadata={"$maxCount": 5})
    link(stores, "links", "0@a-1")

    assert list(esnb.events(stores)["type"]) == ["A"]
    assert list(esnb.streams(stores)["stream"]) == ["a-1"]
    assert list(esnb.stream(stores, "$$a-1")["type"]) == ["$metadata"]


def test_ranges_go_by_version(stores: esnb.Stores) -> None:
    append(stores, "a-1", *"ABCDE")

    def types(**bounds: Any) -> str:
        return "".join(esnb.stream(stores, "a-1", **bounds)["type"])

    assert types(start=2, stop=4) == "BC"
    assert types(stop=3) == "AB"
    assert types(last=2) == "DE"
    assert types(last=2, stop=4) == "BC"
    assert types(last=9, start=4) == "DE"
    assert types(last=0) == types(stop=1) == types(start=4, stop=2) == ""


def test_a_truncated_stream_keeps_its_numbers(stores: esnb.Stores) -> None:
    append(stores, "a-1", *"ABCDE")
    stores.eventstoredb.set_stream_metadata("a-1", metadata={"$tb": 3})

    assert list(esnb.stream(stores, "a-1")["version"]) == [4, 5]
    assert list(esnb.stream(stores, "a-1", stop=5)["version"]) == [4]
    assert len(esnb.stream(stores, "a-1", start=1, stop=3)) == 0


def test_links_to_other_streams_and_to_what_is_gone(stores: esnb.Stores) -> None:
    append(stores, "a-1", "A", "B")
    append(stores, "b-1", "A")
    append(stores, "gone-1", "A")
    link(stores, "picked", "0@a-1", "0@gone-1", "0@b-1", "1@a-1")
    stores.eventstoredb.delete_stream("gone-1", current_version=StreamState.ANY)

    frame = esnb.stream(stores, "picked")
    some = esnb.stream(stores, "picked", start=3)
    last = esnb.stream(stores, "picked", last=1)

    assert list(frame["stream"]) == ["a-1", "gone-1", "b-1", "a-1"]
    assert list(frame["revision"]) == [0, 0, 0, 1]
    assert list(frame["type"]) == ["A", "$>", "A", "B"]
    assert list(frame["link_revision"]) == [0, 1, 2, 3]
    assert list(frame["link_stream"].unique()) == ["picked"]
    assert list(some["link_revision"]) == [2, 3]
    assert list(last["link_revision"]) == [3]
    assert esnb.stream(stores, "a-1")["link_stream"].isna().all()


def test_a_tombstoned_stream_says_so(stores: esnb.Stores) -> None:
    append(stores, "a-1", "A")
    stores.eventstoredb.tombstone_stream("a-1", current_version=StreamState.ANY)

    frame = esnb.stream(stores, "a-1")

    assert list(frame["type"]) == ["$streamDeleted"]
    assert "tombstoned" in frame["error"][0]


def test_categories_and_patterns(stores: esnb.Stores) -> None:
    append(stores, "Product-1-2", "A", "B")
    append(stores, "plain", "C")
    append(stores, "-odd", "D")

    frame = esnb.streams(stores)

    assert list(frame["stream"]) == ["Product-1-2", "plain", "-odd"]
    assert frame["category"][0] == "Product"
    assert frame["category"][1:].isna().all()
    assert list(frame["events"]) == [2, 1, 1]
    assert list(esnb.streams(stores, match="Product-*")["stream"]) == ["Product-1-2"]


def test_payloads_of_others(stores: esnb.Stores) -> None:
    client = stores.eventstoredb
    events = [
        NewEvent(type="Json", data=b'{"type": "x", "version": 9, "n": 9007199254740993}'),
        NewEvent(type="Binary", data=b"\xff\x00", content_type="application/octet-stream"),
        NewEvent(
            type="Disguised", data=b'{"price": "1.10"}', content_type="application/octet-stream"
        ),
        NewEvent(type="Meta", data=b"{}", metadata=b"\xff"),
        NewEvent(type="Own", data=b"{}", metadata=b'{"topic": "os:system", "$correlationId": "c"}'),
        NewEvent(type="Big", data=json.dumps({"n": 2**70}).encode()),
    ]
    client.append_to_stream("others", current_version=StreamState.ANY, events=events)

    frame = esnb.stream(stores, "others")
    flat = esnb.stream(stores, "others", flatten=True)

    assert frame["data"].tolist()[1:3] == [b"\xff\x00", {"price": "1.10"}]
    assert frame["error"].isna().all()
    assert frame["metadata"][3] == b"\xff"
    assert frame["metadata"][4]["$correlationId"] == "c"
    assert frame["topic"][4] == "Own"  # a topic that is not the event's is not believed
    assert list(flat["type"]) == ["Json", "Binary", "Disguised", "Meta", "Own", "Big"]
    assert list(flat["version"]) == [1, 2, 3, 4, 5, 6]
    assert flat["data.type"][0] == "x"
    assert flat["data.version"][0] == 9
    assert flat["n"].tolist()[0] == 2**53 + 1
    assert flat["n"].tolist()[5] == 2**70
    assert flat["data"][1] == b"\xff\x00"


def test_an_interrupt_in_a_read_leaves_the_next_one_working(
    stores: esnb.Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(stores, "a-1", *"A" * 50)
    reads = {
        "events": lambda: esnb.events(stores),
        "stream": lambda: esnb.stream(stores, "a-1"),
        "last": lambda: esnb.stream(stores, "a-1", last=9),
        "streams": lambda: esnb.streams(stores),
    }
    whole = {name: read() for name, read in reads.items()}
    made = 0

    def press(self: Any, event: Any) -> Any:
        nonlocal made
        made += 1
        if made % 5 == 0:
            raise KeyboardInterrupt
        return unpressed(self, event)

    from esnb.sources.server import ServerSource

    unpressed = ServerSource._record
    with monkeypatch.context() as patch:
        patch.setattr(ServerSource, "_record", press)
        for read in reads.values():
            with pytest.raises(KeyboardInterrupt):
                read()
    assert gc.isenabled()
    for name, read in reads.items():
        assert read().equals(whole[name]), name


def test_a_server_that_is_not_there() -> None:
    # Port 9 of loopback: nothing listens there.
    def read() -> None:
        client = Client("esdb://127.0.0.1:9?Tls=false&MaxDiscoverAttempts=1&DefaultDeadline=2")
        esnb.events(client, start=5)

    with pytest.raises((OperationalError, ClientError), match=r"127\.0\.0\.1:9"):
        read()


# --- an application over it ------------------------------------------------------


def test_an_application_is_asked_by_id_text_or_stream(stores: esnb.Stores) -> None:
    app = stores.application(Bank)
    account_id = an_account(app)
    (shown,) = esnb.streams(stores)["stream"]

    for name in (account_id, str(account_id), account_id.hex, shown):
        assert len(esnb.stream(app, name)) == 5
        assert len(esnb.history(app, name)) == 5
        assert esnb.at(app, name, version=2).balance == Decimal("12.50")
        assert list(esnb.diff(app, name)["field"]) == ["_frozen"]
    own, servers = esnb.stream(app, account_id), esnb.stream(stores, shown)
    for column in ("version", "type", "time", "position", "event_id", "topic", "metadata"):
        assert list(own[column]) == list(servers[column]), column
    assert own["data"].tolist() == servers["data"].tolist()
    assert list(own["stream"].unique()) == [str(account_id)]


def test_an_application_whose_ids_are_text(stores: esnb.Stores) -> None:
    app: Application[str] = Application(env={**stores.env, "ORIGINATOR_ID_TYPE": "text"})
    append(stores, "Application-order-1", "Made")

    assert list(esnb.events(app)["stream"]) == ["order-1"]
    assert len(esnb.stream(app, "order-1")) == 1
    assert len(esnb.stream(app, "Application-order-1")) == 1
    assert len(esnb.stream(app, "1")) == 0
    app.close()


def test_an_application_that_counts_from_0(stores: esnb.Stores) -> None:
    class Zero(Account):
        INITIAL_VERSION = 0

    globals()["Zero"] = Zero
    Zero.__qualname__ = "Zero"
    app: Application[UUID] = Application(
        env={**stores.env, "EVENTSTOREDB_FIRST_VERSION": "0", "EVENTSTOREDB_STREAM_PREFIX": ""}
    )
    zero = Zero("Ann", Decimal(1))
    zero.deposit(Decimal(2))
    app.save(zero)

    assert list(esnb.history(app, zero.id)["version"]) == [0, 1]
    assert esnb.at(app, zero.id, version=0).balance == Decimal(1)
    assert list(esnb.diff(app, zero.id)["field"]) == ["balance"]
    assert list(esnb.stream(app, zero.id, start=1)["version"]) == [1]
    app.close()


@pytest.mark.parametrize("store", ["redis", "eventstoredb", "eventstoredb+redis"])
def test_snapshots_of_each_store(stores: esnb.Stores, store: str) -> None:
    app = Bank(env={**stores.env, "SNAPSHOT_STORE": store, "SNAPSHOT_TTL": "1000"})
    first, second = an_account(app), an_account(app)
    app.take_snapshot(first, version=2)
    app.take_snapshot(first)
    app.take_snapshot(second)

    frame = esnb.snapshots(app)
    verified = esnb.verify_snapshot(app, first)

    expected = {(str(first), 2), (str(first), 5), (str(second), 5)}
    assert set(frame["store"]) == set(store.split("+"))
    for _, kept in frame.groupby("store"):  # one in two stores is a row each
        assert set(zip(kept["stream"], kept["version"], strict=True)) == expected
    assert set(verified["version"]) == {2, 5}
    assert set(verified["status"]) == {"ok"}
    assert frame["fingerprint"].notna().all()
    if store == "redis":
        assert (frame["expires"] > frame["recorded"]).all()
    app.close()


def test_a_changed_fold_makes_its_snapshots_foreign(
    stores: esnb.Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = stores.application(Bank)
    account_id = an_account(app)
    app.take_snapshot(account_id)

    monkeypatch.setattr(Account, "FEE", Decimal(1), raising=False)

    assert list(esnb.verify_snapshot(app, account_id)["status"]) == ["foreign"]
    assert app.repository.get(account_id).balance == Decimal("12.50")


class Sums(esnb.redis.RedisView):
    """Counts events."""

    def count(self, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.incr(self.key("sum"))


def test_checkpoints_of_all_views_with_head_and_lag(stores: esnb.Stores) -> None:
    app = stores.application(Bank)
    an_account(app)
    positions = list(map(int, esnb.events(app)["position"]))
    stores.eventstoredb.append_to_stream(
        "Banking-1", current_version=StreamState.ANY, events=[NewEvent(type="Other", data=b"{}")]
    )
    behind = Sums.construct(Environment("behind: all", dict(stores.env)))
    ahead = Sums.construct(Environment("ahead", dict(stores.env)))
    behind.count(Tracking("Bank", positions[1]))
    behind.count(Tracking("Elsewhere", 3))
    ahead.count(Tracking("Bank", positions[4]))

    frame = esnb.checkpoints(stores)
    alone = esnb.checkpoints(behind)
    followers = esnb.checkpoints(app)

    assert list(zip(frame["name"], frame["application"], strict=True)) == [
        ("ahead", "Bank"),
        ("behind: all", "Bank"),
        ("behind: all", "Elsewhere"),
    ]
    assert list(frame["position"]) == [positions[4], positions[1], 3]
    assert frame["lag"].tolist()[:2] == [0, 3]
    assert frame["head"].tolist()[:2] == [positions[4]] * 2
    assert pd.isna(frame["head"][2])
    assert pd.isna(frame["lag"][2])
    assert list(alone["name"]) == ["behind: all"] * 2
    pd.testing.assert_frame_equal(followers, frame[:2])
    assert esnb.read_model(behind)["value"].tolist() == ["2"]


def test_the_head_of_a_view_is_that_of_the_streams_that_it_follows(stores: esnb.Stores) -> None:
    plain = stores.application(Bank)
    north = stores.application(Bank, env={"EVENTSTOREDB_STREAM_PREFIX": "north"})
    whole = stores.application(
        Bank, env={"EVENTSTOREDB_STREAM_PREFIX": "", "REDIS_KEY_PREFIX": "x"}
    )
    an_account(north)
    an_account(plain)
    positions = list(map(int, esnb.events(north)["position"]))
    view = Sums.construct(Environment("sums", dict(north.env)))
    view.count(Tracking("Bank", positions[1]))
    other = Sums.construct(Environment("of all", {**whole.env, "REDIS_KEY_PREFIX": "esnb"}))
    other.count(Tracking("Bank", positions[0]))

    unprefixed, prefixed = esnb.checkpoints(stores).to_dict("records")

    assert (prefixed["head"], prefixed["lag"]) == (positions[-1], len(positions) - 2)
    assert pd.isna(unprefixed["head"])
    assert pd.isna(unprefixed["lag"])
    assert list(esnb.checkpoints(north)["name"]) == ["sums"]


def test_checkpoints_of_a_client_are_its_groups(stores: esnb.Stores) -> None:
    client = stores.eventstoredb
    assert len(esnb.checkpoints(client)) == 0
    client.create_subscription_to_stream("mailing", "orders", max_checkpoint_count=1)
    (row,) = esnb.checkpoints(client).to_dict("records")
    assert (row["name"], row["application"], row["lag"]) == ("mailing", "orders", 0)
    assert pd.isna(row["position"])
    assert pd.isna(row["head"])


def test_since_by_the_stores_own_time(stores: esnb.Stores) -> None:
    append(stores, "clock-1", "Ticked", data=b'{"timestamp": "2001-01-01T00:00:00+00:00"}')

    assert len(esnb.events(stores, since="2002-01-01")) == 0
    assert len(esnb.events(stores, since="2002-01-01", by="recorded")) == 1
    assert len(esnb.events(stores, until="2002-01-01")) == 1
    assert len(esnb.events(stores, until="2002-01-01", by="recorded")) == 0


def test_lone_surrogates_are_shown_as_they_were_written(
    stores: esnb.Stores, tmp_path: Path
) -> None:
    """JSON may escape half a character, which no encoding of text has."""
    data = rb'{"text": "cut \ud83d here", "\udc00": ["\ud83d", "\ud83d\ude00"]}'
    stores.eventstoredb.append_to_stream(
        "chat-1",
        current_version=StreamState.ANY,
        events=[
            NewEvent(type="Said", data=data, metadata=rb'{"$correlationId": "x\ud83d"}'),
            NewEvent(type="Said", data=b'{"text": "fine"}'),
        ],
    )
    path = tmp_path / "log.jsonl"
    assert esnb.export(stores, path) == 2
    path.read_text("utf-8")

    def check(source: Any) -> None:
        for frame in (
            esnb.events(source),
            esnb.events(source, flatten=True),
            esnb.stream(source, "chat-1"),
            esnb.streams(source),
            esnb.catalog(source),
            esnb.trace(source, "x\ud83d"),
        ):
            for face in (frame.to_html(), repr(frame), frame.to_csv()):
                face.encode()
        found = esnb.events(source)["data"][0]
        assert found == {"text": "cut \\ud83d here", "\\udc00": ["\\ud83d", "😀"]}
        browser = esnb.browse(source, live=False)
        flow = esnb.flow(source, "x\ud83d", live=False)
        for face in (
            *(str(browser), browser._repr_html_(), browser.json, browser.python),
            *(str(flow), repr(flow), flow._repr_html_()),
        ):
            face.encode()

    check(stores)
    check(path)
    stores.reset()
    assert esnb.load(path, stores) == 2
    check(stores)
    (first, _) = stores.eventstoredb.get_stream("chat-1")
    assert first.data == data
