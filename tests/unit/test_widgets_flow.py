"""`esnb.flow`: a causation tree or lanes as SVG, as text and with buttons; hostile flows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

import esnb
from esnb.examples.dog import Dog
from esnb.frames.schema import build
from esnb.frames.trace import STATION, TRACE
from esnb.widgets import Flow
from esnb.widgets.flow import html, text
from esnb.widgets.flow.html import drawing, saved
from esnb.widgets.flow.repeats import FEWEST
from esnb.widgets.flow.station_html import Told
from esnb.widgets.flow.stations import LAYOUTS, Layout, Station, stations
from esnb.widgets.flow.swimlanes import Swimlanes, swimlanes
from esnb.widgets.flow.swimlanes_html import LanesInTime
from esnb.widgets.flow.text import page
from esnb.widgets.flow.tree_html import CausationTree
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


def as_xml(listed: str) -> ElementTree.Element:
    """The last element of a page's HTML, which is well-formed XML except for its spaces."""
    start = listed.index('<div class="esnb-flow"')
    return ElementTree.fromstring(listed[start:].replace("&nbsp;", "\xa0"))


def items_of(listed: str) -> list[ElementTree.Element]:
    """The entries that a screen reader reads, except for those that stand for several."""
    return [each for each in as_xml(listed).iter() if each.get("aria-label") and each.get("class")][
        1:
    ]


def shapes_of(item: ElementTree.Element) -> list[str]:
    """What is drawn of a station, but for lines."""
    return [each.tag for each in item[0] if "esnb-" not in each.get("class", "")]


