"""`watch` over real stores: groups, an outbox with a dead record, a queue."""

from __future__ import annotations

import socket
import threading

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

import esnb
from esnb.clients.installed import Client
from esnb.sources import groups
from esnb.widgets.watch import server_projection
from esnb.widgets.watch.board import Board
from esnb.widgets.watch.sources import board_of
from esnb.widgets.watch.status_row import StatusRow
from tests.waiting import until


def seen(watching: Board, kind: str) -> StatusRow:
    (found,) = [each for each in watching.look() if each.kind == kind]
    return found


def test_groups_come_and_go_and_parked_events_are_replayed(stores: esnb.Stores) -> None:
    app = stores.application(Application)
    app.save(Aggregate())
    watching = board_of([stores])
    assert watching.look() == []
    client = stores.eventstoredb
    client.create_subscription_to_all("mails", from_end=False)
    group = seen(watching, "persistent subscription")
    assert (group.name, group.application, group.asks) == ("mails", "$all", ())

    with client.read_subscription_to_all("mails") as events:
        event = next(iter(events))
        events.nack(event, "park")
        kind = "persistent subscription"
        until(lambda: seen(watching, kind).troubles == (("parked", 1),))
        parked = seen(watching, kind)
        assert parked.asks == ("replay parked",)
        watching.ask(parked.key, "replay parked")
        again = next(iter(events))
        assert again.id == event.id
        events.ack(again)
    client.delete_subscription("mails")
    assert watching.look() == []
    with pytest.raises(LookupError, match="no longer there"):
        watching.ask(parked.key, "replay parked")


def test_a_projection_of_the_server_is_paused_resumed_and_rebuilt(stores: esnb.Stores) -> None:
    app = stores.application(Application)
    app.save(Aggregate())
    watching = board_of([stores], projections="$by_category")

    def projection() -> StatusRow:
        return seen(watching, "server projection")

    def is_at(state: str, ago: str) -> bool:
        now = projection()
        return (now.state, now.lag_text) == (state, ago)

    until(lambda: is_at("running", "caught up"))
    first = projection()
    assert (first.name, first.asks) == ("$by_category", ("pause", "rebuild"))
    assert first.position is not None
    assert first.done is not None
    watching.ask(first.key, "pause")
    app.save(Aggregate())
    paused = projection()
    assert (paused.state, paused.asks, paused.position) == ("paused", ("resume",), first.position)
    assert paused.lag is None
    assert paused.lag_text.endswith(" % of the log")
    watching.ask(paused.key, "resume")
    until(lambda: is_at("running", "caught up"))
    before = projection()
    watching.ask(before.key, "rebuild")
    # Its streams are hidden and filled again: what it has taken in grows by all of the log.
    until(lambda: (projection().done or 0) > 2 * (before.done or 0) - 1)
    until(lambda: is_at("running", "caught up"))


def test_a_projection_that_is_not_there_is_said_in_a_row(stores: esnb.Stores) -> None:
    (row,) = board_of([stores], projections=["$by_catgory"]).look()
    assert (row.name, row.state) == ("$by_catgory", "unknown")
    assert row.error == (
        "LookupError: the server has no projection '$by_catgory': the standard ones are "
        "$by_category, $by_correlation_id, $by_event_type, $stream_by_category and $streams"
    )


def test_projections_need_a_server() -> None:
    with pytest.raises(TypeError, match=r"projections=\['\$streams'\] run in an EventStoreDB"):
        board_of([], projections="$streams")


def test_a_server_that_is_away_is_said_in_a_row() -> None:
    with esnb.connect(embedded=True) as stores:
        client = stores.eventstoredb
    (row,) = board_of([client]).look()
    assert (row.name, row.state) == ("persistent subscriptions", "unknown")
    assert row.error


def test_a_server_that_does_not_answer_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (groups, server_projection):
        monkeypatch.setattr(module, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=10) as silent:
        client = Client(f"esdb://127.0.0.1:{silent.getsockname()[1]}?Tls=false")
        rows = board_of([client], projections="$by_category").look()
        client.close()
    assert [each.state for each in rows] == ["unknown", "unknown"]
    for row in rows:
        assert "does not answer: check that it is an EventStoreDB" in str(row.error)
        assert row.advice == "It is shown again once the server answers."


@pytest.mark.extras
def test_a_dead_record_is_tried_again_and_a_queue_has_its_jobs_counted(
    stores: esnb.Stores,
) -> None:
    from esnb.outbox import BullMQPublisher, Outbox, StuckError

    app = stores.application(Application)
    app.save(Aggregate())
    allowed: list[bool] = []

    def route(_: object) -> str:
        if not allowed:
            raise LookupError("no queue")
        return "mails"

    outbox = Outbox(stores, app)
    with outbox, BullMQPublisher(outbox, route, attempts=1) as publisher:
        watching = board_of([outbox, publisher, stores], queues="mails")
        with pytest.raises(StuckError, match="no queue"):
            publisher.wait(timeout=60)
        found = {each.kind: each for each in watching.look()}
        assert [found[kind].troubles for kind in ("", "publisher")] == [(("dead", 1),)] * 2
        assert (found["queue"].state, found["queue"].lag_text) == ("idle", "no jobs left")
        assert "rebuild" not in found[""].can
        allowed.append(True)
        watching.ask(found["publisher"].key, "retry dead")
        publisher.wait(timeout=60)
        found = {each.kind: each for each in watching.look()}
        assert [found[kind].troubles for kind in ("", "publisher")] == [(), ()]
        assert (found["queue"].lag, found["queue"].lag_text) == (1, "1 job left")
        assert found["queue"].counts == (("waiting", 1),)


@pytest.mark.extras
def test_failed_jobs_are_tried_again(stores: esnb.Stores) -> None:
    from esnb.outbox import BullMQPublisher, Job, Outbox, Worker

    app = stores.application(Application)
    app.save(Aggregate())
    app.save(Aggregate())
    allowed = threading.Event()

    def handle(job: Job) -> None:
        if not allowed.is_set():
            raise OSError("the printer is out of paper")

    queued = board_of([stores.redis], queues="mails")
    assert seen(queued, "queue").asks == ()
    with (
        Outbox(stores, app) as outbox,
        BullMQPublisher(outbox, lambda _: "mails") as publisher,
        Worker(stores, "mails", handle),
    ):
        publisher.wait(timeout=60)
        until(lambda: seen(queued, "queue").troubles == (("failed", 2),))
        failed = seen(queued, "queue")
        assert (failed.can, failed.asks) == (("retry failed",), ("retry failed",))
        allowed.set()
        queued.ask(failed.key, "retry failed")
        until(lambda: seen(queued, "queue").troubles == ())
        until(lambda: (esnb.queue(stores, "mails").state == "completed").sum() == 2)
    assert seen(queued, "queue").asks == ()
