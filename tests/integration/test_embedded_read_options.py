"""`Read` in every combination of its options: which are served, and what the others are told.

The rules here are EventStoreDB's 23.10, told anew: target, count, direction and
filter must go together, and are looked at before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import grpc
import pytest

from esnb.clients.installed import streams_pb2
from tests.embedded_server import Server, start_server
from tests.waiting import DEADLINE

CODE = grpc.StatusCode
_TYPE = "EventStore.Client.Streams.ReadReq+Types+Options"
_THREW = "Exception was thrown by handler."
_UUID_FORMS = ("missing", "empty", "string", "structured")
Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start_server() as server:
        yield server


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        append = channel.stream_unary(
            "/event_store.client.streams.Streams/Append",
            streams_pb2.AppendReq.SerializeToString,
            streams_pb2.AppendResp.FromString,
        )
        opening = streams_pb2.AppendReq()
        opening.options.any.SetInParent()
        opening.options.stream_identifier.stream_name = b"s"
        event = streams_pb2.AppendReq()
        event.proposed_message.id.string = "00000000-0000-0000-0000-000000000001"
        event.proposed_message.data = b"{}"
        event.proposed_message.metadata.update({"type": "T", "content-type": "application/json"})
        append(iter([opening, event]), timeout=DEADLINE)
        yield channel


def request(
    target: str | None = "stream",
    asked: str | None = "count",
    direction: int = 0,
    filtered: str | None = "no_filter",
    *,
    ids: str = "string",
    resolve_links: bool = False,
    compatibility: int = 1,
) -> Any:
    """A request that lacks nothing but what is None."""
    options: Any = streams_pb2.ReadReq().options
    if target == "stream":
        options.stream.stream_identifier.stream_name = b"s"
        options.stream.start.SetInParent()
    elif target == "all":
        (options.all.end if direction == 1 else options.all.start).SetInParent()
    if asked == "count":
        options.count = 1
    elif asked == "subscription":
        options.subscription.SetInParent()
    options.read_direction = direction
    if filtered == "no_filter":
        options.no_filter.SetInParent()
    elif filtered == "filter":
        options.filter.stream_identifier.prefix.append("s")
        options.filter.max = 32
        options.filter.checkpointIntervalMultiplier = 1
    if ids in ("string", "structured"):
        getattr(options.uuid_option, ids).SetInParent()
    elif ids == "empty":
        options.uuid_option.SetInParent()
    options.resolve_links = resolve_links
    if compatibility:
        options.control_option.compatibility = compatibility
    return options


def answers(channel: grpc.Channel, options: Any, take: int = 100) -> list[Any]:
    """The first answers to a request."""
    read = channel.unary_stream(
        "/event_store.client.streams.Streams/Read",
        streams_pb2.ReadReq.SerializeToString,
        streams_pb2.ReadResp.FromString,
    )
    call = read(streams_pb2.ReadReq(options=options), timeout=DEADLINE)
    found = []
    for answer in call:
        found.append(answer)
        if len(found) == take:
            call.cancel()
            break
    return found


def refusal(channel: grpc.Channel, options: Any) -> tuple[grpc.StatusCode, str]:
    """How a request is refused; nothing was answered before."""
    with pytest.raises(grpc.RpcError) as error:
        answers(channel, options, take=1)
    return error.value.code(), error.value.details()


def kinds(found: list[Any]) -> list[str]:
    return [answer.WhichOneof("content") for answer in found]


def served(target: str | None, asked: str | None, direction: int, filtered: str | None) -> bool:
    """Whether EventStoreDB has an answer to these together."""
    if target is None or asked is None or filtered is None or direction not in (0, 1):
        return False
    if target == "stream" and filtered == "filter":
        return False
    return not (asked == "subscription" and direction == 1)


def told(
    target: str | None, asked: str | None, direction: int, filtered: str | None
) -> tuple[grpc.StatusCode, str]:
    """How a combination is refused."""
    if target is None:
        text = f"'None' is not a valid {_TYPE}+StreamOptionOneofCase"
    else:
        parts = (
            {"stream": "Stream", "all": "All"}[target],
            {None: "None", "count": "Count", "subscription": "Subscription"}[asked],
            {0: "Forwards", 1: "Backwards"}.get(direction, str(direction)),
            {None: "None", "filter": "Filter", "no_filter": "NoFilter"}[filtered],
        )
        text = f"The combination of ({', '.join(parts)}) is invalid."
    return CODE.INVALID_ARGUMENT, text


@pytest.mark.parametrize("filtered", [None, "filter", "no_filter"])
@pytest.mark.parametrize("direction", [0, 1, 7])
@pytest.mark.parametrize("asked", [None, "count", "subscription"])
@pytest.mark.parametrize("target", [None, "stream", "all"])
def test_every_combination(
    channel: grpc.Channel, target: str | None, asked: str | None, direction: int,
    filtered: str | None,
) -> None:  # fmt: skip
    for ids, resolve_links, compatibility in product(_UUID_FORMS, (False, True), (0, 1)):
        options = request(
            target, asked, direction, filtered,
            ids=ids, resolve_links=resolve_links, compatibility=compatibility,
        )  # fmt: skip
        if not served(target, asked, direction, filtered):
            assert refusal(channel, options) == told(target, asked, direction, filtered)
        elif ids == "missing":
            with pytest.raises(grpc.RpcError) as error:
                answers(channel, options)
            assert error.value.code() is CODE.UNKNOWN
            assert error.value.details().startswith(_THREW)
        else:
            wanted = ["confirmation", "event"] if asked == "subscription" else ["event"]
            if (target, asked) == ("stream", "count") and compatibility:
                wanted.append("last_stream_position")
            found = answers(channel, options, take=len(wanted))
            assert kinds(found) == wanted
            [event] = [one.event.event for one in found if one.HasField("event")]
            form = "string" if ids == "string" else "structured"
            assert event.id.WhichOneof("value") == form


@pytest.mark.parametrize("asked", ["count", "subscription"])
def test_ids_in_no_form_matter_when_there_is_an_event(channel: grpc.Channel, asked: str) -> None:
    missing = request(asked="count", ids="missing")
    missing.stream.stream_identifier.stream_name = b"nowhere"
    assert kinds(answers(channel, missing)) == ["stream_not_found"]
    beyond = request(asked="count", ids="missing")
    beyond.stream.revision = 5
    assert kinds(answers(channel, beyond)) == ["first_stream_position", "last_stream_position"]
    to_come = request(asked="subscription", ids="missing")
    to_come.stream.end.SetInParent()
    assert kinds(answers(channel, to_come, take=2)) == ["confirmation", "caught_up"]
    nothing_matches = request("all", asked, 0, "filter", ids="missing")
    del nothing_matches.filter.stream_identifier.prefix[:]
    nothing_matches.filter.stream_identifier.prefix.append("nowhere")
    found = kinds(answers(channel, nothing_matches, take=2))
    assert found == (["confirmation", "caught_up"] if asked == "subscription" else [])


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda f: f.SetInParent(), "{ }"),
        (lambda f: f.count.SetInParent(), '{ "count": { } }'),
        (lambda f: setattr(f, "max", 0), '{ "max": 0 }'),
        (lambda f: setattr(f, "checkpointIntervalMultiplier", 3),
         '{ "checkpointIntervalMultiplier": 3 }'),
        (lambda f: (setattr(f, "max", 32), setattr(f, "checkpointIntervalMultiplier", 1)),
         '{ "max": 32, "checkpointIntervalMultiplier": 1 }'),
        (lambda f: (f.count.SetInParent(), setattr(f, "checkpointIntervalMultiplier", 1)),
         '{ "count": { }, "checkpointIntervalMultiplier": 1 }'),
    ],
    ids=["nothing", "count", "max 0", "interval", "max", "count and interval"],
)  # fmt: skip
@pytest.mark.parametrize("asked", ["count", "subscription"])
def test_a_filter_of_nothing(channel: grpc.Channel, make: Change, shown: str, asked: str) -> None:
    options = request("all", asked, 0, None)
    make(options.filter)
    text = f"'{shown}' is not a valid {_TYPE}+Types+FilterOptions"
    assert refusal(channel, options) == (CODE.INVALID_ARGUMENT, text)


def windowless(options: Any) -> None:
    options.filter.ClearField("max")


def no_interval(options: Any) -> None:
    options.filter.checkpointIntervalMultiplier = 0


def no_expression(options: Any) -> None:
    options.filter.ClearField("stream_identifier")


def bad_expression(options: Any) -> None:
    options.filter.stream_identifier.regex = "(["


def no_place(options: Any) -> None:
    options.all.ClearField("start")


def no_event(options: Any) -> None:
    options.all.position.commit_position = options.all.position.prepare_position = 1


_WINDOW = (CODE.INVALID_ARGUMENT, f"'None' is not a valid {_TYPE}+Types+FilterOptions+Window")
_FILTER = (CODE.INVALID_ARGUMENT, "'{ ")


@pytest.mark.parametrize("asked", ["count", "subscription"])
def test_a_filter_without_a_window(channel: grpc.Channel, asked: str) -> None:
    for direction in (0, 1) if asked == "count" else (0,):
        options = request("all", asked, direction, "filter")
        windowless(options)
        text = f"'None' is not a valid {_TYPE}+Types+FilterOptions+WindowOneofCase"
        assert refusal(channel, options) == (CODE.INVALID_ARGUMENT, text)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ((no_place, no_expression), (CODE.UNKNOWN, _THREW)),
        ((no_place, windowless), (CODE.UNKNOWN, _THREW)),
        ((no_expression, windowless), _FILTER),
        ((bad_expression, windowless), (CODE.UNKNOWN, _THREW)),
        ((no_expression, no_interval), _FILTER),
        ((windowless, no_interval), _WINDOW),
        ((windowless, no_event), _WINDOW),
        ((no_interval, no_event), (CODE.UNKNOWN, _THREW)),
        ((no_expression, no_event), _FILTER),
    ],
)
def test_which_of_two_faults_is_told(
    channel: grpc.Channel, faults: tuple[Change, Change], told: tuple[grpc.StatusCode, str]
) -> None:
    options = request("all", "subscription", 0, "filter")
    for fault in faults:
        fault(options)
    code, text = refusal(channel, options)
    assert (code, text[: len(told[1])]) == told


def test_an_interval_of_zero_is_refused_where_it_counts(channel: grpc.Channel) -> None:
    subscribes = request("all", "subscription", 0, "filter")
    no_interval(subscribes)
    code, text = refusal(channel, subscribes)
    assert (code, text.startswith(_THREW)) == (CODE.UNKNOWN, True)
    reads = request("all", "count", 0, "filter")
    no_interval(reads)
    assert kinds(answers(channel, reads)) == ["event"]
    unfiltered = request("all", "subscription", 0, "no_filter")
    assert kinds(answers(channel, unfiltered, take=2)) == ["confirmation", "event"]


@pytest.mark.parametrize("asked", ["count", "subscription"])
@pytest.mark.parametrize("direction", [0, 1])
def test_places_that_are_none(channel: grpc.Channel, asked: str, direction: int) -> None:
    if asked == "subscription" and direction == 1:
        return
    nameless, unplaced, empty = (request("stream", asked, direction) for _ in range(3))
    nameless.stream.ClearField("stream_identifier")
    unplaced.stream.ClearField("start")
    empty.stream.stream_identifier.stream_name = b""
    refused = [nameless, unplaced, empty]
    for revision in (2**63, 2**64 - 2):
        beyond = request("stream", asked, direction)
        beyond.stream.revision = revision
        refused.append(beyond)
    for commit, prepare in ((1, 2), (2**63, 0), (2**64 - 2, 2**64 - 2), (0, 2**64 - 1)):
        nowhere = request("all", asked, direction)
        nowhere.all.position.commit_position = commit
        nowhere.all.position.prepare_position = prepare
        refused.append(nowhere)
    for options in refused:
        code, text = refusal(channel, options)
        assert (code, text.startswith(_THREW)) == (CODE.UNKNOWN, True), options


def test_a_name_is_missed_before_a_combination(channel: grpc.Channel) -> None:
    options = request("stream", None, 0, None)
    options.stream.ClearField("stream_identifier")
    code, text = refusal(channel, options)
    assert (code, text.startswith(_THREW)) == (CODE.UNKNOWN, True)


def test_the_largest_revision_and_position_are_the_end(channel: grpc.Channel) -> None:
    last = 2**64 - 1
    backwards, forwards, subscribes = (
        request("stream", "count", 1),
        request("stream", "count", 0),
        request("stream", "subscription", 0),
    )
    for options in (backwards, forwards, subscribes):
        options.stream.revision = last
    assert kinds(answers(channel, backwards)) == ["event", "last_stream_position"]
    assert refusal(channel, forwards) == (CODE.UNKNOWN, "Unexpected ReadStreamResult: Error")
    assert kinds(answers(channel, subscribes, take=2)) == ["confirmation", "caught_up"]
    of_all = request("all", "subscription", 0, "filter")
    of_all.all.position.commit_position = of_all.all.position.prepare_position = last
    assert kinds(answers(channel, of_all, take=2)) == ["confirmation", "caught_up"]
