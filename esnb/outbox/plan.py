"""What is to become of claimed records: data in, data out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esnb._uri import masked
from esnb.outbox.record import OutboxRecord, State, from_json
from esnb.outbox.route import RouteFunction, routes
from esnb.projections import Backoff


@dataclass(frozen=True)
class PlannedJob:
    """A job to be added to a queue."""

    queue: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What becomes of one record."""

    lane: str
    member: str
    record: OutboxRecord
    outcome: State
    jobs: Sequence[PlannedJob] = ()
    error: str = ""
    delay: int = 0
    """Milliseconds until the next attempt."""

    @property
    def data(self) -> dict[str, Any]:
        return self.record.job_data()

    def arguments(self) -> list[Any]:
        """For `scripts/settle.lua`."""
        queues = " ".join(job.queue for job in self.jobs)
        return [
            self.lane, self.member, self.outcome, self.error, self.delay, queues, len(self.jobs),
        ]  # fmt: skip


@dataclass(frozen=True)
class Planner:
    """Routes records. What a route cannot take holds up its aggregate."""

    route: RouteFunction
    options: Mapping[str, Any]
    attempts: int
    shortest: float
    longest: float
    chance: Any

    def plan(self, claimed: Sequence[tuple[str, str, str, str]]) -> list[Plan]:
        """A plan for each record, up to the first of its aggregate that fails."""
        plans: list[Plan] = []
        held_up: set[str] = set()
        for lane, member, text, status in claimed:
            if lane not in held_up:
                plan = self._plan(lane, member, text, status)
                plans.append(plan)
                if plan.outcome in ("failed", "dead"):
                    held_up.add(lane)
        return plans

    def _plan(self, lane: str, member: str, text: str, status: str) -> Plan:
        record = from_json(text, status)
        if record.payload_error is not None:
            return Plan(lane, member, record, "dead", error=record.payload_error)
        try:
            found = routes(self.route, record)
        except Exception as error:  # noqa: BLE001 - a route is anybody's code; it is shown
            reason = masked(f"{type(error).__name__}: {error}".rstrip(": "))
            if record.attempts + 1 >= self.attempts:
                return Plan(lane, member, record, "dead", error=reason)
            delay = round(self._pause(record.attempts) * 1000)
            return Plan(lane, member, record, "failed", error=reason, delay=delay)
        jobs = [PlannedJob(each.queue, {**self.options, **each.options}) for each in found]
        return Plan(lane, member, record, "published" if jobs else "skipped", jobs)

    def _pause(self, failures: int) -> float:
        """Seconds before the next attempt, after so many failures before this one."""
        backoff = Backoff(
            min(self.longest, self.shortest * 2 ** min(failures, 60)), self.longest, self.chance
        )
        return backoff.next()
