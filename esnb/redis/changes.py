"""One atomic step: what some events change in a view, and its checkpoint."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from eventsourcing.persistence import DataError, IntegrityError, Tracking

from esnb.adapters.reading_on import event_at
from esnb.clients.uri import display_uri
from esnb.redis.commands import Commands
from esnb.redis.connection import Connection
from esnb.redis.errors import ViewDamagedError
from esnb.redis.namespace import Namespace

Command = Sequence[bytes]

_MOST_ADDED: Final = 4_000
"""Arguments of one command of additions; even, for they come in pairs."""


@dataclass(frozen=True)
class Change:
    """What one event changes: its commands, and the checkpoint it moves to."""

    tracking: Tracking
    commands: Sequence[Command] = ()
    keys: Sequence[bytes] = ()
    additions: Sequence[tuple[Command, Command]] = ()
    """Commands in two parts, that of the view and that of the event: `ZADD key`, and score and
    member. Those of several events that begin alike are applied as one, behind all others."""

    @classmethod
    def of(cls, tracking: Tracking, commands: Commands | None = None) -> Change:
        number = tracking.notification_id
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"a notification id is an integer from 0 on, not {number!r}")
        if commands is None:
            return cls(tracking)
        return cls(tracking, tuple(commands.queued), tuple(commands.touched))


class CommandRefusedError(DataError):
    """A command would fail in Redis, so nothing of its commit was applied."""

    def __init__(self, message: str, change: int, tracking: Tracking) -> None:
        super().__init__(message)
        self.change = change
        """Index, among the changes of the step, of the event whose command it is."""
        self.tracking = tracking
        """That event."""


def stale_checkpoint(namespace: Namespace, tracking: Tracking, position: int) -> IntegrityError:
    return IntegrityError(
        f"view {namespace.name!r} is at {position} of application "
        f"{tracking.application_name!r} and does not go to {tracking.notification_id}: that "
        "event was applied already, here or by another runner of the same projection"
    )


ANYWHERE: Final = "anywhere"
"""No particular checkpoint is expected."""

Expected = int | Literal["anywhere"] | None
"""The checkpoint that a step must find: None means that there is none yet."""


def apply_changes(
    connection: Connection,
    namespace: Namespace,
    generation: str,
    changes: Sequence[Change],
    after: Expected = ANYWHERE,
) -> str:
    """Applies all of `changes`, of one application and in order, or none.

    One round trip. The event that the checkpoint then stands at is kept with it,
    where it is known. Returns the view's generation. Raises IntegrityError unless
    the stored checkpoint lies below the first of the changes, and is the one
    that they come `after` where that is given (or when this
    very step is the last that was applied: an answer that was lost on the way
    is not an error); CommandRefusedError for a command that would fail;
    ViewDamagedError when keys are missing; OperationalError when Redis is
    down or out of memory. In each of these cases neither the view nor the
    checkpoint has moved, but for a lost connection: then it may have, and the
    checkpoint tells.
    """
    first, last = changes[0].tracking, changes[-1].tracking
    keys: dict[bytes, None] = {}
    token = os.urandom(8).hex()
    event = event_at(last)
    expected = "" if after == ANYWHERE else "-" if after is None else after
    arguments = [
        last.application_name.encode(),
        f"{first.notification_id} {last.notification_id} {token} {generation} {expected}".encode(),
        b"" if event is None else event.to_text().encode(),
    ]
    for change in changes:
        keys.update(dict.fromkeys(change.keys))
        for command in change.commands:
            arguments.append(b"%d" % len(command))
            arguments.extend(command)
    additions = _joined_additions(changes)
    for command in additions:
        keys[command[1]] = None
        arguments.append(b"%d" % len(command))
        arguments.extend(command)
    answer = connection.commit(
        [namespace.tracking.encode(), namespace.registry.encode(), *keys], arguments
    )
    outcome, *details = (
        part.decode("utf-8", "backslashreplace") if isinstance(part, bytes) else part
        for part in answer
    )
    if outcome == "ok":
        return str(details[0])
    where = f"view {namespace.name!r} in Redis at {display_uri(connection.url)}"
    if outcome == "stale":
        raise stale_checkpoint(namespace, first, int(details[0]))
    if outcome == "moved":
        raise IntegrityError(
            f"{where} is at {details[0]} of application {first.application_name!r}, where "
            f"{'none' if after is None else after} was left: its server came back with an older "
            "copy, or another runner of the same projection moves it. Nothing was applied: go on "
            "from its checkpoint"
        )
    if outcome in ("changed", "gone"):
        what = "rebuilt or reset" if outcome == "changed" else "deleted, flushed or evicted"
        raise IntegrityError(
            f"{where} was {what} since this copy of it began: make the view again and go on "
            "from its checkpoint"
        )
    if outcome == "lost":
        raise ViewDamagedError(
            f"key {details[0]!r} of {where} is gone, though the view did not delete it: evicted "
            "under maxmemory (set maxmemory-policy to noeviction) or deleted by another "
            "client. Nothing was applied: rebuild the view"
        )
    index, reason = int(details[0]), details[1]
    position, command = _find(changes, additions, index)
    tracking = changes[position].tracking
    name = command[0].decode()
    if outcome == "broken":
        raise ViewDamagedError(
            f"{name} for event {tracking.notification_id} failed in {where} after it had passed "
            f"the checks ({reason}); commands before it are applied: rebuild the view"
        )
    raise CommandRefusedError(
        f"{name} for event {tracking.notification_id} cannot be applied to {where}: {reason}. "
        "Neither the view nor its checkpoint has moved",
        position,
        tracking,
    )


def _joined_additions(changes: Sequence[Change]) -> list[Command]:
    """The additions of all changes in few commands, each of a size that Lua can unpack."""
    joined: dict[Command, list[bytes]] = {}
    for change in changes:
        for head, own in change.additions:
            joined.setdefault(head, []).extend(own)
    return [
        (*head, *own[start : start + _MOST_ADDED])
        for head, own in joined.items()
        for start in range(0, len(own), _MOST_ADDED)
    ]


def _find(
    changes: Sequence[Change], additions: Sequence[Command], index: int
) -> tuple[int, Command]:
    """The change that holds the `index`th command, counted from 1; the first, of additions."""
    for position, change in enumerate(changes):
        if index <= len(change.commands):
            return position, change.commands[index - 1]
        index -= len(change.commands)
    return 0, additions[index - 1]
