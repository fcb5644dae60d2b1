"""`esnb.browse`: moving as plain data, three faces, hostile values; no browser needed."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.sources.page import Anchor, Filter
from esnb.widgets import Browser
from esnb.widgets.browse.copy import as_python
from esnb.widgets.browse.panel import BrowsePanel
from esnb.widgets.browse.trail import Place, Trail
from tests.domain.accounts import Bank, an_account, record
from tests.unit.widget_pages import Outline, open_widgets
from tests.waiting import until

VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "</td><script>alert(1)</script>\u202eevil\x00"


class Diary(Aggregate):
    @event("Begun")
    def __init__(self, owner: Any) -> None:
        self.owner = owner

    @event("Written")
    def write(self, entry: Any) -> None:
        self.entry = entry


def diary(*entries: Any, owner: Any = "Ada") -> tuple[Application[Any], Diary]:
    app, book = Application[Any](), Diary(owner)
    for entry in entries:
        book.write(entry)
    app.save(book)
    return app, book


def accounts(number: int = 10, **options: Any) -> Browser:
    app = Bank()
    for _ in range(number):
        an_account(app)
    return esnb.browse(app, **options)


def numbers(browser: Browser) -> list[int]:
    return [each["position"] for each in browser.events]


def followers() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "esnb-follow"]


def pages_of(browser: Browser) -> list[str]:
    """Every HTML that a live browser sends."""
    panel = browser._controls()
    drawn = (panel._crumbs, panel._note, panel._known, panel._headline, panel._detail)
    return [browser._repr_html_(), *(part.value for part in (*drawn, panel._message))]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clicks wait for what they read, however slow the machine is."""
    monkeypatch.setattr(BrowsePanel, "patience", None)


# --- the way, as plain data ----------------------------------------------------


def test_one_goes_back_the_way_one_came() -> None:
    a, b = Place(stream="a"), Place(stream="b", filter=Filter(text="x"))
    trail = Trail().to(a).to(b)
    assert trail.here == b
    assert trail.back().here == a
    assert trail.back().back().here == Place()
    assert trail.back().back().back().here == Place()


def test_turning_pages_and_choosing_are_no_steps_to_go_back() -> None:
    trail = Trail().to(Place(stream="a")).at(Anchor("before", 7)).choose(5)
    assert trail.here == Place("a", Filter(), Anchor("before", 7), 5)
    assert trail.back().here == Place()


def test_going_where_one_is_is_no_step_and_the_way_is_kept_short() -> None:
    trail = Trail().to(Place())
    assert trail.behind == ()
    for number in range(300):
        trail = trail.to(Place(stream=str(number)))
    assert len(trail.behind) == 100


# --- moving ----------------------------------------------------------------------


def test_it_begins_with_the_newest_events_and_pages_to_the_oldest() -> None:
    browser = accounts(live=False)
    assert numbers(browser) == list(range(31, 51))
    browser.earlier()
    assert numbers(browser) == list(range(11, 31))
    browser.earlier()
    browser.earlier()
    assert numbers(browser) == list(range(1, 11))
    browser.later()
    assert numbers(browser) == list(range(11, 31))


def test_previous_and_next_turn_the_page() -> None:
    browser = accounts(rows=3, live=False)
    for expected in (49, 48, 47, 46):
        browser.previous()
        assert browser.event is not None
        assert browser.event["position"] == expected
    for expected in (47, 48, 49, 50, 50):
        browser.next()
        assert browser.event is not None
        assert browser.event["position"] == expected


def test_at_a_position_as_a_frame_has_it() -> None:
    app, _ = diary("one", "two", "three")
    position = esnb.events(app)["position"].iloc[2]

    assert esnb.browse(app, position, rows=1, live=False).event["version"] == 3  # type: ignore[index]


def test_at_a_position_behind_all_events_are_the_newest() -> None:
    app, _ = diary("one", "two", "three")

    browser = esnb.browse(app, 99, rows=2, live=True)

    assert [event["version"] for event in browser.events] == [3, 4]
    assert "every event lies before position 99: these are the newest" in (
        Outline(browser._controls()._note.value).text
    )
    browser.close()
    assert esnb.browse(Application[Any](), 99, live=False).events == []


