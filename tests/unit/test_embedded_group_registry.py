"""Groups made, changed, deleted, and found again after a restart."""

from __future__ import annotations

import json
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
from esnb.embedded.persistent.group_settings import END, EventFilter, GroupTarget
from esnb.embedded.persistent.journal import checkpoint_stream, parked_stream, replay_stream
from esnb.embedded.persistent.registry import Registry
from esnb.embedded.services.group_info import subscription_info
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
        bench.registry.update(GroupTarget("s"), "g", settings(**changed))
    assert desk.dropped is None
    assert bench.registry.get("s", "g") is kept


def test_a_start_past_the_end_of_all_and_a_filter_that_is_none(bench: Bench) -> None:
    bench.append("s")
    with pytest.raises(GroupFailed, match="less than or equal to the last commit position"):
        bench.group(None, start=bench.store.head + 1)
    with pytest.raises(InvalidRequest, match="not a regular expression"):
        bench.registry.create(GroupTarget(None, EventFilter(True, "(", ())), "g", settings())
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
    _, new = bench.registry.update(GroupTarget("s"), "g", settings(strategy="Pinned", start=3))
    assert isinstance(desk.dropped, GroupDropped)
    assert bench.joined(bench.caught_up(new)).taken() == [1, 2, 3]
    assert isinstance(bench.joined(group).dropped, GroupError)


def test_an_update_of_all_keeps_the_filter(bench: Bench) -> None:
    target = GroupTarget(None, EventFilter(False, "^A", ()))
    bench.registry.create(target, "g", settings())
    _, new = bench.registry.update(GroupTarget(None), "g", settings(max_retry_count=7))
    assert new.target == target
    assert new.settings.max_retry_count == 7


def test_a_restart_keeps_groups_checkpoints_and_parked_messages(bench: Bench) -> None:
    ids = bench.append("s", 5)
    group = bench.group(max_checkpoint_count=1)
    bench.joined(group)
    group.acknowledge(ids[:2])
    group.refuse(ids[3:4], Nack.PARK, "")
    bench.registry.create(
        GroupTarget(None, EventFilter(True, "", ("s", "t"))), "all", settings(start=END)
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


def _written(bench: Bench, change: Any, stream: str = "s", name: str = "odd") -> dict[str, Any]:
    """A group as the server keeps it, changed as a client may: the change's keys, or all of it."""
    event = bench.registry.configuration()
    (entry,) = (one for one in json.loads(event.data)["entries"] if one["group"] == "g")
    if not isinstance(change, dict):
        return change  # type: ignore[no-any-return]
    entry |= {"stream": stream, "group": name} | change
    return {key: value for key, value in entry.items() if value is not _MISSING}


_MISSING = object()
_FILTER = {"by_stream": True, "regex": "", "prefixes": []}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"strategy": "Odd"}, "Consumer strategy Odd does not exist."),
        ({"strategy": None}, "strategy is 'None'"),
        ({"strategy": ["Pinned"]}, "strategy is"),
        ({"message_timeout": "30"}, "message_timeout is"),
        ({"message_timeout": 1.5}, "message_timeout is"),
        ({"message_timeout": 2**70}, "message_timeout is"),
        ({"message_timeout": 1e400}, "message_timeout is"),
        ({"max_retry_count": True}, "max_retry_count is"),
        ({"max_retry_count": None}, "max_retry_count is"),
        ({"max_retry_count": _MISSING}, "max_retry_count is missing"),
        ({"history_buffer_size": [20]}, "history_buffer_size is"),
        ({"live_buffer_size": -(2**70)}, "live_buffer_size is"),
        ({"read_batch_size": 20}, "ReadBatchSize may not be greater"),
        ({"resolve_links": 1}, "resolve_links is"),
        ({"start": -2}, "greater than or equal to -1"),
        ({"start": "C:1/P:1"}, "start is"),
        ({"begin": -2}, "begin is -2"),
        ({"begin": _MISSING}, "begin is missing"),
        ({"colour": "red"}, "colour is not a setting"),
        ({"filter": _FILTER}, "only groups on $all have a filter"),
        ({"stream": "$all", "filter": "^a"}, "the filter is"),
        ({"stream": "$all", "filter": _FILTER | {"regex": "(["}}, "is not a regular expression"),
        ({"stream": "$all", "filter": _FILTER | {"regex": "(" * 2**20}}, "is too large"),
        ({"stream": "$all", "filter": _FILTER | {"regex": "\ud800"}}, "lone surrogate"),
        ({"stream": "$all", "filter": _FILTER | {"regex": 3}}, "regex is"),
        ({"stream": "$all", "filter": _FILTER | {"prefixes": [1]}}, "prefixes are"),
        ({"stream": "$all", "filter": _FILTER | {"prefixes": "ab"}}, "prefixes are"),
        ({"stream": "$all", "filter": {}}, "prefixes are"),
        ({"stream": ""}, "stream is empty"),
        ({"stream": 7}, "stream is"),
        ({"stream": "\ud800"}, "surrogates not allowed"),
        ({"group": ""}, "group is empty"),
        ({"group": None}, "group is"),
        (7, "is not a group"),
        (None, "is not a group"),
        ([], "is not a group"),
        ({}, None),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_a_restart_leaves_out_the_group_that_a_client_wrote_wrongly(
    bench: Bench, change: Any, reason: str | None, alone: bool
) -> None:
    bench.append("s", 3)
    kept = bench.group()
    bench.registry.create(GroupTarget(None), "all", settings())
    configured = bench.registry.configuration()
    append(bench.store, configuration.STREAM, ANY, configured)
    bench.append(configuration.STREAM, 150, data=b"rubbish")  # the stream's $maxCount is 2
    entries = [_written(bench, change)] + ([] if alone else json.loads(configured.data)["entries"])
    if reason is not None or not alone:
        bench.append(configuration.STREAM, data=json.dumps({"entries": entries}).encode())
    registry = Registry(bench.reader, bench.clock, bench)
    registry.load()
    assert registry.get("s", "g").settings == kept.settings
    assert registry.get("$all", "all")
    if reason is None:
        assert registry.left_out == {}
    else:
        assert {group.name for group in registry.all()} == {"g", "all"}
        (said,) = registry.left_out.values()
        assert reason in said


