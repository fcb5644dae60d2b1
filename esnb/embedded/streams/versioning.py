"""What an append or a delete may do: expected revisions and repeated event ids.

The rules are EventStoreDB's (`CheckCommit` in its index writer), told by its
recorded answers in `tests/conformance`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from esnb.embedded.storage.record import NO_STREAM

ANY = -2
STREAM_EXISTS = -4


class Verdict(Enum):
    """What becomes of a write."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    WRONG_VERSION = "wrong version"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class StreamCondition:
    """A stream as a write finds it."""

    last: int
    tombstoned: bool
    soft_deleted: bool
    has_metadata: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`recreates`: the write brings a soft-deleted stream back. `repeats`: the revision
    at which the last of the repeated events was recorded."""

    verdict: Verdict
    recreates: bool = False
    repeats: int = NO_STREAM


_DELETED = Decision(Verdict.DELETED)
_WRONG = Decision(Verdict.WRONG_VERSION)


def decide(
    expected: int,
    event_ids: Sequence[bytes],
    condition: StreamCondition,
    revision_of: Callable[[bytes], int | None],
    id_at: Callable[[int], bytes | None],
) -> Decision:
    """Whether a write of events with these ids may happen.

    `revision_of` finds an event of the stream by its id among the recent ones;
    `id_at` says which event the stream has at a revision.
    """
    if condition.tombstoned:
        return _DELETED
    if expected == STREAM_EXISTS:
        if condition.soft_deleted:
            return _DELETED
        if condition.last < 0 and not condition.has_metadata:
            return _WRONG
    if expected in (ANY, STREAM_EXISTS):
        return _decide_by_id(event_ids, condition, revision_of)
    if expected < condition.last:
        return _decide_below(expected, event_ids, condition, id_at)
    if expected > condition.last:
        return _WRONG
    return Decision(Verdict.ACCEPTED, recreates=condition.soft_deleted)


def _decide_by_id(
    event_ids: Sequence[bytes],
    condition: StreamCondition,
    revision_of: Callable[[bytes], int | None],
) -> Decision:
    """No revision given: a write is a repetition when all its ids are known in the stream."""
    repeats = NO_STREAM
    for index, event_id in enumerate(event_ids):
        revision = revision_of(event_id)
        if revision is None:
            if index:
                return _WRONG
            break
        repeats = revision
    else:
        if event_ids:
            return Decision(Verdict.REPEATED, repeats=repeats)
    return Decision(Verdict.ACCEPTED, recreates=condition.soft_deleted)


def _decide_below(
    expected: int,
    event_ids: Sequence[bytes],
    condition: StreamCondition,
    id_at: Callable[[int], bytes | None],
) -> Decision:
    """The stream has grown since: a repetition when the events after `expected` are these."""
    for index, event_id in enumerate(event_ids):
        if id_at(expected + 1 + index) == event_id:
            continue
        if index == 0 and expected == NO_STREAM and condition.soft_deleted:
            return Decision(Verdict.ACCEPTED, recreates=True)
        return _WRONG
    if not event_ids:
        return _WRONG
    return Decision(Verdict.REPEATED, repeats=expected + len(event_ids))
