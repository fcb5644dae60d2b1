"""A link to one event, and what it is shown with: types, previews, copies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.drawing.chart.palette import look_of
from esnb.widgets import Browser
from esnb.widgets.browse.panel import BrowsePanel
from tests.domain.accounts import an_account, bank
from tests.unit.widget_pages import Outline

HOSTILE = "</td><script>alert(1)</script>\u202e$x$ y\x00"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BrowsePanel, "patience", None)


@pytest.fixture(params=["popo", "sqlite", "file"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with bank("popo" if request.param == "file" else request.param, tmp_path) as app:
        for _ in range(12):
            an_account(app)
        if request.param == "file":
            esnb.export(app, tmp_path / "log.jsonl")
            yield str(tmp_path / "log.jsonl")
        else:
            yield app


def opened_by(link: str, source: Any) -> Browser:
    """What a link shows in another notebook, in which the source has the fallback's name."""
    browser: Browser = eval(link, {"esnb": esnb, "app": source, "stores": source})
    return browser


# --- links ------------------------------------------------------------------------------------


def test_a_link_shows_the_same_event_again(source: Any) -> None:
    browser = esnb.browse(source, rows=7, live=False)
    for move in (browser.previous, browser.earlier, browser.earlier, browser.next):
        move()
        shown = browser.event
        assert shown is not None
        again = opened_by(browser.link, source)
        assert again.event == shown
        browser.open(shown["stream"])
        assert opened_by(browser.link, source).event == browser.event
        browser.back()
        an_account(source) if isinstance(source, Application) else None


def test_a_link_names_a_file_by_its_path(tmp_path: Path) -> None:
    app = Application[Any]()
    app.recorder.insert_events([StoredEvent('it\'s "quoted"', 1, "m:T", b'{"a": 1}')])
    path = tmp_path / "o'log.jsonl"
    esnb.export(app, path)
    browser = esnb.browse(path, live=False)
    assert eval(browser.link, {"esnb": esnb}).event == {
        **(browser.event or {}),
    }


@pytest.mark.parametrize(
    "name", ["Dog-1", HOSTILE, "\ud83d", "line\nbreak", "'", "1", "2026-03-01"]
)
def test_a_link_is_code_whatever_the_stream_is_called(name: str) -> None:
    app = Application[Any]()
    app.recorder.insert_events(
        [StoredEvent(name, version, "m:T", b'{"n": %d}' % version) for version in (1, 2, 3)]
    )
    browser = esnb.browse(app, live=True)
    browser.previous()
    assert browser.link.isprintable()
    assert opened_by(browser.link, app).event == browser.event
    browser.open(name)
    assert browser.link.isprintable()
    assert opened_by(browser.link, app).event == browser.event
    browser._controls()._tabs.selected_index = 3
    assert browser._controls()._copying.areas[2].value == f"{browser.link}\n"
    browser.close()


def test_the_link_of_an_empty_page_opens_the_source() -> None:
    app = Application[Any]()
    browser = esnb.browse(app, live=False)
    assert browser.link == "esnb.browse(app)"


def test_a_stream_and_a_version_that_are_not_there_are_clear_errors() -> None:
    app = Application[Any]()
    app.recorder.insert_events([StoredEvent("a", 1, "m:T", b"{}")])
    with pytest.raises(LookupError, match=r"stream 'a' has no version 7: its newest is 1"):
        esnb.browse(app, ("a", 7), live=False)
    with pytest.raises(LookupError, match="has no stream 'b'"):
        esnb.browse(app, ("b", 1), live=False)
    for at in (("a",), ("a", "1"), ("a", True), ("a", 1, 2), ()):
        with pytest.raises(TypeError, match="pass a stream and a version"):
            esnb.browse(app, at, live=False)  # type: ignore[arg-type]


