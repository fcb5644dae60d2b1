"""What `watch` takes: runners with a `status()`, the groups of a server, queues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from esnb import frames
from esnb.running.given import one_by_one
from esnb.running.runner_status import name_of, status_of
from esnb.sources.groups import replay_parked
from esnb.sources.jobs import queue_counts
from esnb.sources.redaction import Redact
from esnb.sources.redis_client import redis_of
from esnb.sources.source import is_client
from esnb.threads.question import Question
from esnb.widgets.drawing.unread import unanswered
from esnb.widgets.watch.board import Board, not_a_runner
from esnb.widgets.watch.server_projection import ServerProjectionSource
from esnb.widgets.watch.status_row import StatusRow, StatusSource

_METHODS = {
    "pause": ("pause",),
    "resume": ("resume", "start"),  # publishers and workers begin again where they were
    "rebuild": ("rebuild",),
    "replay parked": ("replay_parked",),
}
"""What does it, the first that a runner has."""
_RESTING = ("paused", "stopped", "failed")
_COUNTS = ("waiting", "handled", "published", "completed", "failed", "restarts")
_TROUBLES = {
    "dead_letters": "dead letters",
    "parked_in_group": "parked",
}
_MOST_DEAD = 1000
"""Open records of an outbox that are looked at for dead ones."""


def board_of(
    given: Iterable[Any],
    queues: Iterable[str] = (),
    prefix: str = "bull",
    projections: Iterable[str] = (),
    redact: Redact | None = None,
) -> Board:
    """All that was given to `watch`; TypeError for what cannot be watched."""
    sources: list[StatusSource] = []
    stores: Any = None
    server: Any = None
    for each in one_by_one(given):
        if isinstance(each, type):
            raise not_a_runner(each)
        if callable(getattr(each, "status", None)):
            sources.append(RunnerSource(each))
        elif is_client(each) or is_client(getattr(each, "eventstoredb", None)):
            sources.append(GroupSource(each))
            server = each if is_client(each) else each.eventstoredb
            stores = each if hasattr(each, "redis") else stores
        elif hasattr(each, "pipeline"):
            stores = each
        else:
            raise not_a_runner(each)
    running = _names(projections)
    if running and server is None:
        raise TypeError(
            f"projections={running!r} run in an EventStoreDB: give also the Stores that "
            "esnb.connect() gives, or a client of the server"
        )
    sources += [ServerProjectionSource(server, name) for name in running]
    names = _names(queues)
    if names and stores is None:
        raise TypeError(
            f"queues={names!r} are in a Redis: give also the Stores that esnb.connect() gives, "
            "or a redis-py client"
        )
    sources += [QueueSource(stores, name, prefix) for name in names]
    return Board(sources, redact=redact)


def _names(given: Iterable[str]) -> list[str]:
    """One name, or several."""
    return [given] if isinstance(given, str) else list(given)


class RunnerSource:
    """One runner of ours, or of somebody else who has a `status()`."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner

    @property
    def name(self) -> str:
        return name_of(self._runner)

    def look(self) -> Iterator[StatusRow]:
        status = status_of(self._runner)
        state = str(status.state)
        waits = state == "retrying"
        dead = 0 if waits else len(self._dead())  # a store that is away is not asked for more
        troubles = {word: getattr(status, name, 0) for name, word in _TROUBLES.items()}
        troubles["dead"] = dead
        can = [ask for ask in _METHODS if self._method(ask) is not None]
        outbox = self._outbox()
        if outbox is not None:
            can = [ask for ask in can if ask != "rebuild"] + ["retry dead"]
        wanted = {
            "pause": state not in _RESTING,
            "resume": state in _RESTING,
            "rebuild": state != "paused",
            "replay parked": bool(troubles["parked"]),
            "retry dead": bool(dead),
        }
        told: dict[str, Any] = {
            name: getattr(status, name, None)
            for name in (
                *("position", "head", "lag", "lag_seconds"),
                *("error", "event", "handler", "traceback", "last_parked"),
            )
        }
        counts = ((name, getattr(status, name, None)) for name in _COUNTS)
        done = getattr(status, "published", getattr(status, "completed", None))
        yield StatusRow(
            name=str(status.name),
            state=state,
            kind=_kind(status),
            application=str(getattr(status, "application", "")),
            rate=getattr(status, "rate_per_s", None),
            counts=tuple((name, number) for name, number in counts if number),
            troubles=tuple((word, number) for word, number in troubles.items() if number),
            can=tuple(can),
            asks=tuple(ask for ask in can if wanted[ask]),
            done=done,
            advice=unanswered(told["error"], runner=True) if waits and told["error"] else None,
            **told,
        )

    def ask(self, row: StatusRow, what: str) -> None:
        if what == "retry dead":
            self._outbox().retry(self._dead())
        elif (method := self._method(what)) is not None:
            method()

    def _method(self, ask: str) -> Callable[[], object] | None:
        found = (getattr(self._runner, name, None) for name in _METHODS[ask])
        return next(filter(callable, found), None)

    def _outbox(self) -> Any:
        """The outbox that it is, or that it publishes."""
        found = getattr(self._runner, "outbox", self._runner)
        has_records = hasattr(getattr(found, "view", None), "oldest_open")
        return found if has_records and hasattr(found, "retry") else None

    def _dead(self) -> list[str]:
        """Ids of the records that failed for good, of the oldest that are open."""
        outbox = self._outbox()
        if outbox is None or not outbox.view.count_open():
            return []
        return [each.id for each in outbox.view.oldest_open(_MOST_DEAD) if each.state == "dead"]


