"""What is written by hand reads as the generated messages do."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esnb.clients.installed import persistent_pb2, shared_pb2, streams_pb2
from esnb.embedded.storage import wire
from esnb.embedded.storage.record import (
    RECORDED,
    Content,
    LogRecord,
    Proposed,
    body,
    content,
    created_entry,
    stream_field,
)

READ = streams_pb2.ReadResp
uint64 = st.integers(0, 2**64 - 1)
int63 = st.integers(0, 2**63 - 1)
proposals = st.builds(
    Proposed,
    event_id=st.binary(min_size=16, max_size=16),
    type=st.text(max_size=200),
    is_json=st.booleans(),
    data=st.binary(max_size=300),
    metadata=st.binary(max_size=300),
)


@given(proposals, st.text(min_size=1), int63, int63, int63)
def test_event_is_read_as_it_was_proposed(
    event: Proposed, stream: str, revision: int, position: int, created: int
) -> None:
    sent = body(stream_field(stream), revision, position, created_entry(created), event)
    record = RECORDED.FromString(wire.text_uuid(event.event_id) + sent)
    assert UUID(record.id.string).bytes == event.event_id
    assert record.stream_identifier.stream_name == stream.encode()
    assert record.stream_revision == revision
    assert record.commit_position == record.prepare_position == position
    assert dict(record.metadata) == {
        "type": event.type,
        "content-type": "application/json" if event.is_json else "application/octet-stream",
        "created": str(created),
    }
    assert (record.data, record.custom_metadata) == (event.data, event.metadata)
    stored = LogRecord(position, 1, revision, 1, created, event.event_id, sent)
    assert content(stored) == Content(event.is_json, event.data, event.metadata)


@given(st.binary(min_size=16, max_size=16), proposals, uint64)
def test_structured_id_and_link(event_id: bytes, event: Proposed, position: int) -> None:
    target = wire.structured_uuid(event_id)
    link = wire.text_uuid(event_id) + body(stream_field("l"), 3, 9, created_entry(1), event)
    message = READ.FromString(wire.read_event(target, link, position))
    halves = message.event.event.id.structured
    assert (
        wire.parsed_uuid("", halves.most_significant_bits, halves.least_significant_bits)
        == event_id
    )
    assert message.event.link.stream_revision == 3
    assert message.event.commit_position == position


@given(st.binary(min_size=16, max_size=16), proposals, uint64, st.integers(0, 2**31 - 1))
def test_message_of_a_group(event_id: bytes, event: Proposed, position: int, retries: int) -> None:
    record = wire.text_uuid(event_id) + body(stream_field("s"), 3, 9, created_entry(1), event)
    sent = wire.read_event(record, None, position, retries)
    message = persistent_pb2.ReadResp.FromString(sent).event
    assert (message.event.stream_revision, message.event.data) == (3, event.data)
    assert (message.commit_position, message.retry_count) == (position, retries)
    assert message.WhichOneof("count") == "retry_count"


def test_link_without_a_readable_target_has_no_event() -> None:
    message = READ.FromString(wire.read_event(None, wire.text_uuid(bytes(16)), 7))
    assert not message.event.HasField("event")
    assert message.event.HasField("link")


@given(uint64, st.binary(max_size=300))
def test_other_answers(number: int, name: bytes) -> None:
    assert READ.FromString(wire.first_stream_position(number)).first_stream_position == number
    last = READ.FromString(wire.last_stream_position(number))
    assert last.WhichOneof("content") == "last_stream_position"
    assert last.last_stream_position == number
    checkpoint = READ.FromString(wire.checkpoint(number)).checkpoint
    assert checkpoint.commit_position == checkpoint.prepare_position == number
    missing = READ.FromString(wire.stream_not_found(name)).stream_not_found
    assert missing.stream_identifier.stream_name == name
    assert READ.FromString(wire.CAUGHT_UP).WhichOneof("content") == "caught_up"


@given(st.uuids())
def test_ids_are_taken_in_any_spelling(event_id: UUID) -> None:
    for text in (str(event_id), event_id.hex, str(event_id).upper(), f"{{{event_id}}}"):
        assert wire.parsed_uuid(text, 0, 0) == event_id.bytes


@pytest.mark.parametrize("text", ["x", "0" * 31, "g" * 32, "-" * 36])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal|badly formed"):
        wire.parsed_uuid(text, 0, 0)


def test_fields_of_a_message_by_number() -> None:
    message = shared_pb2.UUID()
    message.structured.most_significant_bits = 5
    message.structured.least_significant_bits = -1
    found = wire.fields(message.SerializeToString())
    assert list(found) == [1]
    assert isinstance(found[1][0], bytes)
    assert wire.fields(found[1][0]) == {1: [5], 2: [2**64 - 1]}
    assert wire.fields(wire.tagged(3, b"a") + wire.tagged(3, b"") + wire.number(4, 300)) == {
        3: [b"a", b""],
        4: [300],
    }
    assert wire.fields(b"\x09" + bytes(8) + b"\x15" + bytes(4)) == {1: [bytes(8)], 2: [bytes(4)]}


@pytest.mark.parametrize(
    "garbage", [b"\x80", b"\x08", b"\x0a\x02x", b"\x0b", b"\x09\x00", b"\xff" * 12]
)
def test_bytes_that_are_no_message(garbage: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.fields(garbage)
