"""A process that runs a projection, to be killed: `python -m tests.faults.projections_process`.

Takes its settings as JSON in the first argument. Says `running` on stdout when
it has opened the stores, and ends with code 3 when the runner fails.
"""

from __future__ import annotations

import json
import sys

from eventsourcing.persistence import Tracking

from esnb.projections import Backoff, CatchUpRunner
from esnb.redis import RedisView
from tests.domain.bank import Bank, Deposits


class Ledger(RedisView):
    """Each amount as it came, and how many they are: two keys that must agree."""

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.rpush(self.key("amounts"), amount)
            commands.incr(self.key("count"))

    def seen(self) -> tuple[list[int], int]:
        """The amounts and their number, read in one atomic step."""
        with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.lrange(self.key("amounts"), 0, -1)
            pipeline.get(self.key("count"))
            amounts, count = pipeline.execute()
        return [int(amount) for amount in amounts], int(count or 0)


def main() -> int:
    settings = json.loads(sys.argv[1])
    runner = CatchUpRunner(
        Bank,
        Deposits,
        Ledger,
        settings["env"],
        batch_size=settings["batch_size"],
        backoff=Backoff(shortest=0.02, longest=0.3),
    )
    if settings["rebuild"]:
        runner.rebuild()
    runner.start()
    print("running", flush=True)
    try:
        runner.run_forever()
    except Exception:  # noqa: BLE001 - its status has the traceback
        print(runner.status(), flush=True)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
