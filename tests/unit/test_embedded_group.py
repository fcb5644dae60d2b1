"""One group of consumers: what is delivered, retried, parked, replayed and checkpointed."""

from __future__ import annotations

import pytest

from esnb.embedded.persistent.errors import GroupDropped, TooManyConsumers
from esnb.embedded.persistent.group import Nack
from esnb.embedded.persistent.group_settings import END, EventFilter, GroupTarget
from esnb.embedded.persistent.journal import parked_stream, replay_stream
from esnb.embedded.persistent.message import Message
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_groups import SECOND, Bench, settings
from tests.unit.embedded_logs import append, event


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_history_then_what_is_appended(bench: Bench) -> None:
    bench.append("s", 30)
    group = bench.group()
    desk = bench.joined(group, slots=100)
    bench.caught_up(group)
    assert desk.taken() == list(range(30))
    bench.append("s", 3)
    bench.append("other")
    bench.caught_up(group)
    assert desk.taken() == [30, 31, 32]
    assert group.statistics().live


@pytest.mark.parametrize(("start", "taken"), [(0, [0, 1, 2, 3, 4]), (2, [2, 3, 4]), (END, [3, 4])])
def test_a_start_is_inclusive(bench: Bench, start: int, taken: list[int]) -> None:
    bench.append("s", 3)
    group = bench.group(start=start)
    bench.append("s", 2)
    desk = bench.joined(bench.caught_up(group))
    assert desk.taken() == taken


def test_a_start_beyond_the_end_waits_for_it(bench: Bench) -> None:
    group = bench.group(start=2)
    desk = bench.joined(group)
    bench.append("s", 4)
    bench.caught_up(group)
    assert desk.taken() == [2, 3]


def test_a_slow_consumer_gets_no_more_than_its_slots(bench: Bench) -> None:
    ids = bench.append("s", 5)
    group = bench.group()
    desk = bench.joined(group, slots=2)
    assert desk.taken() == [0, 1]
    group.acknowledge(ids[:1])
    assert desk.taken() == [2]


def test_what_consumers_take_needs_no_room_in_the_buffer(bench: Bench) -> None:
    group = bench.group(history_buffer_size=3, read_batch_size=2)
    desk = bench.joined(group, slots=4)
    bench.append("s", 7)
    group.advance()
    assert desk.taken() == [0, 1, 2, 3]
    assert group.statistics().live
    bench.append("s")
    group.advance()
    assert not group.statistics().live


@pytest.mark.parametrize("recent", [0, 1, 3, 50])
def test_what_the_buffer_has_no_room_for_comes_from_history(bench: Bench, recent: int) -> None:
    """The buffers bound what a group holds, not what it delivers."""
    group = bench.group(history_buffer_size=6, read_batch_size=2, live_buffer_size=recent)
    desk = bench.joined(group, slots=1)
    ids = []
    for _ in range(40):
        ids += bench.append("s")
        bench.caught_up(group)
        statistics = group.statistics()
        assert statistics.read_buffer <= 6 + recent
        assert statistics.live_buffer <= recent
    assert not group.statistics().live
    for event_id in ids:
        group.acknowledge([event_id])
        bench.caught_up(group)
    assert desk.taken() == list(range(40))
    bench.pass_time(group)
    assert group.statistics().live
    assert bench.checkpoint(group) == "39"


@pytest.mark.parametrize("recent", [0, 3, 500])
def test_a_burst_larger_than_all_buffers(bench: Bench, recent: int) -> None:
    group = bench.group(history_buffer_size=6, read_batch_size=5, live_buffer_size=recent)
    desk = bench.joined(group, slots=1)
    ids = bench.append("s", 10)
    group.advance()
    ids += bench.append("s", 700)
    for event_id in ids:
        group.advance()
        group.acknowledge([event_id])
    assert desk.taken() == list(range(710))


def test_retries_come_first_and_in_order(bench: Bench) -> None:
    ids = bench.append("s", 6)
    group = bench.group()
    desk = bench.joined(group, slots=3)
    desk.got.clear()
    group.refuse([ids[1], ids[0]], Nack.RETRY, "")
    assert desk.got == [(0, 1), (1, 1)]
    desk.got.clear()
    group.acknowledge(ids[:3])
    assert desk.got == [(3, 0), (4, 0), (5, 0)]


def test_a_retry_keeps_its_place_beside_a_replay(bench: Bench) -> None:
    ids = bench.append("s", 5)
    group = bench.group()
    desk = bench.joined(group)
    group.refuse(ids[:1], Nack.PARK, "")
    group.disconnect(desk.consumer)
    group.replay_parked()
    other = bench.joined(group, slots=3)
    group.disconnect(other.consumer)
    assert bench.joined(group).got == [(1, 2), (2, 2), (3, 2), (4, 1), (0, 0)]


