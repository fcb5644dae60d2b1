"""What EventStoreDB writes itself into an application's streams, above all tombstones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import IntegrityError

import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.projections import CatchUpRunner, PersistentRunner
from esnb.snapshotting.beginning import MissingEventsError
from esnb.sources.lag import category_lag
from tests.domain.bank import Bank
from tests.domain.counting import Counting, Total
from tests.waiting import DEADLINE


class Orders(Application[str]):
    pass


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


@pytest.fixture
def app(stores: esnb.Stores) -> Iterator[Bank]:
    with Bank(env=dict(stores.env)) as app:
        yield app


def opened_account(app: Bank, deposits: int = 0) -> UUID:
    account = app.open()
    for amount in range(deposits):
        app.deposit(account, amount)
    return account


def tombstone(stores: esnb.Stores, stream: str) -> int:
    """Tombstones a stream; the position of its tombstone."""
    stores.eventstoredb.tombstone_stream(stream, current_version=StreamState.ANY)
    (last,) = stores.eventstoredb.read_all(
        backwards=True, limit=1, filter_include=[r"\$streamDeleted"]
    )
    assert last.commit_position is not None
    return last.commit_position


def append(stores: esnb.Stores, stream: str, kind: str, data: bytes = b"{}") -> int:
    position: int = stores.eventstoredb.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=[NewEvent(type=kind, data=data, content_type="application/json")],
    )
    return position


def disturbed(stores: esnb.Stores, app: Bank) -> list[int]:
    """Events of an application, among all that EventStoreDB may write there; their ids.

    First one is tombstoned, last another; between them are links, an event with a
    system type, a tombstone of a stream that never was, and one soft-deleted.
    """
    kept, gone, deleted = opened_account(app, 1), opened_account(app), opened_account(app)
    tombstone(stores, f"Bank-{gone}")
    append(stores, f"Bank-{uuid4()}", "$>", f"0@Bank-{kept}".encode())
    append(stores, f"Bank-{uuid4()}", "$>", b"rubbish")
    append(stores, f"Bank-{uuid4()}", "$custom", b'{"n": 1}')
    tombstone(stores, f"Bank-{uuid4()}")
    stores.eventstoredb.set_stream_metadata(f"Bank-{kept}", metadata={"$maxCount": 100})
    stores.eventstoredb.delete_stream(f"Bank-{deleted}", current_version=StreamState.ANY)
    last = opened_account(app, 1)
    tombstone(stores, f"Bank-{last}")
    return [
        event.commit_position
        for event in stores.eventstoredb.read_all()
        if event.stream_name.startswith("Bank-") and event.commit_position is not None
    ]


# --- what an application sees -----------------------------------------------------------


def test_notifications_leave_out_what_the_server_wrote(stores: esnb.Stores, app: Bank) -> None:
    ids = disturbed(stores, app)

    def select(start: int | None, limit: int, **more: Any) -> list[int]:
        return [each.id for each in app.recorder.select_notifications(start, limit, **more)]

    assert select(None, 100) == ids
    assert app.recorder.max_notification_id() == ids[-1]
    # A page is as long as was asked for, so that a short one is the last.
    for limit in range(1, 8):
        paged: list[int] = []
        while page := select(paged[-1] + 1 if paged else 1, limit):
            paged += page
            if len(page) < limit:
                break
        assert paged == ids, limit
    assert select(None, 100, stop=ids[3]) == ids[:4]
    assert select(ids[0], 100, inclusive_of_start=False) == ids[1:]
    topic = app.recorder.select_notifications(1, 1)[0].topic
    assert all(
        each.topic == topic for each in app.recorder.select_notifications(1, 9, topics=[topic])
    )
    assert len(app.notification_log["1,10"].items) == 6


def test_a_read_may_begin_at_a_tombstone(stores: esnb.Stores, app: Bank) -> None:
    before, gone = opened_account(app), opened_account(app)
    position = tombstone(stores, f"Bank-{gone}")
    after = opened_account(app)

    for start in (position - 1, position, position + 1):
        found = app.recorder.select_notifications(start, 10)
        assert [each.originator_id for each in found] == [after]
    newest = app.recorder.select_notifications_before(position, 10)  # type: ignore[attr-defined]
    assert [each.originator_id for each in newest] == [gone, before]
    newest = app.recorder.select_notifications_before(None, 1)  # type: ignore[attr-defined]
    assert [each.originator_id for each in newest] == [after]
    assert list(esnb.events(app, start=position)["stream"]) == [str(after)]


def test_an_application_of_nothing_but_a_tombstone_has_no_events(
    stores: esnb.Stores, app: Bank
) -> None:
    tombstone(stores, f"Bank-{uuid4()}")

    assert app.recorder.max_notification_id() is None
    assert app.recorder.select_notifications(None, 10) == []
    assert len(esnb.events(app)) == len(esnb.streams(app)) == 0
    assert "no events" in str(esnb.browse(app, live=False))


def test_an_own_topic_that_begins_with_a_dollar_is_an_event(stores: esnb.Stores, app: Bank) -> None:
    an_id = uuid4()
    stores.eventstoredb.append_to_stream(
        f"Bank-{an_id}",
        current_version=StreamState.NO_STREAM,
        events=[NewEvent(type="$own", data=b"{}", metadata=b'{"topic": "$own"}')],
    )

    assert [each.topic for each in app.recorder.select_notifications(1, 10)] == ["$own"]


def test_an_application_with_text_ids(stores: esnb.Stores) -> None:
    with Orders(env={**stores.env, "ORIGINATOR_ID_TYPE": "text"}) as app:
        append(stores, "Orders-1", "Orders.Placed")
        tombstone(stores, "Orders-1")
        tombstone(stores, "Orders-2")

        assert len(esnb.events(app)) == 1
        assert list(esnb.streams(app)["stream"]) == ["1"]


def test_a_subscription_passes_over_them(stores: esnb.Stores, app: Bank) -> None:
    opened_account(app)
    tombstone(stores, f"Bank-{uuid4()}")
    with app.recorder.subscribe() as subscription:
        first = next(subscription)
        tombstone(stores, f"Bank-{uuid4()}")
        later = opened_account(app)
        second = next(subscription)

    assert first.id < second.id
    assert second.originator_id == later


def test_frames_of_an_application(stores: esnb.Stores, app: Bank) -> None:
    ids = disturbed(stores, app)

    frame = esnb.events(app)
    assert list(frame["position"]) == ids
    assert frame["version"].notna().all()
    assert not frame["type"].str.startswith("$").any()
    assert list(esnb.streams(app)["events"]) == [2, 1, 1, 2]
    assert len(esnb.catalog(app)) == 2
    gone = frame["stream"][2]
    assert len(esnb.stream(app, gone)) == 0
    assert len(esnb.trace(app, frame["event_id"][0])) == 1
    for shown in (esnb.browse(app, live=False), esnb.browse(app, frame["stream"][0], live=False)):
        assert "$" not in str(shown)
        shown._repr_html_()


def test_a_projection_as_a_frame(stores: esnb.Stores, app: Bank) -> None:
    ids = disturbed(stores, app)

    whole = esnb.project(app, Counting, Total)
    assert list(whole["value"]) == ["6"]
    assert list(esnb.project(app, Counting, Total, until=ids[-1] + 1000)["value"]) == ["6"]


def test_a_catch_up_runner_goes_past_them(stores: esnb.Stores, app: Bank) -> None:
    disturbed(stores, app)
    with CatchUpRunner(Bank, Counting, Total, env=stores.env) as runner:
        runner.wait(timeout=DEADLINE)
        assert runner.view.n() == 6
        status = runner.status()
        assert (status.lag, status.error) == (0, None)
        tombstone(stores, f"Bank-{opened_account(app)}")
        runner.wait(timeout=DEADLINE)
        assert runner.view.n() == 7
        assert runner.status().lag == 0
        runner.rebuild()
        runner.wait(timeout=DEADLINE)
        assert runner.view.n() == 7
    checkpoints = esnb.checkpoints(stores)
    assert list(checkpoints["lag"]) == [0]


def test_a_runner_of_nothing_but_tombstones(stores: esnb.Stores, app: Bank) -> None:
    tombstone(stores, f"Bank-{uuid4()}")
    with CatchUpRunner(Bank, Counting, Total, env=stores.env) as runner:
        runner.wait(timeout=DEADLINE)
        opened_account(app)
        runner.wait(timeout=DEADLINE)
        assert runner.view.n() == 1


@pytest.mark.parametrize("stream", [None, "$all"])
def test_a_group_of_consumers_acknowledges_them(
    stores: esnb.Stores, app: Bank, stream: str | None
) -> None:
    disturbed(stores, app)
    handled: list[str] = []
    with PersistentRunner(
        app, "mailing", lambda event, recorded: handled.append(recorded.type), stream=stream
    ) as runner:
        runner.wait(timeout=DEADLINE)
        # Links lead to nothing where a stream was deleted; $all shows its events all the same.
        assert len(handled) == (2 if stream is None else 6)
        tombstone(stores, f"Bank-{opened_account(app)}")
        runner.wait(timeout=DEADLINE)
        status = runner.status()

    assert not any(each.startswith("$") for each in handled)
    assert (status.parked, status.failed, status.error) == (0, 0, None)
    assert list(esnb.subscriptions(stores)["parked"]) == [0]


def test_the_lag_of_a_category_does_not_count_them(stores: esnb.Stores, app: Bank) -> None:
    ids = disturbed(stores, app)

    assert category_lag(stores.eventstoredb, "Bank", ids[-1]) == (ids[-1], 0)
    assert category_lag(stores.eventstoredb, "Bank", ids[0]) == (ids[-1], 5)


@pytest.mark.parametrize("offset", [-90, -1, 1, 90])
def test_the_lag_of_a_category_behind_a_number_that_is_not_an_events(
    stores: esnb.Stores, app: Bank, offset: int
) -> None:
    ids = disturbed(stores, app)

    expected = sum(each > ids[2] + offset for each in ids)
    assert category_lag(stores.eventstoredb, "Bank", ids[2] + offset) == (ids[-1], expected)
    assert category_lag(stores.eventstoredb, "Bank", 0) == (ids[-1], len(ids))
    assert category_lag(stores.eventstoredb, "Bank", ids[-1] + abs(offset)) == (ids[-1], 0)


# --- what a client sees -------------------------------------------------------------------


def tombstones(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["error"].fillna("").str.startswith("tombstoned")]


def test_a_clients_events_show_a_row_that_says_so(stores: esnb.Stores, app: Bank) -> None:
    disturbed(stores, app)

    frame = esnb.events(stores)
    rows = tombstones(frame)
    assert len(rows) == 3
    assert rows["version"].isna().all()
    assert rows["revision"].isna().all()
    assert rows["data"].isna().all()
    assert rows["position"].notna().all()
    assert set(rows["type"]) == {"$streamDeleted"}
    assert len(frame) == 6 + 3
    assert frame["version"].dtype == "Int64"
    repr(frame), frame.to_html()
    last = int(frame["position"].iloc[-1])
    assert len(esnb.events(stores, start=last)) == 1
    assert len(esnb.events(stores, types="$streamDeleted")) == 3
    assert len(esnb.events(stores, exclude="$streamDeleted")) == 6
    assert len(esnb.events(stores, flatten=True)) == 9
    assert len(esnb.catalog(stores)) == 2
    assert len(esnb.trace(stores, str(frame["event_id"].iloc[-1]))) == 1


def test_a_clients_stream_is_one_row_that_says_so(stores: esnb.Stores, app: Bank) -> None:
    name = f"Bank-{opened_account(app, 2)}"
    tombstone(stores, name)

    for selection in ({}, {"last": 5}, {"start": 2}, {"flatten": True}):
        frame = esnb.stream(stores, name, **selection)
        assert list(frame["stream"]) == [name]
        assert frame["version"].isna().all()
        assert "tombstoned" in frame["error"][0]
    assert len(esnb.stream(stores, name, stop=3)) == 0
    assert len(esnb.stream(stores, name, last=0)) == 0
    assert len(esnb.stream(stores, "never-was")) == 0


def test_streams_count_events_only(stores: esnb.Stores, app: Bank) -> None:
    kept, gone = opened_account(app, 2), opened_account(app, 1)
    tombstone(stores, f"Bank-{gone}")
    tombstone(stores, "never-was")

    frame = esnb.streams(stores)
    assert list(frame["stream"]) == [f"Bank-{kept}", f"Bank-{gone}", "never-was"]
    assert list(frame["events"]) == [3, 2, 0]
    assert list(frame["state"].fillna("")) == ["", "tombstoned", "tombstoned"]
    assert list(frame["last_version"].fillna(-1)) == [3, 2, -1]
    assert list(frame["last_type"]) == ["Account.Deposited"] * 2 + ["$streamDeleted"]
    assert frame["last_time"].notna().all()


def test_browse_says_so(stores: esnb.Stores, app: Bank) -> None:
    kept, gone = opened_account(app, 2), opened_account(app, 1)
    tombstone(stores, f"Bank-{gone}")
    tombstone(stores, "never-was")

    for at in (None, f"Bank-{gone}", "never-was"):
        browser = esnb.browse(stores, at, live=False)
        assert browser.event is not None
        for face in (str(browser), browser._repr_html_()):
            assert "problem" in face
            assert "tombstoned" in face
        json.loads(browser.json)
        compile(browser.python, "copy", "exec")
    text = str(esnb.browse(stores, live=False, ids=False))
    assert "2 events, tombstoned" in text
    assert "0 events, tombstoned" in text
    assert "3 events\n" in text + "\n"

    live = esnb.browse(stores, live=True)
    panel = live._controls()
    live.open(f"Bank-{gone}")
    live.back()
    live.open(f"Bank-{kept}")
    tombstone(stores, f"Bank-{kept}")
    panel.visit.arrivals()
    rows, _ = panel.visit.index.newest(10)
    assert [(row.events, row.tombstoned) for row in rows] == [(3, True), (0, True), (2, True)]
    live.refresh()
    assert "tombstoned" in live._repr_html_()
    live.close()


def test_an_exported_log_has_them_and_is_loaded_with_them(
    stores: esnb.Stores, app: Bank, tmp_path: Path
) -> None:
    disturbed(stores, app)
    path = tmp_path / "log.jsonl"
    before = esnb.events(stores)

    assert esnb.export(stores, path) == 9
    frame = esnb.events(path)
    pd.testing.assert_frame_equal(frame, before)
    assert list(esnb.streams(path)["events"]) == list(esnb.streams(stores)["events"])
    assert len(esnb.catalog(path)) == 2
    gone = before["stream"][2]
    assert list(esnb.stream(path, gone)["version"].fillna(0)) == [1, 0]
    assert len(esnb.stream(path, gone, stop=2)) == 1
    assert list(esnb.stream(path, gone, last=1)["version"].fillna(0)) == [0]
    for at in (None, gone):
        assert "tombstoned" in str(esnb.browse(path, at, live=False))
    assert esnb.export(app, tmp_path / "app.jsonl") == 6

    stores.reset()
    assert esnb.load(path, stores) == 9
    after = esnb.events(stores)
    columns = ["stream", "version", "type", "data", "error"]
    # In the file a stream may go on after others; what is stored comes in the same order.
    pd.testing.assert_frame_equal(after[columns], before[columns])
    other: Application[UUID] = Application()
    assert esnb.load(path, other) == 9
    assert len(esnb.events(other)) == 6


def test_a_flow_through_a_tombstoned_stream(stores: esnb.Stores, app: Bank) -> None:
    with esnb.correlate("order-17"):
        account = opened_account(app)
    tombstone(stores, f"Bank-{account}")

    assert "order-17" in str(esnb.flow(stores, "order-17", live=False))


# --- functional aggregates --------------------------------------------------------------


@dataclass(frozen=True)
class DogEvent:
    """An event of a functional aggregate: it has no mutate()."""

    originator_id: str
    originator_version: int
    timestamp: datetime


@dataclass(frozen=True)
class Registered(DogEvent):
    name: str


@dataclass(frozen=True)
class TrickAdded(DogEvent):
    trick: str


@dataclass(frozen=True)
class Dog:
    id: str
    version: int
    tricks: tuple[str, ...] = ()


def project_dog(dog: Dog | None, events: Iterable[DogEvent]) -> Dog | None:
    for each in events:
        if isinstance(each, Registered):
            dog = Dog(each.originator_id, each.originator_version)
        else:
            assert isinstance(each, TrickAdded), each
            tricks = (*dog.tricks, each.trick)  # type: ignore[union-attr]
            dog = Dog(each.originator_id, each.originator_version, tricks)
    return dog


class Dogs(Application[str]):
    snapshotting_projectors: ClassVar[dict[Any, Any]] = {Dog: project_dog}

    def register(self, dog_id: str, *tricks: str, first: int = 2) -> None:
        now = datetime.now(UTC)
        self.save(Registered(dog_id, 1, now, dog_id))
        for version, trick in enumerate(tricks, start=first):
            self.save(TrickAdded(dog_id, version, now, trick))

    def dog(self, dog_id: str, version: int | None = None) -> Dog:
        found: Dog = self.repository.get(dog_id, version=version, projector_func=project_dog)
        return found


@pytest.fixture
def dogs(stores: esnb.Stores) -> Iterator[Dogs]:
    with Dogs(env={**stores.env, "ORIGINATOR_ID_TYPE": "text"}) as app:
        yield app


def with_events_of_the_server(stores: esnb.Stores, dogs: Dogs) -> None:
    """`rex` has two of them between its own, others have nothing else, or are gone."""
    dogs.register("fido", "roll")
    dogs.save(Registered("rex", 1, datetime.now(UTC), "rex"))
    append(stores, "Dogs-rex", "$custom")
    append(stores, "Dogs-rex", "$>", b"0@Dogs-fido")
    dogs.save(TrickAdded("rex", 4, datetime.now(UTC), "sit"))
    dogs.register("gone")
    tombstone(stores, "Dogs-gone")
    append(stores, "Dogs-nobody", "$>", b"0@Dogs-rex")
    tombstone(stores, "Dogs-never")


def test_functional_aggregates_pass_over_them(stores: esnb.Stores, dogs: Dogs) -> None:
    with_events_of_the_server(stores, dogs)

    assert dogs.dog("rex") == Dog("rex", 4, ("sit",))
    assert dogs.dog("rex", version=3) == Dog("rex", 1)
    for dog_id in ("gone", "nobody", "never"):
        with pytest.raises(AggregateNotFoundError):
            dogs.dog(dog_id)
        with pytest.raises(AggregateNotFoundError, match="has no aggregate"):
            esnb.history(dogs, dog_id)
    assert list(esnb.history(dogs, "rex")["version"]) == [1, 4]
    assert list(esnb.blame(dogs, "rex")["version"]) == [4]
    assert esnb.at(dogs, "rex") == dogs.dog("rex")
    with pytest.raises(AggregateNotFoundError, match="has no version 3"):
        esnb.at(dogs, "rex", version=3)
    assert list(esnb.events(dogs)["stream"]) == ["fido", "fido", "rex", "rex", "gone"]
    assert list(esnb.streams(dogs)["events"]) == [2, 2, 1]
    assert "$" not in str(esnb.browse(dogs, live=False))
    with pytest.raises(IntegrityError, match=r"type '\$custom' at revision 1"):
        dogs.save(TrickAdded("rex", 2, datetime.now(UTC), "bark"))


def test_runners_of_functional_aggregates_pass_over_them(stores: esnb.Stores, dogs: Dogs) -> None:
    with_events_of_the_server(stores, dogs)
    handled: list[Any] = []

    with CatchUpRunner(dogs, Counting, Total, env=stores.env) as catch_up:
        catch_up.wait(timeout=DEADLINE)
        assert catch_up.view.n() == 5
        assert catch_up.status().lag == 0
    with PersistentRunner(
        dogs, "trainers", lambda event, _: handled.append(event), env=stores.env
    ) as persistent:
        persistent.wait(timeout=DEADLINE)
        assert persistent.status().parked == 0
    # The link to the tombstoned one leads nowhere any more.
    assert [each.originator_id for each in handled] == ["fido", "fido", "rex", "rex"]


def test_a_truncated_functional_aggregate_is_said_to_be(stores: esnb.Stores, dogs: Dogs) -> None:
    dogs.register("cut", "sit", "roll")
    stores.eventstoredb.set_stream_metadata("Dogs-cut", metadata={"$tb": 1})

    assert "begin at version 2" in str(esnb.history(dogs, "cut")["changed"][0])
    for look in (esnb.at, esnb.diff, esnb.blame):
        with pytest.raises(MissingEventsError, match="begin at version 2"):
            look(dogs, "cut")
    assert list(esnb.stream(dogs, "cut")["version"]) == [2, 3]
