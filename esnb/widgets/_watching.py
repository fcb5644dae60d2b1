"""How runners are doing, as plain data, and what one can ask of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol

from esnb.frames._sources import described

ASKS = ("pause", "resume", "rebuild", "replay parked", "retry dead")
"""What has a button."""
KEPT = 75
"""Looks that a sparkline shows: half a minute of a live panel."""


@dataclass(frozen=True)
class Seen:
    """One runner at one moment; None where it does not tell."""

    name: str
    state: str
    kind: str = ""
    """What it is, where it is no runner of a projection."""
    application: str = ""
    position: int | None = None
    head: int | None = None
    lag: int | None = None
    lag_seconds: float | None = None
    rate: float | None = None
    counts: tuple[tuple[str, int], ...] = ()
    """Further numbers, by their names."""
    troubles: tuple[tuple[str, int], ...] = ()
    """How many events or jobs wait for somebody, by what befell them; none that is 0."""
    error: str | None = None
    event: str | None = None
    """The event that is at fault."""
    handler: str | None = None
    traceback: str | None = None
    can: tuple[str, ...] = ()
    """Those of `ASKS` that it has at all."""
    asks: tuple[str, ...] = ()
    """Those of them that make sense in its state."""
    done: int | None = None
    """What it has done so far: the rate of one that does not tell its own."""
    key: str = ""
    """Tells it from the others, at every look."""

    @property
    def ago(self) -> str:
        """Its lag in words."""
        if self.kind == "worker":
            return ""  # the queue has one
        if self.lag is None:
            return "lag unknown"
        what = "job" if self.kind == "queue" else "event"
        if self.lag == 0:
            return "no jobs left" if what == "job" else "caught up"
        rest = "left" if what == "job" else "behind"
        return f"{self.lag:,} {what}{'' if self.lag == 1 else 's'} {rest}"


class Source(Protocol):
    """Something that can be watched: one runner, or all groups of a server."""

    def look(self) -> Iterable[Seen]:
        """How its runners are now; raises what the store raises."""

    def ask(self, seen: Seen, what: str) -> None:
        """Does one of `ASKS`; raises what that raises."""

    @property
    def name(self) -> str:
        """What it is called when a look fails."""


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
        self, sources: Sequence[Source], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds, of which only the differences count."""
        self._sources = sources
        self._clock = clock
        self._pasts: dict[str, Past] = {}
        self._owners: dict[str, tuple[Source, Seen]] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def look(self) -> list[Seen]:
        """Each of them now; one that cannot tell is `unknown`, with its error."""
        found: list[Seen] = []
        owners: dict[str, tuple[Source, Seen]] = {}
        for place, source in enumerate(self._sources):
            numbers = count()
            for seen in _looked(source):
                key = f"{place}/{seen.key or next(numbers)}"
                past = self._pasts.setdefault(key, Past())
                now = past.add(self._clock(), replace(seen, key=key))
                owners[key] = source, seen
                found.append(now)
        self._owners = owners
        for gone in self._pasts.keys() - owners.keys():
            del self._pasts[gone]
        return found

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


def _looked(source: Source) -> list[Seen]:
    try:
        return list(source.look())
    except Exception as error:  # noqa: BLE001  # shown in its row
        return [Seen(name=source.name, state="unknown", error=f"{type(error).__name__}: {error}")]


def refused(given: Any) -> TypeError:
    """What `watch` says to what cannot be watched."""
    return TypeError(
        f"no runner: {described(given)}; give runners that have a status(), such as "
        "esnb.projections.CatchUpRunner, or the Stores that esnb.connect() gives"
    )