def test_too_many_retries_park(bench: Bench) -> None:
    ids = bench.append("s", 1)
    group = bench.group(max_retry_count=1)
    desk = bench.joined(group)
    group.refuse(ids, Nack.RETRY, "")
    assert bench.parked(group) == []
    group.refuse(ids, Nack.RETRY, "")
    assert bench.parked(group) == [("0@s", "Reached retry count of 1")]
    assert desk.got == [(0, 0), (0, 1)]
    assert group.statistics().parked == 1


@pytest.mark.parametrize("action", [Nack.SKIP, Nack.STOP])
def test_skip_and_stop_release(bench: Bench, action: Nack) -> None:
    ids = bench.append("s", 2)
    group = bench.group()
    desk = bench.joined(group)
    group.refuse(ids, action, "")
    bench.pass_time(group)
    assert desk.taken() == [0, 1]
    assert bench.checkpoint(group) == "1"
    assert group.statistics().outstanding == 0


def test_a_message_times_out_at_the_next_tick(bench: Bench) -> None:
    ids = bench.append("s", 2)
    group = bench.group(message_timeout=2_000)
    desk = bench.joined(group)
    group.acknowledge(ids[:1])
    bench.pass_time(group, 1)
    assert desk.got == [(0, 0), (1, 0)]
    bench.pass_time(group, 1)
    assert desk.got == [(0, 0), (1, 0), (1, 1)]
    bench.pass_time(group, 4)
    assert bench.parked(group) == [("1@s", "Reached retry count of 2")]


@pytest.mark.parametrize("timeout", [0, -5], ids=["zero", "negative"])
def test_a_timeout_of_zero_is_over_at_each_tick(bench: Bench, timeout: int) -> None:
    bench.append("s")
    group = bench.group(message_timeout=timeout)
    desk = bench.joined(group)
    assert desk.got == [(0, 0)]
    bench.pass_time(group)
    assert desk.got == [(0, 0), (0, 1)]
    bench.pass_time(group)
    assert desk.got == [(0, 0), (0, 1), (0, 2)]
    bench.pass_time(group, 5)
    assert desk.got == [(0, 0), (0, 1), (0, 2)]
    assert bench.parked(group) == [("0@s", "Reached retry count of 2")]


def test_what_is_acknowledged_before_the_tick_needs_no_timeout(bench: Bench) -> None:
    ids = bench.append("s", 3)
    group = bench.group(message_timeout=0)
    desk = bench.joined(group)
    group.acknowledge(ids)
    bench.pass_time(group, 3)
    assert desk.got == [(0, 0), (1, 0), (2, 0)]
    assert bench.parked(group) == []


def test_what_a_consumer_leaves_behind_goes_to_the_others(bench: Bench) -> None:
    """Also when the message was tried as often as it may be: leaving is not refusing."""
    bench.append("s", 4)
    group = bench.group(max_retry_count=0)
    first, second = bench.joined(group), bench.joined(group)
    assert first.taken() == [0, 1, 2, 3]
    group.disconnect(first.consumer)
    assert second.got == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert bench.parked(group) == []
    group.disconnect(first.consumer)
    assert group.statistics().outstanding == 4


def test_acks_may_come_from_anyone_twice_and_for_unknown_ids(bench: Bench) -> None:
    ids = bench.append("s", 2)
    group = bench.group()
    bench.joined(group)
    group.acknowledge([ids[0], b"?" * 16, ids[0]])
    group.refuse([b"?" * 16, ids[0]], Nack.PARK, "")
    assert group.statistics().outstanding == 1
    assert bench.parked(group) == []


def test_two_events_of_one_id_are_delivered_one_after_the_other(bench: Bench) -> None:
    twin = event()
    for _ in range(2):
        append(bench.store, "s", bench.store.ahead.state("s").last, twin)
    group = bench.group()
    desk = bench.joined(group)
    assert desk.taken() == [0]
    group.acknowledge([twin.event_id])
    assert desk.taken() == [1]
    bench.pass_time(group)
    assert bench.checkpoint(group) == "0"
    group.acknowledge([twin.event_id])
    bench.pass_time(group)
    assert bench.checkpoint(group) == "1"


# --- checkpoints ----------------------------------------------------------------


