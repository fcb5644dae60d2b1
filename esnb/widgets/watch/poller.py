"""One watched source, asked in a thread of its own, so that it holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from esnb.clients.uri import masked_error
from esnb.clock import now
from esnb.threads.changes import Flag
from esnb.threads.question import UnansweredError, not_known_since
from esnb.widgets.live.unread import is_lost, unanswered
from esnb.widgets.watch.status_row import StatusRow, StatusSource

_SLOW = 3.0
"""Seconds without an answer after which what was seen before is no longer shown as current."""
_STEP = 5
"""Seconds between updates of the text that says how long there has been none."""


class Poller:
    """A source and its latest answer. At most one question is under way."""

    def __init__(self, source: StatusSource) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._answered = Flag()
        self._found: Sequence[StatusRow] | None = None
        self._thread: threading.Thread | None = None
        self._since = 0.0
        self._last: Sequence[StatusRow] = ()
        self._known: datetime | None = None
        """When it last answered (UTC)."""

    def begin(self, now: float) -> bool:
        """Asks, unless an earlier question has no answer yet; returns whether it asked."""
        with self._lock:
            if self._thread is not None:
                return False
            self._answered.clear()
            self._since = now
            # A daemon: one that never answers does not keep the kernel.
            self._thread = threading.Thread(target=self._run, name="esnb-watch-ask", daemon=True)
            self._thread.start()
            return True

    def wait(self, timeout: float) -> None:
        """Returns when the answer is there, at the latest after so many seconds."""
        self._answered.wait(timeout)

    def take(self, now: float) -> tuple[Sequence[StatusRow], bool]:
        """Its runners, and whether that is news: a slow source still has the earlier ones."""
        with self._lock:
            if self._thread is not None and self._answered.is_set():
                self._thread = None
            if self._found is not None:
                self._last, self._found = self._found, None
                return self._last, True
            return self._without(now), False

    def join(self, timeout: float) -> None:
        """Waits until no question is under way."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _run(self) -> None:
        found = self._looked()
        with self._lock:
            self._found = found
        self._answered.set()

    def _looked(self) -> Sequence[StatusRow]:
        try:
            found = list(self.source.look())
            self._known = now()
            return found
        except Exception as error:  # noqa: BLE001  shown in its rows
            text = masked_error(error)
            advice = unanswered(text) if is_lost(error) else None
            # If it does not answer, what was seen before is the best that is known.
            is_unanswered = isinstance(error, UnansweredError)
            if is_unanswered and "not known" not in text:
                text = f"{text}; its status is {not_known_since(self._known)}"
            before = self._last if is_unanswered else ()
            return _not_known(before or [StatusRow(name=self.source.name, state="")], text, advice)

    def _without(self, now: float) -> Sequence[StatusRow]:
        """What is shown of one that has not answered this time."""
        seconds = now - self._since if self._thread is not None else 0.0
        if seconds < _SLOW:
            return self._last or [StatusRow(name=self.source.name, state="asking")]
        silence = f"no answer for {max(3, int(seconds) // _STEP * _STEP):,} s"
        before = self._last or [StatusRow(name=self.source.name, state="")]
        return _not_known(before, silence, unanswered(silence))


def _not_known(before: Sequence[StatusRow], error: str, advice: str | None) -> Sequence[StatusRow]:
    """What was seen before, marked as not known now."""
    return [
        replace(each, state="unknown", error=error, advice=advice, traceback=None)
        for each in before
    ]
