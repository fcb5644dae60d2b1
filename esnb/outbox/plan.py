"""What is to become of claimed records: data in, data out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esnb.clients.uri import masked_error
from esnb.outbox.job_encoder import Addition, ScriptTarget
from esnb.outbox.record import OutboxRecord, RecordState, from_text, job_data
from esnb.outbox.route import Route, RouteFunction, routes
from esnb.projections import Backoff
from esnb.running.exits import contained

Add = Callable[[str, str, str, str, Mapping[str, Any]], Addition]
"""Queue, name, id, data as JSON text, options: the addition of a job."""


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job to be added to a queue."""

    queue: str
    addition: Addition


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one record."""

    lane: str
    member: str
    record: OutboxRecord
    outcome: RecordState
    jobs: Sequence[PlannedJob] = ()
    error: str = ""
    delay: int = 0
    """Milliseconds until the next attempt."""
    tried: bool = True
    """Whether that was an attempt to publish it."""

    def packed(self, targets: dict[ScriptTarget, int]) -> list[Any]:
        """For `scripts/settle.lua`; numbers the targets of its jobs in `targets`."""
        jobs = [
            [
                targets.setdefault(job.addition.target, len(targets) + 1),
                job.addition.arguments,
                self.record.job_id,
            ]
            for job in self.jobs
        ]
        return [
            self.lane, self.member, self.outcome, self.error, self.delay,
            " ".join(job.queue for job in self.jobs), int(self.tried), jobs,
        ]  # fmt: skip


@dataclass(frozen=True)
class Planner:
    """Routes records. What a route or BullMQ cannot take holds up its aggregate."""

    route: RouteFunction
    options: Mapping[str, Any]
    attempts: int
    shortest: float
    longest: float
    chance: Any

    def plan(self, claimed: Sequence[tuple[str, str, str, str]], add: Add) -> list[Plan]:
        """A plan for each record, up to the first of its aggregate that fails.

        What `add` raises is a failure of the route.
        """
        plans: list[Plan] = []
        held_up: set[str] = set()
        for lane, member, text, status in claimed:
            if lane not in held_up:
                plan = self._plan(lane, member, text, status, add)
                plans.append(plan)
                if plan.outcome in ("failed", "dead"):
                    held_up.add(lane)
        return plans

    def _plan(self, lane: str, member: str, text: str, status: str, add: Add) -> Plan:
        record = from_text(text, status)
        if record.payload_error is not None:
            return Plan(lane, member, record, "dead", error=record.payload_error)
        if record.is_suspect and record.attempts >= self.attempts:
            return Plan(lane, member, record, "dead", error=record.error or "", tried=False)
        try:
            found = contained(routes, self.route, record)
            if not found:
                return Plan(lane, member, record, "skipped")
            name, job_id, data = record.type, record.job_id, job_data(text)
            jobs = [
                PlannedJob(each.queue, add(each.queue, name, job_id, data, self._options(each)))
                for each in found
            ]
        except Exception as error:  # noqa: BLE001 - a route is anybody's code; it is shown
            reason = masked_error(error)
            if record.attempts + 1 >= self.attempts:
                return Plan(lane, member, record, "dead", error=reason)
            delay = round(self._pause(record.attempts) * 1000)
            return Plan(lane, member, record, "failed", error=reason, delay=delay)
        return Plan(lane, member, record, "published", jobs)

    def _options(self, route: Route) -> Mapping[str, Any]:
        return {**self.options, **route.options} if route.options else self.options

    def _pause(self, failures: int) -> float:
        """Seconds before the next attempt, after so many failures before this one."""
        backoff = Backoff(
            min(self.longest, self.shortest * 2 ** min(failures, 60)), self.longest, self.chance
        )
        return backoff.next()
