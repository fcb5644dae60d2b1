"""The store against a model that is only lists, and its answers in the cases that have names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esnb.embedded.storage.log import LogWrite
from esnb.embedded.storage.record import NO_STREAM, TOMBSTONE, content
from esnb.embedded.streams.errors import InvalidPosition, StreamDeleted, WrongExpectedVersion
from esnb.embedded.streams.reading import END_OF_ALL, Reader
from esnb.embedded.streams.store import Store, Written
from esnb.embedded.streams.versioning import ANY, STREAM_EXISTS
from tests.unit.embedded_logs import Clock, append, event, opened

ALL = 2**63 - 1


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as log:
        yield Store(log, Clock())


def position_of(place: Written) -> int:
    assert place.position is not None
    return place.position


def wrote(store: Store, batch: LogWrite) -> None:
    store.log.write((batch,))
    store.committed(batch)


def revisions(reader: Reader, stream: str) -> list[int] | None:
    found = reader.forwards(stream, 0, ALL)
    return None if found is None else [record.revision for record in found.records]


def limited(store: Store, stream: str, **limits: int) -> None:
    data = json.dumps({f"${name}": value for name, value in limits.items()}).encode()
    append(store, f"$${stream}", ANY, event("$metadata", data))


def test_positions_and_revisions_increase(store: Store) -> None:
    places = [append(store, name, ANY, event(), event()) for name in ("a", "b", "a")]
    assert [place.revision for place in places] == [1, 1, 3]
    first, second, third = (position_of(place) for place in places)
    assert first < second < third
    records = [record for chunk in Reader(store).all_forwards(0, ALL, None) for record in chunk]
    positions = [record.position for record in records]
    assert positions == sorted(set(positions))
    assert positions[-1] == places[-1].position == store.head


def test_repeated_append_gives_the_first_ones_place_and_writes_nothing(store: Store) -> None:
    sent = (event(), event())
    first = append(store, "a", ANY, *sent)
    append(store, "a", 1, event())
    for expected in (ANY, NO_STREAM, STREAM_EXISTS):
        assert append(store, "a", expected, *sent) == first
    assert revisions(Reader(store), "a") == [0, 1, 2]


@pytest.mark.parametrize("hidden", ["truncated", "surplus", "old", "deleted"])
def test_repeated_append_of_what_cannot_be_read_has_no_position(store: Store, hidden: str) -> None:
    clock = Clock()
    store.clock = clock
    sent = event()
    append(store, "a", ANY, sent)
    append(store, "a", ANY, event())
    if hidden == "deleted":
        wrote(store, store.delete("a", ANY)[1])
    else:
        limit = {"truncated": "tb", "surplus": "maxCount", "old": "maxAge"}[hidden]
        limited(store, "a", **{limit: 1})
        clock.now += 20_000_000
    for expected in (ANY, NO_STREAM):
        assert append(store, "a", expected, sent) == Written(0, None)


def test_repeated_metadata_that_were_replaced_have_no_position(store: Store) -> None:
    sent = event("$metadata", b"{}")
    append(store, "$$a", ANY, sent)
    append(store, "$$a", ANY, event("$metadata", b"{}"))
    assert append(store, "$$a", ANY, sent) == Written(0, None)


def test_repeated_append_is_known_before_and_after_it_is_written(store: Store) -> None:
    sent = event()
    first, batch = store.append("a", NO_STREAM, [sent])
    again, nothing = store.append("a", NO_STREAM, [sent])
    assert (again, nothing.records) == (first, [])
    assert revisions(Reader(store), "a") is None  # readers see what is on disk
    wrote(store, batch)
    assert append(store, "a", ANY, sent) == first


def test_conflict_says_where_the_stream_is(store: Store) -> None:
    append(store, "a", ANY, event(), event())
    with pytest.raises(WrongExpectedVersion) as conflict:
        append(store, "a", 5, event())
    assert (conflict.value.expected, conflict.value.actual) == (5, 1)
    assert revisions(Reader(store), "a") == [0, 1]


def test_soft_deleted_stream_goes_on_where_it_was(store: Store) -> None:
    reader = Reader(store)
    append(store, "a", ANY, event(), event())
    limited(store, "a", maxCount=10)
    wrote(store, store.delete("a", 1)[1])
    assert revisions(reader, "a") is None
    assert append(store, "a", NO_STREAM, event()).revision == 2
    assert revisions(reader, "a") == [2]
    newest = reader.backwards("$$a", ALL, 1)
    assert newest is not None
    assert [content(record).data for record in newest.records] == [b'{"$tb":2}']


def test_metadata_bring_a_soft_deleted_stream_back_empty(store: Store) -> None:
    append(store, "a", ANY, event(), event())
    wrote(store, store.delete("a", ANY)[1])
    append(store, "$$a", ANY, event("$metadata", b'{"owner": "x"}'))
    assert revisions(Reader(store), "a") == []
    assert append(store, "a", 1, event()).revision == 2


def test_what_never_was_cannot_be_deleted(store: Store) -> None:
    with pytest.raises(WrongExpectedVersion) as refused:
        store.delete("a", ANY)
    assert refused.value.actual == NO_STREAM


def test_tombstone_ends_a_stream_and_its_metadata(store: Store) -> None:
    append(store, "a", ANY, event())
    assert store.tombstone("b", ANY)[0].revision == TOMBSTONE
    wrote(store, store.tombstone("a", 0)[1])
    for refused in (
        lambda: append(store, "a", ANY, event()),
        lambda: append(store, "$$a", ANY, event("$metadata")),
        lambda: store.delete("a", ANY),
        lambda: Reader(store).forwards("a", 0, 1),
        lambda: Reader(store).backwards("$$a", 0, 1),
    ):
        with pytest.raises(StreamDeleted):
            refused()


def test_metadata_of_an_ended_stream_can_be_written_while_they_are_remembered(
    tmp_path: Path,
) -> None:
    with opened("disk", tmp_path) as log:
        store = Store(log, Clock())
        append(store, "a", ANY, event())
        limited(store, "a", maxCount=10)
        wrote(store, store.tombstone("a", 0)[1])
        assert append(store, "$$a", 0, event("$metadata")).revision == 1
        assert append(store, "$$a", ANY, event("$metadata")).revision == 2
        with pytest.raises(WrongExpectedVersion):
            append(store, "$$a", 0, event("$metadata"))
        with pytest.raises(StreamDeleted):
            Reader(store).backwards("$$a", 0, 1)
        with pytest.raises(StreamDeleted):
            append(store, "a", ANY, event())
    with opened("disk", tmp_path) as log, pytest.raises(StreamDeleted):
        append(Store(log, Clock()), "$$a", ANY, event("$metadata"))


def test_metadata_of_a_deleted_and_ended_stream_are_left_as_they_are_written(store: Store) -> None:
    append(store, "a", ANY, event())
    wrote(store, store.delete("a", 0)[1])
    wrote(store, store.tombstone("a", 0)[1])
    assert append(store, "$$a", 0, event("$metadata")).revision == 1
    assert append(store, "$$a", 1, event("$metadata")).revision == 2


def test_age_hides_events(store: Store) -> None:
    clock, reader = store.clock, Reader(store)
    assert isinstance(clock, Clock)
    for _ in range(5):
        clock.now += 10_000_000
        append(store, "a", ANY, event())
    limited(store, "a", maxAge=3)
    assert revisions(reader, "a") == [1, 2, 3, 4]
    clock.now += 20_000_000
    assert revisions(reader, "a") == [3, 4]
    backwards = reader.backwards("a", ALL, ALL)
    assert backwards is not None
    assert [record.revision for record in backwards.records] == [4, 3]
    clock.now += 90_000_000
    found = reader.forwards("a", 0, ALL)
    assert found is not None
    assert (found.hops, list(found.records), found.last) == ([5], [], 4)


def test_time_never_goes_back(store: Store) -> None:
    clock = store.clock
    assert isinstance(clock, Clock)
    append(store, "a", ANY, event())
    clock.now -= 500
    append(store, "a", ANY, event())
    first, second = Reader(store).forwards("a", 0, ALL).records  # type: ignore[union-attr]
    assert first.created == second.created


def test_links_lead_to_what_can_be_read(store: Store) -> None:
    reader = Reader(store)
    append(store, "a@b", ANY, event(), event())

    def resolved(data: bytes, *, live: bool = False) -> tuple[str, int] | str:
        """Where the link leads, or as what it comes alone."""
        place = append(store, "links", ANY, event("$>", data, is_json=False))
        record = store.log.at_position(position_of(place))
        assert record is not None
        found, link = reader.resolved(record, live=live)
        if link is None:
            assert found == record
            return "event"
        assert link == record
        return "link" if found is None else (store.streams.name(found.stream), found.revision)

    for live in (False, True):
        assert resolved(b"1@a@b", live=live) == ("a@b", 1)
        assert resolved(b" +0 @a@b", live=live) == ("a@b", 0)
        assert resolved(b"-1@a@b", live=live) == ("a@b", 1), "the last one"
        for nowhere in (b"2@a@b", b"0@none", b"-2@a@b", b"0@", b"0", b"-1@", b"-1@none"):
            assert resolved(nowhere, live=live) == "link"
    for malformed in (b"x@a@b", b"no link", b"@a@b", b"", b"\xff"):
        assert resolved(malformed) == "event"
        assert resolved(malformed, live=True) == "link"
    itself = reader.store.shown.state("links").last + 1
    assert resolved(b"%d@links" % itself) == ("links", itself)
    assert resolved(b"-1@links") == ("links", itself + 1)
    assert resolved(b"0@links") == ("links", 0), "a link's target is not looked up again"
    limited(store, "a@b", tb=1)
    assert resolved(b"0@a@b") == "link"
    assert resolved(b"-1@a@b") == ("a@b", 1)
    assert resolved(b"0@$$a@b") == ("$$a@b", 0)
    limited(store, "a@b", tb=2)
    assert resolved(b"1@a@b") == resolved(b"-1@a@b") == "link"
    assert resolved(b"0@$$a@b") == "link", "only the newest metadata can be read"
    wrote(store, store.tombstone("a@b", ANY)[1])
    for ended in (b"1@a@b", b"-1@a@b", b"%d@a@b" % TOMBSTONE, b"-1@$$a@b"):
        assert resolved(ended) == "link"


def test_soft_deleted_streams_are_no_targets(store: Store) -> None:
    reader = Reader(store)
    append(store, "a", ANY, event())
    wrote(store, store.delete("a", ANY)[1])
    for data in (b"0@a", b"-1@a"):
        place = append(store, "links", ANY, event("$>", data, is_json=False))
        record = store.log.at_position(position_of(place))
        assert record is not None
        assert reader.resolved(record, live=False) == (None, record)


def test_what_is_not_a_link_is_an_event(store: Store) -> None:
    place = append(store, "a", ANY, event("Happened", b"0@a"))
    record = store.log.at_position(position_of(place))
    assert record is not None
    for live in (False, True):
        assert Reader(store).resolved(record, live=live) == (record, None)


def test_position_of_no_event(store: Store) -> None:
    reader = Reader(store)
    places = [position_of(append(store, "a", ANY, event())) for _ in range(3)]

    def read(position: int) -> list[int]:
        chunks = reader.all_forwards(position, ALL, None)
        return [record.position for chunk in chunks for record in chunk]

    assert read(places[1]) == places[1:]
    assert read(places[2] + 1) == []
    assert read(END_OF_ALL) == []
    with pytest.raises(InvalidPosition):
        read(places[1] + 1)
    backwards = reader.all_backwards(places[1], ALL, None)
    assert [record.position for chunk in backwards for record in chunk] == [places[0]]


def test_abandoned_writes_leave_no_trace(store: Store) -> None:
    append(store, "a", ANY, event())
    sent = event()
    store.append("a", 0, [sent])
    store.append("new", ANY, [event("New")])
    store.abandon()
    assert append(store, "a", 0, sent).revision == 1
    assert append(store, "new", NO_STREAM, event("New")).revision == 0
    assert revisions(Reader(store), "a") == [0, 1]


def test_reopened_store_goes_on(tmp_path: Path) -> None:
    sent = event()
    with opened("disk", tmp_path) as log:
        store = Store(log, Clock())
        place = append(store, "a", ANY, sent, event())
        limited(store, "a", maxCount=1)
        wrote(store, store.tombstone("ended", ANY)[1])
    with opened("disk", tmp_path) as log:
        store = Store(log, Clock())
        assert revisions(Reader(store), "a") == [1]
        assert append(store, "a", ANY, sent).revision == 0
        assert position_of(append(store, "a", 1, event())) > position_of(place)
        with pytest.raises(StreamDeleted):
            append(store, "ended", ANY, event())


# --- the model ----------------------------------------------------------------

NAMES = st.sampled_from(["a", "b"])
EXPECTED = st.sampled_from([ANY, NO_STREAM, STREAM_EXISTS, 0, 1, 2, 3])
STEPS = st.one_of(
    st.tuples(st.just("append"), NAMES, EXPECTED, st.integers(1, 3)),
    st.tuples(st.just("delete"), NAMES, st.just(ANY), st.just(0)),
    st.tuples(st.just("maxCount"), NAMES, st.just(ANY), st.integers(1, 3)),
    st.tuples(st.just("tb"), NAMES, st.just(ANY), st.integers(0, 6)),
)


class Model:
    """A stream as three numbers."""

    def __init__(self) -> None:
        self.length = 0
        self.max_count: int | None = None
        self.before = 0
        self.deleted = False
        self.has_metadata = False

    def takes(self, expected: int) -> bool:
        if expected == ANY:
            return True
        if expected == STREAM_EXISTS:
            return not self.deleted and (self.length > 0 or self.has_metadata)
        if expected == NO_STREAM and self.deleted:
            return True
        return expected == self.length - 1

    def append(self, count: int) -> None:
        if self.deleted:
            self.deleted, self.before = False, self.length
        self.length += count

    def limit(self, max_count: int | None, before: int) -> None:
        self.has_metadata = True
        self.max_count, self.before = max_count, before
        if self.deleted:
            self.deleted, self.before = False, self.length

    def delete(self) -> bool:
        if not self.length and not self.has_metadata:
            return False
        self.deleted = self.has_metadata = True
        self.max_count, self.before = None, 0
        return True

    def visible(self) -> list[int] | None:
        if not self.length or self.deleted:
            return None
        least = max(self.before, 0 if self.max_count is None else self.length - self.max_count)
        return list(range(least, self.length))


@pytest.mark.parametrize("kind", ["memory", "disk"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=12))
def test_store_is_its_model(
    kind: str, steps: list[tuple[str, str, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened(kind, tmp_path_factory.mktemp("model")) as log:
        store = Store(log, Clock())
        reader = Reader(store)
        models = {"a": Model(), "b": Model()}
        for verb, name, expected, number in steps:
            model = models[name]
            if verb == "append":
                sent = [event() for _ in range(number)]
                if model.takes(expected):
                    append(store, name, expected, *sent)
                    model.append(number)
                else:
                    with pytest.raises((WrongExpectedVersion, StreamDeleted)):
                        append(store, name, expected, *sent)
            elif verb == "delete":
                if model.delete():
                    wrote(store, store.delete(name, expected)[1])
                else:
                    with pytest.raises(WrongExpectedVersion):
                        store.delete(name, expected)
            else:
                limited(store, name, **{verb: number})
                model.limit(*((number, 0) if verb == "maxCount" else (None, number)))
            for each, known in models.items():
                assert revisions(reader, each) == known.visible()
        fresh = Reader(Store(log, Clock()))
        for each, known in models.items():
            assert revisions(fresh, each) == known.visible()