def test_a_restart_leaves_out_a_group_whose_newest_settings_are_unsound(bench: Bench) -> None:
    bench.group("s", "g")
    bench.group("s", "h")
    append(bench.store, configuration.STREAM, ANY, bench.registry.configuration())
    odd = _written(bench, {"strategy": "Odd"}, name="g")
    bench.append(configuration.STREAM, data=json.dumps({"entries": [odd, odd]}).encode())
    registry = Registry(bench.reader, bench.clock, bench)
    assert [group.name for group in registry.load()] == ["h"]
    assert list(registry.left_out) == [("s", "g")]


def test_a_restart_takes_the_first_of_two_groups_of_one_name(bench: Bench) -> None:
    bench.group("s", "g")
    first, second = (_written(bench, {"max_retry_count": n}, name="g") for n in (5, 6))
    bench.append(configuration.STREAM, data=json.dumps({"entries": [first, second]}).encode())
    registry = Registry(bench.reader, bench.clock, bench)
    assert [group.settings.max_retry_count for group in registry.load()] == [5]


@pytest.mark.parametrize("place", ["2", '"2"', '"99"', '"4611686018427387904"', "1e400", "null"])
def test_a_checkpoint_that_nothing_has_come_to_is_not_the_groups(bench: Bench, place: str) -> None:
    bench.append("s", 5)
    group = bench.group()
    bench.append(checkpoint_stream(group.subscription), data=place.encode())
    _restarted(bench)
    again = bench.registry.get("s", "g")
    expected = 2 if place in ("2", '"2"') else None
    assert again.checkpoint == expected
    assert bench.joined(again).taken() == [*range(0 if expected is None else 3, 5)]


def test_a_replay_beyond_the_parked_stream_hides_nothing_that_is_parked_later(
    bench: Bench,
) -> None:
    ids = bench.append("s", 3)
    group = bench.group()
    bench.joined(group)
    group.refuse(ids[:1], Nack.PARK, "")
    beyond = b"[[0, 4611686018427387904]]"
    bench.append(replay_stream(group.subscription), data=beyond)
    _restarted(bench)
    again = bench.registry.get("s", "g")
    assert bench.joined(again).taken()[0] == 0, "the replayed one comes first"
    again.refuse(ids[1:2], Nack.PARK, "")
    assert again.statistics().parked == 1


@pytest.mark.parametrize(
    "garbage", [b"", b"rubbish", b"5", b"9" * 5000 + b"@s", b"1@", b"-1@s", b"0@s" * 9]
)
def test_a_restart_takes_up_a_parked_stream_into_which_a_client_wrote(
    bench: Bench, garbage: bytes
) -> None:
    ids = bench.append("s", 2)
    group = bench.group()
    bench.joined(group)
    bench.append(parked_stream(group.subscription), type="$>", data=garbage)
    group.refuse(ids[:1], Nack.PARK, "")
    group.replay_parked()
    _restarted(bench)
    again = bench.registry.get("s", "g")
    assert bench.joined(again).taken()[-1] == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"message_timeout": 2**62 // 10_000, "checkpoint_after": 2**62 // 10_000},
        {"message_timeout": -(2**40), "max_retry_count": -(2**40)},
        {"live_buffer_size": 2**40, "history_buffer_size": 2**50, "read_batch_size": 2**40},
        {"min_checkpoint_count": 2**62, "max_checkpoint_count": -(2**62)},
        {"max_subscriber_count": 2**62, "start": 2**62},
    ],
    ids=range(5),
)
def test_a_group_with_odd_settings_does_not_break_the_list(
    bench: Bench, odd: dict[str, Any]
) -> None:
    bench.append("s", 3)
    bench.group(**odd)
    _restarted(bench)
    group = bench.registry.get("s", "g")
    bench.joined(group)
    bench.pass_time(group)
    info = subscription_info(group.statistics())
    assert info.SerializeToString()
    if odd.get("message_timeout", 0) > 0:
        assert info.message_timeout_milliseconds == 2**31 - 1
