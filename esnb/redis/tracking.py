"""Checkpoints of projections, and the views that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Self

from eventsourcing.persistence import (
    IntegrityError,
    ProgrammingError,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.utils import Environment

from esnb.adapters.checkpoint_event import CheckpointEvent
from esnb.adapters.reading_on import ReadCheckpoint, note_checkpoint
from esnb.clients.uri import guard
from esnb.redis.batch import Batch
from esnb.redis.changes import ANYWHERE, Change, Expected, apply_changes
from esnb.redis.connection import connection, redis_url
from esnb.redis.followed import FollowedStreams
from esnb.redis.namespace import REDIS_NAMESPACE, Namespace
from esnb.redis.orphaned_keys import delete_orphaned_keys, refuse_orphaned_keys
from esnb.redis.tracking_hash import (
    event_field,
    position_field,
    positions,
    read_event,
    streams_field,
)
from esnb.redis.waiting import wait_until


class RedisTrackingRecorder(TrackingRecorder):
    """How far a projection has come in each application, kept in Redis.

    Implements the library's `TrackingRecorder`. Its keys are named after the
    projection (`env.name`; the class's own name where the environment has
    none) and share one cluster slot.
    """

    def __init__(self, env: Environment) -> None:
        guard(env)
        self._env = env
        self.namespace = Namespace.of(env, type(self).__name__)
        self._connection = connection(redis_url(env))
        self._generation = ""
        self._batch: Batch | None = None
        self._followed = FollowedStreams(self._connection, self.namespace, env)

    @classmethod
    def construct(cls, env: Environment) -> Self:
        """The recorder, or view, for the projection that `env` is named after.

        Reads `REDIS_URL` and `REDIS_KEY_PREFIX`. A persistence module's
        factory calls it when it is asked for a view of this class.
        """
        return cls(env)

    def in_namespace(self, label: str) -> Self:
        """A second view like this one that has keys and checkpoints of its own.

        They lie beside this view's in the same cluster slot. A rebuild fills
        one and then takes this one's place by `replace()`; a throw-away copy
        ends in `discard()`.
        """
        return type(self).construct(
            type(self._env)(self._env.name, {**self._env, REDIS_NAMESPACE: label})
        )

    def check_answers(self) -> None:
        """Raises OperationalError unless Redis answers within five seconds."""
        self._connection.check()

    def check_streams(self) -> None:
        """Raises ForeignViewError where the view follows other streams than the settings say."""
        self._followed.check()

    # --- the library's interface ------------------------------------------

    def insert_tracking(self, tracking: Tracking) -> None:
        """Moves the checkpoint, and changes nothing else.

        Raises IntegrityError unless `tracking` lies above the checkpoint.
        """
        self._record(Change.of(tracking))

    def max_tracking_id(self, application_name: str) -> int | None:
        """The checkpoint in the named application, None before the first."""
        self._flush_own()
        stored, generation, event = self._read(application_name)
        note_checkpoint(
            None
            if stored is None or event is None
            else ReadCheckpoint(self.namespace.name, application_name, stored, event)
        )
        if not self._generation and generation:
            # From here on, this object goes on from what it has just read.
            self._generation = generation
        return stored

    def has_tracking_id(self, application_name: str, notification_id: int | None) -> bool:
        """Whether the checkpoint has reached `notification_id`; None: always."""
        if notification_id is None:
            return True
        self._flush_own()
        return self._has(application_name, notification_id)

    def wait(
        self,
        application_name: str,
        notification_id: int | None,
        timeout: float = 1.0,
        interrupt: Event | None = None,
    ) -> None:
        """Blocks until the checkpoint has reached `notification_id`.

        Redis wakes it: nothing is polled. `timeout` is in seconds. Raises
        TimeoutError, WaitInterruptedError when `interrupt` is set first, and
        OperationalError when Redis is down at the end of the time.
        """
        if notification_id is None:
            return
        self._flush_own()
        wait_until(
            lambda: self._has(application_name, notification_id),
            self._connection,
            self.namespace.channel(application_name),
            timeout,
            interrupt,
            f"view {self.namespace.name!r} to reach event {notification_id} of application "
            f"{application_name!r}",
        )

    # --- many events in one step ------------------------------------------

    @contextmanager
    def batch(self, max_events: int = 1000, *, after: Expected = ANYWHERE) -> Iterator[Batch]:
        """Commits the events of the block together, `max_events` at a time.

        Within it, commits of the calling thread are queued; they reach Redis
        in one round trip when the batch is full, at its `flush()`, when the
        thread reads from the view, and at the end of the block, also when that
        is left by an exception: the events before a poison event are
        committed. A batch is refused (IntegrityError) unless the stored
        checkpoint lies below the first of its events; and, with `after`, unless
        it is that very number (None: no checkpoint yet), so that a server that
        came back with an older copy is noticed. Other threads are not
        concerned.
        """
        if self._batch is not None:
            raise ProgrammingError(f"view {self.namespace.name!r} has an open batch already")
        self._batch = batch = Batch(self.namespace, self._apply, max_events, after)
        try:
            try:
                yield batch
            finally:
                batch.flush()
        finally:
            self._batch = None

    def _record(self, change: Change) -> None:
        batch = self._batch
        if batch is not None and batch.is_mine():
            batch.add(change)
        else:
            self._apply([change])

    def _flush_own(self) -> None:
        batch = self._batch
        if batch is not None and batch.is_mine():
            batch.flush()

    def _apply(self, changes: Sequence[Change], after: Expected = ANYWHERE) -> None:
        if not self._generation and not self._read("")[1]:
            refuse_orphaned_keys(self._connection, self.namespace)
        self._followed.claim(changes[0].tracking.application_name)
        self._generation = apply_changes(
            self._connection, self.namespace, self._generation, changes, after
        )

    # --- its state ---------------------------------------------------------

    def checkpoints(self) -> dict[str, int]:
        """The checkpoint in each application, by the application's name."""
        self._flush_own()
        stored = self._connection.call("HGETALL", self.namespace.tracking)
        return positions(stored)

    def load_checkpoint(self, application_name: str) -> int | None:
        """The checkpoint, from which this object goes on whatever became of the view.

        `max_tracking_id()` tells the same, but an object that has written goes
        on being refused when the view was rebuilt, reset or flushed since.
        """
        self._flush_own()
        stored, self._generation, _ = self._read(application_name)
        note_checkpoint(None)  # whoever goes on from it compares its event itself
        return stored

    def checkpoint_event(self, application_name: str) -> CheckpointEvent | None:
        """The last event by which a commit has named its checkpoint in the application.

        It is at or below the checkpoint. None where no commit has: those of
        the library's own runner and of earlier versions know numbers only.
        """
        self._flush_own()
        field = event_field(application_name)
        return read_event(self._connection.call("HGET", self.namespace.tracking, field))

    @property
    def generation(self) -> str:
        """Of the view that this object has met: another one after a rebuild or a flush."""
        return self._generation

    def claim(self, owner: str) -> str:
        """Writes down whose view it is, unless that is known, and returns whose it is."""
        self._connection.call("HSETNX", self.namespace.tracking, "owner", owner)
        return self.owner()

    def replace(self, live: Self, *, reached: Tracking | None = None) -> bool:
        """Puts this view's keys and checkpoints in the place of `live`'s.

        One script renames them, so that readers see the old view or the new
        one and nothing between; `live.key()` stays as it was. A runner that
        still writes to the old view is refused from then on (IntegrityError);
        `live` itself goes on from the new checkpoints. With `reached`, nothing
        is replaced and False is returned while `live` is beyond that event:
        readers would see the past. Raises IntegrityError,
        and replaces nothing, when this view was discarded or begun again by
        another since this object has written to it.
        """
        self._flush_own()
        live._flush_own()
        if (self.namespace.prefix, self.namespace.name) != (
            live.namespace.prefix,
            live.namespace.name,
        ):
            raise ValueError(
                f"view {self.namespace.name!r} cannot replace {live.namespace.name!r}: take it "
                "from that view's in_namespace()"
            )
        own = self._generation or self._read("")[1]
        was_whole = bool(live._read("")[1]) and bool(
            self._connection.call("EXISTS", live.namespace.registry)
        )
        limit = () if reached is None else (reached.application_name, reached.notification_id)
        answer: bytes | int | None = self._connection.run(
            "replace",
            [
                live.namespace.tracking,
                live.namespace.registry,
                self.namespace.tracking,
                self.namespace.registry,
            ],
            [own, *limit],
        )
        if answer is None:
            raise IntegrityError(
                f"view {self.namespace.root!r} was discarded or begun again by another: it does "
                f"not replace {live.namespace.root!r}"
            )
        if isinstance(answer, int):
            return False
        if not was_whole:  # the script knows only the keys in its bookkeeping
            delete_orphaned_keys(self._connection, live.namespace)
        live._generation = answer.decode()
        self._generation = ""
        self._followed.forget()
        return True

    def discard(self) -> None:
        """Deletes this view's keys and checkpoints, and no others."""
        self._connection.run("discard", [self.namespace.tracking, self.namespace.registry])
        self._generation = ""
        self._followed.forget()

    def owner(self) -> str:
        """Whose view it is; empty where nobody has claimed it."""
        found: bytes = self._connection.call("HGET", self.namespace.tracking, "owner") or b""
        return found.decode()

    def _read(self, application_name: str) -> tuple[int | None, str, CheckpointEvent | None]:
        """The checkpoint, the generation and the known event, for who goes on from them."""
        position, generation, streams, event = self._fields(
            application_name,
            "generation",
            streams_field(application_name),
            event_field(application_name),
        )
        self._followed.require(application_name, streams)
        return (
            None if position is None else int(position),
            (generation or b"").decode(),
            read_event(event),
        )

    def _has(self, application_name: str, notification_id: int) -> bool:
        (position,) = self._fields(application_name)
        return position is not None and int(position) >= notification_id

    def _fields(self, application_name: str, *others: str) -> list[bytes | None]:
        fields = (position_field(application_name), *others)
        found: list[bytes | None] = self._connection.call("HMGET", self.namespace.tracking, *fields)
        return found