def test_at_a_time_a_position_and_a_stream() -> None:
    source = Bank()
    ids = [an_account(source) for _ in range(10)]
    frame = esnb.events(source)
    moment = frame["time"][22].to_pydatetime()
    for at in (moment, moment.isoformat(), 23):
        browser = esnb.browse(source, at, live=False)
        assert browser.event is not None
        assert browser.event["position"] == 23
        assert numbers(browser) == list(range(23, 43))
    browser = esnb.browse(source, ids[4], live=False)
    assert [each["version"] for each in browser.events] == [1, 2, 3, 4, 5]
    assert browser.stream == str(ids[4])
    browser.back()
    assert numbers(browser)[-1] == 50
    late = esnb.browse(source, datetime.now(UTC) + timedelta(days=1), live=False)
    assert numbers(late)[-1] == 50


def test_back_leads_to_the_page_and_the_event_that_one_came_from() -> None:
    browser = accounts(live=False)
    browser.earlier()
    browser.previous()
    before = browser.event, browser.events
    assert browser.event is not None
    browser.open(browser.event["stream"])
    assert browser.event == {k: v for k, v in (before[0] or {}).items() if k != "position"}
    browser.filter(types="Noted")
    assert len(browser.events) == 1
    browser.back()
    browser.back()
    assert (browser.event, browser.events) == before


def test_back_is_exact_although_events_were_added() -> None:
    app = Bank()
    ids = [an_account(app) for _ in range(10)]
    browser = esnb.browse(app, live=False)
    before = numbers(browser)
    browser.open(ids[0])
    an_account(app)
    browser.back()
    assert numbers(browser) == before


def test_a_filter_with_a_lone_surrogate_reaches_the_page_as_an_escape() -> None:
    browser = accounts(1, live=True)
    controls = browser.widget

    browser.filter(text="\ud83d", types="\ud83d")

    pending = [controls]
    for widget in pending:
        pending += getattr(widget, "children", ())
        json.dumps(widget.get_state(), default=str, ensure_ascii=False).encode()
    browser.close()


def test_filters_by_type_text_and_time() -> None:
    app, book = diary({"mood": "Sunny"}, "rain", 3)
    browser = esnb.browse(app, live=False)
    browser.filter(text="sunny")
    assert [each["version"] for each in browser.events] == [2]
    browser.filter(types=["Begun", "no such*"])
    assert [each["version"] for each in browser.events] == [1]
    time = esnb.stream(app, book.id)["time"]
    browser.filter(since=time[1], until=time[2].isoformat())
    assert [each["version"] for each in browser.events] == [2, 3]
    browser.filter(text="snow")
    assert browser.events == []
    assert browser.event is None
    assert (browser.json, browser.python) == ("null\n", "event = None\n")
    assert "no events match the filter" in str(browser)


def test_correlated_events_of_all_streams() -> None:
    app = Application[Any]()

    def notify(correlation: str, version: int) -> UUID:
        stream = uuid4()
        stored = Correlated(stream, version, "m:Thing.Done", b"{}")
        object.__setattr__(stored, "metadata", {"$correlationId": correlation})
        app.recorder.insert_events([stored])
        return stream

    ids = [notify("one" if number % 3 else "two", 1) for number in range(30)]
    real = app.recorder.select_notifications

    def with_metadata(*args: Any, **kwargs: Any) -> list[Any]:
        found = list(real(*args, **kwargs))
        for each in found:
            number = each.id - 1
            object.__setattr__(each, "metadata", {"$correlationId": "one" if number % 3 else "two"})
        return found

    app.recorder.select_notifications = with_metadata  # type: ignore[method-assign]
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    assert not panel._correlated.disabled
    panel._correlated.click()
    assert [each["stream"] for each in browser.events] == [
        str(each) for number, each in enumerate(ids) if number % 3
    ]
    assert "correlation one" in Outline(panel._crumbs.value).text
    assert browser.event is not None
    assert browser.event["position"] == 30
    panel._back.click()
    assert numbers(browser)[-1] == 30
    browser.close()


class Correlated(StoredEvent):
    """As esnb's own recorder gives them."""


def test_redacted_fields_are_neither_shown_nor_found_nor_copied() -> None:
    app, _ = diary({"pin": "pin-4711", "mood": "fine"})
    browser = esnb.browse(app, live=True, redact="pin")
    shown = [str(browser), browser.json, browser.python, *pages_of(browser)]
    assert "pin-4711" not in "".join(shown)
    assert "fine" in str(browser)
    browser.filter(text="pin-4711")
    assert browser.events == []
    browser.close()


# --- the controls --------------------------------------------------------------------


