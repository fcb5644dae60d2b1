"""`watch`: runners as data, in text, in HTML, and with controls."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import esnb
from esnb.projections import CatchUpRunner
from esnb.threads import question
from esnb.widgets.watch import sources
from esnb.widgets.watch.board import Board, Past
from esnb.widgets.watch.html import heads, line, saved, wrong, wrong_in_short
from esnb.widgets.watch.panel import Saving, WatchPanel
from esnb.widgets.watch.sources import QueueSource, RunnerSource, board_of
from esnb.widgets.watch.sparkline import sparkline
from esnb.widgets.watch.status_row import StatusRow
from esnb.widgets.watch.watcher import Watcher
from tests.domain.bank import Bank, Deposits, Sums
from tests.unit.widget_pages import Outline, open_widgets
from tests.waiting import until

HOSTILE = "</td><script>alert(1)</script>\u202eevil\x00"


@pytest.fixture
def bank() -> Bank:
    bank = Bank()
    bank.deposit(bank.open(), 1, 2)
    return bank


@pytest.fixture
def runner(bank: Bank) -> Iterator[CatchUpRunner[Bank, Sums]]:
    with CatchUpRunner(bank, Deposits, Sums) as runner:
        runner.wait()
        yield runner


class Odd:
    """A runner of somebody else's."""

    name = "odd"

    def __init__(self, **status: Any) -> None:
        self._status = status

    def status(self) -> Any:
        if not self._status:
            raise ConnectionError("<b>away</b>")
        return SimpleNamespace(**self._status)


class Groups:
    """Runners that come and go."""

    name = "groups"

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def look(self) -> Iterator[StatusRow]:
        for name in self.names:
            yield StatusRow(name=name, state="Live", key=name, can=("replay parked",))

    def ask(self, row: StatusRow, what: str) -> None:
        raise AssertionError(row, what)


def test_runners_are_data(runner: CatchUpRunner[Bank, Sums]) -> None:
    (seen,) = esnb.watch(runner).runners
    assert (seen.name, seen.application, seen.state) == ("deposits", "Bank", "running")
    assert (seen.position, seen.head, seen.lag, seen.lag_text) == (3, 3, 0, "caught up")
    assert seen.asks == ("pause", "rebuild")
    runner.pause()
    assert esnb.watch(runner).runners[0].asks == ("resume",)


def test_text_is_the_same_at_every_run(bank: Bank) -> None:
    texts = set()
    for _ in range(2):
        with CatchUpRunner(bank, Deposits, Sums) as one:
            one.wait()
            texts.add(str(esnb.watch(one, Odd(name="b", state="failed", lag=1, error="no"))))
    assert texts == {"deposits  running  caught up\nb         failed   1 event behind\n  error: no"}


def test_a_failing_runner_shows_its_event_and_handler(bank: Bank) -> None:
    class Failing(Deposits):
        def process_event(self, domain_event: Any, tracking: Any) -> None:
            raise ValueError("<script>unlucky</script>")

    one = CatchUpRunner(bank, Failing, Sums).start()
    with pytest.raises(ValueError, match="unlucky"):
        one.wait()
    one.stop()
    shown = esnb.watch(one)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;unlucky" in shown
    assert "event 2" in shown
    assert "process_event" in str(esnb.watch(one))


def test_one_that_cannot_tell_does_not_hide_the_others(runner: CatchUpRunner[Bank, Sums]) -> None:
    odd, seen = esnb.watch(Odd(), runner).runners
    assert (odd.name, odd.state, odd.error) == ("odd", "unknown", "ConnectionError: <b>away</b>")
    assert odd.advice == "Check the server: it is shown again once it answers."
    assert seen.state == "running"


def test_html_without_numbers_is_the_same_at_every_run(runner: CatchUpRunner[Bank, Sums]) -> None:
    shown = esnb.watch(runner, live=False, numbers=False)._repr_html_()
    with_numbers = esnb.watch(runner, live=False)._repr_html_()
    body = re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL)
    assert "events/s" not in body
    assert "events/s" in with_numbers
    assert ("caught up" in body, "running" in body) == (True, True)


