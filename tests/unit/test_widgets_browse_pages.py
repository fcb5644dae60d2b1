"""What a browser says of what is around its page, and how it goes on: never two things at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.sources import page as _page
from esnb.sources import progress_bar
from esnb.widgets import Browser
from esnb.widgets.browse.panel import BrowsePanel
from tests.domain.accounts import bank
from tests.unit.widget_pages import Outline
from tests.waiting import until

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def stored(number: int, streams: int, data: dict[str, Any]) -> StoredEvent:
    """The event with this number, an hour after the one before it."""
    time = (BEGAN + timedelta(hours=number)).isoformat()
    state = {
        "timestamp": {"_type_": "datetime_iso", "_data_": time},
        "originator_topic": "m:Order",
        **data,
    }
    topic = f"m:Order.{('Placed', 'Paid', 'Shipped')[number % 3]}"
    stream, version = UUID(int=number % streams + 1), number // streams + 1
    return StoredEvent(stream, version, topic, json.dumps(state).encode())


def fill(app: Application[Any], events: int, streams: int = 4) -> Application[Any]:
    app.recorder.insert_events([stored(n, streams, {"n": n}) for n in range(events)])
    return app


@pytest.fixture(params=["popo", "sqlite", "file"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """120 events, an hour apart, in four streams."""
    with bank("popo" if request.param == "file" else request.param, tmp_path) as app:
        fill(app, 120)
        if request.param == "file":
            esnb.export(app, tmp_path / "log.jsonl")
            yield str(tmp_path / "log.jsonl")
        else:
            yield app


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BrowsePanel, "patience", None)


def said(browser: Browser) -> str:
    return Outline(browser._controls()._note.value).text


def numbers(browser: Browser) -> list[int]:
    return [event["data"]["n"] for event in browser.events]


def assert_says_one_thing(browser: Browser) -> None:
    words = said(browser)
    for side in ("earlier", "later"):
        none = f"there are no {side} events" in words
        some = any(side in part for part in words.split(";")[1:] if "no " not in part)
        assert not (none and some), words


# --- what is around a page ------------------------------------------------------------------


def test_since_a_time_there_is_nothing_earlier(source: Any) -> None:
    browser = esnb.browse(source, live=True)

    browser.filter(since=BEGAN + timedelta(hours=100))

    assert numbers(browser) == list(range(100, 120))
    assert "earlier" not in said(browser)
    browser.earlier()
    assert "there are no earlier events" in said(browser)
    assert_says_one_thing(browser)
    assert numbers(browser) == list(range(100, 120))
    browser.close()


def test_until_a_time_there_is_nothing_later(source: Any) -> None:
    browser = esnb.browse(source, live=True)

    browser.filter(until=BEGAN + timedelta(hours=9))

    assert numbers(browser) == list(range(10))
    assert "later" not in said(browser)
    browser.later()
    assert_says_one_thing(browser)
    browser.close()


@pytest.mark.parametrize(
    "wanted",
    [
        {"types": "Paid"},
        {"text": "7"},
        {"types": "Paid", "since": BEGAN + timedelta(hours=30)},
        {"since": BEGAN + timedelta(hours=30), "until": BEGAN + timedelta(hours=90)},
        {"types": "None such"},
        {"since": BEGAN + timedelta(days=99)},
        {"until": BEGAN - timedelta(days=1)},
        {},
    ],
    ids=repr,
)
def test_turning_pages_to_both_ends_finds_every_event_and_says_one_thing(
    source: Any, wanted: dict[str, Any]
) -> None:
    whole = esnb.browse(source, rows=1000, live=False)
    whole.filter(**wanted)
    expected = numbers(whole)
    browser = esnb.browse(source, rows=7, live=True)
    browser.filter(**wanted)
    seen = set(numbers(browser))
    for turn, side in ((browser.earlier, "earlier"), (browser.later, "later")):
        for _ in range(40):
            promised = f"{side} ones" in said(browser) or f"{side} and" in said(browser)
            before = browser.events
            turn()
            assert_says_one_thing(browser)
            assert promised == (browser.events != before)
            seen |= set(numbers(browser))
            if not promised:
                break
    assert sorted(seen) == expected
    browser.close()


@pytest.mark.parametrize("rows", [1, 2, 7, 20, 30, 50])
def test_a_stream_is_opened_with_as_many_rows_as_there_are(source: Any, rows: int) -> None:
    browser = esnb.browse(source, rows=rows, live=False)
    for _ in range(30):
        shown = browser.event
        assert shown is not None
        browser.open(shown["stream"])
        assert len(browser.events) == min(rows, 30)
        assert browser.event is not None
        assert browser.event["data"] == shown["data"]
        browser.back()
        browser.previous()


# --- searching further ----------------------------------------------------------------------


def test_a_search_that_found_nothing_goes_on_with_a_button(
    source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_page, "BUDGET", 50)
    monkeypatch.setattr(_page.read_page, "__defaults__", (50,))
    browser = esnb.browse(source, live=True)
    panel = browser._controls()
    assert panel._further.layout.display == "none"
    panel._text.value = "no such text"
    assert "none of the 50 events searched; there are more" in said(browser)
    assert panel._further.layout.display == ""
    panel._further.click()
    assert "none of the 100 events searched; there are more" in said(browser)
    panel._further.click()
    assert said(browser) == "no events match the filter"
    assert panel._further.layout.display == "none"
    panel._further.click()
    assert said(browser) == "no events match the filter"
    panel._clear.click()
    assert len(browser.events) == 20
    browser.close()


def test_a_search_goes_on_until_it_finds_something(
    source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_page.read_page, "__defaults__", (50,))
    browser = esnb.browse(source, live=False)
    browser.filter(text="2026-03-01T05")  # the sixth event
    found = 0
    while not browser.events and found < 5:
        browser.go_on()
        found += 1
    browser.filter(types="Shipped", until=BEGAN + timedelta(hours=3))
    assert numbers(browser) == [2]


# --- work that takes long -------------------------------------------------------------------


class Gate:
    """Holds up an application's reads from the second page on."""

    def __init__(self, app: Application[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        read = app.recorder.select_notifications

        def select(*args: Any, **kwargs: Any) -> Any:
            self.reached.set()
            assert self.open.wait(60)
            return read(*args, **kwargs)

        monkeypatch.setattr(app.recorder, "select_notifications", select)


def test_what_takes_long_is_said_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    app = fill(Application[Any](), 200)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    before = browser.events
    monkeypatch.setattr(BrowsePanel, "patience", 0.0)
    gate = Gate(app, monkeypatch)
    panel._text.value = "no such text"
    assert gate.reached.wait(60)
    assert panel._working.root.layout.display == ""
    assert "Reading events" in Outline(panel._working._note.value).text
    panel._working.stop.click()
    assert panel._working.root.layout.display == "none"
    assert "Stopped" in Outline(panel._message.value).text
    assert panel._text.value == ""
    assert browser.events == before
    gate.open.set()
    monkeypatch.setattr(BrowsePanel, "patience", None)
    panel._types.value = "Paid"
    assert {event["type"] for event in browser.events} == {"Order.Paid"}
    assert panel._message.value == ""
    browser.close()


def test_the_next_click_takes_the_place_of_what_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = fill(Application[Any](), 200)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    monkeypatch.setattr(BrowsePanel, "patience", 0.0)
    gate = Gate(app, monkeypatch)
    panel._text.value = "no such text"
    assert gate.reached.wait(60)
    panel._oldest.click()
    gate.open.set()
    until(lambda: not panel._working.busy)
    assert numbers(browser) == list(range(20))
    browser.close()


def test_an_error_of_long_work_is_said_in_the_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    app = fill(Application[Any](), 200)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    monkeypatch.setattr(BrowsePanel, "patience", 0.0)
    gate = Gate(app, monkeypatch)

    def gone(*_: Any, **__: Any) -> Any:
        assert gate.open.wait(60)
        raise ConnectionError("no server")

    monkeypatch.setattr(app.recorder, "select_notifications", gone)
    panel._again.click()
    gate.open.set()
    until(lambda: "no server" in panel._message.value)
    assert panel._working.root.layout.display == "none"
    browser.close()


def test_opening_and_calling_show_a_bar_below_the_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = fill(Application[Any](), 200)
    monkeypatch.delenv("ESNB_PROGRESS", raising=False)
    monkeypatch.setattr(progress_bar, "DELAY", 0.0)
    browser = esnb.browse(app, live=False)
    assert "event" in capsys.readouterr().err
    browser.filter(text="no such text")
    assert "event" in capsys.readouterr().err


def test_an_interrupt_ends_a_call_and_leaves_what_was_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = fill(Application[Any](), 200)
    browser = esnb.browse(app, live=True)
    before = browser.events

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(app.recorder, "select_notifications", interrupted)
        with pytest.raises(KeyboardInterrupt):
            browser.refresh()
    assert browser.events == before
    browser.filter(types="Paid")
    assert {event["type"] for event in browser.events} == {"Order.Paid"}
    browser.close()
