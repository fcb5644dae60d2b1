"""`esnb.explore`: three faces, hostile values, many versions; no browser needed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.drawing.html import message, value
from esnb.drawing.values import tree
from esnb.threads.changes import Flag
from esnb.widgets import Explorer
from esnb.widgets.explore.panel import ExplorePanel
from esnb.widgets.explore.waiting_panel import WaitingPanel
from tests.domain.accounts import Cattery, a_cat
from tests.unit.widget_pages import Outline, explorer_pages, open_widgets
from tests.waiting import DEADLINE, until

VIEW = "application/vnd.jupyter.widget-view+json"
DRAWING = {
    *("width", "height", "viewbox", "preserveaspectratio", "aria-hidden", "d", "fill", "stroke"),
    *("vector-effect", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "text-anchor"),
}
"""Attributes of inline SVG that load and run nothing."""
HOSTILE = "</td><script>alert(1)</script>\u202eevil\x00"


class Basket(Aggregate):
    @event("Opened")
    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.items: list[Any] = []

    @event("Added")
    def add(self, item: Any) -> None:
        self.items.append(item)

    @event("Dropped")
    def drop(self, index: int) -> None:
        self.items.pop(index)


class Unshowable:
    """Cannot be copied, compared or written."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, memo: object) -> None:
        raise RuntimeError("no copy")


def explored(*items: Any, owner: Any = "Ada", **options: Any) -> Explorer:
    app, basket = Application[Any](), Basket(owner)
    for item in items:
        basket.add(item)
    app.save(basket)
    return esnb.explore(app, basket.id, **options)


