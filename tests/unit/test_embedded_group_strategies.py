"""Which consumer gets which message."""

from __future__ import annotations

import json

import pytest

from esnb.embedded.persistent.buffer import Offer
from esnb.embedded.persistent.consumer import GroupConsumer
from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.strategies import STRATEGIES, RoundRobin
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_groups import Bench, Desk
from tests.unit.embedded_logs import append, event


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_round_robin_takes_turns(bench: Bench) -> None:
    group = bench.group()
    desks = [bench.joined(group, slots) for slots in (10, 2, 10)]
    bench.append("s", 8)
    bench.caught_up(group)
    assert [desk.taken() for desk in desks] == [[0, 3, 6], [1, 4], [2, 5, 7]]


def test_dispatch_to_single_fills_one_after_the_other(bench: Bench) -> None:
    group = bench.group(strategy="DispatchToSingle")
    desks = [bench.joined(group, slots) for slots in (2, 3, 10)]
    bench.append("s", 7)
    bench.caught_up(group)
    assert [desk.taken() for desk in desks] == [[0, 1], [2, 3, 4], [5, 6]]


def _streams(desk: Desk, bench: Bench) -> set[str]:
    return {bench.store.streams.name(message.original.stream) for message in desk.messages}


def test_pinned_keeps_a_stream_on_one_consumer(bench: Bench) -> None:
    group = bench.group(None, strategy="Pinned", start=-1)
    desks = [bench.joined(group, 100) for _ in range(2)]
    for _ in range(3):
        for number in range(6):
            bench.append(f"s-{number}")
    bench.caught_up(group)
    first, second = (_streams(desk, bench) for desk in desks)
    assert (len(first), len(second)) == (3, 3)
    assert not first & second
    group.disconnect(desks[1].consumer)
    assert _streams(desks[0], bench) == first | second


def test_pinned_moves_streams_to_a_consumer_that_comes(bench: Bench) -> None:
    group = bench.group(None, strategy="Pinned", start=-1)
    early = bench.joined(group, 100)
    for number in range(8):
        bench.append(f"s-{number}")
    bench.caught_up(group)
    late = bench.joined(group, 100)
    early.messages.clear()
    for number in range(8):
        bench.append(f"s-{number}")
    bench.caught_up(group)
    assert (len(_streams(early, bench)), len(_streams(late, bench))) == (4, 4)


def test_pinned_passes_over_a_full_consumer(bench: Bench) -> None:
    group = bench.group(None, strategy="Pinned", start=-1)
    desks = [bench.joined(group, 1) for _ in range(2)]
    for stream in "aaba":
        bench.append(stream)
    bench.caught_up(group)
    assert [_streams(desk, bench) for desk in desks] == [{"a"}, {"b"}]
    for _ in range(3):
        group.acknowledge([desks[0].messages[-1].id])
    assert desks[0].taken() == [0, 1, 2]


def test_pinned_by_correlation_follows_the_metadata(bench: Bench) -> None:
    group = bench.group(None, strategy="PinnedByCorrelation", start=-1)
    desks = [bench.joined(group, 100) for _ in range(2)]
    for number, correlation in enumerate("xyxyx"):
        metadata = json.dumps({"$correlationId": correlation}).encode()
        given = Proposed(event().event_id, "T", True, b"{}", metadata)
        append(bench.store, f"s-{number}", ANY, given)
    append(bench.store, "odd", ANY, Proposed(event().event_id, "T", True, b"{}", b"no json"))
    bench.caught_up(group)
    shares = [_streams(desk, bench) for desk in desks]
    assert {"s-0", "s-2", "s-4"} in (shares[0] - {"odd"}, shares[1] - {"odd"})
    assert {"s-1", "s-3"} in (shares[0] - {"odd"}, shares[1] - {"odd"})


@pytest.mark.parametrize("strategy", ["Pinned", "PinnedByCorrelation"])
def test_links_are_pinned_by_their_targets_streams(bench: Bench, strategy: str) -> None:
    group = bench.group("links", strategy=strategy)
    desks = [bench.joined(group, 100) for _ in range(2)]
    for revision in range(3):
        for stream in ("a", "b"):
            bench.append("links", type="$>", data=f"{revision}@{stream}".encode())
    bench.caught_up(group)
    assert sorted(desk.taken() for desk in desks) == [[0, 2, 4], [1, 3, 5]]


class _Newest(RoundRobin):
    """A strategy of a test's own: whoever came last is served first."""

    def add(self, consumer: GroupConsumer) -> None:
        self._turns.appendleft(consumer)

    def pick(self, message: Message) -> GroupConsumer | Offer:
        return next((one for one in self._turns if one.free > 0), Offer.FULL)


def test_another_strategy_is_one_entry(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STRATEGIES, "Newest", lambda pins: _Newest())
    group = bench.group(strategy="Newest")
    desks = [bench.joined(group, slots) for slots in (10, 2)]
    bench.append("s", 3)
    bench.caught_up(group)
    assert [desk.taken() for desk in desks] == [[2], [0, 1]]
