"""The status of one runner as `watch` shows it, and what can report it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, get_args

from esnb.drawing.values import counted
from esnb.running.actions import Action

ASKS = (*get_args(Action), "retry failed")
"""What has a button."""


@dataclass(frozen=True)
class StatusRow:
    """One runner at one moment; None for what it does not report."""

    name: str
    state: str
    kind: str = ""
    """What it is, where it is not the runner of a projection."""
    application: str = ""
    position: int | None = None
    head: int | None = None
    lag: int | None = None
    lag_seconds: float | None = None
    progress: float | None = None
    """Percent of the log that it has done, where it reports that instead of a lag."""
    rate: float | None = None
    counts: tuple[tuple[str, int], ...] = ()
    """Further numbers, by their names."""
    troubles: tuple[tuple[str, int], ...] = ()
    """How many events or jobs need attention, by what happened to them; only those that are not 0."""
    error: str | None = None
    advice: str | None = None
    """What to do about the error, where that is known."""
    event: str | None = None
    """The event that caused the error."""
    handler: str | None = None
    traceback: str | None = None
    skipping: str | None = None
    """What it means to skip the event, where that can be asked for."""
    last_parked: str | None = None
    """The event that was set aside last, and why."""
    can: tuple[str, ...] = ()
    """Those of `ASKS` that it supports at all."""
    asks: tuple[str, ...] = ()
    """Those of them that its state allows."""
    done: int | None = None
    """How many events or jobs it has done so far: for its rate, where it does not report one."""
    key: str = ""
    """Identifies it among the others, the same at every look."""

    @property
    def lag_text(self) -> str:
        """Its lag in words."""
        if self.kind == "worker":
            return ""  # the queue has one
        if self.lag is None:
            return "lag unknown" if self.progress is None else f"{self.progress:.1f} % of the log"
        if self.kind == "queue":
            return f"{counted(self.lag, 'job')} left" if self.lag else "no jobs left"
        return f"{counted(self.lag, 'event')} behind" if self.lag else "caught up"

    @property
    def trouble_texts(self) -> list[str]:
        """What needs attention, in words: `2 dead letters`."""
        return [
            f"{number:,} {word.removesuffix('s') if number == 1 else word}"
            for word, number in self.troubles
        ]


class StatusSource(Protocol):
    """Something that can be watched: one runner, or all groups of a server."""

    def look(self) -> Iterable[StatusRow]:
        """How its runners are now; raises what the store raises."""

    def ask(self, row: StatusRow, what: str) -> None:
        """Does one of `ASKS`; raises what that raises."""

    @property
    def name(self) -> str:
        """What it is called when a look fails."""