def test_controls_move_together() -> None:
    browser = accounts(live=True)
    panel = browser._controls()
    assert panel._events.value == 50
    assert panel._later.disabled
    assert not panel._earlier.disabled
    panel._events.value = 44
    assert "LimitChanged" in panel._headline.value or "Noted" in panel._headline.value
    assert browser.event is not None
    assert browser.event["position"] == 44
    panel._stream.click()
    assert panel._streams.value == browser.stream == browser.event["stream"]
    assert panel._stream.disabled
    panel._types.value = "Frozen, Noted"
    assert [each["type"] for each in browser.events] == ["Account.Noted", "Account.Frozen"]
    panel._clear.click()
    assert panel._types.value == ""
    assert len(browser.events) == 5
    panel._streams.value = ""
    assert browser.stream is None
    panel._start.value = "1999-01-01"
    assert numbers(browser)[0] == 1
    browser.close()


def test_what_is_typed_wrong_is_said_and_changes_nothing() -> None:
    browser = accounts(live=True)
    panel = browser._controls()
    before = browser.events
    panel._since.value = "yesterday <b>noon</b>"
    assert "is not a time" in panel._message.value
    assert "<b>" not in panel._message.value
    assert browser.events == before
    panel._since.value = ""
    assert panel._message.value == ""
    browser.close()


def test_streams_are_found_by_part_pattern_and_category() -> None:
    app = Application[Any]()
    ids = [diary_in(app) for _ in range(5)]
    app.save(Aggregate())
    browser = esnb.browse(app, live=True)
    panel = browser._controls()

    def found(words: str) -> set[str]:
        panel._find.value = words
        return {value for _, value in panel._streams.options} - {""}

    assert len(found("")) == 6
    assert found(str(ids[2])[:13]) == {str(ids[2])}
    assert found("diary") == {str(each) for each in ids}
    assert found(f"Diary-{str(ids[1])[:4]}*") >= {str(ids[1])}
    assert found("no such stream") == set()
    assert "0 streams" in panel._known.value
    browser.close()


def diary_in(app: Application[Any]) -> UUID:
    book = Diary("Ada")
    app.save(book)
    return book.id


def test_copies_are_written_when_their_tab_is_looked_at() -> None:
    app, _ = diary(
        {"price": Decimal("1.10"), "id": UUID(int=7), "at": datetime(2026, 3, 1, tzinfo=UTC)}
    )
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    assert [area.value for area in panel._copying.areas] == ["", "", ""]
    panel._tabs.selected_index = 1
    assert panel._copying.areas[0].value == browser.json
    panel._tabs.selected_index = 2
    assert panel._copying.areas[1].value == browser.python
    assert panel._copying.areas[0].value == ""
    browser.close()


def test_close_leaves_no_widget_and_no_thread() -> None:
    before = open_widgets()
    browser = accounts(live=True)
    assert VIEW in browser._repr_mimebundle_()
    browser.following = True
    assert followers() == ["esnb-follow"]
    browser.close()
    assert followers() == []
    assert open_widgets() <= before
    assert VIEW not in browser._repr_mimebundle_()
    assert "Frozen" in str(browser)


# --- following -----------------------------------------------------------------------


def test_new_events_and_streams_appear_while_following() -> None:
    app = Bank()
    first = an_account(app)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    browser.following = True
    second = an_account(app)
    until(lambda: panel._events.value == 10)
    assert {value for _, value in panel._streams.options} == {"", str(first), str(second)}

    # Who looks at an event stays there, and the page with it
    panel._events.value = 3
    an_account(app)
    until(lambda: panel._new.description == "5 new ↓")
    assert (panel._events.value, panel._events.options[-1][1]) == (3, 10)
    assert panel._follow.description == "Paused"
    assert len(panel._streams.options) == 4
    assert browser.following

    # Until a click goes on
    panel._new.click()
    assert panel._events.value == 15
    assert panel._new.layout.visibility == "hidden"
    an_account(app)
    until(lambda: panel._events.value == 20)
    panel._previous.click()
    browser.following = True  # as the click does
    assert panel._events.value == 20
    browser.following = False
    until(lambda: followers() == [])
    browser.close()


def test_following_rests_while_no_page_shows_it() -> None:
    app = Bank()
    an_account(app)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    browser.following = True
    panel.root._view_count = 1
    assert followers() == ["esnb-follow"]
    panel.root._view_count = 0  # the cell was cleared, or the page closed
    until(lambda: followers() == [])
    an_account(app)
    panel.root._view_count = 1  # seen again: what came meanwhile is shown
    until(lambda: panel._events.value == 10)
    panel.root._view_count = 0
    browser.following = False
    panel.root._view_count = 1  # not wanted any more
    until(lambda: followers() == [])
    browser.close()


