"""What a runner's thread and its callers tell each other."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent, event_of
from esnb.clients.uri import masked, masked_error
from esnb.running.position_track import PositionTrack
from esnb.running.status import EventRate, RunState
from esnb.threads.changes import Changes

Predicate = Callable[[], bool]


class Progress:
    """The state of a runner's thread, its position and what is asked of it, under one lock.

    Attributes are read and written within `with progress.changed`.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.changed = Changes()
        # What is asked of the thread.
        self.stop = False
        self.pause = False
        self.rebuild = False
        self.reopens_asked = 0
        self.reopens_done = 0
        # What the thread says.
        self.state: RunState = "stopped"
        self.is_open = False
        self.position: int | None = None
        self.stands_at: CheckpointEvent | TrackedEvent | None = None
        """An event at or below the position, where one is known."""
        self.applied = 0
        self.restarts = 0
        self.dead_letters = 0
        self.counts: Counter[str] = Counter()
        """What else became of events, records or jobs, by the status' names."""
        self.rebuilding = False
        self.failure: Exception | None = None
        self.is_raised = False
        self.error: str | None = None
        self.event: str | None = None
        self.handler: str | None = None
        self.waits_for: str | None = None
        self.traceback: str | None = None
        self.rate = EventRate()
        self.track = PositionTrack()

    def begin(self, *, keeps_counts: bool = False) -> None:
        """Forgets what an earlier thread left. Raises ForkedError in a forked process."""
        self.changed.check_process()
        with self.changed:
            self.stop = self.pause = False
            self.state = "starting"
            self.is_open = False
            self.applied = self.restarts = self.dead_letters = 0
            if not keeps_counts:
                self.counts.clear()
            self.failure = None
            self.is_raised = False
            self.rate = EventRate()
            self.rate.add(self.clock(), 0)
            self.track = PositionTrack()
            self.forget_error()

    def forget_error(self) -> None:
        self.error = self.event = self.handler = self.traceback = None

    def set_state(self, state: RunState, error: str | None = None) -> None:
        """Takes another state, and says what is wrong where `error` does."""
        with self.changed:
            self.state = state
            self.error = error or self.error
            self.changed.notify_all()

    def recover(self, state: RunState, *, forgets: bool = True) -> None:
        """Takes another state: something went well, and with `forgets` nothing is wrong."""
        with self.changed:
            self.is_open = True
            if forgets:
                self.forget_error()
            self.set_state(state)

    def retry(self, error: str) -> None:
        """The thread begins again after an error."""
        with self.changed:
            self.restarts += 1
            self.set_state("retrying", error)

    def fail(self, error: Exception, event: str | None = None, handler: str | None = None) -> None:
        """The thread cannot go on. `event` and `handler` are what failed, where one did."""
        with self.changed:
            self.failure = error
            self.note(error, event or self.event, handler or self.handler)
            self.set_state("failed")

    def note(self, error: Exception, event: str | None, handler: str | None) -> None:
        """Keeps an error, with what failed, for whoever looks."""
        with self.changed:
            self.error, self.traceback = masked_error(error), trace(error)
            self.event, self.handler = event, handler
            self.changed.notify_all()

    def count(self, what: str, by: int = 1) -> None:
        """Counts so many more."""
        with self.changed:
            self.counts[what] += by
            self.changed.notify_all()

    def opened(self, position: int | None, event: CheckpointEvent | None, asked: int) -> None:
        """Takes the position that was found, after `asked` reopenings were asked for."""
        with self.changed:
            self.stands_at = event
            self.reopens_done = asked
            self.is_open = True
            self.reached(position)

    def applies(self, event: TrackedEvent, events: int) -> None:
        """Takes the position of the last of `events` more that were applied."""
        with self.changed:
            self.stands_at = event
            self.reached(event.notification_id, events)

    def reached(self, position: int | None, events: int = 0) -> None:
        """Takes a new position, after `events` more were applied."""
        with self.changed:
            self.position = position
            now = self.clock()
            self.track.add(now, position)
            if events:
                self.applied += events
                self.rate.add(now, events)
            self.changed.notify_all()

    def positions(self) -> list[tuple[datetime, int | None]]:
        """When (UTC) it has come to which position, since it began."""
        with self.changed:
            samples, elapsed, now = self.track.samples(), self.clock(), datetime.now(UTC)
        return [(now - timedelta(seconds=elapsed - each.since), each.position) for each in samples]

    def checkpoint(self) -> tuple[int | None, CheckpointEvent | None]:
        """The position, and an event at or below it by which its log is known."""
        with self.changed:
            position, event = self.position, self.stands_at
        return position, event_of(event) if isinstance(event, TrackedEvent) else event

    @property
    def is_ending(self) -> bool:
        """Whether the thread was asked to stop, or has failed."""
        with self.changed:
            return self.stop or self.failure is not None

    def is_disturbed(self) -> bool:
        """Whether the thread is to leave off what it does."""
        return self.stop or self.pause or self.rebuild or self.is_to_reopen()

    def is_to_reopen(self) -> bool:
        """Whether somebody doubts that the stores are those that were opened."""
        return self.reopens_asked != self.reopens_done

    def wait(self, seconds: float | None, until: Predicate | None = None) -> bool:
        """Blocks until something is asked of the thread, or the time is up."""
        return self.changed.wait_for(until or self.is_disturbed, seconds)


def trace(error: BaseException) -> str:
    """The traceback, without credentials."""
    return masked("".join(traceback.format_exception(error)))
