"""Events that were set aside because no handler could take them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from eventsourcing.persistence import Tracking, TrackingRecorder

from esnb.projections.group import group
from esnb.redis import RedisView

KEY = "~dead-letters"
"""Of the list in a Redis view, behind the view's own prefix."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that was set aside, and why."""

    notification_id: int
    event_id: str
    topic: str
    originator_id: str
    originator_version: int
    handler: str
    error: str
    traceback: str
    time: str
    """When it was set aside, ISO 8601 in UTC."""


class DeadLetters:
    """The dead letters of one view.

    A Redis view keeps them beside its own keys: a letter and the checkpoint
    past its event are one atomic step, and a rebuild begins with none. For
    other views they are kept in memory, as long as the runner.
    """

    def __init__(self) -> None:
        self._in_memory: list[DeadLetter] = []

    def add(
        self, view: TrackingRecorder, letter: DeadLetter, tracking: Tracking, after: int | None
    ) -> None:
        """Sets an event aside and moves the checkpoint past it."""
        if isinstance(view, RedisView):
            with group(view, 1, after, application_name=tracking.application_name) as commit:
                with view.commit(tracking) as commands:
                    commands.rpush(view.key(KEY), json.dumps(asdict(letter)))
                commit.finish(tracking)
        else:
            view.insert_tracking(tracking)
            self._in_memory.append(letter)

    def clear(self) -> None:
        """Forgets those in memory: a rebuilt view begins with none."""
        self._in_memory.clear()

    def of(self, view: TrackingRecorder) -> list[DeadLetter]:
        """All of them, in the order in which they were set aside."""
        if isinstance(view, RedisView):
            return [
                DeadLetter(**json.loads(text)) for text in view.redis.lrange(view.key(KEY), 0, -1)
            ]
        return list(self._in_memory)