def test_live_it_has_buttons_that_do_what_they_say(runner: CatchUpRunner[Bank, Sums]) -> None:
    panel = WatchPanel(board_of([runner]), numbers=True, patience=60)
    try:
        (card,) = panel.cards
        (seen,) = panel._board.look()
        assert list(card.buttons) == ["pause", "resume", "rebuild"]
        assert [button.disabled for button in card.buttons.values()] == [False, True, False]
        panel.press(seen.key, "pause").join(60)
        assert runner.status().state == "paused"
        assert [button.disabled for button in card.buttons.values()] == [True, False, True]
        assert "paused" in card._line.value
        panel.press(seen.key, "resume").join(60)
        progress = runner._progress
        assert progress.wait(60, lambda: progress.state == "running")
        panel.look()
        assert "running" in card._line.value
    finally:
        panel.close()
    assert not panel.look()


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_one_that_has_ended_is_resumed_by_its_button(bank: Bank, state: str) -> None:
    class Failing(Deposits):
        is_mended = False

        def process_event(self, domain_event: Any, tracking: Any) -> None:
            if not self.is_mended:
                raise ValueError("unlucky")
            self.view.insert_tracking(tracking)

    one = CatchUpRunner(bank, Failing, Sums).start()
    with pytest.raises(ValueError, match="unlucky"):
        one.wait()
    Failing.is_mended = True
    if state == "stopped":
        one.start().stop()
    panel = WatchPanel(board_of([one]), numbers=True, patience=60)
    try:
        (card,) = panel.cards
        (seen,) = panel._board.look()
        assert seen.state == state
        assert [button.disabled for button in card.buttons.values()] == [True, False, False]
        panel.press(seen.key, "resume").join(60)
        one.wait()
        panel.look()
        assert "running" in card._line.value
        assert card._wrong.value == ""
    finally:
        panel.close()
        one.stop()


def test_a_failed_event_is_skipped_after_a_question(bank: Bank) -> None:
    class Failing(Deposits):
        def process_event(self, domain_event: Any, tracking: Any) -> None:
            if domain_event.amount == 1:
                raise ValueError("unlucky <b>")
            self.view.insert_tracking(tracking)

    with CatchUpRunner(bank, Failing, Sums) as one:
        panel = WatchPanel(board_of([one]), numbers=True, patience=60)
        try:
            (card,) = panel.cards
            question = card.question
            assert question is not None
            with pytest.raises(ValueError, match="unlucky"):
                one.wait()
            panel.look()
            assert card.buttons["resume"].description == "Start again"
            assert question.button.description == "Skip this event"
            assert question.button.layout.visibility == "visible"
            assert question.root.layout.display == "none"

            question.button.click()
            assert question.root.layout.display == "flex"
            assert one.dead_letters() == []  # so far it was only asked
            assert "The view never gets event 2 (" in Outline(question._words.value).text
            question.no.click()
            assert (question.root.layout.display, one.dead_letters()) == ("none", [])

            question.button.click()
            question.yes.click()
            (asking,) = panel._asking
            asking.join(60)
            one.wait()
            panel.look()
            assert [each.error for each in one.dead_letters()] == ["ValueError: unlucky <b>"]
            assert "1 dead letter<" in card._line.value
            assert card._wrong.value == ""
            assert question.button.layout.visibility == "hidden"
            assert card.buttons["resume"].description == "Resume"
        finally:
            panel.close()


def test_a_question_goes_with_what_it_asks_about() -> None:
    odd = Odd(name="o", state="failed", error="no", event="event 3 of <b>")
    odd.skip_event = lambda: None  # type: ignore[attr-defined]
    panel = WatchPanel(board_of([odd]), numbers=True, patience=60)
    try:
        question = panel.cards[0].question
        assert question is not None
        question.button.click()
        assert "goes on after event 3 of &lt;b&gt;, without it" in question._words.value
        odd._status["state"] = "running"
        panel.look()
        assert question.root.layout.display == "none"
        assert question.button.disabled
    finally:
        panel.close()


def test_one_that_can_only_be_started_is_resumed_by_that() -> None:
    class Starting(Odd):
        started = 0

        def start(self) -> None:
            self.started += 1

    odd = Starting(name="publisher", state="failed")
    watching = board_of([odd])
    (seen,) = watching.look()
    assert (seen.can, seen.asks) == (("resume",), ("resume",))
    watching.ask(seen.key, "resume")
    assert odd.started == 1
    (seen,) = board_of([Starting(name="publisher", state="running")]).look()
    assert (seen.can, seen.asks) == (("resume",), ())


