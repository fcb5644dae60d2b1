"""`esnb.flow`: a causation tree or lanes as SVG, as text and with buttons; hostile flows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

import esnb
from esnb.frames.schema import build
from esnb.frames.trace import STATION, TRACE
from esnb.widgets import Flow
from esnb.widgets.flow import html, text
from esnb.widgets.flow.html import drawing, saved
from esnb.widgets.flow.stations import LAYOUTS, Layout, Station, stations
from esnb.widgets.flow.swimlanes import Swimlanes, swimlanes
from esnb.widgets.flow.swimlanes_svg import svg as lanes_svg
from esnb.widgets.flow.text import page
from esnb.widgets.flow.tree_svg import svg
from tests.unit.widget_pages import Outline, open_widgets

HOSTILE = "</text></svg><script>alert(1)</script>\u202eevil\x00"


def traced(*rows: tuple[str, str, str, int, str, str | None]) -> pd.DataFrame:
    """A frame as `esnb.trace` gives it."""
    columns: dict[str, list[Any]] = {name: [None] * len(rows) for name in TRACE}
    for place, (lead, kind, type_, depth, state, error) in enumerate(rows):
        columns["tree"][place] = lead + type_
        columns["kind"][place] = kind
        columns["type"][place] = type_
        columns["place"][place] = "Bank-1"
        columns["version"][place] = place + 1
        columns["state"][place] = state
        columns["depth"][place] = depth
        columns["error"][place] = error
    return build(STATION, TRACE, columns)


@pytest.fixture
def found() -> list[Station]:
    return stations(
        traced(
            ("", "event", "Opened", 0, "recorded", None),
            ("├─ ", "outbox", "Opened", 1, "published", None),
            ("│  └─ ", "job", "Opened", 2, "failed", "no <printer>"),
            ("└─ ", "event", "Greeted", 1, "recorded", None),
        )
    )


@pytest.fixture
def app() -> Iterator[Application[Any]]:
    with esnb.connect(embedded=True) as stores:
        yield stores.application(Application)


def test_text_is_a_tree_with_a_line_a_station(found: list[Station]) -> None:
    assert page("order-17", found).splitlines() == [
        "flow order-17, 4 stations",
        "Opened        ✓ recorded  event Bank-1 v1",
        "├─ Opened     ✓ published  outbox Bank-1 v2",
        "│  └─ Opened  ✕ failed  job Bank-1 v3  no <printer>",
        "└─ Greeted    ✓ recorded  event Bank-1 v4",
    ]


def test_the_drawing_is_a_list_of_labelled_shapes_joined_to_their_causes(
    found: list[Station],
) -> None:
    root = ElementTree.fromstring(svg(found))
    assert (root.tag, root.get("role")) == ("svg", "list")
    items = [each for each in root if each.get("role") == "listitem"]
    assert [item.get("aria-level") for item in items] == ["1", "2", "3", "2"]
    assert items[2].get("aria-label") == "Opened, failed, job Bank-1 v3 · no <printer>"
    assert [item[0].tag for item in items] == ["circle", "rect", "path", "circle"]
    branches = [each.get("d", "") for each in root if each.get("aria-hidden") == "true"]
    starts = [re.findall(r"M(\d+) (\d+)", branch)[0] for branch in branches]
    assert starts == [("12", "27"), ("38", "71"), ("12", "27")]
    assert not {each.tag for each in root.iter()} - {
        "svg",
        "g",
        "path",
        "circle",
        "rect",
        "text",
        "tspan",
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_saved_html_has_no_scripts_and_reads_without_styles(
    found: list[Station], layout: Layout
) -> None:
    shown = Outline(saved("order-17", found, layout=layout))
    assert shown.open == []
    assert not shown.tags & {"script", "iframe", "img", "link", "object", "a"}
    assert not {name for name in shown.attributes if name.startswith("on")} | (
        shown.attributes & {"id", "href", "src", "style"}
    )
    last = page("order-17", found, layout).splitlines()[-1]
    assert "Greeted" in last
    assert last in shown.text


def test_hostile_and_deep_and_long_flows_are_shown_and_cut() -> None:
    long = HOSTILE + "x" * 2**16
    deep = [
        Station(text, HOSTILE, text, None, HOSTILE, depth, None, text, "   " * depth + "└─ ")
        for depth in range(2_000)
        for text in (long if depth < 30 else HOSTILE,)
    ]
    html = saved(HOSTILE, deep)
    assert "<script" not in html + drawing(HOSTILE, deep[:3])
    for shown in (html, page(HOSTILE, deep), drawing(HOSTILE, deep[:3])):
        assert not {"\u202e", "\x00"} & set(shown)
        assert len(shown.encode()) < 200_000
    assert Outline(html).open == []
    assert "of 2,000 stations" in Outline(html).text
    ElementTree.fromstring(svg(deep[:20]))
    assert all(len(line) <= 240 for line in page(HOSTILE, deep).splitlines())


def test_hostile_and_long_flows_in_lanes_are_shown_and_cut() -> None:
    long = HOSTILE + "x" * 2**16
    wide = [
        Station(text, HOSTILE, f"{place % 40}{text}", None, HOSTILE, place % 7, None, text, "")
        for place in range(2_000)
        for text in (long if place < 30 else HOSTILE,)
    ]
    html = saved(HOSTILE, wide, layout="lanes")
    assert "<script" not in html
    for shown in (html, page(HOSTILE, wide, "lanes")):
        assert not {"\u202e", "\x00"} & set(shown)
        assert len(shown.encode()) < 200_000
    assert Outline(html).open == []
    assert "of 2,000 stations" in Outline(html).text
    drawn = swimlanes(wide)
    assert (len(drawn.lanes), len(drawn.steps)) == (12, 2_000)
    ElementTree.fromstring(lanes_svg(drawn.first(20)))
    assert all(len(line) <= 240 for line in page(HOSTILE, wide, "lanes").splitlines())


def test_lanes_are_arranged_once_for_drawing_and_text_however_often_they_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arranged: list[int] = []

    def counted(found: list[Station]) -> Swimlanes:
        arranged.append(len(found))
        return swimlanes(found)

    monkeypatch.setattr(html, "swimlanes", counted)
    monkeypatch.setattr(text, "swimlanes", counted)
    long = [
        Station("&" * 999, "event", f"Bank-{place}", None, "", 0, None, "&" * 999, "")
        for place in range(200)
    ]
    assert "showing 50 of 200 stations" in Outline(saved("x", long, layout="lanes")).text
    assert arranged == [200]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_flow_says_so(layout: Layout) -> None:
    assert stations(traced()) == []
    assert "Nothing has this correlation id" in drawing("x", [], layout=layout)
    assert page("x", [], layout) == "flow x, 0 stations"


def test_lanes_are_in_order_of_time_and_never_before_their_causes() -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def at(place: str, depth: int, seconds: float | None, kind: str = "event") -> Station:
        time = None if seconds is None else start + timedelta(seconds=seconds)
        return Station(f"T{place}", kind, place, 1, "recorded", depth, time, "", "")

    found = [
        at("a", 0, 0),
        at("box", 1, 1, "outbox"),
        at("queue", 2, None, "job"),  # removed: nobody knows when it was
        at("b", 1, -5),  # by another clock
        at("a", 2, 0.5),
    ]
    drawn = swimlanes(found)
    assert [step.station.place for step in drawn.steps] == ["a", "b", "a", "box", "queue"]
    assert [lane.words for lane in drawn.lanes] == [
        "event a", "event b", "outbox box", "job queue"
    ]  # fmt: skip
    assert [step.lane for step in drawn.steps] == [0, 1, 0, 2, 3]
    assert [step.cause for step in drawn.steps] == [None, 0, 1, 0, 3]
    assert page("x", found, "lanes").splitlines()[1:] == [
        "┌ event a",
        "│ ┌ event b",
        "│ │ ┌ outbox box",
        "│ │ │ ┌ job queue",
        "● │ │ │  Ta      ✓ recorded  v1",
        "├─● │ │  Tb      ✓ recorded  v1",
        "●─┘ │ │  Ta      ✓ recorded  v1",
        "└───■ │  Tbox    ✓ recorded  v1",
        "    └─◆  Tqueue  ✓ recorded  v1",
    ]


@pytest.mark.parametrize("count", [1, 12, 13, 400])
def test_lanes_of_many_streams_are_those_of_their_categories(count: int) -> None:
    def one(number: int) -> Station:
        category = ("Order", "Customer")[number % 2]
        place = str(uuid4()) if number % 3 else f"{category}-{number}"
        return Station(f"{category}.Done", "event", place, 1, "recorded", 0, None, "", "")

    drawn = swimlanes([one(number) for number in range(count)])
    names = {lane.name for lane in drawn.lanes}
    assert len(drawn.lanes) == (count if count <= 12 else 2)
    assert count <= 12 or names == {"Order", "Customer"}
    assert [step.station.version for step in drawn.steps] == [1] * count


def test_too_many_categories_share_the_last_lane() -> None:
    found = [
        Station("T", "event", f"c{number}-1", 1, "recorded", 0, None, "", "")
        for number in range(400)
    ]
    drawn = swimlanes(found)
    assert drawn.lanes[-1].words == "others (389)"
    assert [step.lane for step in drawn.steps] == [*range(11), *[11] * 389]
    assert len(drawn.first(5).lanes) == 5


def test_the_drawing_of_lanes_is_a_list_that_names_places_and_causes(found: list[Station]) -> None:
    root = ElementTree.fromstring(lanes_svg(swimlanes(found)))
    assert (root.tag, root.get("role")) == ("svg", "list")
    assert root.get("aria-label") == "3 swimlanes, in order of time"
    items = [each for each in root if each.get("role") == "listitem"]
    assert [item.get("aria-label") for item in items] == [
        "Opened, recorded, event Bank-1 v1",
        "Opened, published, outbox Bank-1 v2, caused by Opened of event Bank-1 v1",
        "Opened, failed, job Bank-1 v3 · no <printer>, caused by Opened of outbox Bank-1 v2",
        "Greeted, recorded, event Bank-1 v4, caused by Opened of event Bank-1 v1",
    ]
    assert [item[0].tag for item in items] == ["circle", "rect", "path", "circle"]
    others = [each for each in root if each.get("role") != "listitem"]
    assert {each.get("aria-hidden") for each in others} == {"true"}
    assert [each[1].text for each in others if each.tag == "g"] == [
        "event Bank-1", "outbox Bank-1", "job Bank-1"
    ]  # fmt: skip


def test_a_layout_that_there_is_not_is_refused(app: Application[Any]) -> None:
    with pytest.raises(ValueError, match="layout='star': pass 'tree' or 'lanes'"):
        esnb.flow(app, "x", layout="star")  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_three_faces_and_every_run_the_same(app: Application[Any], layout: Layout) -> None:
    faces = []
    for name in ("order-17", "order-18"):
        with esnb.correlate(name):
            app.save(Aggregate())
        shown = esnb.flow(app, name, layout=layout, live=False, times=False, ids=False)
        faces.append(
            {kind: text.replace(name, "order") for kind, text in shown._repr_mimebundle_().items()}
        )
    assert faces[0] == faces[1]
    assert sorted(faces[0]) == ["text/html", "text/plain"]
    assert repr(esnb.flow(app, "order-17", live=False)) == "Flow(flow order-17, 1 station)"


def test_live_it_reads_again_and_says_what_goes_wrong(app: Application[Any]) -> None:
    before = open_widgets()
    shown: Flow = esnb.flow(app, "order-17", live=True)
    assert shown.widget.model_id in open_widgets()
    assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()
    with esnb.correlate("order-17"):
        app.save(Aggregate())
    shown.refresh()
    assert [each.type for each in shown.stations] == ["Aggregate.Created"]
    panel = shown._controls()

    def gone() -> list[Station]:
        raise ConnectionError("<b>no</b> server")

    panel._read = gone
    shown.refresh()
    assert "ConnectionError: &lt;b&gt;no&lt;/b&gt; server" in panel._message.value
    assert len(shown.stations) == 1
    panel._lanes.value = True
    assert shown.layout == "lanes"
    assert "swimlane" in panel._drawing.value
    shown.layout = "tree"
    assert "Causation tree" in panel._drawing.value
    shown.layout = "lanes"
    shown.close()
    assert "┌ event" in str(shown)
    assert open_widgets() == before
    assert "Aggregate.Created" in str(shown)
