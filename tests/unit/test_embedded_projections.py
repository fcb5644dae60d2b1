"""System projections: what they emit for which event, without gRPC, tasks or waiting."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from esnb.embedded.projections import rules
from esnb.embedded.projections.category import BadCategoryQuery, category_of
from esnb.embedded.projections.emitted_streams import UNTOUCHED, EmittedStreams
from esnb.embedded.projections.links import (
    Stamp,
    caused_by,
    read_stamp,
    stamp_json,
    stream_metadata,
)
from esnb.embedded.projections.register import load_projections
from esnb.embedded.projections.rules import BadQuery, Emission
from esnb.embedded.projections.source_event import Sources, source_stream
from esnb.embedded.projections.system_projection import NAMES, SystemProjection
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.store import Store
from esnb.embedded.streams.versioning import ANY

_NOON = 17_000_000_000_000_000


class Streams:
    """A store whose events are looked at as projections see them."""

    def __init__(self) -> None:
        self.store = Store(MemoryLog(), lambda: _NOON)

    def append(self, stream: str, type: str, data: bytes = b"{}", metadata: bytes = b"") -> None:
        event = Proposed(uuid.uuid4().bytes, type, True, data, metadata)
        self._written(self.store.append(stream, ANY, [event])[1])

    def delete(self, stream: str) -> None:
        self._written(self.store.delete(stream, ANY)[1])

    def tombstone(self, stream: str) -> None:
        self._written(self.store.tombstone(stream, ANY)[1])

    def emitted(self, rule: rules.Rule) -> list[tuple[str, str]]:
        """Stream and data of every emission, in order."""
        return [(one.stream, one.data.decode()) for one in self.emissions(rule)]

    def emissions(self, rule: rules.Rule) -> list[Emission]:
        sources = Sources(self.store)
        events = map(sources.event, self.store.log.all_forwards(0, self.store.head, 1000))
        found = (rule(event) for event in events if event is not None)
        return [emission for emission in found if emission is not None]

    def _written(self, batch: Any) -> None:
        self.store.log.write((batch,))
        self.store.committed(batch)


@pytest.fixture
def streams() -> Streams:
    return Streams()


def test_category_ends_at_the_first_separator_or_the_last() -> None:
    first, last = category_of("first\n-"), category_of("last\n-")
    names = ("order-2024-17", "plain", "-odd", "$order-1", "$$order-1")
    assert [first(name) for name in names] == ["order", None, None, None, None]
    assert [last(name) for name in names] == ["order-2024", None, None, None, None]
    assert category_of("first\n_")("a_b-c") == "a"


@pytest.mark.parametrize("query", ["", "first", "middle\n-", "first\n--", "first\n-\n-"])
def test_query_that_does_not_split_names(query: str) -> None:
    with pytest.raises(BadCategoryQuery, match="separator"):
        category_of(query)


def test_system_streams_are_passed_over_but_not_others_metadata() -> None:
    assert source_stream("a-1") == ("a-1", "a-1", False)
    assert source_stream("$$a-1") == ("$$a-1", "a-1", True)
    assert source_stream("$ce-a") is None
    assert source_stream("$$$ce-a") is None


def test_by_category(streams: Streams) -> None:
    streams.append("a-1", "A")
    streams.append("b-1", "A")
    streams.append("plain", "A")
    streams.append("a-2", "$>", b"7@elsewhere-1")
    streams.append("$$a-1", "$metadata", b'{"$maxCount":9}')
    streams.delete("a-1")
    streams.tombstone("b-1")
    rule = rules.by_category("first\n-")
    assert streams.emitted(rule) == [
        ("$ce-a", "0@a-1"),
        ("$ce-b", "0@b-1"),
        ("$ce-a", "7@elsewhere-1"),
        ("$ce-a", "1@$$a-1"),
        ("$ce-b", f"{2**63 - 1}@b-1"),
    ]
    extras = [emission.extra for emission in streams.emissions(rule)]
    assert extras[0] == b',"$o":"a-1"'
    assert extras[2] == b',"$o":"a-2"'
    assert extras[3] == b',"$o":"a-1","$deleted":-1'


def test_by_event_type(streams: Streams) -> None:
    streams.append("a-1", "A")
    streams.append("plain", "B")
    streams.append("a-1", "$>", b"0@plain")
    streams.append("$$a-1", "$metadata", b'{"$maxCount":9}')
    streams.delete("a-1")
    assert streams.emitted(rules.by_event_type("")) == [
        ("$et-A", "0@a-1"),
        ("$et-B", "0@plain"),
        ("$et-$metadata", "0@a-1"),
        ("$et-$deleted", "1@a-1"),
    ]


def test_streams_and_streams_by_category(streams: Streams) -> None:
    for stream in ("a-1", "a-1", "plain", "$$a-1"):
        streams.append(stream, "A")
    assert streams.emitted(rules.streams("")) == [
        ("$streams", "0@a-1"),
        ("$streams", "0@plain"),
        ("$streams", "0@$$a-1"),
    ]
    [reference] = streams.emissions(rules.stream_by_category("first\n-"))
    assert reference == ("$category-a", "$@", b"a-1", b"")


def test_by_correlation_id(streams: Streams) -> None:
    for metadata in (
        b'{"$correlationId":"c 1"}',
        b'{"$correlationId":7}',
        b'{"$correlationId":null}',
        b'{"$correlationId":{}}',
        b'["$correlationId"]',
        b'{"$correlationId":',
        b"",
        b'{"other":"c"}',
    ):
        streams.append("a-1", "A", b"{}", metadata)
    streams.append("a-1", "$>", b"0@a-1", b'{"$correlationId":"c"}')
    assert streams.emitted(rules.by_correlation_id("")) == [
        ("$bc-c 1", "0@a-1"),
        ("$bc-7", "1@a-1"),
    ]
    assert streams.emitted(rules.by_correlation_id('{"correlationIdProperty":"other"}')) == [
        ("$bc-c", "7@a-1")
    ]
    [first, _] = streams.emissions(rules.by_correlation_id(""))
    assert first.extra == b',"$eventTimestamp":"2023-11-14T22:13:20.000000Z"'


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("$by_event_type", "x"),
        ("$streams", "x"),
        ("$by_correlation_id", "x"),
        ("$by_correlation_id", '{"correlationIdProperty": 1}'),
        ("$by_category", "x"),
    ],
)
def test_refused_query_changes_nothing(name: str, query: str) -> None:
    projection = SystemProjection(name)
    before = projection.query, projection.rule
    with pytest.raises(BadQuery, match=r"query|categories"):
        projection.set_query(query)
    assert (projection.query, projection.rule) == before


def test_metadata_of_a_link_is_json_that_names_its_cause(streams: Streams) -> None:
    streams.append('a-"1"', "A", b"{}", '{"$correlationId":"größe \\"1\\""}'.encode())
    [record] = streams.store.log.all_forwards(0, 10**9, 10)
    event = Sources(streams.store).event(record)
    assert event is not None
    emission = rules.by_category("first\n-")(event)
    assert emission is not None
    metadata = stamp_json(3, -1, 0, record.position) + emission.extra + caused_by(event)
    assert json.loads(metadata) == {
        "$v": "3:-1:0:4",
        "$c": record.position,
        "$p": record.position,
        "$o": 'a-"1"',
        "$causedBy": str(uuid.UUID(bytes=record.event_id)),
        "$correlationId": 'größe "1"',
    }
    assert read_stamp(metadata) == Stamp(3, -1, record.position)


@pytest.mark.parametrize(
    "metadata", [b"", b"{}", b"[]", b'{"$v":7,"$c":1}', b'{"$v":"1:x","$c":1}', b'{"$v":"1:2"}']
)
def test_no_stamp_in_the_metadata_of_others(metadata: bytes) -> None:
    assert read_stamp(metadata) is None


def test_stream_metadata_hides_what_an_earlier_epoch_wrote() -> None:
    assert json.loads(stream_metadata(0)) == {"$acl": {"$r": "$all", "$mr": "$all"}}
    assert json.loads(stream_metadata(7))["$tb"] == 7


def test_numbers_of_projections_are_those_of_their_creation() -> None:
    assert [SystemProjection(name).number for name in NAMES] == [1, 2, 3, 4, 5]


_SETTINGS = {"enabled": False, "query": "last\n.", "epoch": 3, "version": 4}


def _json(**changed: Any) -> bytes:
    return json.dumps(_SETTINGS | changed).encode()


@pytest.mark.parametrize(
    "unsound",
    [
        *(b"", b"{}", b"[]", b"null", b"[" * 100_000, _json(enabled="yes"), _json(enabled=None)),
        *(_json(epoch=2**70), _json(epoch=-(2**70)), _json(epoch="3"), _json(version=1.5)),
        *(_json(version=True), _json(query=None), _json(query="middle"), _json(query="first\n--")),
    ],
    ids=range(15),
)
def test_settings_that_a_client_wrote_wrongly_are_passed_over(unsound: bytes) -> None:
    streams = Streams()
    streams.append("$projections-$by_category", "$ProjectionUpdated", _json())
    streams.append("$projections-$by_category", "$ProjectionUpdated", unsound)
    found = load_projections(streams.store, enabled=True)["$by_category"]
    assert (found.enabled, found.query, found.epoch, found.version) == (False, "last\n.", 3, 4)


@pytest.mark.parametrize("half", ["\ud800", "", 7, None, ["a"]])
def test_a_property_of_correlation_that_is_none_is_passed_over(half: Any) -> None:
    streams = Streams()
    query = f'{{"correlationIdProperty": {json.dumps(half)}}}'
    settings = _json(query=query)
    streams.append("$projections-$by_correlation_id", "$ProjectionUpdated", settings)
    found = load_projections(streams.store, enabled=True)["$by_correlation_id"]
    assert found.enabled


@pytest.mark.parametrize("position", ["1e400", str(2**70), str(10**6), "-1", "NaN", '"x"', "null"])
def test_a_checkpoint_that_a_client_wrote_wrongly_is_passed_over(position: str) -> None:
    streams = Streams()
    streams.append("s", "T")
    for place in ("64", position):
        metadata = f'{{"$v": "3:-1:0:4", "$c": {place}}}'.encode()
        streams.append(
            "$projections-$by_category-checkpoint", "$ProjectionCheckpoint", b"{}", metadata
        )
    assert load_projections(streams.store, enabled=True)["$by_category"].position == 64


@pytest.mark.parametrize("position", ["1e400", str(2**70), str(10**6), "-1"])
def test_a_stamp_that_a_client_forged_ends_no_emissions(position: str) -> None:
    streams = Streams()
    projection = SystemProjection("$by_category")
    metadata = f'{{"$v": "{projection.number}:-1:0:4", "$c": {position}}}'.encode()
    streams.append("$ce-s", "$>", b"0@s-1", metadata)
    assert EmittedStreams(streams.store).reached("$ce-s", projection) == UNTOUCHED
