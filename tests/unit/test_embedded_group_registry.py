"""Groups made, changed, deleted, and found again after a restart."""

from __future__ import annotations

from typing import Any

import pytest

from esnb.embedded.persistent import configuration
from esnb.embedded.persistent.errors import (
    GroupDropped,
    GroupError,
    GroupExists,
    GroupFailed,
    GroupMissing,
)
from esnb.embedded.persistent.group import Nack
from esnb.embedded.persistent.group_settings import END, EventFilter, Target
from esnb.embedded.persistent.journal import checkpoint_stream, replay_stream
from esnb.embedded.persistent.registry import Registry
from esnb.embedded.streams.errors import InvalidRequest
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_groups import Bench, settings
from tests.unit.embedded_logs import append


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _restarted(bench: Bench) -> None:
    append(bench.store, configuration.STREAM, ANY, bench.registry.configuration())
    bench.registry = Registry(bench.reader, bench.clock, bench)
    for group in bench.registry.load():
        bench.caught_up(group)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"strategy": "Odd"}, "Consumer strategy Odd does not exist."),
        ({"start": -2}, "event number must be greater than or equal to -1"),
        ({"read_batch_size": 20}, "ReadBatchSize may not be greater than or equal to BufferSize"),
    ],
)
def test_bad_settings(bench: Bench, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(GroupFailed, match=reason):
        bench.group(**changed)
    kept = bench.group()
    desk = bench.joined(kept)
    with pytest.raises(GroupFailed, match=reason):
        bench.registry.update(Target("s"), "g", settings(**changed))
    assert desk.dropped is None
    assert bench.registry.get("s", "g") is kept


def test_a_start_past_the_end_of_all_and_a_filter_that_is_none(bench: Bench) -> None:
    bench.append("s")
    with pytest.raises(GroupFailed, match="less than or equal to the last commit position"):
        bench.group(None, start=bench.store.head + 1)
    with pytest.raises(InvalidRequest, match="not a regular expression"):
        bench.registry.create(Target(None, EventFilter(True, "(", ())), "g", settings())
    bench.group(None, start=bench.store.head)


def test_names(bench: Bench) -> None:
    bench.group("s", "g")
    with pytest.raises(GroupExists):
        bench.group("s", "g")
    bench.group("s", "h")
    bench.group(None, "g")
    assert [group.name for group in bench.registry.of("s")] == ["g", "h"]
    with pytest.raises(GroupMissing):
        bench.registry.of("t")
    bench.registry.delete("$all", "g")
    assert bench.registry.of("$all") == []
    for missing in (bench.registry.delete, bench.registry.get):
        with pytest.raises(GroupMissing, match=r"group g on stream \$all does not exist"):
            missing("$all", "g")


def test_an_update_drops_consumers_and_goes_on_from_the_checkpoint(bench: Bench) -> None:
    ids = bench.append("s", 4)
    group = bench.group(max_checkpoint_count=1)
    desk = bench.joined(group)
    group.acknowledge([ids[0], ids[2]])
    _, new = bench.registry.update(Target("s"), "g", settings(strategy="Pinned", start=3))
    assert isinstance(desk.dropped, GroupDropped)
    assert bench.joined(bench.caught_up(new)).taken() == [1, 2, 3]
    assert isinstance(bench.joined(group).dropped, GroupError)


def test_an_update_of_all_keeps_the_filter(bench: Bench) -> None:
    target = Target(None, EventFilter(False, "^A", ()))
    bench.registry.create(target, "g", settings())
    _, new = bench.registry.update(Target(None), "g", settings(max_retry_count=7))
    assert new.target == target
    assert new.settings.max_retry_count == 7


def test_a_restart_keeps_groups_checkpoints_and_parked_messages(bench: Bench) -> None:
    ids = bench.append("s", 5)
    group = bench.group(max_checkpoint_count=1)
    bench.joined(group)
    group.acknowledge(ids[:2])
    group.refuse(ids[3:4], Nack.PARK, "")
    bench.registry.create(
        Target(None, EventFilter(True, "", ("s", "t"))), "all", settings(start=END)
    )
    _restarted(bench)
    again = bench.registry.get("s", "g")
    assert again.settings == group.settings
    desk = bench.joined(again)
    assert desk.taken() == [2, 3, 4]
    statistics = again.statistics()
    assert (statistics.checkpoint, statistics.parked) == (1, 1)
    again.replay_parked()
    assert desk.taken() == [3]
    assert bench.registry.get("$all", "all").target.filter == EventFilter(True, "", ("s", "t"))


@pytest.mark.parametrize(
    "garbage",
    [
        *(b"", b"no JSON", b"{}", b"[[3]]", b'[["a", 1]]', b"[[-1, 5]]", b'"C:-7"', b"[[0, 1e9]]"),
        *(b"%d" % 2**70, b'"%d"' % 2**70, b"[[0, %d]]" % 2**70, b"[" * 100_000),
    ],
    ids=map(str, range(12)),
)
def test_a_restart_passes_over_what_clients_wrote_into_its_books(
    bench: Bench, garbage: bytes
) -> None:
    ids = bench.append("s", 5)
    group = bench.group(max_checkpoint_count=1)
    desk = bench.joined(group)
    group.acknowledge(ids[:2])
    group.refuse(ids[2:3], Nack.PARK, "")
    group.replay_parked()
    configured = bench.registry.configuration()
    append(bench.store, configuration.STREAM, ANY, configured)
    for stream in (
        configuration.STREAM,
        checkpoint_stream(group.subscription),
        replay_stream(group.subscription),
    ):
        bench.append(stream, data=garbage)
    registry = Registry(bench.reader, bench.clock, bench)
    (again,) = registry.load()
    desk = bench.joined(bench.caught_up(again))
    assert again.checkpoint == 2
    assert desk.taken() == [2, 3, 4], "the replayed one, and those without an answer"


def test_a_restart_keeps_where_a_group_from_the_end_began(bench: Bench) -> None:
    """EventStoreDB begins anew from the then end, and loses what came in between."""
    bench.append("s", 3)
    group = bench.group(start=END)
    bench.append("s", 2)
    bench.caught_up(group)
    _restarted(bench)
    again = bench.registry.get("s", "g")
    assert bench.joined(again).taken() == [3, 4]
    assert again.settings.start == END
