"""Links whose event is gone: rows that say so, wherever streams of links are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import esnb
from esnb.clients.installed import NewEvent, StreamState
from tests.waiting import DEADLINE


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


def append(stores: esnb.Stores, stream: str, *types: str, **event: Any) -> None:
    stores.eventstoredb.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=[NewEvent(type=each, data=b'{"n": 1}', **event) for each in types],
    )


def link(stores: esnb.Stores, stream: str, *targets: bytes) -> None:
    stores.eventstoredb.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=[NewEvent(type="$>", data=target) for target in targets],
    )


@pytest.fixture
def linked(stores: esnb.Stores) -> str:
    """A stream of 23 links, of which 17 lead to events that are gone, in four ways."""
    append(stores, "kept-1", *"ABCDEF")
    for stream in ("deleted-1", "tombstoned-1", "truncated-1"):
        append(stores, stream, *"AAAAA")
    for revision in range(5):
        link(
            stores,
            "links",
            *(f"{revision}@{name}-1".encode() for name in ("kept", "deleted", "tombstoned")),
        )
    link(stores, "links", *(f"{revision}@truncated-1".encode() for revision in range(5)))
    link(stores, "links", b"0@never-was", b"99@kept-1", b"5@kept-1")
    stores.eventstoredb.delete_stream("deleted-1", current_version=StreamState.ANY)
    stores.eventstoredb.tombstone_stream("tombstoned-1", current_version=StreamState.ANY)
    stores.eventstoredb.set_stream_metadata("truncated-1", metadata={"$tb": 5})
    return "links"


def missing(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["error"].fillna("").str.startswith("missing")]


def test_every_link_is_a_row(stores: esnb.Stores, linked: str) -> None:
    frame = esnb.stream(stores, linked)

    assert len(frame) == 23
    assert list(frame["link_revision"]) == list(range(23))
    gone = missing(frame)
    assert len(gone) == 17
    assert set(gone["type"]) == {"$>"}
    assert list(gone["data"])[:2] == ["0@deleted-1", "0@tombstoned-1"]
    assert list(gone["stream"])[:2] == ["deleted-1", "tombstoned-1"]
    assert list(gone["version"])[:4] == [1, 1, 2, 2]
    assert gone["position"].isna().all()
    assert gone["link_position"].notna().all()
    assert (frame["link_stream"] == linked).all()
    assert len(frame[frame["error"].isna()]) == 6


def test_parts_of_it_are_as_long_as_asked(stores: esnb.Stores, linked: str) -> None:
    for last in (1, 2, 6, 20, 23, 99):
        frame = esnb.stream(stores, linked, last=last)
        assert list(frame["link_revision"]) == list(range(23))[-last:]
    frame = esnb.stream(stores, linked, start=3, stop=7)
    assert list(frame["link_revision"]) == [2, 3, 4, 5]
    assert list(esnb.stream(stores, linked, start=22)["link_revision"]) == [21, 22]
    assert list(esnb.stream(stores, linked, stop=7, last=2)["link_revision"]) == [4, 5]
    assert len(missing(esnb.stream(stores, linked, flatten=True))) == 17
    hidden = esnb.stream(stores, linked, redact="n")
    assert len(missing(hidden)) == 17


def test_browse_pages_through_all_of_them(stores: esnb.Stores, linked: str) -> None:
    browser = esnb.browse(stores, linked, live=False, rows=5)
    pages = [browser._visit.page.events]
    while len(pages) < 5:
        browser.earlier()
        pages.insert(0, browser._visit.page.events)
    assert [each.number for page in pages for each in page] == list(range(1, 24))
    browser.later()
    for face in (str(browser), browser._repr_html_()):
        assert "missing" in face
        assert "this link leads to an event that is not there" in face or face == str(browser)
    browser.next()
    assert '"1@deleted-1"' in browser.json
    compile(browser.python, "copy", "exec")
    whole = esnb.browse(stores, linked, live=False, rows=100)
    assert len(whole.events) == 23


def test_links_that_are_none(stores: esnb.Stores) -> None:
    last = 2**63 - 1
    link(stores, "odd", b"rubbish", b"5", b"x@y", b"@", b"", b"-1@a", f"{last}@a".encode())
    link(stores, "odd", b"9" * 30 + b"@a", b"\xff@a", b"0@\xff", "１@a".encode())

    frame = esnb.stream(stores, "odd")
    assert len(frame) == len(missing(frame)) == 11
    assert list(frame["link_revision"]) == list(range(11))
    assert frame["stream"].notna().all()
    repr(frame)
    str(esnb.browse(stores, "odd", live=False))


def test_a_link_to_a_link_is_not_missing(stores: esnb.Stores) -> None:
    append(stores, "kept-1", "A")
    link(stores, "first", b"0@kept-1")
    link(stores, "second", b"0@first")

    frame = esnb.stream(stores, "second")
    assert list(frame["type"]) == ["$>"]
    assert len(missing(frame)) == 0


def test_the_streams_of_the_system_projections(stores: esnb.Stores) -> None:
    append(stores, "Shop-1", "Sold", metadata=b'{"$correlationId": "flow-1"}')
    append(stores, "Shop-2", "Sold", metadata=b'{"$correlationId": "flow-1"}')
    with esnb.projections.PersistentRunner(
        stores.eventstoredb, "waiting", lambda *_: None, stream="$ce-Shop", remember=0
    ) as runner:
        runner.wait(1, timeout=DEADLINE)
        for name in ("$et-Sold", "$bc-flow-1"):
            _wait_for(stores, name, 2)
        stores.eventstoredb.tombstone_stream("Shop-2", current_version=StreamState.ANY)

        for name in ("$ce-Shop", "$et-Sold", "$bc-flow-1"):
            frame = esnb.stream(stores, name)
            assert list(frame["stream"])[:2] == ["Shop-1", "Shop-2"]
            assert pd.isna(frame["error"][0])
            assert frame["error"][1].startswith("missing")
    flow = esnb.trace(stores, "flow-1")
    assert list(flow["state"]) == ["recorded", "missing"]
    assert "missing" in str(esnb.flow(stores, "flow-1", live=False))


def _wait_for(stores: esnb.Stores, stream: str, events: int) -> None:
    """A system projection may be a moment behind."""
    subscription = stores.eventstoredb.subscribe_to_stream(stream, timeout=DEADLINE)
    for _ in range(events):
        next(subscription)
    subscription.stop()


def test_an_exported_stream_of_links(stores: esnb.Stores, linked: str, tmp_path: Path) -> None:
    path = tmp_path / "links.jsonl"
    before = esnb.stream(stores, linked)
    assert esnb.export(stores, path, stream=linked) == 23

    pd.testing.assert_frame_equal(esnb.events(path), before)
    assert len(esnb.browse(path, live=False, rows=100).events) == 23
    assert list(esnb.catalog(path)["events"]) == [1] * 6
    stores.reset()
    with pytest.warns(UserWarning, match="17 lines of file .* are links whose events were gone"):
        assert esnb.load(path, stores) == 6
    assert list(esnb.stream(stores, "kept-1")["type"]) == list("ABCDEF")
