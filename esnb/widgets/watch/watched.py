"""How runners are doing, all together, and what one can ask of them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from esnb.clients.uri import said
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import described
from esnb.widgets.watch.asked import Asked
from esnb.widgets.watch.seen import ASKS, Seen, Source

KEPT = 75
"""Looks that a sparkline shows: half a minute of a live panel."""
PATIENCE = 30.0
"""Seconds that a look gives its sources to answer, unless told otherwise."""


@dataclass
class Past:
    """The latest looks at one runner, oldest first."""

    rates: deque[float | None] = field(default_factory=lambda: deque(maxlen=KEPT))
    lags: deque[int | None] = field(default_factory=lambda: deque(maxlen=KEPT))
    _done: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=KEPT // 3))

    def add(self, now: float, seen: Seen) -> Seen:
        """Takes a look in; gives it with a rate, where that can be told of two looks."""
        if seen.rate is None and seen.done is not None:
            if self._done and self._done[-1][1] > seen.done:
                self._done.clear()  # begun anew
            self._done.append((now, seen.done))
            since, before = self._done[0]
            if now > since:
                seen = replace(seen, rate=(seen.done - before) / (now - since))
        self.rates.append(seen.rate)
        self.lags.append(seen.lag)
        return seen


class Watched:
    """Some runners, looked at together."""

    def __init__(
        self,
        sources: Sequence[Source],
        clock: Callable[[], float] = time.monotonic,
        redact: Redact | None = None,
    ) -> None:
        """`clock` gives seconds, of which only the differences count."""
        self._redaction = Redaction(redact)
        self._asked = [Asked(source) for source in sources]
        self._clock = clock
        self._lock = threading.Lock()
        self._pasts: dict[str, Past] = {}
        self._owners: dict[str, tuple[Source, Seen]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def look(self, patience: float = PATIENCE) -> list[Seen]:
        """Each of them now; one that cannot tell is `unknown`, with its error.

        All sources are asked at the same time, and given `patience` seconds
        together; one that has not answered is shown as it was, and waited for
        no more until it has: it is asked again then.
        """
        now = self._clock()
        begun = [asked for asked in self._asked if asked.begin(now)]
        until = time.monotonic() + patience
        for asked in begun:
            asked.wait(max(0.0, until - time.monotonic()))
        with self._lock:
            return self._taken(now)

    def _taken(self, now: float) -> list[Seen]:
        found: list[Seen] = []
        owners: dict[str, tuple[Source, Seen]] = {}
        for place, asked in enumerate(self._asked):
            numbers = count()
            rows, is_news = asked.take(now)
            for row in rows:
                key = f"{place}/{row.key or next(numbers)}"
                past = self._pasts.setdefault(key, Past())
                seen = replace(row, key=key)
                if is_news:
                    seen = past.add(now, seen)
                elif key in self._owners and seen.rate is None:
                    seen = replace(seen, rate=self._owners[key][1].rate)
                owners[key] = asked.source, seen
                found.append(self._hidden(seen))
        self._owners = owners
        for gone in self._pasts.keys() - owners.keys():
            del self._pasts[gone]
        return found

    def _hidden(self, seen: Seen) -> Seen:
        """What may be shown of it."""
        if not self._redaction:
            return seen
        event, ends, reason = (seen.last_parked or "").partition("): ")
        message = self._redaction.message
        return replace(
            seen,
            error=message(seen.error),
            traceback=None,
            last_parked=None if seen.last_parked is None else f"{event}{ends}{message(reason)}",
        )

    def said(self, error: Exception) -> str:
        """What may be shown of an error."""
        return self._redaction.message(said(error)) or ""

    def join(self, timeout: float) -> None:
        """Waits until no source is being asked, at most so many seconds."""
        until = time.monotonic() + timeout
        for asked in self._asked:
            asked.join(max(0.0, until - time.monotonic()))

    def past(self, seen: Seen) -> Past:
        """The looks at it so far."""
        return self._pasts.get(seen.key, Past())

    def ask(self, key: str, what: str) -> None:
        """Asks the one with this key for one of `ASKS`; raises what that raises."""
        if what not in ASKS:
            raise ValueError(f"cannot ask a runner to {what!r}, only {', '.join(ASKS)}")
        if key not in self._owners:
            raise LookupError("it is not there any more")
        source, seen = self._owners[key]
        source.ask(seen, what)


def refused(given: Any) -> TypeError:
    """What `watch` says to what cannot be watched."""
    return TypeError(
        f"no runner: {described(given)}; give runners that have a status(), such as "
        "esnb.projections.CatchUpRunner, or the Stores that esnb.connect() gives"
    )