def test_what_a_runner_refuses_is_said() -> None:
    class Refusing(Odd):
        def rebuild(self) -> None:
            raise RuntimeError("not <now>")

    panel = WatchPanel(board_of([Refusing(name="r", state="running")]), numbers=True, patience=60)
    try:
        (seen,) = panel._board.look()
        panel.press(seen.key, "rebuild").join(60)
        assert "not &lt;now&gt;" in panel._message.value
        panel.press("gone", "rebuild").join(60)
        assert "no longer there" in panel._message.value
    finally:
        panel.close()


def test_a_live_watcher_has_three_faces(runner: CatchUpRunner[Bank, Sums]) -> None:
    watcher = esnb.watch(runner, live=True)
    try:
        bundle = watcher._repr_mimebundle_()
        assert set(bundle) == {
            "text/plain",
            "text/html",
            "application/vnd.jupyter.widget-view+json",
        }
        assert repr(watcher) == "<watch of 1 runner>"
    finally:
        watcher.close()
    assert set(watcher._repr_mimebundle_()) == {"text/plain", "text/html"}


def threads_of_widgets() -> set[threading.Thread]:
    """A runner begins and ends threads of its own meanwhile."""
    names = ("esnb-follow", "esnb-watch")
    return {each for each in threading.enumerate() if each.name.startswith(names)}


def test_after_close_no_thread_and_no_widget_is_left(runner: CatchUpRunner[Bank, Sums]) -> None:
    threads, widgets = threads_of_widgets(), open_widgets()
    watcher = esnb.watch(runner, live=True)
    panel = WatchPanel(board_of([runner]), numbers=True, patience=60)
    assert watcher.widget.model_id in open_widgets()
    assert len(threads_of_widgets() - threads) == 2
    panel.press("0/0", "pause")
    watcher.close()
    panel.close()
    assert threads_of_widgets() <= threads
    assert open_widgets() == widgets
    assert runner.status().state == "paused"  # runners are left alone
    watcher.close()


def test_it_looks_while_a_page_shows_it() -> None:
    panel = WatchPanel(board_of([Odd(name="r", state="running")]), numbers=True, patience=60)
    try:
        first = panel._following._follower
        assert first is not None
        panel.root._view_count = 1
        assert panel._following._follower is first
        panel.root._view_count = 0  # the cell was cleared
        assert not panel.looking
        first.join(60)
        assert not first.is_alive
        panel.root._view_count = 1
        assert panel.looking
    finally:
        panel.close()


def test_cards_stay_while_their_runners_do_and_go_with_them() -> None:
    widgets = open_widgets()
    groups = Groups("b", "a")
    panel = WatchPanel(Board([groups]), numbers=True, patience=60)
    try:
        one, two = panel.cards
        groups.names = ["a", "c"]
        panel.look()
        assert panel.cards[0] is two
        assert one.root.comm is None
        groups.names = []
        panel.look()
        assert panel.cards == []
        assert "no runners" in panel._none.value
        groups.names = [HOSTILE]
        panel.look()
        assert "<script" not in panel.cards[0]._line.value
    finally:
        panel.close()
    assert open_widgets() == widgets


def test_a_failed_look_is_said_in_the_row_and_ends_nothing() -> None:
    panel = WatchPanel(board_of([Odd()]), numbers=True, patience=60)
    try:
        assert panel.look()
        assert "ConnectionError: &lt;b&gt;away" in panel.cards[0]._wrong.value
    finally:
        panel.close()


class Silent(Odd):
    """One that answers when it is allowed to."""

    def __init__(self, **status: Any) -> None:
        super().__init__(**status)
        self.asked = threading.Semaphore(0)
        self.allowed = threading.Event()

    def status(self) -> Any:
        self.asked.release()
        assert self.allowed.wait(60)
        return super().status()

    def pause(self) -> None:
        raise AssertionError