def test_a_checkpoint_waits_for_the_lowest_message(bench: Bench) -> None:
    ids = bench.append("s", 5)
    group = bench.group()
    bench.joined(group)
    group.acknowledge(ids[1:])
    bench.pass_time(group, 3)
    assert bench.checkpoint(group) is None
    group.acknowledge(ids[:1])
    bench.pass_time(group)
    assert bench.checkpoint(group) == "4"


def test_checkpoints_by_count_and_by_time(bench: Bench) -> None:
    ids = bench.append("s", 12)
    group = bench.group(min_checkpoint_count=2, max_checkpoint_count=4, checkpoint_after=3_000)
    bench.joined(group, slots=20)
    bench.caught_up(group)
    group.acknowledge(ids[:4])
    assert bench.checkpoint(group) == "3", "four are enough at once"
    group.acknowledge(ids[4:5])
    bench.pass_time(group, 4)
    assert bench.checkpoint(group) == "3", "one is too little at any time"
    group.acknowledge(ids[5:6])
    bench.pass_time(group)
    assert bench.checkpoint(group) == "5", "two are enough after three seconds"
    group.acknowledge(ids[6:8])
    bench.pass_time(group)
    assert bench.checkpoint(group) == "5", "but not after one"


def test_without_a_time_only_the_count_matters(bench: Bench) -> None:
    ids = bench.append("s", 4)
    group = bench.group(checkpoint_after=0, max_checkpoint_count=3, message_timeout=1_000_000)
    bench.joined(group)
    group.acknowledge(ids[:2])
    bench.pass_time(group, 100)
    assert bench.checkpoint(group) is None
    group.acknowledge(ids[2:])
    assert bench.checkpoint(group) == "3"


def test_a_message_that_could_not_be_parked_is_delivered_again(bench: Bench) -> None:
    """And it holds the checkpoint, which was to be written behind its link."""
    ids = bench.append("s", 2)
    group = bench.group(max_checkpoint_count=1)
    desk = bench.joined(group)
    bench.waits = True
    group.refuse(ids[:1], Nack.PARK, "why")
    group.acknowledge(ids[1:])
    bench.settle(kept=False)
    bench.waits = False
    bench.pass_time(group)
    assert bench.checkpoint(group) is None
    assert desk.taken() == [0, 1, 0]
    group.refuse(ids[:1], Nack.PARK, "why")
    assert bench.checkpoint(group) == "1"
    assert bench.parked(group) == [("0@s", "Client explicitly NAK'ed message.\nwhy")]


def test_a_message_that_is_being_parked_counts_for_the_checkpoint_at_once(bench: Bench) -> None:
    ids = bench.append("s", 3)
    group = bench.group(min_checkpoint_count=2, max_checkpoint_count=2)
    bench.joined(group)
    bench.waits = True
    group.refuse(ids[:1], Nack.PARK, "why")
    group.acknowledge(ids[1:2])
    group.acknowledge(ids[2:])
    bench.settle()
    assert bench.checkpoint(group) == "1"
    assert bench.parked(group) == [("0@s", "Client explicitly NAK'ed message.\nwhy")]


def test_a_pinned_message_that_waits_holds_the_checkpoint(bench: Bench) -> None:
    """EventStoreDB writes a checkpoint behind such a message."""
    first = bench.append("a", 2)
    bench.append("b")
    group = bench.group(None, strategy="Pinned", max_checkpoint_count=1)
    desks = [bench.joined(group, slots=1) for _ in range(2)]
    assert [desk.taken() for desk in desks] == [[0], [0]]
    group.acknowledge([desks[1].messages[0].id])
    assert bench.checkpoint(group) is None
    group.acknowledge(first[:1])
    place = desks[0].messages[0].place
    assert bench.checkpoint(group) == f"C:{place}/P:{place}"


# --- parking --------------------------------------------------------------------


def test_replay_delivers_link_and_event_anew(bench: Bench) -> None:
    ids = bench.append("s", 3)
    group = bench.group()
    desk = bench.joined(group)
    group.refuse(ids, Nack.PARK, "")
    desk.got.clear()
    group.replay_parked()
    assert desk.got == [(0, 0), (1, 0), (2, 0)]
    assert group.statistics().parked == 0
    links = [message.id for message in desk.messages[-3:]]
    group.acknowledge(ids)
    assert group.statistics().outstanding == 3, "they are known by their links' ids"
    group.acknowledge(links)
    assert group.statistics().outstanding == 0
    desk.got.clear()
    group.replay_parked()
    assert desk.got == []


