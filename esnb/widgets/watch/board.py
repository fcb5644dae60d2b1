"""How several runners are doing, and what they can be asked to do."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from esnb.clients.uri import masked_error
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import describe_source
from esnb.widgets.watch.poller import Poller
from esnb.widgets.watch.status_row import ASKS, StatusRow, StatusSource

KEPT = 75
"""Looks that a sparkline shows: half a minute of a live panel."""
PATIENCE = 30.0
"""Seconds that a look gives its sources to answer, unless told otherwise."""


@dataclass
class Past:
    """The latest looks at one runner, oldest first."""

    rates: deque[float | None] = field(default_factory=lambda: deque(maxlen=KEPT))
    lags: deque[int | None] = field(default_factory=lambda: deque(maxlen=KEPT))
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    _done: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=KEPT // 3))

    def add(self, now: float, row: StatusRow) -> StatusRow:
        """Adds a look; returns it with a rate, where two looks are enough for one."""
        if row.rate is None and row.done is not None:
            if self._done and self._done[-1][1] > row.done:
                self._done.clear()  # it started again
            self._done.append((now, row.done))
            since, before = self._done[0]
            if now > since:
                row = replace(row, rate=(row.done - before) / (now - since))
        self._times.append(now)
        self.rates.append(row.rate)
        self.lags.append(row.lag)
        return row

    @property
    def seconds(self) -> float:
        """Between the first of them and the last."""
        return self._times[-1] - self._times[0] if self._times else 0.0


class Board:
    """One row per runner, all of them asked together."""

    def __init__(
        self,
        sources: Sequence[StatusSource],
        clock: Callable[[], float] = time.monotonic,
        redact: Redact | None = None,
    ) -> None:
        """`clock` returns seconds, of which only the differences count."""
        self._redaction = Redaction(redact)
        self._pollers = [Poller(source) for source in sources]
        self._clock = clock
        self._lock = threading.Lock()
        self._pasts: dict[str, Past] = {}
        self._owners: dict[str, tuple[StatusSource, StatusRow]] = {}

    def __len__(self) -> int:
        return len(self._pollers)

    def look(self, patience: float = PATIENCE) -> list[StatusRow]:
        """Each of them now; one that cannot be read is `unknown`, with its error.

        All sources are asked at the same time, and have `patience` seconds
        together; one that has not answered is shown as it was, and is not asked
        again, nor waited for, until it has.
        """
        now = self._clock()
        begun = [poller for poller in self._pollers if poller.begin(now)]
        deadline = time.monotonic() + patience
        for poller in begun:
            poller.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            return self._taken(now)

    def _taken(self, now: float) -> list[StatusRow]:
        found: list[StatusRow] = []
        owners: dict[str, tuple[StatusSource, StatusRow]] = {}
        for place, poller in enumerate(self._pollers):
            numbers = count()
            rows, is_news = poller.take(now)
            for each in rows:
                key = f"{place}/{each.key or next(numbers)}"
                past = self._pasts.setdefault(key, Past())
                row = replace(each, key=key)
                if is_news:
                    row = past.add(now, row)
                elif key in self._owners and row.rate is None:
                    row = replace(row, rate=self._owners[key][1].rate)
                owners[key] = poller.source, row
                found.append(self._hidden(row))
        self._owners = owners
        for gone in self._pasts.keys() - owners.keys():
            del self._pasts[gone]
        return found

    def _hidden(self, row: StatusRow) -> StatusRow:
        """What may be shown of it."""
        if not self._redaction:
            return row
        event, ends, reason = (row.last_parked or "").partition("): ")
        message = self._redaction.message
        return replace(
            row,
            error=message(row.error),
            traceback=None,
            last_parked=None if row.last_parked is None else f"{event}{ends}{message(reason)}",
        )

    def said(self, error: Exception) -> str:
        """What may be shown of an error."""
        return self._redaction.message(masked_error(error)) or ""

    def join(self, timeout: float) -> None:
        """Waits until no source is being asked, at most so many seconds."""
        deadline = time.monotonic() + timeout
        for poller in self._pollers:
            poller.join(max(0.0, deadline - time.monotonic()))

    def past(self, row: StatusRow) -> Past:
        """The looks at it so far."""
        return self._pasts.get(row.key, Past())

    def ask(self, key: str, what: str) -> None:
        """Asks the one with this key for one of `ASKS`; raises what that raises."""
        if what not in ASKS:
            raise ValueError(f"cannot ask a runner to {what!r}, only {', '.join(ASKS)}")
        if key not in self._owners:
            raise LookupError("it is no longer there")
        source, row = self._owners[key]
        source.ask(row, what)


def not_a_runner(given: Any) -> TypeError:
    """What `watch` says to what cannot be watched."""
    return TypeError(
        f"no runner: {describe_source(given)}; pass runners that have a status(), such as "
        "esnb.projections.CatchUpRunner, or the Stores that esnb.connect() returns"
    )