def test_a_runner_of_somebody_else_that_does_not_return_is_not_waited_for() -> None:
    silent = Silent(name="s", state="running", lag=7)
    silent.allowed.set()
    looked = board_of([[silent]])
    (seen,) = looked.look()
    assert (seen.state, seen.lag) == ("running", 7)
    assert list(esnb.runners(silent)["state"]) == ["running"]
    silent.allowed.clear()
    try:
        for _ in range(2):
            (seen,) = looked.look()
            assert (seen.state, seen.lag) == ("unknown", 7)  # what was known
            assert "the status of runner 'odd'; its status is not known since" in str(seen.error)
            assert seen.advice == "Check the server: it is shown again once it answers."
            shown = esnb.runners([silent, Odd(name="q", state="running")])
            assert list(shown["name"]) == ["odd", "q"]
            assert list(shown["state"]) == ["unknown", "running"]
            assert "not known since" in shown["error"][0]
        assert "not known since" in esnb.watch(silent, live=False)._repr_html_()
    finally:
        silent.allowed.set()
    until(lambda: looked.look()[0].state == "running")


class Slotted:
    """Can be neither hashed nor referred to weakly."""

    __slots__ = ("allowed",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.allowed = threading.Event()

    def status(self) -> Any:
        assert self.allowed.wait(60)


def test_a_runner_that_nothing_can_be_kept_of_is_not_waited_for_either() -> None:
    slotted = Slotted()
    try:
        error = esnb.runners(slotted)["error"][0]
    finally:
        slotted.allowed.set()
    assert "'Slotted'; its status is not known yet" in error


def test_a_queue_whose_redis_does_not_answer_says_since_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed = threading.Event()
    allowed.set()

    def counts(*_: Any, **__: Any) -> dict[str, int]:
        assert allowed.wait(60)
        return dict.fromkeys(("failed", "completed", "paused", "active"), 0)

    monkeypatch.setattr(sources, "queue_counts", counts)
    looked = Board([QueueSource(None, "mails", "bull")])
    assert looked.look()[0].state == "idle"
    allowed.clear()
    try:
        (seen,) = looked.look()
    finally:
        allowed.set()
    assert (seen.state, seen.kind) == ("unknown", "queue")
    assert "about queue 'mails'; its status is not known since" in str(seen.error)


def test_one_that_does_not_answer_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "PATIENCE", 3600.0)  # a source that is slow itself
    silent = Silent(name="s", state="running", lag=7)
    now = [0.0]
    quick = Odd(name="q", state="running")
    looked = Board([RunnerSource(silent), RunnerSource(quick)], clock=lambda: now[0])

    def states_until(quick_one: str) -> list[str]:
        states: list[str] = []

        def shown() -> bool:
            states[:] = [each.state for each in looked.look(patience=0.01)]
            return states[1] == quick_one

        until(shown)
        return states

    try:
        assert states_until("running") == ["asking", "running"]
        assert silent.asked.acquire(timeout=60)
        quick._status["state"] = "paused"
        now[0] = 1.0
        assert states_until("paused") == ["asking", "paused"]
        now[0] = 5.0
        (unknown, _) = looked.look()
        assert (unknown.state, unknown.error) == ("unknown", "no answer for 5 s")
        assert unknown.advice == "Check the server: it is shown again once it answers."
        now[0] = 14.0
        (unknown, _) = looked.look()
        assert unknown.error == "no answer for 10 s"
        assert not silent.asked.acquire(blocking=False)  # it is not asked again meanwhile
    finally:
        silent.allowed.set()
    looked.join(60)
    (seen, _) = looked.look()
    assert (seen.state, seen.lag, seen.error) == ("running", 7, None)
    assert len(looked.past(seen).lags) == 1
    looked.join(60)


def test_a_card_has_its_buttons_once_its_runner_has_answered() -> None:
    widgets, threads = open_widgets(), set(threading.enumerate())
    silent = Silent(name="s", state="running")
    panel = WatchPanel(board_of([silent]), numbers=True, patience=0)
    try:
        assert [list(card.buttons) for card in panel.cards] == [[]]
        silent.allowed.set()

        def has_buttons() -> bool:
            panel.look()
            return bool(panel.cards[0].buttons)

        until(has_buttons)
        assert list(panel.cards[0].buttons) == ["pause"]
    finally:
        silent.allowed.set()
        panel.close()
    assert open_widgets() == widgets
    assert set(threading.enumerate()) <= threads


def test_a_rate_that_is_not_told_comes_of_two_looks() -> None:
    runner = Odd(name="p", state="running", published=10, rate_per_s=None)
    now = iter([100.0, 102.0, 104.0])
    looked = Board([RunnerSource(runner)], clock=lambda: next(now))
    (first,) = looked.look()
    assert first.rate is None
    runner._status["published"] = 30
    (second,) = looked.look()
    assert (second.rate, second.kind) == (10.0, "publisher")
    assert str(esnb.watch(runner)) == "p (publisher)  running  lag unknown"
    runner._status["published"] = 0  # started again
    (third,) = looked.look()
    assert third.rate is None
    assert list(looked.past(third).rates) == [None, 10.0, None]


