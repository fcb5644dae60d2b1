"""An outbox with its publisher, or a worker, to be killed: `python -m tests.faults.outbox_process`.

Takes its settings as JSON in the first argument. As a publisher it may end
itself, as a kill does, at a given step (one of Redis' commands, before it is
sent or after its answer), or in the route, at the records of one aggregate.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import redis.asyncio.client
import redis.asyncio.connection

from esnb.outbox import BullMQPublisher, Job, Outbox, OutboxRecord, StuckError, Worker
from tests.domain.bank import Bank


def route(record: OutboxRecord) -> str:
    return "jobs"


def dies_for(aggregate_id: str) -> Callable[[OutboxRecord], str]:
    """A route that ends the process."""

    def deadly(record: OutboxRecord) -> str:
        if record.aggregate_id == aggregate_id:
            os._exit(9)
        return route(record)

    return deadly


def dies_at(step: int) -> None:
    """Has the process killed between the steps of a publisher, counted in what it sends and reads."""
    left = [step]

    def counts(method: Any) -> Any:
        async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return await method(self, *args, **kwargs)

        return counted

    connection: Any = redis.asyncio.connection.AbstractConnection
    connection.send_packed_command = counts(connection.send_packed_command)
    connection.read_response = counts(connection.read_response)


def main() -> int:
    settings = json.loads(sys.argv[1])
    env = settings["env"]
    if settings.get("worker"):
        seen = settings["worker"]

        def handle(job: Job) -> str:
            with open(seen, "a", encoding="utf-8") as file:
                file.write(f"{job.id}\n")
            return str(job.data["id"])

        # A stalled job is taken back again after half a second, however often.
        worker = Worker(
            env["REDIS_URL"],
            "jobs",
            handle,
            lockDuration=500,
            stalledInterval=250,
            maxStalledCount=1000,
        )
        print("running", flush=True)
        worker.run_forever()
        return 0
    if settings.get("deadly"):
        outbox = Outbox(env, Bank)
        deadly = dies_for(settings["deadly"])
        with (
            outbox,
            BullMQPublisher(outbox, deadly, attempts=settings["attempts"], lease=0.3) as publisher,
        ):
            try:
                publisher.wait(timeout=120)
            except StuckError:
                return 0
        return 1
    if settings.get("step"):
        dies_at(settings["step"])
    outbox = Outbox(env, Bank, batch_size=7)
    publisher = BullMQPublisher(outbox, route, batch_size=5, lease=0.3)
    outbox.start()
    publisher.start()
    print("running", flush=True)
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
