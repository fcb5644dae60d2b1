"""What `watch` takes: runners with a `status()`, the groups of a server, queues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from esnb import frames
from esnb.running.actions import method
from esnb.running.given import one_by_one
from esnb.running.runner_status import name_of, status_of
from esnb.sources.groups import replay_parked
from esnb.sources.jobs import queue_counts
from esnb.sources.redaction import Redact
from esnb.sources.redis_client import redis_of
from esnb.sources.source import is_client
from esnb.threads.question import Question
from esnb.widgets.live.unread import unanswered
from esnb.widgets.watch.board import Board, not_a_runner
from esnb.widgets.watch.foreign import as_ours, method_of
from esnb.widgets.watch.server_projection import ServerProjectionSource
from esnb.widgets.watch.status_row import StatusRow, StatusSource

_TOLD = (
    *("position", "head", "lag", "lag_seconds"),
    *("event", "handler", "traceback", "skipping", "last_parked"),
)
"""What some statuses have, and others have not."""
_UNSAID = ("projection", "outbox")
"""What a runner is where nothing else is said."""


def board_of(
    given: Iterable[Any],
    queues: Iterable[str] = (),
    prefix: str = "bull",
    projections: Iterable[str] = (),
    redact: Redact | None = None,
) -> Board:
    """Everything that was passed to `watch`; TypeError for what cannot be watched."""
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
            f"projections={running!r} run in an EventStoreDB: also pass the Stores that "
            "esnb.connect() returns, or a client of the server"
        )
    sources += [ServerProjectionSource(server, name) for name in running]
    names = _names(queues)
    if names and stores is None:
        raise TypeError(
            f"queues={names!r} are in a Redis: also pass the Stores that esnb.connect() returns, "
            "or a redis-py client"
        )
    sources += [QueueSource(stores, name, prefix) for name in names]
    return Board(sources, redact=redact)


def _names(given: Iterable[str]) -> list[str]:
    """One name, or several."""
    return [given] if isinstance(given, str) else list(given)


class RunnerSource:
    """One runner, esnb's own or any other that has a `status()`."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner

    @property
    def name(self) -> str:
        return name_of(self._runner)

    def look(self) -> Iterator[StatusRow]:
        status = as_ours(status_of(self._runner), self._runner)
        state, error, counts = str(status.state), status.error, status.counts
        told: dict[str, Any] = {name: getattr(status, name, None) for name in _TOLD}
        yield StatusRow(
            name=str(status.name),
            state=state,
            kind="" if status.kind in _UNSAID else status.kind,
            application=str(getattr(status, "application", None) or ""),
            rate=getattr(status, "rate_per_s", None),
            counts=tuple((name, number) for name, number in counts.items() if number),
            troubles=tuple(status.troubles.items()),
            can=status.all_actions,
            asks=status.actions,
            done=counts.get("published", counts.get("completed")),
            error=error,
            advice=unanswered(error, runner=True) if error and state == "retrying" else None,
            **told,
        )

    def ask(self, row: StatusRow, what: str) -> None:
        found = method_of(self._runner, what)
        if found is None:
            raise LookupError(f"{self.name} has no {method(what)}()")
        found()


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
