"""A BullMQ queue, one row per job, read from where BullMQ keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pandas as pd

from esnb.clients.bullmq import LISTS, SETS, is_marker, queue_root
from esnb.clients.uri import guarded_argument
from esnb.frames.redis import answering
from esnb.frames.schema import build
from esnb.sources.columns import Schema
from esnb.sources.numbers import end_of
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import described

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
_KEYS = {**LISTS, **{name: name for name in SETS}}


@dataclass(frozen=True)
class _Place:
    """Where a job's id stands."""

    id: str
    key: str
    """Of the list or the sorted set, behind the queue's."""
    state: str
    score: float | None = None
    """None in a list."""


@dataclass(frozen=True)
class JobRow:
    """One job as a frame shows it; None for what is not known."""

    id: str
    name: str | None
    state: str
    attempts: int | None
    added: datetime | None
    due: datetime | None
    started: datetime | None
    finished: datetime | None
    age_seconds: float | None
    priority: int | None
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
    dotted path may begin at the payload of an outbox's job. Of reasons, whose
    text may have any value in it, the kind of error stays, if one is named; text
    that is the whole of data, progress or result is hidden.

    Columns: `id`, `name`, `state` (string: `active`, `waiting`, `paused`: waits
    in a paused queue, `prioritized`, `delayed`, `waiting-children`, `failed` or
    `completed`), `attempts` (Int64: that were made), `added`, `due` (of a delayed
    job), `started`, `finished` (datetime64[us, UTC]), `age_seconds` (Float64:
    since it was added), `priority` (Int64), `progress` (object), `reason`
    (string: why the last failed attempt failed), `result` and `data` (object:
    decoded JSON, or text that is none) and `correlation_id` (string: of an
    outbox's jobs). A queue that does not exist is empty; jobs that leave it
    while it is read are left out. Of a job whose data are gone (deleted or
    evicted) though its id is in the queue, `id`, `state` and `due` are known.

    Raises TypeError for another source, a name that is not text and a number
    that is none, ValueError for a name with half of a surrogate pair and for a
    negative number or both, and OperationalError when Redis does not answer.

    >>> import esnb
    >>> with esnb.connect(embedded=True) as stores:
    ...     len(esnb.queue(stores, "mails"))
    0
    """
    source = guarded_argument(source)
    root, client = queue_root(name, prefix), redis_of(source)
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
            columns[name] = list(map(redaction.result, columns[name]))
        columns["reason"] = list(map(redaction.message, columns["reason"]))
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
        for key in LISTS.values():
            pipe.lrange(f"{root}:{key}", 0, -1)
        for key in SETS:
            pipe.zrange(f"{root}:{key}", 0, -1, withscores=True)
        clock, is_paused, *found = pipe.execute()
    placed: list[_Place] = []
    for (state, key), members in zip(_states(is_paused), found, strict=True):
        if key in SETS:
            placed += [_Place(_text(id), key, state, float(score)) for id, score in members]
        else:
            placed += [_Place(_text(id), key, state) for id in reversed(members)]
    now = clock[0] + clock[1] / 1e6
    for start in range(0, len(placed), 1000):
        yield from _read(client, root, placed[start : start + 1000], now)


def _states(is_paused: bool) -> list[tuple[str, str]]:
    """Each state with the key of its list or its set; one that is paused may have both lists."""
    return [
        ("paused" if state == "waiting" and is_paused else state, key)
        for state, key in _KEYS.items()
    ]


def jobs_in_pages(client: Any, root: str, *, newest: bool) -> Iterator[JobRow]:
    """The same one after the other, with `newest` from the end, as they are when they are read."""
    places = _states(client.hexists(f"{root}:meta", "paused"))
    seen: set[str] = set()
    for state, key in reversed(places) if newest else places:
        at = 0
        while page := _page(client, root, key, state, at, newest):
            at += len(page)
            seconds, microseconds = client.time()
            for row in _read(client, root, page, seconds + microseconds / 1e6):
                if row.id not in seen:
                    seen.add(row.id)
                    yield row


def _page(client: Any, root: str, key: str, state: str, at: int, newest: bool) -> Sequence[_Place]:
    """The next places of a list or a sorted set, behind the `at` that were read."""
    # A list's newest jobs are on its left, a sorted set's on its right.
    if key in SETS:
        members = client.zrange(f"{root}:{key}", at, at + _PAGE - 1, desc=newest, withscores=True)
        return [_Place(_text(id), key, state, float(score)) for id, score in members]
    if newest:
        ids = client.lrange(f"{root}:{key}", at, at + _PAGE - 1)
    else:
        ids = reversed(client.lrange(f"{root}:{key}", -at - _PAGE, -at - 1))
    return [_Place(_text(id), key, state) for id in ids]


def _read(client: Any, root: str, places: Sequence[_Place], now: float) -> Iterator[JobRow]:
    """The jobs that stand at these places."""
    jobs = [place for place in places if not is_marker(place.id)]
    with client.pipeline(transaction=False) as pipe:
        for place in jobs:
            pipe.hmget(f"{root}:{place.id}", _FIELDS)
        found = list(map(_data, pipe.execute(raise_on_error=False)))
    gone = [place for place, values in zip(jobs, found, strict=True) if not _is_there(values)]
    left = _left(client, root, gone) if gone else frozenset()
    for place, values in zip(jobs, found, strict=True):
        if place not in left:
            yield _row(place, values, now)


def _data(answer: Any) -> Sequence[Any]:
    """A job's fields, none known where its key holds something else; raises other refusals."""
    if isinstance(answer, Exception):
        if not str(answer).startswith("WRONGTYPE"):
            raise answer
        return [None] * len(_FIELDS)
    found: Sequence[Any] = answer
    return found


def _is_there(values: Sequence[Any]) -> bool:
    return any(value is not None for value in values)


def _left(client: Any, root: str, places: Sequence[_Place]) -> frozenset[_Place]:
    """Those of these jobs without data that have left the queue, or this place, meanwhile."""
    with client.pipeline(transaction=False) as pipe:
        for place in places:
            if place.score is None:
                pipe.lpos(f"{root}:{place.key}", place.id)
            else:
                pipe.zscore(f"{root}:{place.key}", place.id)
        found = pipe.execute()
    return frozenset(place for place, at in zip(places, found, strict=True) if at is None)


def job(client: Any, root: str, id: str) -> JobRow | None:
    """One job of the queue whose keys begin with `root`, None when it is not there."""
    with client.pipeline(transaction=True) as pipe:
        pipe.time()
        pipe.hmget(f"{root}:{id}", _FIELDS)
        pipe.hexists(f"{root}:meta", "paused")
        pipe.lpos(f"{root}:active", id)
        for key in SETS:
            pipe.zscore(f"{root}:{key}", id)
        clock, values, is_paused, active, *scores = pipe.execute()
    if not _is_there(values):
        return None
    key = "active" if active is not None else "wait"
    state = key if key == "active" else "paused" if is_paused else "waiting"
    place = _Place(id, key, state)
    for name, found in zip(SETS, scores, strict=True):
        if found is not None:
            place = _Place(id, name, name, float(found))
    return _row(place, values, clock[0] + clock[1] / 1e6)


def _row(place: _Place, values: Sequence[Any], now: float) -> JobRow:
    is_there, score = _is_there(values), place.score
    stored = {
        field: None if value is None else _text(value)
        for field, value in zip(_FIELDS, values, strict=True)
    }
    added = _moment(stored["timestamp"])
    return JobRow(
        id=place.id,
        name=stored["name"],
        state=place.state,
        attempts=(_number(stored["atm"] or stored["attemptsMade"]) or 0) if is_there else None,
        added=added,
        due=_at(score / _DUE_FACTOR) if place.key == "delayed" and score is not None else None,
        started=_moment(stored["processedOn"]),
        finished=_moment(stored["finishedOn"]),
        age_seconds=None if added is None else now - added.timestamp(),
        priority=(_number(stored["priority"]) or 0) if is_there else None,
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
