"""A BullMQ queue, a row a job, read from where BullMQ keeps it.

Its layout in Redis is what Node's and Python's packages share: lists and sorted
sets of job ids, and a hash for each job.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pandas as pd

from esnb.frames._numbers import end_of
from esnb.frames._redaction import Redact, Redaction
from esnb.frames._redis import answering
from esnb.frames._schema import Schema, build
from esnb.frames._sources import described

QUEUE: Schema = {
    "id": "string",
    "name": "string",
    "state": "string",
    "attempts": "Int64",
    "added": "time",
    "due": "time",
    "started": "time",
    "finished": "time",
    "age_seconds": "Float64",
    "priority": "Int64",
    "progress": "object",
    "reason": "string",
    "result": "object",
    "data": "object",
    "correlation_id": "string",
}

# A delayed job's score is the millisecond at which it is due, times this, and
# a number within the millisecond.
_DUE_FACTOR = 0x1000
_PAGE = 500
_FIELDS = (
    "name", "data", "timestamp", "processedOn", "finishedOn", "progress", "atm", "attemptsMade",
    "failedReason", "returnvalue", "priority",
)  # fmt: skip
_SETS = ("prioritized", "delayed", "waiting-children", "failed", "completed")


@dataclass(frozen=True)
class JobRow:
    """One job as a frame shows it."""

    id: str
    name: str | None
    state: str
    attempts: int
    added: datetime | None
    due: datetime | None
    started: datetime | None
    finished: datetime | None
    age_seconds: float | None
    priority: int
    progress: Any
    reason: str | None
    result: Any
    data: Any

    @property
    def correlation_id(self) -> str | None:
        headers = self.data.get("headers") if isinstance(self.data, dict) else None
        found = headers.get("correlation_id") if isinstance(headers, dict) else None
        return None if found is None else str(found)


def queue(
    source: Any,
    name: str,
    *,
    limit: int | None = None,
    last: int | None = None,
    prefix: str = "bull",
    redact: Redact | None = None,
) -> pd.DataFrame:
    """The jobs of a BullMQ queue, whoever added them and works on them.

    `source` is the `Stores` that `esnb.connect()` gives, or a redis-py client.
    A row a job, by state, and within one state in the order of the queue: with
    `limit` at most the first so many, with `last` the last ones (those that
    were completed last). Then `frame.attrs["truncated"]` is True when there
    are more, and a job that moves while it is read may be missed. `redact`
    hides fields of data, progress and result, as in `esnb.events`; in data a
    dotted path may begin at the payload of an outbox's job.

    Columns: `id`, `name`, `state` (string: `active`, `waiting`, `paused`: waits
    in a paused queue, `prioritized`, `delayed`, `waiting-children`, `failed` or
    `completed`), `attempts` (Int64: that were made), `added`, `due` (of a delayed
    job), `started`, `finished` (datetime64[us, UTC]), `age_seconds` (Float64:
    since it was added), `priority` (Int64), `progress` (object), `reason`
    (string: why the last failed attempt failed), `result` and `data` (object:
    decoded JSON, or text that is none) and `correlation_id` (string: of an
    outbox's jobs). A queue that does not exist is empty; jobs that vanish
    while it is read are left out.

    Raises TypeError for another source and a number that is none, ValueError
    for a negative one or both, and OperationalError when Redis does not answer.

    >>> import esnb
    >>> with esnb.connect(embedded=True) as stores:
    ...     len(esnb.queue(stores, "mails"))
    0
    """
    if not isinstance(name, str):
        raise TypeError(f"a queue is named by text, not by {type(name).__qualname__}")
    client, root = redis_of(source), f"{prefix}:{name}"
    size, newest = end_of(limit, last)
    redaction = Redaction(redact)
    with answering(client):
        if size is None:
            rows = list(jobs(client, root))
        else:
            # One more tells whether there are more.
            rows = list(islice(jobs_in_pages(client, root, newest=newest), size + 1))
    truncated = size is not None and len(rows) > size
    rows = rows[:size]
    if newest:
        rows.reverse()
    columns = {column: [getattr(row, column) for row in rows] for column in QUEUE}
    if redaction:
        columns["data"] = [_hidden(value, redaction) for value in columns["data"]]
        for name in ("progress", "result"):
            columns[name] = list(map(redaction.data, columns[name]))
    frame = build(QUEUE, columns)
    if truncated:
        frame.attrs["truncated"] = True
    return frame


def _hidden(data: Any, redaction: Redaction) -> Any:
    """A job's data without what is hidden, by paths from their top and from the payload's."""
    found = redaction.data(data)
    if not isinstance(found, dict) or "payload" not in found:
        return found
    return {**found, "payload": redaction.data(found["payload"])}


def redis_of(source: Any) -> Any:
    """The Redis client of `source`; TypeError where there is none."""
    client = source if hasattr(source, "pipeline") else getattr(source, "redis", None)
    if isinstance(source, type) or not hasattr(client, "pipeline"):
        raise TypeError(
            f"no queues: {described(source)}; give the Stores that esnb.connect() gives, or a "
            "redis-py client"
        )
    return client


def jobs(client: Any, root: str) -> Iterator[JobRow]:
    """The jobs of the queue whose keys begin with `root`."""
    with client.pipeline(transaction=True) as pipe:
        pipe.time()
        pipe.hexists(f"{root}:meta", "paused")
        for lists in ("active", "wait", "paused"):
            pipe.lrange(f"{root}:{lists}", 0, -1)
        for sets in _SETS:
            pipe.zrange(f"{root}:{sets}", 0, -1, withscores=True)
        clock, is_paused, active, wait, paused, *scored = pipe.execute()
    waiting = "paused" if is_paused else "waiting"
    placed: list[tuple[str, str, float | None]]
    placed = [(_text(id), "active", None) for id in reversed(active)]
    placed += [(_text(id), waiting, None) for id in reversed(wait)]
    placed += [(_text(id), "paused", None) for id in reversed(paused)]
    for state, members in zip(_SETS, scored, strict=True):
        placed += [(_text(id), state, float(score)) for id, score in members]
    now = clock[0] + clock[1] / 1e6
    for start in range(0, len(placed), 1000):
        yield from _read(client, root, placed[start : start + 1000], now)


def jobs_in_pages(client: Any, root: str, *, newest: bool) -> Iterator[JobRow]:
    """The same one after the other, with `newest` from the end, as they are when they are read."""
    is_paused = client.hexists(f"{root}:meta", "paused")
    waiting = "paused" if is_paused else "waiting"
    lists = [("active", "active"), ("wait", waiting), ("paused", "paused")]
    places: list[tuple[str, str, bool]] = [(key, state, False) for key, state in lists]
    places += [(name, name, True) for name in _SETS]
    seen: set[str] = set()
    for key, state, is_scored in reversed(places) if newest else places:
        at = 0
        while True:
            # A list's newest jobs are on its left, a sorted set's on its right.
            if is_scored:
                members = client.zrange(
                    f"{root}:{key}", at, at + _PAGE - 1, desc=newest, withscores=True
                )
            elif newest:
                members = [(id, None) for id in client.lrange(f"{root}:{key}", at, at + _PAGE - 1)]
            else:
                found = client.lrange(f"{root}:{key}", -at - _PAGE, -at - 1)
                members = [(id, None) for id in reversed(found)]
            if not members:
                break
            at += len(members)
            part = [
                (_text(id), state, None if score is None else float(score)) for id, score in members
            ]
            seconds, microseconds = client.time()
            for row in _read(client, root, part, seconds + microseconds / 1e6):
                if row.id not in seen:
                    seen.add(row.id)
                    yield row


def _read(
    client: Any, root: str, part: Sequence[tuple[str, str, float | None]], now: float
) -> Iterator[JobRow]:
    """The jobs of these ids, in states and with scores that are known."""
    with client.pipeline(transaction=False) as pipe:
        for id, _, _ in part:
            pipe.hmget(f"{root}:{id}", _FIELDS)
        for (id, state, score), values in zip(part, pipe.execute(), strict=True):
            # Markers stand in the list of those that wait; jobs may be gone by now.
            if any(value is not None for value in values):
                yield _row(id, state, score, values, now)


def job(client: Any, root: str, id: str) -> JobRow | None:
    """One job of the queue whose keys begin with `root`, None when it is not there."""
    with client.pipeline(transaction=True) as pipe:
        pipe.time()
        pipe.hmget(f"{root}:{id}", _FIELDS)
        pipe.hexists(f"{root}:meta", "paused")
        pipe.lpos(f"{root}:active", id)
        for sets in _SETS:
            pipe.zscore(f"{root}:{sets}", id)
        clock, values, is_paused, active, *scores = pipe.execute()
    if all(value is None for value in values):
        return None
    state, score = ("active" if active is not None else "paused" if is_paused else "waiting"), None
    for name, found in zip(_SETS, scores, strict=True):
        if found is not None:
            state, score = name, float(found)
    return _row(id, state, score, values, clock[0] + clock[1] / 1e6)


def _row(id: str, state: str, score: float | None, values: Sequence[Any], now: float) -> JobRow:
    stored = {
        field: None if value is None else _text(value)
        for field, value in zip(_FIELDS, values, strict=True)
    }
    added = _moment(stored["timestamp"])
    return JobRow(
        id=id,
        name=stored["name"],
        state=state,
        attempts=_number(stored["atm"] or stored["attemptsMade"]) or 0,
        added=added,
        due=_at(score / _DUE_FACTOR) if state == "delayed" and score is not None else None,
        started=_moment(stored["processedOn"]),
        finished=_moment(stored["finishedOn"]),
        age_seconds=None if added is None else now - added.timestamp(),
        priority=_number(stored["priority"]) or 0,
        progress=_decoded(stored["progress"]),
        reason=stored["failedReason"],
        result=_decoded(stored["returnvalue"]),
        data=_decoded(stored["data"]),
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _decoded(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(float(text))
    except (ValueError, OverflowError):
        return None


def _moment(text: str | None) -> datetime | None:
    number = _number(text)
    return None if number is None else _at(number)


def _at(milliseconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