def test_what_was_recorded_before_following_began_is_not_missed() -> None:
    app = Bank()
    an_account(app)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    real = browser._visit.newest

    def newest_and_then_one_more() -> None:
        real()
        an_account(app)

    browser._visit.newest = newest_and_then_one_more  # type: ignore[method-assign]
    browser.following = True
    until(lambda: panel._events.value == 10)
    until(lambda: len(panel._streams.options) == 3)
    browser.close()


def test_following_ends_with_the_store_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Bank()
    an_account(app)
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    browser.following = True

    def gone(*_: Any, **__: Any) -> list[Any]:
        raise ConnectionError("<b>no</b> server")

    monkeypatch.setattr(app.recorder, "select_notifications", gone)
    until(lambda: not browser.following)
    assert "no longer followed" in panel._message.value
    assert panel._follow.description == "Follow"
    assert "ConnectionError: &lt;b&gt;no&lt;/b&gt; server" in panel._message.value
    until(lambda: followers() == [])
    panel._again.click()
    assert "What was read before is still shown" in panel._message.value
    assert len(browser.events) == 5
    browser.close()


def test_only_a_live_browser_follows() -> None:
    browser = accounts(live=False)
    with pytest.raises(ValueError, match="only a live browser follows"):
        browser.following = True


# --- three faces -----------------------------------------------------------------------


def test_a_static_browser_has_text_and_script_free_html_only() -> None:
    bundle = accounts(live=False)._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    page = Outline(bundle["text/html"])
    assert page.open == []
    assert "details" in page.tags
    assert not page.tags & {"script", "iframe", "img", "link", "object", "input", "button"}
    assert page.attributes <= {"class", "open", "title", "role", "aria-hidden"}
    assert "showing 20 events; there are earlier ones" in page.text
    assert "Streams (10)" in page.text


def test_faces_without_times_and_ids_are_the_same_at_every_run() -> None:
    one, two = (accounts(live=False, times=False, ids=False) for _ in range(2))
    assert one._repr_mimebundle_() == two._repr_mimebundle_()
    assert repr(one) == repr(two)
    text = str(one) + one._repr_html_()
    assert "id-1" in text
    assert not re.search(r"0x[0-9a-f]{6,}|\d\d:\d\d", text)


