"""The library's event counters as a Redis view."""

from __future__ import annotations

from threading import Event

from eventsourcing.persistence import Tracking
from eventsourcing.tests.projection import EventCountersView

from esnb.redis import RedisView


class RedisEventCounters(RedisView, EventCountersView):
    """Counts created and subsequent events, as the library's test cases ask for."""

    def wait(
        self,
        application_name: str,
        notification_id: int | None,
        timeout: float = 5.0,
        interrupt: Event | None = None,
    ) -> None:
        # The cases give no time, and the library's second is short on a loaded machine.
        super().wait(application_name, notification_id, timeout, interrupt)

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _count(self, name: str) -> int:
        return int(self.redis.hget(self.key("counters"), name) or 0)

    def _increment(self, name: str, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("counters"), name, 1)