class GroupSource:
    """All persistent subscriptions of a server, as they come and go."""

    name = "persistent subscriptions"

    def __init__(self, source: Any) -> None:
        self._source = source

    def look(self) -> Iterator[StatusRow]:
        found = frames.subscriptions(self._source)
        for row in found.astype(object).where(found.notna(), None).to_dict("records"):
            parked = row["parked"] or 0
            yield StatusRow(
                key=f"{row['stream']}::{row['group']}",
                name=row["group"],
                state=row["status"] or "unknown",
                kind="persistent subscription",
                application=row["stream"],
                position=row["checkpoint"],
                head=row["last_known"],
                lag=row["lag"],
                rate=row["rate_per_s"],
                counts=tuple((name, row[name]) for name in ("in_flight", "retrying") if row[name]),
                troubles=(("parked", parked),) if parked else (),
                can=("replay parked",),
                asks=("replay parked",) if parked else (),
            )

    def ask(self, row: StatusRow, what: str) -> None:
        replay_parked(self._source, row.application, row.name)


class QueueSource:
    """One BullMQ queue, whoever works on it."""

    def __init__(self, source: Any, name: str, prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        self._question = Question[dict[str, int]](f"Redis, about queue {name!r}")
        self.name = name

    def look(self) -> Iterator[StatusRow]:
        found = self._question.put(
            lambda: queue_counts(self._source, self.name, prefix=self._prefix)
        )()
        failed, completed = found.pop("failed"), found.pop("completed")
        left = sum(found.values())
        yield StatusRow(
            name=self.name,
            kind="queue",
            state="paused" if found["paused"] else "working" if found["active"] else "idle",
            lag=left,
            counts=tuple((name, number) for name, number in found.items() if number),
            troubles=(("failed", failed),) if failed else (),
            can=("retry failed",),
            asks=("retry failed",) if failed else (),
            done=completed + failed,
        )

    def ask(self, row: StatusRow, what: str) -> None:
        from esnb.outbox.retrying import retry_failed  # brings asyncio's Redis client

        retry_failed(redis_of(self._source), self.name, self._prefix)


def _kind(status: Any) -> str:
    for name, word in (
        ("published", "publisher"),
        ("completed", "worker"),
        ("workers", "consumers"),
    ):
        if hasattr(status, name):
            return word
    return ""
