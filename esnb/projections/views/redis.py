"""Views in Redis."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from eventsourcing.application import Application
from eventsourcing.persistence import Tracking, TrackingRecorder

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.commit import OneByOne
from esnb.projections.views.dead_letters import KEY, DeadLetter, DeadLetters
from esnb.projections.views.kind import Make, ViewKind
from esnb.projections.views.rebuild import Rebuild
from esnb.projections.views.redis_rebuild import RedisRebuild
from esnb.redis import ForeignViewError, RedisTrackingRecorder, RedisView
from esnb.redis.batch import Batch
from esnb.setting import environment


class RedisKind(ViewKind):
    """A checkpoint in Redis: many events in one round trip, rebuilt in a second namespace."""

    _view: RedisTrackingRecorder

    @property
    def name(self) -> str:
        return self._view.namespace.name

    @property
    def generation(self) -> str:
        return self._view.generation

    def check_answers(self) -> None:
        self._view.check_answers()

    def claim(self, projection_class: type[Any]) -> None:
        """The class counts by its qualified name.

        So it may move to another module, from a notebook into a package for
        instance.
        """
        own = projection_class.__qualname__
        owner = self._view.claim(own).partition(" ")[0]
        if owner != own:
            raise ForeignViewError(
                f"view {self.name!r} in Redis was written by the projection {owner!r}, not "
                f"by {own!r}: give this projection a name of its own (its class attribute "
                "`name`), or have it fill the view again with rebuild()"
            )

    def load_checkpoint(self, application_name: str) -> int | None:
        return self._view.load_checkpoint(application_name)

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        return _EventsInRedis(self._view)

    @contextmanager
    def commit(
        self, application: Application[Any], after: int | None, events: CheckpointEvents | None
    ) -> Iterator[_Queued]:
        # However many are queued: they are committed when `finish()` says so.
        with self._view.batch(sys.maxsize, after=after) as batch:
            yield _Queued(self._view, batch)

    def rebuild(self, application_name: str, projection_class: type[Any], make: Make) -> Rebuild:
        return RedisRebuild(self._view, application_name, projection_class)

    @classmethod
    @contextmanager
    def temporary(
        cls, view_class: type[Any], name: str, app: Application[Any], env: Mapping[str, str] | None
    ) -> Iterator[TrackingRecorder]:
        """In a namespace of its own, of the Redis that `app` or the process has."""
        view: RedisTrackingRecorder = view_class.construct(_settings(name, app, env))
        own = view.in_namespace(f"project-{uuid4().hex}")
        try:
            yield own
        finally:
            own.discard()


class RedisViewKind(RedisKind):
    """A read model in Redis, which keeps its dead letters beside its own keys."""

    _view: RedisView

    def dead_letters(self, in_memory: list[DeadLetter]) -> DeadLetters:
        return _DeadLettersInRedis(self._view)


def _settings(name: str, app: Application[Any], env: Mapping[str, str] | None) -> Any:
    """Here, where no error passes: tracebacks with variables show all that a line names."""
    return environment(name, app.env, env)


class _Queued(OneByOne):
    def __init__(self, view: RedisTrackingRecorder, batch: Batch) -> None:
        super().__init__(view)
        self._batch = batch

    def forget(self, tracking: Tracking) -> None:
        self._batch.forget(tracking)

    def finish(self, tracking: Tracking) -> None:
        # A handler that read from the view has committed what was queued.
        if self._batch.position != tracking.notification_id:
            self._view.insert_tracking(tracking)
        self._batch.flush()


class _EventsInRedis:
    """Beside the checkpoint, by the script that moves it."""

    def __init__(self, view: RedisTrackingRecorder) -> None:
        self._view = view

    def load(self, application_name: str) -> CheckpointEvent | None:
        return self._view.checkpoint_event(application_name)

    def keep(self, tracking: TrackedEvent) -> None:
        """The commit has kept it."""

    def flush(self) -> None:
        """Nothing is put off."""


class _DeadLettersInRedis:
    """A letter and the checkpoint past its event are one atomic step; a rebuild begins with none."""

    kept = "in Redis, beside the view, in one step with the checkpoint"

    def __init__(self, view: RedisView) -> None:
        self._view = view

    def add(self, letter: DeadLetter, tracking: Tracking, after: int | None) -> None:
        with self._view.batch(2, after=after), self._view.commit(tracking) as commands:
            commands.rpush(self._view.key(KEY), json.dumps(asdict(letter)))

    def all(self) -> list[DeadLetter]:
        found: Any = self._view.redis.lrange(self._view.key(KEY), 0, -1)
        return [DeadLetter(**json.loads(text)) for text in found]
