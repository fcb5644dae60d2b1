"""One event on its way to a queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from esnb.topics import short_type

EPOCH: Final = datetime.fromtimestamp(0, UTC)

RecordState = Literal["pending", "publishing", "published", "skipped", "failed", "dead"]


@dataclass(frozen=True)
class OutboxRecord:
    """An event as the outbox keeps it, and how far its publishing has come."""

    id: str
    """The event's id; where its store has none, made of application, aggregate and version."""
    aggregate_id: str
    version: int
    topic: str
    payload: Any
    """The event's attributes as plain JSON."""
    headers: Mapping[str, Any] = field(default_factory=dict)
    """`correlation_id`, `causation_id` (of the event; None at the root), `application`."""
    position: int = 0
    """The event's notification id."""
    created: datetime = EPOCH
    """When the outbox took the event up."""
    state: RecordState = "pending"
    attempts: int = 0
    """How often it was tried; 0 again after `retry()`."""
    settled: datetime | None = None
    """When it got its present state."""
    next_attempt: datetime | None = None
    error: str | None = None
    queues: tuple[str, ...] = ()
    """The queues that have got its job."""
    payload_error: str | None = None
    is_suspect: bool = False
    """Whether a publisher was lost that had it: it is published alone, then."""

    @property
    def type(self) -> str:
        """The event's short type, by which its jobs are named."""
        return short_type(self.topic)

    @property
    def job_id(self) -> str:
        """The id of its job in each queue. Node's BullMQ refuses ids that are numbers."""
        return f"ev-{self.id}"

    def job_data(self) -> dict[str, Any]:
        """What a job carries: id, aggregate_id, version, topic, payload, headers."""
        return {
            "id": self.id,
            "aggregate_id": self.aggregate_id,
            "version": self.version,
            "topic": self.topic,
            "payload": self.payload,
            "headers": dict(self.headers),
        }


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def to_text(record: OutboxRecord) -> bytes:
    """The part of a record that never changes, as it is stored.

    Two lines: position, time and error; then the job's data as JSON, which a
    publisher passes on as they are.
    """
    created = round(record.created.timestamp() * 1000)
    error = "" if record.payload_error is None else json.dumps(record.payload_error)
    data = record.job_data()
    try:
        return f"{record.position} {created} {error}\n{_encode(data)}".encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON escapes it
        return f"{record.position} {created} {error}\n{json.dumps(data)}".encode()


def job_data(text: str) -> str:
    """What a stored record's jobs carry, as JSON."""
    return text.partition("\n")[2]


def from_text(text: str, status: str | None = None, *, publishing: bool = False) -> OutboxRecord:
    """A record from its two stored parts, the second of which scripts write."""
    first, _, data = text.partition("\n")
    position, created, error = first.split(" ", 2)
    found = json.loads(status) if status else {}
    state: RecordState = "publishing" if publishing else found.get("state", "pending")
    return OutboxRecord(
        **json.loads(data),
        position=int(position),
        created=datetime.fromtimestamp(int(created) / 1000, UTC),
        state=state,
        attempts=int(found.get("attempts", 0)),
        settled=_moment(found.get("at")),
        next_attempt=_moment(found.get("next")),
        error=found.get("error"),
        queues=tuple(found["queues"].split(" ")) if found.get("queues") else (),
        payload_error=json.loads(error) if error else None,
        is_suspect=found.get("lost", False),
    )


def _moment(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