def test_the_recent_course_is_kept_in_the_saved_view() -> None:
    odd = Odd(name="o", state="running", lag=2, rate_per_s=1.5)
    seconds = iter(range(100, 200, 10))
    board = Board([RunnerSource(odd)], clock=lambda: float(next(seconds)))
    watcher = Watcher(board, live=False, numbers=True)
    assert "<polyline" not in watcher._repr_html_()  # of one look there is no line
    odd._status["lag"] = 12_000
    watcher.runners  # noqa: B018
    shown = watcher._repr_html_()
    assert shown.count("<polyline") == 2
    assert "recent lag: at most 12,000 in the last 20 s" in shown
    assert "max\xa012,000 in\xa020\xa0s" in Outline(shown).text
    assert "max\xa01.5 in\xa020\xa0s" in Outline(shown).text
    assert "<polyline" not in Watcher(board, live=False, numbers=False)._repr_html_()


def test_the_saved_view_is_brought_up_to_date_ever_less_often() -> None:
    saved: list[float] = []
    now = [0.0]
    saving = Saving(lambda: saved.append(now[0]), clock=lambda: now[0])
    for second in range(300):
        now[0] = float(second)
        saving.now_and_then()
    assert saved == [4, 12, 28, 60, 120, 180, 240]


def test_a_position_is_not_shown_as_a_number_of_events() -> None:
    one = StatusRow(name="o", state="running", position=1234567, head=7654321, lag=5)
    caught_up, idle = replace(one, position=7654321), replace(one, position=None)
    for row, words in (
        (one, "1234567 log ends at 7654321"),
        (caught_up, "7654321 the end of the log"),
        (idle, "none yet log ends at 7654321"),
    ):
        assert words in Outline(line(row, Past(), True)).text
        assert words in Outline(saved([row], True, "", lambda _: Past())).text
    assert "position in the log" in heads(True)


def test_an_event_is_called_one_once() -> None:
    odd = Odd(name="o", state="failed", error="no", event="event 3 (T, version 1 of a)")
    texts = [str(esnb.watch(odd)), Outline(esnb.watch(odd, live=False)._repr_html_()).text]
    (seen,) = board_of([odd]).look()
    texts.append(Outline(wrong_in_short(seen)).text)
    for text in texts:
        assert "event event" not in text.replace(":", "")
        assert "3 (T, version 1 of a)" in text


def test_whatever_is_wrong_is_said_on_one_line_and_whole_when_it_is_opened() -> None:
    long = "x" * 300
    fine, failed, parked = (
        StatusRow(name="o", state="running"),
        StatusRow(name="o", state="failed", error=long, traceback=f"a\n\n  b {HOSTILE}"),
        StatusRow(name="o", state="running", last_parked=f"event 3: {long}"),
    )
    assert wrong_in_short(fine) == ""
    for row, name in ((failed, "Traceback"), (parked, "Details")):
        shown = wrong_in_short(row)
        assert shown.count('class="esnb-fault"') == 1
        assert f"<summary>{name}</summary>" in shown
        assert Outline(shown).text.count(long) == 2
        assert "<script" not in shown


def test_the_columns_have_heads() -> None:
    for numbers in (True, False):
        panel = WatchPanel(board_of([Odd(name="o", state="running")]), numbers, patience=60)
        try:
            head = panel._heads.children[0].value
            row = panel.cards[0]._line.value
        finally:
            panel.close()
        assert head.count("<span>") == row.count('<span class="esnb-') - row.count("esnb-lag")
        assert ("position in the log" in head) is numbers


@pytest.mark.parametrize("live", [True, False])
def test_stores_with_nothing_to_watch_say_so(live: bool) -> None:
    with esnb.connect(embedded=True) as stores:
        watcher = esnb.watch(stores, live=live)
        try:
            texts = [str(watcher), Outline(watcher._repr_html_()).text]
            if live:
                panel = watcher._controls()
                until(lambda: panel.look() and panel.cards == [])
                texts.append(Outline(panel._none.value).text)
        finally:
            watcher.close()
    for text in texts:
        assert "there is nothing to watch yet" in text
        assert "no persistent subscriptions" in text
        assert "watch(stores, runner)" in text


