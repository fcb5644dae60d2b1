"""What an append call makes of the events that clients propose."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from esnb._client import streams_pb2
from esnb.embedded.services.proposals import MOST_HELD, Accumulation, proposed
from esnb.embedded.streams.errors import AppendTooLarge, InvalidRequest, MetadataMissing


def message(**metadata: str) -> Any:
    found = streams_pb2.AppendReq.ProposedMessage(metadata=metadata)
    found.id.string = "00000000-0000-0000-0000-000000000001"
    return found


JSON = {"content-type": "application/json"}


def test_event_without_a_type_is_refused() -> None:
    with pytest.raises(MetadataMissing, match="'type' is missing"):
        proposed(message(**JSON))
    with pytest.raises(InvalidRequest, match="an event has no type"):
        proposed(message(type="", **JSON))


def test_event_without_an_id_is_refused() -> None:
    nameless = message(type="T", **JSON)
    nameless.id.string = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(InvalidRequest, match="an event has no id"):
        proposed(nameless)


def test_an_append_has_a_bounded_size_whatever_of_its_events_counts() -> None:
    large = message(type="T", **JSON)
    large.data, large.custom_metadata = b"1", b" " * 2**20
    many = message(type="T", **JSON)
    for one in (large, many):
        events = Accumulation()
        with pytest.raises(AppendTooLarge):
            events.add(itertools.repeat(one, 1_000_000))
        assert events.held <= MOST_HELD + 2**21
