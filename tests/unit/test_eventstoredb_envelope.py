"""The envelope of an event, and topics found by short types."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.utils import get_topic, register_topic
from hypothesis import given
from hypothesis import strategies as st

from esnb import topics
from esnb.correlation import Correlation
from esnb.eventstoredb import envelope
from esnb.eventstoredb.records import StreamEvent, StreamNotification
from esnb.values.strict_json import is_json

jsonable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(value=jsonable)
def test_json_is_json(value: Any) -> None:
    assert is_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"state1",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"[-Infinity]",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}',
        b'{"a": "\n"}',
        b"x\x9c\xabV*\xcbO",
        b"[" * 100_000,
    ],
)
def test_what_a_strict_parser_refuses_is_octets(data: bytes) -> None:
    assert not is_json(data)
    stored = StoredEvent(uuid4(), 1, "m:T", data)
    assert envelope.enclose(stored, application="A").content_type == "application/octet-stream"


def test_nan_within_a_string_is_json() -> None:
    assert is_json(b'{"a": "NaN", "Infinity": 1}')


def test_metadata_of_an_event() -> None:
    stored = StoredEvent(uuid4(), 1, "shop:Order.Placed", b"{}")
    event = envelope.enclose(stored, application="Lädchen", correlation=Correlation("c", "e"))
    assert (event.type, event.content_type) == ("Order.Placed", "application/json")
    assert json.loads(event.metadata) == {
        "topic": "shop:Order.Placed",
        "application": "Lädchen",
        "$correlationId": "c",
        "$causationId": "e",
    }


@pytest.mark.parametrize("data", [b"", b"\xff", b"[1]", b"7", b"no", b"[" * 100_000])
def test_metadata_that_are_no_object_are_empty(data: bytes) -> None:
    assert envelope.read_metadata(data) == {}


@pytest.mark.parametrize(
    ("event_type", "metadata", "topic"),
    [
        ("Order.Placed", {"topic": "shop:Order.Placed"}, "shop:Order.Placed"),
        ("order-placed", {"topic": "order-placed"}, "order-placed"),
        # Another producer's metadata may have a topic of another kind.
        ("Order.Placed", {"topic": "kafka-orders"}, "Order.Placed"),
        ("Order.Placed", {"topic": 7}, "Order.Placed"),
        ("shop:Order.Placed", {}, "shop:Order.Placed"),
        ("never-heard-of", {}, "never-heard-of"),
    ],
)
def test_the_topic_of_an_event(event_type: str, metadata: dict[str, Any], topic: str) -> None:
    assert envelope.topic_of(event_type, metadata) == topic


class Shelf(Aggregate):
    class Stocked(Aggregate.Event):
        item: str


class Explicit(Aggregate):
    TOPIC = "explicit:shelf"

    class Event(Aggregate.Event):
        pass

    class Created(Event, Aggregate.Created):
        TOPIC = "explicit:created"


def test_a_loaded_class_is_found_before_its_topic_is_registered() -> None:
    assert topics.topic_of("Shelf.Stocked") == f"{__name__}:Shelf.Stocked"


def test_explicit_topics_stay_as_they_are() -> None:
    topic = get_topic(Explicit.Created)
    assert topics.short_type(topic) == topic == "explicit:created"
    assert topics.topic_of(topic) == topic


def test_several_candidates_decide_nothing() -> None:
    register_topic("one.module:Twice.Happened", Shelf.Stocked)
    register_topic("another.module:Twice.Happened", Shelf.Stocked)
    assert topics.topic_of("Twice.Happened") == "Twice.Happened"


def test_stream_events_equal_stored_events_of_the_same_four_fields() -> None:
    fields = (uuid4(), 3, "m:T", b"{}")
    plain = StoredEvent(*fields)
    event = StreamEvent(*fields, event_id=uuid4(), recorded=None, metadata={}, position=7)
    other = StreamEvent(*fields, event_id=uuid4(), recorded=None, metadata={}, position=8)
    assert event == plain
    assert plain == event
    assert event == other
    assert len({event, other}) == 1
    assert event != StoredEvent(fields[0], 4, "m:T", b"{}")
    assert event != "something else"


def test_stream_notifications_equal_notifications_of_the_same_five_fields() -> None:
    fields = (uuid4(), 3, "m:T", b"{}")
    ours = StreamNotification(*fields, id=9, event_id=uuid4(), recorded=None, metadata={})
    assert ours == Notification(*fields, id=9)
    assert ours != Notification(*fields, id=8)
    assert ours != StoredEvent(*fields)
    assert hash(ours) == hash(StreamNotification(*fields, 9, uuid4(), None, {}))