def test_replaying_nothing_and_parking_during_a_replay(bench: Bench) -> None:
    ids = bench.append("s", 2)
    group = bench.group()
    desk = bench.joined(group)
    group.replay_parked()
    group.replay_parked(5)
    group.refuse(ids[:1], Nack.PARK, "first")
    group.replay_parked()
    group.refuse([ids[1], desk.messages[-1].id], Nack.PARK, "again")
    reason = "Client explicitly NAK'ed message.\nagain"
    assert bench.parked(group) == [("1@s", reason), ("0@s", reason)]
    assert group.statistics().parked == 2
    desk.got.clear()
    group.replay_parked()
    assert desk.got == [(1, 0), (0, 0)]


def test_a_replay_may_stop_before_the_end(bench: Bench) -> None:
    ids = bench.append("s", 4)
    group = bench.group()
    desk = bench.joined(group)
    group.refuse(ids, Nack.PARK, "")
    desk.got.clear()
    group.replay_parked(0)
    assert desk.got == []
    group.replay_parked(3)
    assert desk.taken() == [0, 1, 2]
    assert group.statistics().parked == 1
    group.replay_parked(3)
    assert desk.taken() == []
    group.replay_parked(99)
    assert desk.taken() == [3]


@pytest.mark.parametrize("how", ["killed", "ended", "updated"])
def test_a_replay_goes_on_in_the_group_that_follows(bench: Bench, how: str) -> None:
    ids = bench.append("s", 4)
    group = bench.group()
    desk = bench.joined(group, slots=1)
    for event_id in ids:
        group.refuse([event_id], Nack.PARK, "")
    bench.pass_time(group)
    group.replay_parked(3)
    group.acknowledge([desk.messages[-1].id])
    if how == "killed":
        bench.pass_time(group)  # what was acknowledged is kept every second
    if how == "updated":
        _, group = bench.registry.update(GroupTarget("s"), "g", settings())
        assert isinstance(desk.dropped, GroupDropped)
    else:
        if how == "ended":
            group.end()
        group = bench.restarted("s", "g")
    assert [link for link, _ in bench.parked(group)] == ["3@s"]
    assert group.statistics().parked == 1
    again = bench.joined(group)
    assert again.taken() == [1, 2]
    group.acknowledge([message.id for message in again.messages])
    bench.pass_time(group)
    group.replay_parked()
    assert again.taken() == [3]
    assert bench.joined(bench.restarted("s", "g")).taken() == [3], "the others are finished"


def test_what_is_replayed_is_kept_before_it_leaves_the_parked_stream(bench: Bench) -> None:
    ids = bench.append("s", 2)
    group = bench.group()
    bench.joined(group)
    group.refuse(ids, Nack.PARK, "")
    bench.pass_time(group)
    bench.waits = True
    group.replay_parked()
    bench.settle_first()
    group = bench.restarted("s", "g")
    assert len(bench.parked(group)) == 2, "they have not left it yet"
    assert group.statistics().parked == 0
    assert bench.joined(group).taken() == [0, 1]
    group.replay_parked()
    assert group.statistics().outstanding == 2


def test_a_long_replay_is_not_held_in_memory_and_comes_before_new_events(bench: Bench) -> None:
    ids = bench.append("s", 3_000)
    group = bench.group(history_buffer_size=10_000, read_batch_size=500)
    desk = bench.joined(group, slots=5_000)
    group.refuse(ids, Nack.PARK, "")
    group.disconnect(desk.consumer)
    group.replay_parked()
    bench.append("s", 1)
    bench.caught_up(group)
    slow = bench.joined(group, slots=7)
    taken: list[int] = []
    while slow.got:
        taken += slow.taken()
        statistics = group.statistics()
        assert statistics.retry_buffer + statistics.outstanding <= 510
        group.acknowledge(list(slow.consumer.in_flight))
    assert taken == list(range(3_001))


def test_all_does_not_show_what_is_kept_of_a_replay(bench: Bench) -> None:
    ids = bench.append("s", 1)
    group = bench.group()
    bench.joined(group)
    group.refuse(ids, Nack.PARK, "")
    group.replay_parked()
    chunks = bench.reader.all_forwards(0, 100, None)
    shown = {bench.store.streams.name(one.stream) for chunk in chunks for one in chunk}
    assert bench.store.streams.number(replay_stream("s::g")) is not None
    assert replay_stream("s::g") not in shown
    assert parked_stream("s::g") in shown


# --- targets ---------------------------------------------------------------------