def test_sparklines_are_drawings_with_words_and_without_scripts() -> None:
    drawn = sparkline([0, 5, None, 2, 10], 'rate "of late"')
    page = Outline(drawn)
    assert page.tags == {"svg", "polyline"}
    assert 'aria-label="rate &quot;of late&quot;"' in drawn
    assert drawn.count("<polyline") == 2
    assert "1.0,16.0 14.5,9.0" in drawn
    assert sparkline([3], "one") == ""
    assert sparkline([3, math.inf, math.nan], "one") == ""
    assert "nan" not in sparkline([3, math.inf, math.nan, 1], "two")


def test_hostile_names_and_errors_are_shown_not_obeyed() -> None:
    long = HOSTILE + "x" * 2**20
    odd = Odd(
        name=long, state=HOSTILE, application=long, error=long, event=long, handler=long,
        traceback=f"Traceback\n{long}", lag=3, rate_per_s=1.0, parked_in_group=2,
    )  # fmt: skip
    watcher = esnb.watch(*[odd] * 300, live=False)
    (seen,) = board_of([odd]).look()
    pages = [watcher._repr_html_(), line(seen, Past(), True), wrong(seen)]
    for page in pages:
        assert "<script" not in page
        assert not {"\u202e", "\x00"} & set(page)
        assert Outline(page).open == []
        assert len(page.encode()) < 200_000
    text = str(watcher)
    assert not {"\u202e", "\x00"} & set(text)
    assert all(len(row) < 500 for row in text.splitlines())
    assert "showing 20 of 300 runners" in pages[0]


def test_with_nothing_to_watch_it_says_what_to_give_it() -> None:
    empty = esnb.watch(live=False)
    panel = WatchPanel(board_of([]), numbers=True, patience=60)
    try:
        texts = [str(empty), *(Outline(p).text for p in (empty._repr_html_(), panel._none.value))]
    finally:
        panel.close()
    for text in texts:
        assert "no runners: pass watch() a runner that was started" in text
        assert "esnb.connect()" in text
        assert "queues=" in text


def test_static_html_reads_without_styles_and_scripts(runner: CatchUpRunner[Bank, Sums]) -> None:
    failed = Odd(
        name="f", state="failed", lag=2, error="no", traceback="Traceback\n  <line>", dead_letters=2
    )
    page = Outline(esnb.watch(runner, failed, live=False)._repr_html_())
    assert page.open == []
    assert not page.tags & {"script", "iframe", "img", "link", "object"}
    assert page.attributes <= {"class", "open", "title", "colspan", "scope"}
    assert "2 events behind 2 dead letters" in page.text
    assert "Traceback\n  <line>" in page.text
    assert "2 events behind, 2 dead letters" in str(esnb.watch(failed))


def test_what_is_no_runner_is_refused() -> None:
    with pytest.raises(TypeError, match=r"no runner: builtins\.int"):
        esnb.watch(3)
    with pytest.raises(TypeError, match="pass an instance"):
        esnb.watch(CatchUpRunner)
    with pytest.raises(TypeError, match=r"queues=\['mails'\] are in a Redis"):
        esnb.watch(queues="mails")


class Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def status(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.name, state="running")


def test_runners_are_given_one_by_one_or_in_lists() -> None:
    a, b, c = map(Named, "abc")

    given_as: tuple[tuple[Any, ...], ...] = (
        (a, b, c),
        ([a, b, c],),
        ((a, [b]), c),
        (iter([a, b, c]),),
        ({"x": a, "y": b, "z": c}.values(),),
        ([], [a], (), (each for each in (b, c))),
    )
    for given in given_as:
        copies = [list(each) if isinstance(each, Iterator) else each for each in given]
        assert list(esnb.runners(*copies)["name"]) == ["a", "b", "c"]
        assert [each.name for each in esnb.watch(*copies, live=False).runners] == ["a", "b", "c"]
    assert list(esnb.runners([])["name"]) == []
    assert len(esnb.runners(each for each in (a, b))) == 2
    assert "no runners" in str(esnb.watch([], live=False))
    for other in ("abc", [a, "abc"], [[7]], [Named], {"x": a}, [None]):
        for take in (esnb.runners, esnb.watch):
            with pytest.raises(TypeError, match="no runner"):
                take(other)