def test_a_position_that_no_event_has_is_said(tmp_path: Path) -> None:
    app = Application[Any]()
    app.recorder.insert_events([StoredEvent("a", n, "m:T", b"{}") for n in range(1, 6)])
    path = tmp_path / "log.jsonl"
    esnb.export(app, path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    header = json.loads(lines[0]) | {"events": 4}
    path.write_text("".join([f"{json.dumps(header)}\n", *lines[1:3], *lines[4:]]), "utf-8")

    browser = esnb.browse(path, 3, live=True)

    assert browser.event is not None
    assert browser.event["version"] == 4
    words = Outline(browser._controls()._note.value).text
    assert "no event has position 3: this is the next one" in words
    browser.close()


# --- what each event is shown with ----------------------------------------------------------------


def booked() -> Application[Any]:
    app = Application[Any]()
    state = {
        "originator_topic": "m:Order",
        "timestamp": {"_type_": "datetime_iso", "_data_": "2026-03-01T12:00:00+00:00"},
        "name": "Desk lamp",
        "description": "Brass, with a green glass shade and a long brown cord",
    }
    events = [
        StoredEvent(UUID(int=n), 1, f"m:Order.{kind}", json.dumps(state).encode())
        for n, kind in enumerate(("Placed", "Paid", "Placed", "Placed"), start=1)
    ]
    app.recorder.insert_events(events)
    return app


def test_every_list_begins_with_the_fields_of_the_domain() -> None:
    browser = esnb.browse(booked(), live=True)
    lines = [label for label, _ in browser._controls()._events.options]
    for text in (*lines, str(browser), browser._repr_html_()):
        line = next(each for each in text.replace("\xa0", " ").split("\n") if "Desk lamp" in each)
        before, _, after = line.partition("name: ")
        assert after.replace("&#x27;", "'").startswith("'Desk lamp'")
        assert "originator_topic" not in before.rpartition("<summary>")[2]
        assert "timestamp" not in line
    for line in lines:
        assert line.endswith("…")
        word = line.rstrip("…").replace("\xa0", " ").split(" ")[-1].strip("'{,")
        assert word in [
            "Brass,",
            "with",
            "a",
            "green",
            "glass",
            "shade",
            "name:",
            "Desk",
            "lamp",
            "description:",
        ]
    browser.close()


def test_types_have_the_colour_that_they_have_everywhere() -> None:
    browser = esnb.browse(booked(), live=True)
    panel = browser._controls()
    placed, paid = look_of("Placed").css, look_of("Paid").css
    assert placed != paid
    assert "option:nth-child(1), " in panel._event_list.sheet.value
    assert f"--{placed})" in panel._event_list.sheet.value
    assert f"--{paid})" in panel._event_list.sheet.value
    assert f"esnb-type {paid}" in browser._repr_html_()
    assert {paid, placed} <= {c for chip in panel._chips.buttons for c in chip._dom_classes}
    browser.close()


def test_types_are_counted_and_chosen_with_a_click() -> None:
    browser = esnb.browse(booked(), live=True)
    panel = browser._controls()
    chips = {chip.description: chip for chip in panel._chips.buttons}
    assert list(chips) == ["Paid 1", "Placed 3"]
    assert "Paid 1 Placed 3" in Outline(browser._repr_html_()).text
    chips["Paid 1"].value = True
    assert [event["type"] for event in browser.events] == ["Order.Paid"]
    assert panel._types.value == "Paid"
    chips["Placed 3"].value = True
    assert len(browser.events) == 4
    chips["Paid 1"].value = chips["Placed 3"].value = False
    assert panel._types.value == ""
    panel._types.value = "placed"
    assert chips["Placed 3"].value
    panel._streams.value = str(UUID(int=2))
    assert [chip.description for chip in panel._chips.root.children] == ["Paid 1"]
    browser.close()


@pytest.mark.parametrize("name", [HOSTILE, "a,b", "[x]*?", "", "$1 $2", "\ud83d", "x" * 500])
def test_a_type_of_any_name_has_a_button(name: str) -> None:
    app = Application[Any]()
    app.recorder.insert_events(
        [StoredEvent("a", 1, f"m:{name}", b"{}"), StoredEvent("a", 2, "m:Other", b"{}")]
    )
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    chip = next(each for each in panel._chips.buttons if "Other" not in each.description)
    chip.value = True
    assert [event["version"] for event in browser.events] == [1]
    panel._text.value = "a"  # of the stream: the types stay what they were
    assert [event["version"] for event in browser.events] == [1]
    assert "<script" not in browser._repr_html_() + panel._crumbs.value
    assert "\u202e" not in chip.description
    browser.close()


def test_many_types_are_cut_and_counted() -> None:
    app = Application[Any]()
    app.recorder.insert_events([StoredEvent("a", n, f"m:T{n}", b"{}") for n in range(1, 41)])
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    assert len(panel._chips.root.children) == 13
    assert "and 28 more types" in Outline(panel._chips.root.children[-1].value).text
    assert "and 28 more types" in Outline(browser._repr_html_()).text
    browser.close()


def test_odd_payloads_have_a_preview() -> None:
    app = Application[Any]()
    states = [b"", b"null", b"[1, 2]", b'"text"', b"\xff", b'{"a": {"b": [1]}}', b'{"": NaN}']
    app.recorder.insert_events(
        [StoredEvent("a", n, "m:T", state) for n, state in enumerate(states, start=1)]
    )
    browser = esnb.browse(app, live=True)
    lines = [label.replace("\xa0", " ") for label, _ in browser._controls()._events.options]
    ends = ["T  a", "T  a", "[1, 2]", "'text'", "b'\\xff'", "a: {'b': [1]}", ": nan"]
    assert all(line.endswith(end) for line, end in zip(lines, ends, strict=True)), lines
    browser.close()


def test_copies_lead_to_their_text() -> None:
    browser = esnb.browse(booked(), live=True)
    panel = browser._controls()
    for place, button in enumerate(panel._copying.buttons.children):
        button.click()
        assert panel._tabs.selected_index == place + 1
        assert panel._copying.areas[place].value
    assert [area.value for area in panel._copying.areas[:2]] == ["", ""]
    browser.close()


def test_decimals_are_shown_as_numbers() -> None:
    app = Application[Any]()
    state = {"price": {"_type_": "decimal_str", "_data_": str(Decimal("44.90"))}}
    app.recorder.insert_events([StoredEvent("a", 1, "m:T", json.dumps(state).encode())])
    assert "price: 44.90" in str(esnb.browse(app, live=False))


@pytest.mark.parametrize("text", ["\ud83d", "\\ud83d", "half \\ud83d", "HALF"])
def test_a_text_is_found_as_it_is_stored_and_as_it_is_shown(text: str) -> None:
    app = Application[Any]()
    app.recorder.insert_events(
        [StoredEvent("a", 1, "m:A", b'{"x": "half \\ud83d"}'), StoredEvent("a", 2, "m:A", b"{}")]
    )
    browser = esnb.browse(app, live=True)
    browser._controls()._text.value = text
    assert [event["version"] for event in browser.events] == [1]
    browser.close()
