"""How a runner is doing, as plain data."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar

from eventsourcing.persistence import PersistenceError

from esnb.clients.silence import SILENT
from esnb.clients.uri import masked_error
from esnb.clock import ticking
from esnb.running.actions import Action, possible
from esnb.running.transient import is_transient
from esnb.threads.question import Question, UnansweredError, not_known_since

T = TypeVar("T")
RunState = Literal[
    "stopped", "starting", "running", "rebuilding", "paused", "retrying", "standby", "failed"
]
TState = TypeVar("TState", bound=str)


def retrying_if_away(
    state: TState, error: str | None, away: str | None
) -> tuple[TState | Literal["retrying"], str | None]:
    """State and error of a thread; `away` says which store was found to be away, if one was.

    A thread that begins, or waits for the next event, has yet to find out.
    """
    if away is not None and state in ("starting", "running", "rebuilding"):
        return "retrying", away
    return state, error


def answer_or_error(answer: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """What a store answers, or why it does not: it is away."""
    try:
        return answer(), None
    except Exception as error:
        if not (isinstance(error, PersistenceError) or is_transient(error)):
            raise
        return None, error


def absence(
    error: Exception | None,
    since: datetime | None,
    say: Callable[[Exception], str] = masked_error,
) -> str | None:
    """What is said of a store that is away, whose newest answer was had at `since`."""
    if error is None:
        return None
    text = say(error)
    is_silent = isinstance(error, UnansweredError) or SILENT in text
    return f"{text}; its status is {not_known_since(since)}" if is_silent else text


def oldest(asked: Iterable[tuple[Question[Any], Exception | None]]) -> datetime | None:
    """When the first of those that do not answer has answered last."""
    times = (each.since for each, away in asked if away is not None)
    return min((time for time in times if time is not None), default=None)


class CommonStatus:
    """What every status says of a runner: what it is, and what it can be asked to do."""

    name: str
    kind: str
    """What it is: `projection`, `consumers`, `outbox`, `publisher` or `worker`."""
    state: str
    error: str | None
    all_actions: tuple[Action, ...]
    """What it can be asked to do, whatever its state."""
    _counted: ClassVar[tuple[str, ...]]
    _troubling: ClassVar[Mapping[str, str]] = {}

    @property
    def actions(self) -> tuple[Action, ...]:
        """What it can be asked to do now; each is a method of the runner (`replay_parked()`)."""
        return possible(self.all_actions, self.state, self.troubles)

    @property
    def counts(self) -> dict[str, int]:
        """What became of events, records or jobs, by name; those that are known."""
        return {
            name: number for name in self._counted if (number := getattr(self, name)) is not None
        }

    @property
    def troubles(self) -> dict[str, int]:
        """Events or records that need attention, counted by what happened to them; none that is 0."""
        found = {word: getattr(self, name) for word, name in self._troubling.items()}
        return {word: number for word, number in found.items() if number}


@dataclass(frozen=True)
class RunnerStatus(CommonStatus):
    """A runner at one moment."""

    _counted = ("restarts",)
    _troubling: ClassVar[Mapping[str, str]] = {"dead letters": "dead_letters", "dead": "dead"}

    name: str
    """The projection's."""
    application: str
    """The application whose events it follows."""
    state: RunState
    """`starting` until the stores have answered for the first time; `retrying`
    after a connection was lost; `standby` while another runner of the same
    projection does the work; `failed` after an error that it cannot overcome."""
    position: int | None
    """Notification id of the last event that is applied."""
    head: int | None
    """Notification id of the application's last event, None when it has none or
    has never been reached. While it is away: as of `known_since`."""
    lag: int | None
    """Events between the two: 0 when caught up, None when unknown (the application
    is away, or more than 10,000 events would have to be counted)."""
    lag_seconds: float | None
    """Age of the oldest event that is not applied: 0.0 when caught up, None
    when unknown."""
    rate_per_s: float
    """Events a second over the last ten seconds; those that were skipped count."""
    batch_size: int
    restarts: int
    """How often it has begun again after an error, since `start()`."""
    dead_letters: int
    """Events set aside by this runner, since `start()`."""
    error: str | None
    """What went wrong last, None once it has gone on."""
    event: str | None
    """Of a failure in a handler: the event, by id, topic, aggregate and version."""
    handler: str | None
    """The handler that failed."""
    traceback: str | None
    known_since: datetime | None = None
    """When a store that is away answered last (UTC); None while all answer, and
    for one that never has."""
    dead: int | None = None
    """Of an outbox: records that failed for good; None while Redis is away."""
    kind: str = "projection"
    all_actions: tuple[Action, ...] = ("pause", "resume", "rebuild")


class EventRate:
    """Events a second over a window of the last seconds."""

    def __init__(self, window: float = 10.0) -> None:
        self._window = window
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, events: int) -> None:
        """Counts `events` that were applied by `now`, in seconds of any clock."""
        self._samples.append((now, events))
        self._forget(now)

    def per_second(self, now: float) -> float:
        """Events a second; 0.0 where time ticks with the events, so that there are no rates.

        >>> rate = EventRate(window=10)
        >>> rate.add(100.0, 0)
        >>> rate.add(102.0, 50)
        >>> rate.per_second(105.0)
        10.0
        >>> rate.per_second(120.0)
        0.0
        """
        self._forget(now)
        if not self._samples or ticking() is not None:
            return 0.0
        seconds = now - self._samples[0][0]
        return sum(events for _, events in self._samples) / max(seconds, 1e-3)

    def _forget(self, now: float) -> None:
        # The first sample only says when counting began.
        while self._samples and self._samples[0][0] < now - self._window:
            self._samples.popleft()
