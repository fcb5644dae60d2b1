"""What the append calls make of the events that clients propose, and in which order they ask."""

from __future__ import annotations

from typing import Any

import pytest

from esnb.clients.installed import shared_pb2, streams_pb2
from esnb.embedded.services.proposals import MAX_APPEND_SIZE, Accumulation, uuid_in
from esnb.embedded.streams.errors import AppendTooLarge, InvalidRequest, MetadataMissing, Refused

ID = "00000000-0000-0000-0000-000000000001"
NOTHING = "00000000-0000-0000-0000-000000000000"
JSON = {"content-type": "application/json"}
BOTH = {"type": "T", **JSON}


def message(
    metadata: dict[str, str] = BOTH, id: str | None = ID, data: bytes = b"{}", custom: bytes = b""
) -> Any:
    found = streams_pb2.AppendReq.ProposedMessage(
        metadata=metadata, data=data, custom_metadata=custom
    )
    if id is not None:
        found.id.string = id
    return found


def taken(sent: Any, *, in_a_batch: bool) -> Accumulation:
    events = Accumulation()
    if in_a_batch:
        events.add_part([sent])
    else:
        events.add(sent)
    return events


@pytest.mark.parametrize("in_a_batch", [False, True], ids=["append", "batch"])
@pytest.mark.parametrize(
    ("sent", "error", "text"),
    [
        (message({"type": "T"}), MetadataMissing, "'content-type' is missing"),
        (message(JSON), MetadataMissing, "'type' is missing"),
        (message({}), MetadataMissing, "'type' is missing"),
        (message({"type": "", **JSON}), InvalidRequest, "Empty eventType provided."),
        (message(id=None), InvalidRequest, "Value cannot be null."),
        (message(id="x"), InvalidRequest, "Guid should contain 32 digits with 4 dashes"),
        (message(id=""), InvalidRequest, "Unrecognized Guid format."),
        (message(id=NOTHING), InvalidRequest, "Empty eventId provided."),
    ],
    ids=["no content type", "no type", "neither", "empty type", "no id", "bad id", "empty", "zero"],
)
def test_what_an_event_lacks(
    sent: Any, error: type[Refused], text: str, *, in_a_batch: bool
) -> None:
    with pytest.raises(error, match=text):
        taken(sent, in_a_batch=in_a_batch)


def test_id_without_a_form() -> None:
    with pytest.raises(InvalidRequest, match="Invalid argument: None"):
        uuid_in(streams_pb2.AppendReq.ProposedMessage(id=shared_pb2.UUID()), "id")


LARGE = b"x" * (MAX_APPEND_SIZE + 1)


@pytest.mark.parametrize(
    ("sent", "alone", "in_a_batch"),
    [
        (message({}, id="x"), MetadataMissing, InvalidRequest),
        (message({}, data=LARGE), MetadataMissing, MetadataMissing),
        (message(id="x", data=LARGE), AppendTooLarge, InvalidRequest),
        (message({"type": "", **JSON}, data=LARGE), AppendTooLarge, InvalidRequest),
    ],
    ids=["type or id", "type or size", "size or id", "size or empty type"],
)
def test_which_of_two_faults_is_told(
    sent: Any, alone: type[Refused], in_a_batch: type[Refused]
) -> None:
    with pytest.raises(alone):
        taken(sent, in_a_batch=False)
    with pytest.raises(in_a_batch):
        taken(sent, in_a_batch=True)


@pytest.mark.parametrize("in_a_batch", [False, True], ids=["append", "batch"])
def test_only_data_count_against_the_limit(*, in_a_batch: bool) -> None:
    """EventStoreDB 23.10 forgets the others by a slip of precedence."""
    most = message({"type": "T" * 5_000, **JSON}, data=LARGE[1:], custom=LARGE * 2)
    assert len(taken(most, in_a_batch=in_a_batch).events) == 1
    assert taken(message(data=b"", custom=LARGE * 3), in_a_batch=in_a_batch).events
    with pytest.raises(AppendTooLarge, match="Maximum Append Size of 1048576 Exceeded"):
        taken(message(data=LARGE), in_a_batch=in_a_batch)


def test_data_of_all_events_count_together() -> None:
    half = message(data=LARGE[: MAX_APPEND_SIZE // 2])
    events = Accumulation()
    events.add(half)
    events.add(half)
    with pytest.raises(AppendTooLarge):
        events.add(message(data=b"x"))
    events = Accumulation()
    events.add_part([half])
    with pytest.raises(AppendTooLarge):
        events.add_part([half, message(data=b"x")])


@pytest.mark.parametrize(
    "one", [message(data=b"1", custom=b" " * 2**20), message(data=b"")], ids=["large", "many"]
)
def test_an_append_has_a_bounded_size_whatever_of_its_events_counts(one: Any) -> None:
    most = 2**22
    events = Accumulation(most_held=most)

    def add(count: int) -> None:
        for _ in range(count):
            events.add(one)

    with pytest.raises(AppendTooLarge):
        add(1_000_000)
    assert events.held <= most + 2**21