@pytest.mark.parametrize("value", ["0", "off"])
def test_environment_turns_the_browsers_controls_off(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ESNB_LIVE", value)
    assert not accounts(1).live


def test_an_empty_store_is_said() -> None:
    browser = esnb.browse(Application[Any](), live=True)
    assert "no events" in str(browser)
    assert browser.event is None
    panel = browser._controls()
    for button in (panel._next, panel._previous, panel._stream, panel._correlated, panel._earlier):
        assert button.disabled
    assert "read again once events have been recorded" in Outline(panel._headline.value).text
    assert "0 streams" in Outline(panel._known.value).text
    for move in (browser.earlier, browser.later, browser.next, browser.correlated, browser.refresh):
        move()
        assert panel._message.value == ""
    browser.close()


# --- bad input ------------------------------------------------------------------------------


def test_unknown_streams_times_and_sources_are_clear_errors() -> None:
    app, _ = diary()
    with pytest.raises(LookupError, match="has no stream"):
        esnb.browse(app, str(uuid4()), live=False)
    with pytest.raises(LookupError, match="has no stream 'Diary'"):
        esnb.browse(app, "Diary", live=False)
    with pytest.raises(TypeError, match="no source of events"):
        esnb.browse(object())
    with pytest.raises(TypeError, match="at=True: pass a time"):
        esnb.browse(app, True)
    with pytest.raises(ValueError, match="1 to 1,000"):
        esnb.browse(app, rows=0)
    with pytest.raises(ValueError, match="since='soon' is not a time"):
        esnb.browse(app, live=False).filter(since="soon")
    with pytest.raises(TypeError, match="text=5: pass text"):
        esnb.browse(app, live=False).filter(text=5)  # type: ignore[arg-type]
    for types in (5, [5], Diary):
        with pytest.raises(TypeError, match=r"types=.*: pass names of types"):
            esnb.browse(app, live=False).filter(types=types)  # type: ignore[arg-type]


def test_markup_and_invisible_characters_are_shown_not_obeyed_by_browsers() -> None:
    app, _ = diary({HOSTILE: [HOSTILE, {HOSTILE: HOSTILE * 20}]}, owner=HOSTILE)
    record(app, b"{}", topic=f"m:{HOSTILE}")
    app.recorder.insert_events([StoredEvent(HOSTILE, 1, "m:T", json.dumps(HOSTILE).encode())])
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    for position in (4, 3, 2, 1):
        panel._events.value = position
        panel._text.value = "evil"
        panel._back.click()
        for page in pages_of(browser):
            assert "<script" not in page
            assert "\u202e" not in page
            assert "\x00" not in page
            assert Outline(page).open == []
        shown = str(browser) + browser.json + browser.python
        labels = [label for label, _ in (*panel._events.options, *panel._streams.options)]
        assert "\u202e" not in shown + "".join(labels)
        assert "\x00" not in shown + "".join(labels)
        assert json.loads(browser.json)
    browser.close()


def test_long_and_deep_values_are_cut_in_every_face() -> None:
    deep: Any = "end"
    for _ in range(300):
        deep = [deep]
    app, book = diary("x" * 2**20, list(range(50_000)), {f"key {n}": "y" * 999 for n in range(500)})
    state = json.dumps({"deep": deep}).encode()
    app.recorder.insert_events([StoredEvent(book.id, 5, "m:D.Deep", state)])
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    assert len(browser._repr_html_().encode()) < 200_000
    assert "(1,048,576 characters)" in browser._repr_html_()
    for number in (1, 2, 3, 4, 5):
        panel._events.value = number
        assert len(panel._detail.value) < 400_000
        assert all(len(line) <= 120 for line in str(browser).splitlines())
        for place in (1, 2):
            panel._tabs.selected_index = place
            assert len(panel._copying.areas[place - 1].value) <= 1_000_000
        assert json.loads(browser.json)["version"] == number
    assert "deeper than 100 levels" in browser.json
    assert "deeper than 100 levels" in browser.python
    browser.close()


def test_python_to_copy_makes_the_same_event_again() -> None:
    data = {
        "text": "q'uo\"te\n\u202e",
        "number": Decimal("1.10"),
        "id": UUID(int=7),
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "nested": {"list": [1, 2.5, None, True, {"deep": [["x" * 90], []]}], "one": (1,)},
        "big": 10**5000,
        "infinite": float("inf"),
    }
    app, _ = diary(1)
    browser = esnb.browse(app, live=False)
    found = browser._visit.event
    assert found is not None
    changed = type(found)(
        found.number, found.record, found.time, {**data, "set": {3, 1}}, None, None
    )
    names: dict[str, Any] = {}
    exec(as_python(changed), names)
    assert "'at': datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc),\n" in (
        as_python(changed)
    )
    assert names["event"]["data"] == {**data, "set": {3, 1}}
    assert names["event"]["time"] == found.time


# --- size ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> Application[Any]:
    """40,000 streams of one event."""
    app = Application[Any]()
    topic = "m:Thing.Made"
    app.recorder.insert_events(
        [StoredEvent(UUID(int=n), 1, topic, b'{"n": %d}' % n) for n in range(1, 40_001)]
    )
    return app


@pytest.mark.once
def test_forty_thousand_streams_are_found_step_by_step(many: Application[Any]) -> None:
    browser = esnb.browse(many, live=True)
    panel = browser._controls()
    assert "showing 200 of 20,000 streams of the newest 20,000 events" in (
        Outline(panel._known.value).text
    )
    for _ in range(2):
        panel._look.click()
    assert "showing 200 of 40,000 streams" in Outline(panel._known.value).text
    assert panel._look.layout.display == "none"
    panel._find.value = str(UUID(int=77))
    assert [value for _, value in panel._streams.options][1:] == [str(UUID(int=77))]
    panel._streams.value = str(UUID(int=77))
    assert browser.event is not None
    assert browser.event["data"] == {"n": 77}
    assert len(browser._repr_html_().encode()) < 200_000
    browser.close()


def test_a_search_in_a_long_log_says_how_far_it_looked(many: Application[Any]) -> None:
    browser = esnb.browse(many, live=False)
    browser.filter(text="25000")
    assert browser.events == []
    assert "none of the 10,000 events searched; there are more" in str(browser)
    while not browser.events:
        browser.earlier()
    assert browser.event is not None
    assert browser.event["position"] == 25_000
