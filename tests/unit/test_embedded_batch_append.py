"""What BatchAppend makes of an append's deadline, and of parts that it cannot take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import grpc
import pytest

from esnb.clients.installed import shared_pb2, streams_pb2
from esnb.embedded.services.batch_append import BatchAppend
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.streams.node import Node

_PATIENCE = 5.0


def part(data: bytes, *, final: bool = True) -> Any:
    """A part of an append to the stream `a`."""
    request = streams_pb2.BatchAppendReq(is_final=final)
    request.correlation_id.string = "00000000-0000-0000-0000-000000000001"
    message = request.proposed_messages.add(data=data)
    message.id.string = "00000000-0000-0000-0000-000000000002"
    message.metadata["type"] = "T"
    message.metadata["content-type"] = "application/json"
    return request


def opening(part: Any, until: float) -> Any:
    """The part with the options: a deadline at the time `until`, as Node's client gives it."""
    part.options.any.SetInParent()
    part.options.stream_identifier.stream_name = b"a"
    part.options.deadline_21_10_0.FromNanoseconds(int(until * 1e9))
    return part


def answered(*parts: Any, now: float) -> Any:
    """The answer to an append that came in these parts at the time `now`."""
    (answer,) = all_answered(*parts, now=now)
    return answer


def all_answered(*parts: Any, now: float) -> list[Any]:
    """The answers to the appends that came in these parts at the time `now`."""

    async def sent() -> AsyncIterator[Any]:
        for part in parts:
            yield part

    async def run() -> list[Any]:
        node = Node(MemoryLog())
        try:
            return [answer async for answer in BatchAppend(node, lambda: now).call(sent(), None)]
        finally:
            await node.close()

    return asyncio.run(run())


def answers_before_the_end(*parts: Any) -> list[Any]:
    """What is answered while the client still holds back the last of these parts."""

    async def run() -> list[Any]:
        answered = asyncio.Event()
        waited = asyncio.Event()

        async def sent() -> AsyncIterator[Any]:
            for part in parts[:-1]:
                yield part
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), _PATIENCE)
            waited.set()
            yield parts[-1]

        node = Node(MemoryLog())
        early = []
        try:
            async for answer in BatchAppend(node, lambda: 0).call(sent(), None):
                if not waited.is_set():
                    early.append(answer)
                answered.set()
        finally:
            await node.close()
        return early

    return asyncio.run(run())


@pytest.mark.parametrize("size", [10, 2**20], ids=["small", "too large"])
def test_append_that_came_too_late_says_so_before_anything_else(size: int) -> None:
    first, last = part(b" " * size, final=False), part(b" " * size)
    late = answered(opening(first, until=999), last, now=1000)
    assert late.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)


def test_deadline_counts_to_the_fraction_of_a_second() -> None:
    in_time = answered(opening(part(b"{}"), until=1000.5), now=1000.25)
    assert in_time.WhichOneof("result") == "success"
    late = answered(opening(part(b"{}"), until=1000.125), now=1000.25)
    assert late.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)


def test_append_that_is_too_large_is_refused_while_its_parts_still_come() -> None:
    begun = opening(part(b" " * 10, final=False), until=1000)
    large = part(b" " * 2**20, final=False)
    (refused,) = answers_before_the_end(begun, large, part(b"{}"))
    assert refused.error.details.Is(shared_pb2.MaximumAppendSizeExceeded.DESCRIPTOR)


def test_append_is_refused_once_however_many_parts_follow() -> None:
    begun = opening(part(b" " * 2**20, final=False), until=1000)
    refused = answered(begun, part(b"{}", final=False), part(b"{}"), now=0)
    assert refused.error.details.Is(shared_pb2.MaximumAppendSizeExceeded.DESCRIPTOR)


def test_part_of_no_append_is_passed_over() -> None:
    other = part(b"{}")
    other.correlation_id.string = "00000000-0000-0000-0000-000000000009"
    written = answered(other, opening(part(b"{}"), until=1000), now=0)
    assert written.correlation_id.string == "00000000-0000-0000-0000-000000000001"
    assert written.WhichOneof("result") == "success"


def test_append_of_an_event_without_type_is_refused_in_the_words_of_eventstoredb() -> None:
    untyped = part(b"{}")
    del untyped.proposed_messages[0].metadata["type"]
    refused = answered(opening(untyped, until=1000), now=0)
    told = shared_pb2.BadRequest()
    assert refused.error.details.Unpack(told)
    assert told.message == "The given key was not present in the dictionary."


