"""Work that may take long, done beside the kernel's main thread: said after a second, with a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html import escape
from time import monotonic
from typing import Any, TypeVar

import ipywidgets as widgets

from esnb.drawing.html import note
from esnb.threads.changes import Changes
from esnb.threads.outside import begin, outcome
from esnb.widgets.live.controls import button, row

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds after which work says that it goes on, and the kernel no longer waits for it."""
_INTERVAL = 0.3
"""Seconds between two counts."""


class StoppedError(Exception):
    """Work was stopped by the one who had asked for it."""


class LongWork:
    """One piece of work: how far it is, whether it is still wanted, and who waits for it."""

    def __init__(
        self,
        what: str,
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        say: Callable[[str, int, int], None],
    ) -> None:
        self.what = what
        self.wanted = True
        self.beside = False
        """Whether the kernel no longer waits for it: it then says how far it is."""
        self.outcome: tuple[Any, BaseException | None] | None = None
        self.failed = failed
        self._done = done
        self._say = say

    def count(self, items: Iterable[T], total: int = 0) -> Iterator[T]:
        """Passes the items on, and says how many there were; StoppedError once it is stopped."""
        due = 0.0
        for place, item in enumerate(items):
            if not self.wanted:
                raise StoppedError(f"{self.what} was stopped")
            if self.beside and monotonic() >= due:
                due = monotonic() + _INTERVAL
                self._say(self.what, place, total)
            yield item

    def finish(self) -> None:
        """Hands over what was found, or the error."""
        found, error = self.outcome or (None, None)
        if error is None:
            self._done(found)
        elif isinstance(error, Exception):
            self.failed(error)
        else:  # a domain's code may exit, which must not end the thread
            self.failed(RuntimeError(f"{self.what} raised {type(error).__name__}"))


class WorkBar:
    """A line that is empty until work takes longer than a second; `root` is what is displayed.

    Only the newest work counts: what was begun before is stopped.
    """

    def __init__(self) -> None:
        self._changes = Changes()
        self._work: LongWork | None = None
        self._note = widgets.HTML()
        self.stop = button("Stop", "stop", "Stop this; what was shown before stays")
        self.stop.on_click(lambda _: self._stop())
        self.root = row("esnb-working", self._note, self.stop)
        self.root.layout.display = "none"

    @property
    def busy(self) -> bool:
        """Whether work goes on."""
        return self._work is not None

    def run(
        self,
        what: str,
        work: Callable[[LongWork], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        patience: float | None = None,
    ) -> None:
        """Has another thread do `work`, then calls `done` or `failed`, here or there.

        Returns once that is over, or after `patience` seconds, while the work
        goes on. A stop calls `failed` with StoppedError. An interrupt of the
        wait stops the work.
        """
        begun = LongWork(what, done, failed, self._say)
        self.cancel()
        self._work = begun
        begin(partial(self._do, begun, partial(work, begun)))
        try:
            self._changes.wait_for(lambda: begun.outcome is not None, patience)
        except BaseException:
            self._forget(begun)
            raise
        with self._changes:
            begun.beside = begun.outcome is None
        if begun.beside:
            self._say(what)
            self.root.layout.display = ""
        else:
            self._finish(begun)

    def cancel(self) -> None:
        """Stops what goes on, as if it had not been begun."""
        if self._work is not None:
            self._forget(self._work)

    def join(self, timeout: float) -> bool:
        """Waits until no work goes on; whether that is so."""
        return self._changes.wait_for(lambda: self._work is None, timeout)

    def _stop(self) -> None:
        """At once, although the thread may only notice later."""
        work = self._work
        if work is not None:
            self._forget(work)
            work.failed(StoppedError(f"{work.what} was stopped"))

    def _do(self, work: LongWork, call: Callable[[], Any]) -> None:
        found = outcome(call)
        with self._changes:
            work.outcome = found
            beside = work.beside
            self._changes.notify_all()
        if beside:
            self._finish(work)

    def _finish(self, work: LongWork) -> None:
        if self._work is work:
            try:
                work.finish()
            finally:
                self._forget(work)

    def _forget(self, work: LongWork) -> None:
        with self._changes:
            work.wanted = False
            if self._work is work:
                self._work = None
                self.root.layout.display = "none"
            self._changes.notify_all()

    def _say(self, what: str, count: int = 0, total: int = 0) -> None:
        """The words, and a bar where it is known how much there is to do."""
        far = f" {count:,} of {total:,}" if total else f" {count:,}" if count else ""
        bar = f'<progress max="{total}" value="{min(count, total)}" aria-label="{escape(what)}">'
        self._note.value = (
            f"{bar}</progress>{note(what + '…' + far)}" if total else note(f"{what}…")
        )