def at_second(type_: str, depth: int, seconds: float | None, **fields: Any) -> Station:
    """A station of a flow that began at noon."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    time = None if seconds is None else start + timedelta(seconds=seconds)
    given = {
        "kind": "event",
        "place": f"{type_}-1",
        "version": 1,
        "state": "recorded",
        "error": "",
        "lead": "",
    }
    return Station(**{**given, **fields, "type": type_, "depth": depth, "time": time})


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
    listed = CausationTree(found, Told()).html()
    root = as_xml(listed)
    assert (root.get("role"), root.get("aria-label")) == ("list", "Causation tree, causes first")
    items = items_of(listed)
    assert [item.get("role") for item in items] == ["listitem"] * 4
    assert [item.get("aria-level") for item in items] == ["1", "2", "3", "2"]
    assert items[2].get("aria-label") == "Opened, failed, job Bank-1 v3 · no <printer>"
    assert [shapes_of(item) for item in items] == [["circle"], ["rect"], ["path"], ["circle"]]
    bends = [
        [
            each.get("d", "").split(" Q")[0]
            for each in item[0]
            if each.get("class") and each.get("d")
        ]
        for item in items
    ]
    # The line of the first one passes the second and the third.
    assert bends == [[], ["M12 8 V8"], ["M38 0 V8"], ["M12 0 V8"]]
    assert all(item[0].get("aria-hidden") == "true" for item in items)


def test_each_station_says_how_long_after_its_cause_it_was() -> None:
    found = [
        at_second("Placed", 0, 0),
        at_second("Paid", 1, 5.64),
        at_second("Sent", 2, 5.652),
        at_second("Lost", 1, None),
        at_second("Early", 1, -5),  # by another clock
        at_second("Late", 0, 200_000),
    ]
    for layout in LAYOUTS:
        shown = saved("x", found, layout=layout)
        took = dict(
            re.findall(
                r"<bdi>(\w+)</bdi></span> .*?(?:cause\">(.*?)</span>|</summary>|</p>)", shown
            )
        )
        assert took == {
            "Placed": "", "Paid": "+5.6 s", "Sent": "+12 ms", "Lost": "", "Early": "−5.0 s", "Late": ""
        }  # fmt: skip
        assert "6 stations in 2 d 7 h" in Outline(shown).text
        assert "+5.6 s after its cause" in shown
        without = Outline(saved("x", found, times=False, layout=layout)).text
        assert not re.search(r"\+\d|12:00|in 2 d", without)


def test_a_payload_is_shown_when_its_station_is_opened() -> None:
    data = {
        "originator_id": uuid4(), "timestamp": datetime(2026, 3, 1, tzinfo=UTC),
        "price": Decimal("12.50"), "note": HOSTILE, "lines": [{"sku": "A"}, {"sku": "B"}] * 9,
    }  # fmt: skip
    for layout in LAYOUTS:
        shown = saved("x", [at_second("Placed", 0, 0, data=data)], layout=layout)
        body = shown[shown.index("</summary>") : shown.index("As text")]
        assert re.findall(r'row"><bdi>(\w+)</bdi>', body) == ["price", "note", "lines"]
        assert "12.50" in body
        assert "18 entries" in body
        assert "<script" not in body
        assert Outline(shown).open == []


@pytest.mark.parametrize("data", [None, {}, [1, 2], "text", 7, {"a": None}, {1: 2}, {"": ""}])
def test_any_payload_can_be_shown(data: Any) -> None:
    shown = saved("x", [at_second("Placed", 0, 0, data=data)])
    assert Outline(shown).open == []
    assert ("esnb-payload" in shown.split("</style>")[1]) is (data is not None)


def test_a_payload_has_no_more_ids_than_the_rest() -> None:
    one, other = str(uuid4()), str(uuid4())
    found = [at_second("Placed", 0, 0, place=one, data={"customer": other, "self": one})]
    shown = saved("x", found, ids=False)
    assert one not in shown
    assert other not in shown
    assert "id-2" in shown


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [FEWEST - 1, FEWEST, 150])
def test_what_repeats_is_folded_behind_the_first(count: int, layout: Layout) -> None:
    found = [at_second("Placed", 0, 0)]
    for number in range(count):
        found += [
            at_second("Reserved", 1, number, place="Stock-1"),
            at_second("Reserved", 2, number + 0.1, kind="outbox", place="box"),
        ]
    found.append(at_second("Done", 1, 900))
    shown = drawing("x", found[:150], layout=layout)
    folded = count >= FEWEST
    assert shown.count("esnb-repeats") == folded
    if count == FEWEST:
        assert "these 2 stations 2 more times, within 1.1 s" in Outline(shown).text
    # Nothing is left out: they are all there.
    assert shown.count('class="esnb-station') == min(len(found), 150)


def test_a_chain_of_the_same_is_folded_too_and_what_differs_is_not() -> None:
    chain = [at_second("Retried", depth, depth) for depth in range(9)]
    assert "8 more Retried ✓\xa0recorded, within 7.0 s" in Outline(drawing("x", chain)).text
    for change in ({"state": "failed"}, {"error": "another"}, {"kind": "job"}):
        varied = [replace(each, **change) if each.depth % 4 == 2 else each for each in chain]  # type: ignore[arg-type]
        assert "8 more" not in Outline(drawing("x", varied)).text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_flow_scrolls_by_itself_and_is_as_high_in_each_layout(layout: Layout) -> None:
    for count in (1, 3, 150):
        found = [at_second(f"T{number}", number % 3, number) for number in range(count)]
        shown = drawing("x", found, layout=layout)
        (height,) = re.findall(
            r'class="esnb-scroll" role="region" tabindex="0" .*?height: (\d+)px', shown
        )
        assert int(height) == {1: 86, 3: 218, 150: 484}[count]
        assert "style=" not in saved("x", found, layout=layout)


def test_150_stations_with_payloads_fit_into_a_saved_view() -> None:
    found = [
        at_second(
            f"Stock.Reserved{number}", number % 4, number, data={"sku": "A-17", "quantity": number}
        )
        for number in range(150)
    ]
    shown = saved("x", found)
    assert (shown.count('class="esnb-station'), shown.count('esnb-payload"')) == (150, 150)
    assert len(shown.encode()) < 200_000


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
    as_xml(CausationTree(deep[:20], Told()).html())
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
    as_xml(LanesInTime(drawn.first(20), Told()).html())
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
    assert "showing 25 of 200 stations" in Outline(saved("x", long, layout="lanes")).text
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
    listed = LanesInTime(swimlanes(found), Told()).html()
    root = as_xml(listed)
    assert (root.get("role"), root.get("aria-label")) == ("list", "3 swimlanes, in order of time")
    items = items_of(listed)
    assert [item.get("aria-label") for item in items] == [
        "Opened, recorded, event Bank-1 v1",
        "Opened, published, outbox Bank-1 v2, caused by Opened of event Bank-1 v1",
        "Opened, failed, job Bank-1 v3 · no <printer>, caused by Opened of outbox Bank-1 v2",
        "Greeted, recorded, event Bank-1 v4, caused by Opened of event Bank-1 v1",
    ]
    assert [shapes_of(item) for item in items] == [["circle"], ["rect"], ["path"], ["circle"]]
    names = listed[: listed.index("</svg>")]
    assert 'aria-hidden="true"' in names
    assert re.findall(r">([^<>]+)</text>", names) == [
        "event Bank-1", "outbox Bank-1", "job Bank-1"
    ]  # fmt: skip


def test_a_layout_that_there_is_not_is_refused(app: Application[Any]) -> None:
    with pytest.raises(ValueError, match="layout='star': pass 'tree' or 'lanes'"):
        esnb.flow(app, "x", layout="star")  # type: ignore[arg-type]


def test_payloads_come_from_the_flow_without_what_is_hidden() -> None:
    with esnb.connect(embedded=True) as stores:
        app: Application[Any] = stores.application(Application)
        dog = Dog("Fido")
        dog.add_trick("roll over")
        with esnb.correlate("walk"):
            app.save(dog)
        traced = esnb.trace(app, "walk")
        hidden = esnb.trace(app, "walk", redact="name")
        shown = esnb.flow(app, "walk", live=False)._repr_html_()
        without = esnb.flow(app, "walk", live=False, redact="name")._repr_html_()
    assert [data.get("name") for data in traced["data"]] == ["Fido", None]
    assert [data.get("name") for data in hidden["data"]] == ["[redacted]", None]
    assert "Fido" in shown
    assert "Fido" not in without
    assert "roll over" in without


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