def test_repeated_append_of_truncated_events_has_no_position() -> None:
    sent = opening(part(b"{}"), until=1000)
    truncating = opening(part(b'{"$tb": 1}'), until=1000)
    truncating.correlation_id.string = "00000000-0000-0000-0000-000000000003"
    truncating.options.stream_identifier.stream_name = b"$$a"
    truncating.proposed_messages[0].id.string = "00000000-0000-0000-0000-000000000004"
    again = opening(part(b"{}"), until=1000)
    again.correlation_id.string = "00000000-0000-0000-0000-000000000005"
    *_, repeated = all_answered(sent, truncating, again, now=0)
    assert repeated.success.current_revision == 0
    assert repeated.success.WhichOneof("position_option") == "no_position"


def refusal(answer: Any) -> tuple[str, str]:
    """The kind of an answer's error, and what a bad request is told."""
    told = shared_pb2.BadRequest()
    answer.error.details.Unpack(told)
    return answer.error.message, told.message


NO_EXPECTATION = (
    'Status(StatusCode="InvalidArgument", Detail="\'None\' is not a valid EventStore.Client.'
    'Streams.BatchAppendReq+Types+Options+ExpectedStreamPositionOneofCase")'
)


@pytest.mark.parametrize(
    ("lacks", "late", "told"),
    [
        (("stream_identifier",), False, ("BadRequest", "Required field StreamIdentifier not set.")),
        (("any",), False, ("BadRequest", NO_EXPECTATION)),
        (("stream_identifier", "any"), True,
         ("BadRequest", "Required field StreamIdentifier not set.")),
        (("any",), True, ("Timeout", "")),
        ((), True, ("Timeout", "")),
    ],
    ids=["stream", "expectation", "stream before the time", "time before expectation", "time"],
)  # fmt: skip
@pytest.mark.parametrize("final", [True, False], ids=["whole", "in parts"])
def test_options_are_judged_when_they_come(
    lacks: tuple[str, ...], told: tuple[str, str], *, late: bool, final: bool
) -> None:
    """Also before the last part; what follows is passed over."""
    first = opening(part(b"{}", final=final), until=1 if late else 1000)
    for field in lacks:
        first.options.ClearField(field)
    rest = () if final else (part(b"{}", final=False), part(b"{}"))
    assert refusal(answered(first, *rest, now=10)) == told


@pytest.mark.parametrize(
    ("seconds", "now", "late"), [(0, 10.0, True), (-1, 10.0, True), (1, 10.0, False)]
)
def test_allowed_time(seconds: int, now: float, *, late: bool) -> None:
    request = part(b"{}")
    request.options.any.SetInParent()
    request.options.stream_identifier.stream_name = b"a"
    request.options.deadline.seconds = seconds
    request.options.deadline.SetInParent()
    answer = answered(request, now=now)
    assert answer.error.details.Is(shared_pb2.Timeout.DESCRIPTOR) == late


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "Value cannot be null. (Parameter 'dto')"),
        (
            "x",
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        ),
    ],
)
def test_append_without_a_correlation_is_refused_alone(text: str | None, told: str) -> None:
    lost = opening(part(b"{}"), until=1000)
    lost.ClearField("correlation_id")
    if text is not None:
        lost.correlation_id.string = text
    refused, written = all_answered(lost, opening(part(b"{}"), until=1000), now=0)
    assert refusal(refused) == ("BadRequest", told)
    assert refused.stream_identifier.stream_name == b"a"
    assert written.WhichOneof("result") == "success"


class Aborted(Exception):
    """The call was ended."""


class Context:
    """Takes note of how a call is ended."""

    def __init__(self) -> None:
        self.code: Any = None

    async def abort(self, code: Any, text: str, trailers: Any) -> None:
        self.code = code
        raise Aborted(text)


def test_part_of_nothing_at_all_ends_the_call() -> None:
    nothing = part(b"{}")
    nothing.ClearField("correlation_id")
    context = Context()

    async def sent() -> AsyncIterator[Any]:
        yield nothing

    async def run() -> list[Any]:
        node = Node(MemoryLog())
        try:
            return [answer async for answer in BatchAppend(node, lambda: 0).call(sent(), context)]
        finally:
            await node.close()

    with pytest.raises(Aborted, match="Value cannot be null"):
        asyncio.run(run())
    assert context.code is grpc.StatusCode.UNKNOWN


