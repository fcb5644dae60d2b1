"""A projection that counts every event, in Redis."""

from __future__ import annotations

from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection

from esnb.redis import RedisView


class Total(RedisView):
    def add(self, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.incr(self.key("n"))

    def n(self) -> int:
        return int(self.redis.get(self.key("n")) or 0)


class Counting(Projection[Total]):
    name = "counting"
    topics = ()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.add(tracking)
