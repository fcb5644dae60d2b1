"""One runner at a moment, as plain data, and who can tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, get_args

from esnb.running.actions import Action

ASKS = (*get_args(Action), "retry failed")
"""What has a button."""


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
    progress: float | None = None
    """Percent of the log behind it, where it tells that and no lag."""
    rate: float | None = None
    counts: tuple[tuple[str, int], ...] = ()
    """Further numbers, by their names."""
    troubles: tuple[tuple[str, int], ...] = ()
    """How many events or jobs wait for somebody, by what befell them; none that is 0."""
    error: str | None = None
    advice: str | None = None
    """What to do about the error, where that can be told."""
    event: str | None = None
    """The event that is at fault."""
    handler: str | None = None
    traceback: str | None = None
    last_parked: str | None = None
    """The event that was set aside last, and why."""
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
            return "lag unknown" if self.progress is None else f"{self.progress:.1f} % of the log"
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