def owned_by(make: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    """A projector whose baskets are owned by what events could not hold."""

    def project(basket: Any, events: Any) -> Any:
        for each in events:
            basket = each.mutate(basket)
        basket.owner = make()
        return basket

    return project


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is clicked is done when the click returns, however slow the machine is."""
    monkeypatch.setattr(ExplorePanel, "patience", None)
    monkeypatch.setattr(WaitingPanel, "patience", None)


# --- three faces ----------------------------------------------------------------


def test_static_bundle_has_text_and_script_free_html_only() -> None:
    bundle = explored("tea", "jam", live=False)._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    page = Outline(bundle["text/html"])
    assert page.open == []
    assert "details" in page.tags
    assert not page.tags & {"script", "iframe", "img", "link", "object"}
    assert page.attributes <= {"class", "open", "title", "colspan", "role", "aria-label", *DRAWING}


def test_live_bundle_also_has_the_widget() -> None:
    explorer = explored("tea", live=True)
    assert explorer._repr_mimebundle_()[VIEW]["model_id"] == explorer.widget.model_id
    explorer.close()
    assert VIEW not in explorer._repr_mimebundle_()


@pytest.mark.parametrize("value", ["0", "false", "off"])
def test_environment_turns_the_controls_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ESNB_LIVE", value)
    assert not explored("tea").live
    assert explored("tea", live=True).live


def test_plain_text_says_event_diff_and_state() -> None:
    explorer = explored("tea", "jam", version=2, live=False, times=False)
    assert str(explorer).splitlines()[2:] == [
        "       1  Opened  owner: 'Ada'; items: []",
        "→      2  Added  items: + 'tea'",
        "       3  Added  items: + 'jam'",
        "",
        "Version 2: Basket.Added",
        "",
        "Action",
        "  item: 'tea'",
        "",
        "Diff",
        "+ items[0]: 'tea'",
        "",
        "State",
        "  owner: 'Ada'",
        "  items: ['tea']",
    ]


def test_every_face_is_the_same_at_every_run() -> None:
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    app.save(basket)
    project = owned_by(lambda: {"object": object(), "function": open_widgets})
    one = esnb.explore(app, basket.id, live=False, projector_func=project)
    two = esnb.explore(app, str(basket.id), live=False, projector_func=project)
    assert one._repr_mimebundle_() == two._repr_mimebundle_()
    assert not re.search(r"0x[0-9a-f]{6,}", str(one) + one._repr_html_())


def test_sets_are_shown_in_an_order_of_their_own() -> None:
    assert tree({"b", "a", "c"}).line() == "{'a', 'b', 'c'}"
    assert tree(frozenset({3, 10, 2})).size == 3


# --- moving -----------------------------------------------------------------------


def test_version_moves_slider_list_and_tables_together() -> None:
    explorer = explored("tea", "jam", live=True)
    panel = explorer._controls()
    explorer.version = 2
    assert (panel.slider.value, panel._list.root.value) == (2, 1)
    assert "version 2 of 3" in panel._headline.value
    panel._list.root.value = 0
    assert explorer.version == panel.slider.value == 1
    assert panel._moves.previous.disabled
    assert not panel._moves.next.disabled


def test_a_single_version_is_shown_with_the_slider_at_rest() -> None:
    explorer = explored(live=True)
    assert explorer.versions == [1]
    assert explorer._controls().slider.disabled


def test_refresh_reads_new_events_and_stays_at_the_end() -> None:
    app, basket = Application[Any](), Basket("Ada")
    app.save(basket)
    explorer = esnb.explore(app, basket.id, live=True)
    assert explorer.version == 1
    basket.add("tea")
    app.save(basket)
    explorer.refresh()
    assert explorer.version == 2
    assert "tea" in str(explorer)


def test_a_store_that_is_gone_is_said_in_the_widget() -> None:
    app, basket = Application[Any](), Basket("Ada")
    app.save(basket)
    explorer = esnb.explore(app, basket.id, live=True)

    def gone(*_: Any, **__: Any) -> list[StoredEvent]:
        raise ConnectionError("<b>no</b> server")

    app.recorder.select_events = gone  # type: ignore[method-assign]
    explorer.refresh()
    said = explorer._controls()._message.value
    assert "ConnectionError: &lt;b&gt;no&lt;/b&gt; server" in said
    assert explorer.version == 1


def test_a_skip_that_fails_is_said_and_its_button_springs_back() -> None:
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    app.save(basket)
    explorer = esnb.explore(app, basket.id, live=True)
    panel = explorer._controls()
    what_if = panel._tables.what_if
    read = app.recorder.select_events

    def gone(*_: Any, **__: Any) -> list[StoredEvent]:
        raise ConnectionError("no server")

    app.recorder.select_events = gone  # type: ignore[method-assign]
    what_if._skip.value = True
    assert not what_if._skip.value
    assert not what_if.skipped
    assert "ConnectionError: no server" in panel._message.value

    app.recorder.select_events = read  # type: ignore[method-assign]
    what_if._skip.value = True
    assert what_if.skipped.skip == {2}
    assert panel._message.value == ""
    explorer.version = 1
    what_if._skip.value = True
    app.recorder.select_events = gone  # type: ignore[method-assign]
    what_if._skip.value = False  # puts it back, which reads what is left without the other
    assert what_if._skip.value
    assert what_if.skipped.skip == {1, 2}
    explorer.close()


def test_close_leaves_no_widget_behind() -> None:
    before = open_widgets()
    explorer = explored("tea", live=True)
    assert explorer.widget.model_id in open_widgets()
    explorer.close()
    assert open_widgets() <= before


# --- blame, jump, what if ---------------------------------------------------------


def test_a_field_says_which_event_set_it_as_of_the_version_that_is_shown() -> None:
    explorer = explored("tea", "jam", live=True, times=False)
    explorer.version = 2
    state = Outline(explorer._controls()._tables.state.value)
    assert "'Ada' set by 1 Opened" in state.text
    assert "['tea'] set by 2 Added" in state.text
    explorer.version = 3
    assert "set by 3 Added" in Outline(explorer._controls()._tables.state.value).text


def test_blame_agrees_with_the_frame_at_every_version() -> None:
    app, basket = Application[Any](), Basket("Ada")
    for item in ("tea", "jam"):
        basket.add(item)
    basket.drop(0)
    app.save(basket)
    timeline = esnb.explore(app, basket.id, live=False)._timeline
    assert timeline is not None
    for index, number in enumerate(timeline.numbers):
        for row in esnb.blame(app, basket.id, version=number).itertuples():
            found = timeline.blame(index, str(row.field))
            assert found is not None
            assert (found.number, found.type) == (row.version, row.type)
    assert timeline.blame(0, "nothing") is None


def test_jump_goes_to_the_version_that_was_the_last_at_a_time() -> None:
    explorer = explored("tea", "jam", live=True)
    panel = explorer._controls()
    times = [version.time for version in panel.timeline.versions]
    panel._when.value = str(times[1])
    assert explorer.version == 2
    explorer.jump("2999-01-01")
    assert explorer.version == 3
    panel._when.value = "1999-01-01"
    assert "choose that time or a later one" in panel._message.value
    panel._when.value = "<b>soon</b>"
    assert "&lt;b&gt;soon&lt;/b&gt;&#x27; is not a time" in panel._message.value
    assert explorer.version == 3
    panel._when.value = str(times[0])
    assert (explorer.version, panel._message.value) == (1, "")
    with pytest.raises(ValueError, match="choose that time or a later one"):
        explorer.jump("1999-01-01")


def test_what_if_shows_the_state_with_and_without_events() -> None:
    explorer = explored("tea", "jam", live=True)
    what_if = explorer._controls()._tables.what_if
    assert "Skip the event" in what_if._table.value
    assert what_if._clear.disabled

    explorer.version = 2
    assert what_if._skip.description == "Skip version 2"
    what_if._skip.value = True
    assert "['tea'][]" in Outline(what_if._table.value).text
    explorer.version = 3
    shown = Outline(what_if._table.value).text
    assert "after version 3, without 2" in shown
    assert "['tea', 'jam']['jam']" in shown
    assert not what_if._skip.value
    labels = [label for label, _ in explorer._controls()._list.root.options]
    assert ["⊘" in label for label in labels] == [False, True, False]

    what_if._skip.value = True
    assert "['tea', 'jam'][]" in Outline(what_if._table.value).text
    what_if._clear.click()
    assert not what_if.skipped
    assert "Skip the event" in what_if._table.value


def test_what_if_says_when_later_events_cannot_be_applied() -> None:
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    basket.drop(0)
    app.save(basket)
    explorer = esnb.explore(app, basket.id, live=True)
    what_if = explorer._controls()._tables.what_if
    what_if.skip(frozenset({2}))
    assert "not known: IndexError: pop from empty list" in Outline(what_if._table.value).text
    what_if.skip(frozenset({1, 2, 3}))
    assert "without 1, 2, 3" in what_if._table.value
    assert Outline(what_if._table.value).text.count("−") == 2


def test_hidden_fields_are_compared_and_stay_hidden_in_what_if() -> None:
    explorer = explored("tea", "jam", live=True, redact=["owner", "items"])
    what_if = explorer._controls()._tables.what_if
    what_if.skip(frozenset({3}))
    page = Outline(what_if._table.value).text
    assert page.count("[redacted]") == 4
    assert page.count("~") == 1
    assert "Ada" not in page


def test_what_is_skipped_stays_skipped_when_events_are_read_again() -> None:
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    app.save(basket)
    explorer = esnb.explore(app, basket.id, live=True)
    explorer._controls()._tables.what_if.skip(frozenset({2}))
    basket.add("jam")
    app.save(basket)
    explorer.refresh()
    assert explorer.version == 3
    assert (
        "['tea', 'jam']['jam']" in Outline(explorer._controls()._tables.what_if._table.value).text
    )


# --- chart, strip and legend --------------------------------------------------------


def a_busy_basket() -> tuple[Application[Any], Basket]:
    """Opened, added, added, dropped, added."""
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    basket.add("jam")
    basket.drop(0)
    basket.add("salt")
    app.save(basket)
    return app, basket


def a_busy_explorer() -> Explorer:
    app, basket = a_busy_basket()
    return esnb.explore(app, basket.id, live=True)


def test_first_previous_next_and_last_mean_that() -> None:
    explorer = a_busy_explorer()
    moves = explorer._controls()._moves
    for button, version in (
        (moves.first, 1),
        (moves.next, 2),
        (moves.last, 5),
        (moves.previous, 4),
    ):
        button.click()
        assert explorer.version == version
    explorer.close()


def test_the_legend_counts_the_types_and_shows_only_those_that_are_pressed() -> None:
    explorer = a_busy_explorer()
    panel = explorer._controls()
    opened, added, dropped = panel._legend.buttons
    assert [each.description for each in (opened, added, dropped)] == [
        "Opened 1",
        "Added 3",
        "Dropped 1",
    ]

    added.value = True
    assert [index for _, index in panel._list.root.options] == [1, 2, 4]
    assert "showing 3 of 5 versions" in panel._note.value
    assert "esnb-faded" in panel._chart.drawing.value
    panel._moves.first.click()
    assert (explorer.version, panel._list.root.value) == (2, 1)
    assert panel._moves.previous.disabled
    panel._moves.next.click()
    panel._moves.next.click()
    assert explorer.version == 5

    dropped.value = True
    panel._moves.previous.click()
    assert explorer.version == 4
    panel.slider.value = 1  # any version can be looked at, listed or not
    assert (explorer.version, panel._list.root.value) == (1, None)
    added.value = dropped.value = False
    assert len(panel._list.root.options) == 5
    assert panel._list.root.value == 0
    explorer.close()


def test_the_changes_of_a_field_are_found_from_anywhere() -> None:
    explorer = a_busy_explorer()
    chart = explorer._controls()._chart
    assert [name for name, _ in chart.field.options] == ["owner", "items"]
    assert chart.field.value == "items"
    chart.back.click()
    assert explorer.version == 4
    chart.field.value = "owner"
    assert chart.forth.disabled
    assert "owner over time: 1 change" in chart.drawing.value
    chart.back.click()
    assert explorer.version == 1
    assert chart.back.disabled
    explorer.close()


def test_a_bar_of_the_strip_is_a_button_that_says_its_event() -> None:
    explorer = a_busy_explorer()
    bars = explorer._controls()._chart.bars
    assert list(bars.options) == [f"version {number}" for number in range(1, 6)]
    assert bars.tooltips[1].startswith("2 Added: items: + 'tea'")
    assert bars.index == 4
    bars.index = 1
    assert explorer.version == 2
    explorer.version = 3
    assert bars.index == 2
    explorer.close()


def test_a_bar_of_many_versions_goes_to_its_first(long_explorer: Explorer) -> None:
    bars = long_explorer._controls()._chart.bars
    assert len(bars.options) == 100
    assert bars.options[49] == "versions 981 to 1,000"
    bars.index = 49
    assert long_explorer.version == 981
    long_explorer.version = 1000
    assert bars.index == 49
    assert long_explorer.version == 1000


def test_the_diff_can_be_to_any_version() -> None:
    explorer = a_busy_explorer()
    panel = explorer._controls()
    diff = panel._tables.diff
    assert [label for label, _ in diff.to.options][:3] == [
        "the version before",
        "v1 Opened",
        "v2 Added",
    ]
    explorer.version = 4
    diff.to.value = 1
    assert panel._tables.root.get_title(2) == "Diff to v1"
    assert Outline(diff.table.value).text.endswith(
        "from version 1 to version 4fieldbeforeafter+items[0]'jam'"
    )
    explorer.version = 1
    assert "no differences" in diff.table.value
    diff.to.value = 5  # a later one: what would have to be taken back
    assert Outline(diff.table.value).text.count("−") == 2
    diff.to.value = -1
    assert panel._tables.root.get_title(2) == "Diff"
    assert "what it changed" in diff.table.value
    explorer.close()


def test_the_speed_of_play_is_that_of_the_timer() -> None:
    explorer = a_busy_explorer()
    moves = explorer._controls()._moves
    moves.speed.value = dict(moves.speed.options)["5 ×"]
    assert moves.timer.interval == 140
    explorer.close()


def test_the_list_says_how_long_after_the_version_before_each_was() -> None:
    app = Cattery()
    cat = a_cat(app)  # an hour apart
    labels = {}
    for times in (True, False):
        explorer = esnb.explore(app, cat, live=True, times=times)
        labels[times] = [label for label, _ in explorer._controls()._list.root.options]
        explorer.close()
    assert ["+1\u00a0h" in label for label in labels[True]] == [False, True]
    assert not any("+1" in label for label in labels[False])


def test_a_history_whose_beginning_is_missing_has_a_chart_of_its_events() -> None:
    app, basket = a_busy_basket()
    stored = app.recorder.select_events(basket.id, gt=2)
    app = Application[Any]()
    app.recorder.insert_events(stored)
    explorer = esnb.explore(app, basket.id, live=True)
    panel = explorer._controls()
    assert explorer.versions == [3, 4, 5]
    assert (panel._chart.field.value, panel._chart.forth.disabled) == (None, True)
    assert "3 events over time" in panel._chart.drawing.value
    panel._moves.first.click()
    panel._tables.diff.to.value = 5
    assert "not known" in panel._tables.diff.table.value
    assert "not known" in panel._tables.state.value
    assert "3 events over time" in explorer._repr_html_()
    explorer.close()


def test_the_saved_view_reads_well_without_its_elements() -> None:
    app, basket = a_busy_basket()
    explorer = esnb.explore(app, basket.id, live=False, times=False)
    page = explorer._repr_html_()
    lines = [line for line in Outline(page).text.splitlines() if line.strip()]
    assert lines[0].startswith(f"Basket {basket.id} 5 versionsOpened 1 Added 3 Dropped 1")
    assert "items over the versions: 5 changes" in lines[0]
    assert "<title>" not in page


# --- following ------------------------------------------------------------------------


def followers() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "esnb-follow"]


def test_new_versions_appear_and_who_looks_at_an_old_one_stays_there() -> None:
    app, basket = a_busy_basket()
    explorer = esnb.explore(app, basket.id, live=True)
    panel = explorer._controls()
    explorer.version = 2
    explorer.following = True
    assert (explorer.version, panel._follow.switch.description) == (5, "Following")
    basket.add("rice")
    app.save(basket)
    until(lambda: explorer.version == 6)
    assert panel._follow.new.layout.visibility == "hidden"

    explorer.version = 3
    assert panel._follow.switch.description == "Paused"
    for item in ("oil", "nuts"):
        basket.add(item)
        app.save(basket)
    until(lambda: panel._follow.new.description == "2 new")
    assert (explorer.version, panel._follow.new.layout.visibility) == (3, "visible")
    assert panel._list.root.options[-1][1] == 7

    panel._follow.new.click()
    assert (explorer.version, panel._follow.switch.description) == (8, "Following")
    assert panel._follow.new.layout.visibility == "hidden"
    explorer.following = False
    until(lambda: followers() == [])
    explorer.close()


def test_following_says_so_where_nothing_is_new() -> None:
    explorer = a_busy_explorer()
    switch = explorer._controls()._follow.switch
    for wanted, word in ((True, "Following"), (False, "Follow")):
        explorer.following = wanted
        assert switch.description == word
    explorer.close()


def test_reading_again_at_an_old_version_says_how_many_are_new() -> None:
    app, basket = a_busy_basket()
    explorer = esnb.explore(app, basket.id, live=True)
    explorer.version = 1
    basket.add("rice")
    app.save(basket)
    explorer.refresh()
    follow = explorer._controls()._follow
    assert (explorer.version, follow.new.description) == (1, "1 new")
    explorer.close()


def test_following_rests_while_no_page_shows_it_and_ends_when_it_is_closed() -> None:
    app, basket = a_busy_basket()
    explorer = esnb.explore(app, basket.id, live=True)
    root = explorer.widget
    explorer.following = True
    root._view_count = 1
    assert followers() == ["esnb-follow"]
    root._view_count = 0
    until(lambda: followers() == [])
    root._view_count = 1
    assert followers() == ["esnb-follow"]
    explorer.close()
    assert followers() == []
    assert not explorer.following


def test_following_ends_with_the_store_and_says_so() -> None:
    app, basket = a_busy_basket()
    explorer = esnb.explore(app, basket.id, live=True)
    explorer.following = True

    def gone(*_: Any, **__: Any) -> list[StoredEvent]:
        raise ConnectionError("<b>no</b> server")

    read, app.recorder.select_events = app.recorder.select_events, gone  # type: ignore[method-assign]
    until(lambda: not explorer.following)
    said = explorer._controls()._message
    assert "New versions are not followed." in said.value
    assert "ConnectionError: &lt;b&gt;no&lt;/b&gt; server" in said.value
    explorer.following = True
    assert not explorer.following

    app.recorder.select_events = read  # type: ignore[method-assign]
    basket.add("rice")
    app.save(basket)
    explorer.following = True
    assert (explorer.version, said.value) == (6, "")
    explorer.close()


def test_only_a_live_explorer_of_an_aggregate_follows() -> None:
    app, basket = a_busy_basket()
    with pytest.raises(ValueError, match="only a live explorer follows"):
        esnb.explore(app, basket.id, live=False).following = True
    nothing = esnb.explore(Application(), basket.id, live=True)
    with pytest.raises(AggregateNotFoundError, match="no events yet"):
        nothing.following = True
    nothing.close()


# --- long work ----------------------------------------------------------------------------


def test_what_takes_long_says_so_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = a_busy_explorer()
    panel = explorer._controls()
    gate, real = Flag(), esnb.frames.without

    def slow(*arguments: Any, **options: Any) -> Any:
        for version in real(*arguments, **options):
            gate.wait(DEADLINE)
            yield version

    monkeypatch.setattr("esnb.frames.without", slow)
    panel.patience = 0
    panel._tables.what_if._skip.value = True
    assert panel.work.busy
    assert "Computing the history without 1 event…" in panel.work._note.value
    explorer.version = 2  # the panel goes on meanwhile
    assert "version 2 of 5" in panel._headline.value
    panel.work.stop.click()
    assert "Stopped. What was shown before is still shown." in panel._message.value
    assert not panel._tables.what_if.skipped
    assert not panel._tables.what_if._skip.value

    panel._tables.what_if._skip.value = True
    gate.set()
    until(lambda: panel._tables.what_if.skipped.skip == {2})
    until(lambda: not panel.work.busy)
    assert panel._message.value == ""
    assert "without 2" in panel._tables.what_if._table.value
    explorer.close()


# --- an empty store -----------------------------------------------------------------


def test_of_an_empty_store_it_says_what_to_do_and_goes_on_when_it_is_done() -> None:
    before = open_widgets()
    app, basket = Application[Any](), Basket("Ada")
    explorer = esnb.explore(app, basket.id, live=True)
    root = explorer.widget
    assert explorer.versions == []
    assert repr(explorer) == "Explorer(no events)"
    assert str(explorer) == (
        "application 'Application' has no events yet, so there is nothing to explore: save an "
        "aggregate, then read again"
    )
    assert str(explorer) in Outline(explorer._repr_html_()).text
    assert explorer._repr_mimebundle_()[VIEW]["model_id"] == root.model_id
    with pytest.raises(AggregateNotFoundError, match="has no events yet"):
        _ = explorer.version

    waiting = explorer._waits()
    waiting.again.click()
    assert waiting._message.value == ""
    app.save(Basket("Bob"))
    waiting.again.click()
    assert "no aggregate" in waiting._message.value
    app.save(basket)
    waiting.again.click()
    assert explorer.version == 1
    assert explorer.widget is root
    assert "Ada" in str(explorer)
    explorer.close()
    assert open_widgets() == before
    assert "Ada" in str(explorer)


def test_reading_again_goes_on_beside_where_it_takes_long() -> None:
    app, basket = Application[Any](), Basket("Ada")
    explorer = esnb.explore(app, basket.id, live=True)
    waiting = explorer._waits()
    waiting.patience = 0
    app.save(basket)
    waiting.again.click()
    until(lambda: explorer.versions == [1])
    until(lambda: explorer.widget.children)
    explorer.close()


def test_of_an_empty_store_it_reads_again_without_controls_too() -> None:
    app, basket = Application[Any](), Basket("Ada")
    explorer = esnb.explore(app, basket.id, live=False)
    explorer.refresh()
    assert "no events yet" in str(explorer)
    basket.add("tea")
    app.save(basket)
    explorer.refresh()
    assert explorer.version == 2


# --- bad input ----------------------------------------------------------------------


def test_unknown_id_version_and_source_are_clear_errors() -> None:
    app, basket = Application[Any](), Basket("Ada")
    app.save(basket)
    with pytest.raises(AggregateNotFoundError, match="no aggregate"):
        esnb.explore(app, uuid4())
    with pytest.raises(AggregateNotFoundError, match="no aggregate 'not a UUID'"):
        esnb.explore(app, "not a UUID")
    with pytest.raises(ValueError, match="has no version 9: it has 1 to 1"):
        esnb.explore(app, basket.id, version=9)
    with pytest.raises(TypeError, match="version='1': pass a whole number"):
        esnb.explore(app, basket.id, version="1")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="pass an eventsourcing Application"):
        esnb.explore(object(), basket.id)  # type: ignore[call-overload]


def test_markup_and_invisible_characters_are_shown_not_obeyed() -> None:
    explorer = explored(HOSTILE, {HOSTILE: [HOSTILE]}, owner=HOSTILE, live=True)
    panel = explorer._controls()
    panel._tables.what_if.skip(frozenset({3}))
    pages = [explorer._repr_html_(), *(each.value for each in explorer_pages(panel))]
    for page in pages:
        assert "<script" not in page
        assert "\u202e" not in page
        assert "\x00" not in page
        assert Outline(page).open == []
    assert "\\u202eevil\\x00" in Outline(pages[0]).text
    assert "\u202e" not in str(explorer)


def test_one_entry_is_one() -> None:
    assert "</code> 1 entry<" in value(tree({"name": "x" * 100}))
    assert "</code> 2 entries<" in value(tree(["x" * 100, "y"]))


def test_values_that_cannot_be_copied_compared_or_written_are_named() -> None:
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    app.save(basket)
    project = owned_by(Unshowable)
    explorer = esnb.explore(app, basket.id, live=True, projector_func=project)
    assert "Unshowable" in explorer._repr_html_()
    assert "Unshowable" in str(explorer)


def test_an_event_that_cannot_be_applied_ends_the_known_state() -> None:
    app, basket = Application[Any](), Basket("Ada")
    basket.add("tea")
    app.save(basket)
    topic = app.recorder.select_events(basket.id)[0].topic.replace("Opened", "Vanished")
    broken = StoredEvent(basket.id, 3, topic, b"{}")
    app.recorder.insert_events([broken])
    explorer = esnb.explore(app, basket.id, live=False)
    assert explorer.versions == [1, 2, 3]
    assert "not known:" in str(explorer)
    assert "not known:" in explorer._repr_html_()


def test_long_and_deep_values_are_cut_and_that_is_said() -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    explorer = explored("x" * 2**20, deep, list(range(50_000)), live=True)
    page = explorer._repr_html_()
    assert len(page.encode()) < 200_000
    assert "(1,048,576 characters)" in page
    explorer.version = 2
    panel = explorer._controls()
    assert sum(len(table.value) for table in explorer_pages(panel)) < 200_000
    assert all(len(line) < 200 for line in str(explorer).splitlines())


# --- size and speed --------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_explorer() -> Explorer:
    """2,000 versions of an aggregate of fifty fields' worth of list."""
    app, basket = Application[Any](), Basket({"name": "Ada", "tags": ["a", "b"]})
    for number in range(1_999):
        if len(basket.items) > 50:
            basket.drop(0)
        else:
            basket.add({"number": number, "text": f"item {number}"})
    app.save(basket)
    return esnb.explore(app, basket.id, live=True)


def test_the_saved_view_of_many_versions_is_small_and_says_what_it_shows(
    long_explorer: Explorer,
) -> None:
    page = long_explorer._repr_html_()
    assert len(page.encode()) < 200_000
    assert re.search(r"showing \d+ of 2,000 versions", Outline(page).text)
    assert "showing 20 of 2,000 versions" in str(long_explorer)


def test_a_message_keeps_its_lines_and_shows_everything_else_that_cannot_be_seen() -> None:
    shown = message("<b>no</b> server\nTry again.\r\u202e")
    assert Outline(shown).text == "<b>no</b> server\nTry again.\\r\\u202e"
    assert len(message("x\n" * 2**20)) < 1000
    assert message("") == ""
