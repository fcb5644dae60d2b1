"""`esnb.flow`: a causation tree as SVG, as text and with a button; hostile flows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

import esnb
from esnb.frames._schema import build
from esnb.frames._trace import TRACE
from esnb.widgets import Flow
from esnb.widgets._flow_html import drawing, saved, svg
from esnb.widgets._flow_text import page
from esnb.widgets._stations import Station, stations
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
    return build(TRACE, columns)


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


def test_saved_html_has_no_scripts_and_reads_without_styles(found: list[Station]) -> None:
    shown = Outline(saved("order-17", found))
    assert shown.open == []
    assert not shown.tags & {"script", "iframe", "img", "link", "object", "a"}
    assert not {name for name in shown.attributes if name.startswith("on")} | (
        shown.attributes & {"id", "href", "src", "style"}
    )
    assert "└─ Greeted    ✓ recorded  event Bank-1 v4" in shown.text


def test_hostile_and_deep_and_long_flows_are_shown_and_cut() -> None:
    long = HOSTILE + "x" * 2**20
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


def test_an_empty_flow_says_so() -> None:
    assert stations(traced()) == []
    assert "Nothing has this correlation id" in drawing("x", [])
    assert page("x", []) == "flow x, 0 stations"


def test_three_faces_and_every_run_the_same(app: Application[Any]) -> None:
    faces = []
    for name in ("order-17", "order-18"):
        with esnb.correlate(name):
            app.save(Aggregate())
        shown = esnb.flow(app, name, live=False, times=False, ids=False)
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
    shown.close()
    assert open_widgets() == before
    assert "Aggregate.Created" in str(shown)
