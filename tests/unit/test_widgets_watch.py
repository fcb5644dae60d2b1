"""`watch`: runners as data, in text, in HTML, and with controls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import esnb
from esnb.projections import CatchUpRunner
from esnb.widgets._watch_panel import WatchPanel
from esnb.widgets._watching import Watched
from tests.unit.projections_domain import Bank, Deposits, Sums


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


def test_runners_are_data(runner: CatchUpRunner[Bank, Sums]) -> None:
    (seen,) = esnb.watch(runner).runners
    assert (seen.name, seen.application, seen.state) == ("deposits", "Bank", "running")
    assert (seen.position, seen.head, seen.lag, seen.ago) == (3, 3, 0, "caught up")
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
    assert seen.state == "running"


def test_html_without_numbers_is_the_same_at_every_run(runner: CatchUpRunner[Bank, Sums]) -> None:
    shown = esnb.watch(runner, live=False, numbers=False)._repr_html_()
    with_numbers = esnb.watch(runner, live=False)._repr_html_()
    body = re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL)
    assert "events/s" not in body
    assert "events/s" in with_numbers
    assert ("caught up" in body, "running" in body) == (True, True)


def test_live_it_has_buttons_that_do_what_they_say(runner: CatchUpRunner[Bank, Sums]) -> None:
    panel = WatchPanel(Watched((runner,)), numbers=True)
    try:
        buttons = panel._buttons[0]
        assert [button.disabled for button in buttons.values()] == [False, True, False]
        panel.press(0, "pause").join(10)
        assert runner.status().state == "paused"
        assert [button.disabled for button in buttons.values()] == [True, False, True]
        assert "paused" in panel._table.value
        panel.press(0, "resume").join(10)
        progress = runner._progress
        assert progress.waits(10, lambda: progress.state == "running")
        panel.look()
        assert "running" in panel._table.value
    finally:
        panel.close()
    assert not panel.look()


def test_what_a_runner_refuses_is_said() -> None:
    class Refusing(Odd):
        def rebuild(self) -> None:
            raise RuntimeError("not <now>")

    panel = WatchPanel(Watched((Refusing(name="r", state="running"),)), numbers=True)
    try:
        panel.press(0, "rebuild").join(10)
        assert "not &lt;now&gt;" in panel._message.value
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


def test_what_is_no_runner_is_refused() -> None:
    with pytest.raises(TypeError, match="no runner: int"):
        esnb.watch(3)