def test_ids_of_both_forms_name_one_append() -> None:
    first, last = opening(part(b"{}", final=False), until=1000), part(b"{}")
    last.correlation_id.structured.least_significant_bits = 1
    last.proposed_messages[0].id.structured.least_significant_bits = 7
    written = answered(first, last, now=0)
    assert written.success.current_revision == 1


def test_size_of_metadata_is_not_counted() -> None:
    """A slip of EventStoreDB 23.10."""
    sent = opening(part(b"x" * 600_000), until=1000)
    sent.proposed_messages[0].custom_metadata = b"x" * 500_000
    assert answered(sent, now=0).WhichOneof("result") == "success"
    empty = opening(part(b""), until=1000)
    empty.proposed_messages[0].custom_metadata = b"x" * 2_000_000
    assert answered(empty, now=0).WhichOneof("result") == "success"
    two = opening(part(b"x" * 600_000), until=1000)
    two.proposed_messages.add().CopyFrom(two.proposed_messages[0])
    refused = answered(two, now=0)
    assert refused.error.details.Is(shared_pb2.MaximumAppendSizeExceeded.DESCRIPTOR)


def test_empty_name_of_a_stream_is_found_at_the_end() -> None:
    begun = opening(part(b"{}", final=False), until=1000)
    begun.options.stream_identifier.stream_name = b""
    assert answered(begun, part(b"{}"), now=0).error.message == "BadRequest"


def numbered(part: Any, number: int) -> Any:
    """The part as one of another append."""
    part.correlation_id.string = f"00000000-0000-0000-0000-{number:012}"
    return part


def test_appends_that_are_never_complete_take_no_more_memory_than_there_is() -> None:
    parts = [
        numbered(opening(part(b" " * 1_000_000, final=False), until=1000), number)
        for number in range(100)
    ]
    answers = all_answered(*parts, now=0)
    assert 20 < len(answers) < 50
    for refused in answers:
        assert refused.error.details.Is(shared_pb2.MaximumAppendSizeExceeded.DESCRIPTOR)
    small = numbered(opening(part(b"{}"), until=1000), 1000)
    assert all_answered(*parts, small, now=0)[-1].WhichOneof("result") == "success"


def test_an_append_that_is_complete_makes_room_for_others() -> None:
    parts = [numbered(opening(part(b" " * 1_000_000), until=1000), number) for number in range(100)]
    for number, one in enumerate(parts):
        one.proposed_messages[0].id.string = f"00000000-0000-0000-0001-{number:012}"
    assert [answer.WhichOneof("result") for answer in all_answered(*parts, now=0)] == [
        "success"
    ] * 100


def test_so_many_appends_can_be_begun() -> None:
    parts = [
        numbered(opening(part(b"{}", final=False), until=1000), number) for number in range(1_010)
    ]
    answers = all_answered(*parts, now=0)
    assert len(answers) == 10
    told = shared_pb2.BadRequest()
    assert answers[0].error.details.Unpack(told)
    assert "1000 appends of this call are not complete" in told.message


def test_a_correlation_id_of_any_length_is_not_kept() -> None:
    begun = opening(part(b"{}", final=False), until=1000)
    begun.correlation_id.string = "x" * 1_000_000
    (refused,) = all_answered(begun, begun, now=0)[:1]
    assert refused.error.details.Is(shared_pb2.BadRequest.DESCRIPTOR)


def test_an_append_whose_deadline_passes_before_it_is_complete_is_answered_then() -> None:
    begun = opening(part(b"{}", final=False), until=0.01)
    (late,) = answers_before_the_end(begun, part(b"{}"))
    assert late.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)


def test_what_follows_a_refused_append_is_not_taken_for_another() -> None:
    begun = opening(part(b" " * 2**20, final=False), until=1000)
    rest = opening(part(b"{}"), until=1000)
    again = opening(part(b"{}"), until=1000)
    refused, written = all_answered(begun, rest, again, now=0)
    assert refused.WhichOneof("result") == "error"
    assert written.success.current_revision == 0


def test_appends_that_were_refused_in_the_middle_leave_room_for_others() -> None:
    late = [
        numbered(opening(part(b"{}", final=False), until=999), number) for number in range(1_100)
    ]
    in_time = numbered(opening(part(b"{}"), until=2000), 5_000)
    *refused, written = all_answered(*late, in_time, now=1000)
    assert len(refused) == 1_100
    assert written.WhichOneof("result") == "success"
