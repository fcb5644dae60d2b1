"""A job of a queue, as a worker's function sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

_PATIENCE = 30.0


class Job:
    """The job at hand, as a worker's function sees it."""

    def __init__(self, job: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._job = job
        self._loop = loop
        self.id: str = job.id
        self.name: str = job.name
        """The event's short type."""
        self.data: Any = job.data
        """For jobs of an outbox: id, aggregate_id, version, topic, payload, headers."""
        self.attempt: int = job.attemptsMade + 1
        """Counted from 1."""

    @property
    def payload(self) -> Any:
        """The event's attributes."""
        return self.data["payload"]

    @property
    def headers(self) -> Mapping[str, Any]:
        """`correlation_id`, `causation_id`, `application`; empty for a job that did not come from an outbox."""
        found = self.data.get("headers") if isinstance(self.data, dict) else None
        return found if isinstance(found, dict) else {}

    def progress(self, value: int | float | Mapping[str, Any]) -> None:
        """Reports how far the job has come: a number or an object, for everyone to see.

        For functions that are not async; those await `report()`.
        """
        asyncio.run_coroutine_threadsafe(self.report(value), self._loop).result(_PATIENCE)

    async def report(self, value: int | float | Mapping[str, Any]) -> None:
        """Reports how far the job has come."""
        await self._job.updateProgress(value)

    def __repr__(self) -> str:
        return f"<Job {self.id!r} ({self.name}), attempt {self.attempt}>"


JobHandler = Callable[[Job], Any]