def test_links_are_resolved_on_request(bench: Bench) -> None:
    bench.append("s", 2)
    bench.append("links", 1, type="$>", data=b"1@s")
    bench.append("links", 1, type="$>", data=b"7@s")
    resolving = bench.joined(bench.group("links", resolve_links=True))
    plain = bench.joined(bench.group("links", "h"))
    found, lost = resolving.messages
    assert found.event is not None
    assert found.link is not None
    assert (found.event.revision, found.link.revision) == (1, 0)
    assert lost.event is None
    assert [message.link for message in plain.messages] == [None, None]


@pytest.mark.parametrize("when", ["history", "live"])
@pytest.mark.parametrize(
    ("data", "history", "live"),
    [
        (b"rubbish", "event", "link"),
        (b"", "event", "link"),
        (b"@s", "event", "link"),
        (b"\xff@s", "event", "link"),
        (b"5", "link", "link"),
        (b"5@", "link", "link"),
        (b"5@nowhere", "link", "link"),
        (b"-2@s", "link", "link"),
        (b"-1@s", "both", "both"),
        (b" 1@s", "both", "both"),
        (b"0@links", "both", "both"),
    ],
)
def test_links_that_point_nowhere(
    bench: Bench, data: bytes, history: str, live: str, when: str
) -> None:
    """Also when they are parked and replayed: they come as they are read then."""
    bench.append("s", 2)
    bench.append("links", 1)
    if when == "history":
        ids = bench.append("links", 1, type="$>", data=data)
    group = bench.group("links", resolve_links=True)
    desk = bench.joined(group)
    if when == "live":
        ids = bench.append("links", 1, type="$>", data=data)
        bench.caught_up(group)
    first, message = desk.messages
    assert first.link is None

    def shape(found: Message) -> str:
        if found.event is not None and found.link is not None:
            return "both"
        return "link" if found.event is None else "event"

    assert shape(message) == (history if when == "history" else live)
    assert message.id == ids[0]
    group.refuse(ids, Nack.PARK, "")
    group.replay_parked()
    replayed = desk.messages[-1]
    assert shape(replayed) == {"event": "both"}.get(shape(message), history)
    group.acknowledge([replayed.id])
    assert group.statistics().outstanding == 1, "the event before the link"


def test_a_filter_of_all_counts_what_it_passes_over(bench: Bench) -> None:
    """The checkpoint moves on behind events of others, and never past a message in work."""
    group = bench.registry.create(
        GroupTarget(None, EventFilter(True, "", ("wanted-",))),
        "g",
        settings(max_checkpoint_count=3, checkpoint_after=0),
    )
    desk = bench.joined(bench.caught_up(group))
    bench.append("other", 2)
    bench.append("wanted-1")
    bench.append("other", 5)
    bench.caught_up(group)
    assert desk.taken() == [0]
    assert bench.checkpoint(group) is None
    group.acknowledge([desk.messages[0].id])
    assert bench.checkpoint(group) == GroupTarget(None).place_text(
        bench.store.log.forwards(bench.store.streams.number("other") or 0, 6, 6, 1)[0].position
    )


def test_a_tombstone_ends_a_group_that_comes_later(bench: Bench) -> None:
    bench.append("s", 2)
    living = bench.joined(bench.group("s", "living"))
    _, batch = bench.store.tombstone("s", ANY)
    bench.store.log.write((batch,))
    bench.store.committed(batch)
    bench.caught_up(bench.registry.get("s", "living"))
    assert living.taken() == [0, 1, 2**63 - 1]
    assert isinstance(bench.joined(bench.group("s", "late")).dropped, GroupDropped)


# --- consumers ---------------------------------------------------------------------


def test_no_more_consumers_than_allowed(bench: Bench) -> None:
    group = bench.group(max_subscriber_count=1)
    first = bench.joined(group)
    with pytest.raises(TooManyConsumers, match="Maximum subscriptions reached"):
        bench.joined(group)
    group.disconnect(first.consumer)
    bench.joined(group)


def test_statistics_count_since_the_last_look(bench: Bench) -> None:
    ids = bench.append("s", 4)
    group = bench.group(extra_statistics=True)
    desk = bench.joined(group, slots=3)
    bench.clock.now += 2 * SECOND
    group.acknowledge(ids[:2])
    seen = group.statistics()
    assert (seen.total, seen.since_last, seen.per_second) == (4, 4, 2)
    assert (seen.outstanding, seen.in_flight, seen.last_known) == (2, 2, 3)
    (consumer,) = seen.consumers
    assert (consumer.free, consumer.in_flight, consumer.total) == (1, 2, 4)
    assert consumer.measurements["Median"] == consumer.measurements["99.9%"] == 2_000
    assert group.statistics().since_last == 0
    assert desk.consumer.free == 1
