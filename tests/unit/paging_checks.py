"""What paging has to give on every kind of source, against `esnb.events`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import esnb
from esnb.sources.known_streams import KnownStreams
from esnb.sources.page import Anchor, Filter, read_page
from esnb.sources.paging import Pager


def check_paging(source: Any, size: int) -> None:
    """Every event once and in order, from either end and from every position."""
    frame = esnb.events(source)
    positions = [int(each) for each in frame["position"]]
    pager = Pager(source)

    anchor: Anchor | None = Anchor("from")
    found: list[int] = []
    while anchor is not None:
        page = read_page(pager, None, Filter(), anchor, size)
        found += [event.number for event in page.events]
        anchor = page.later
    assert found == positions

    anchor, found = Anchor("before"), []
    while anchor is not None:
        page = read_page(pager, None, Filter(), anchor, size)
        found = [event.number for event in page.events] + found
        anchor = page.earlier
    assert found == positions

    for index in (0, 1, len(positions) // 2, len(positions) - 1):
        page = read_page(pager, None, Filter(), Anchor("from", positions[index]), size)
        assert [event.number for event in page.events] == positions[index : index + size]
        assert (page.earlier is None) == (index == 0)
        page = read_page(pager, None, Filter(), Anchor("before", positions[index]), size)
        assert [e.number for e in page.events] == positions[max(0, index - size) : index]


def check_stream_paging(source: Any, name: str, size: int) -> None:
    """The same of one stream, by version."""
    versions = [int(each) for each in esnb.stream(source, name)["version"]]
    pager = Pager(source)
    anchor: Anchor | None = Anchor("from")
    found: list[int] = []
    while anchor is not None:
        page = read_page(pager, name, Filter(), anchor, size)
        found += [event.number for event in page.events]
        anchor = page.later
    assert found == versions
    anchor, found = Anchor("before"), []
    while anchor is not None:
        page = read_page(pager, name, Filter(), anchor, size)
        found = [event.number for event in page.events] + found
        anchor = page.earlier
    assert found == versions


def check_seeking(source: Any) -> None:
    """A time leads to the first event at or after it."""
    frame = esnb.events(source)
    pager = Pager(source)
    for index in (0, len(frame) // 3, len(frame) - 1):
        time = frame["time"][index].to_pydatetime()
        first = int(frame["position"][(frame["time"] >= time).idxmax()])
        assert pager.seek(None, time) == first
    day = timedelta(days=1)
    assert pager.seek(None, frame["time"].min().to_pydatetime() - day) == frame["position"][0]
    assert pager.seek(None, frame["time"].max().to_pydatetime() + day) is None


def check_index(source: Any) -> None:
    """As many streams and events as `esnb.streams` finds, found piece by piece."""
    expected = esnb.streams(source)
    index = KnownStreams(Pager(source))
    looks = 0
    while not index.complete:
        index.look(7)
        looks += 1
    rows, count = index.newest(1000)
    assert looks > 1
    assert count == len(expected)
    assert {row.name: row.events for row in rows} == {
        str(name): int(last)
        for name, last in zip(expected["stream"], expected["last_version"], strict=True)
    }
    assert [row.position for row in rows] == sorted((r.position for r in rows), reverse=True)
