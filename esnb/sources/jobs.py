"""The jobs of a BullMQ queue: each as it is, or only how many there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from esnb.clients.bullmq import LISTS, SETS, is_marker, job_counts, queue_root
from esnb.sources.redis_client import answering, redis_of

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


def queue_counts(source: Any, name: str, *, prefix: str = "bull") -> dict[str, int]:
    """How many jobs a queue has in each state, as `esnb.queue` names the states.

    Sources and errors as those of `esnb.queue`; the jobs are not read. A queue
    that does not exist has none.
    """
    root, client = queue_root(name, prefix), redis_of(source)
    with answering(client):
        return job_counts(client, root)


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
