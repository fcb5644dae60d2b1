"""Jobs that the outbox's script adds are those that BullMQ's own `Queue.add` adds.

The way there is BullMQ's own, but not one that it promises to keep: what a new
version does otherwise shows here.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import esnb
from esnb.outbox import BullMQPublisher, Outbox, Route
from esnb.outbox.jobs import async_client
from esnb.stores import Stores
from tests.domain.bank import Bank
from tests.waiting import DEADLINE

pytestmark = pytest.mark.extras

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "delayed": {"delay": 60_000, "attempts": 3, "backoff": 500},
    "prioritized": {"priority": 7, "removeOnComplete": {"age": 60, "count": 9}},
    "last": {"lifo": True, "backoff": {"type": "exponential", "delay": 10}},
}


def added_by_bullmq(url: str, jobs: list[tuple[str, str, Any, dict[str, Any]]]) -> None:
    import bullmq

    async def add() -> None:
        client: Any = async_client(url, socket_timeout=10)
        for queue, name, data, options in jobs:
            await bullmq.Queue(queue, {"connection": client}).add(name, data, options)
        await client.aclose()

    asyncio.run(add())


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_job_is_what_queue_add_makes_of_it(stores: Stores, kind: str) -> None:
    bank = stores.application(Bank)
    for owner in ("Änne", "Bob \U0001f600", "Cy\n\0"):
        bank.open(owner)
    outbox = Outbox(stores, bank)
    with (
        outbox,
        BullMQPublisher(outbox, lambda record: Route("ours", **OPTIONS[kind])) as publisher,
    ):
        publisher.wait(timeout=DEADLINE)
    records = outbox.records()
    kept = esnb.outbox.publisher.KEPT_JOBS
    added_by_bullmq(
        stores.env["REDIS_URL"],
        [
            ("own", each.type, each.job_data(), {**kept, **OPTIONS[kind], "jobId": each.job_id})
            for each in records
        ],
    )
    client: Any = stores.redis
    for record in records:
        ours: Any = client.hgetall(f"bull:ours:{record.job_id}")
        own: Any = client.hgetall(f"bull:own:{record.job_id}")
        assert abs(int(own.pop(b"timestamp")) - int(ours.pop(b"timestamp"))) < 600_000
        assert json.loads(ours.pop(b"data")) == json.loads(own.pop(b"data"))
        assert json.loads(ours.pop(b"opts")) == json.loads(own.pop(b"opts"))
        assert ours == own
    ours, own = (esnb.queue(stores, name) for name in ("ours", "own"))
    assert list(ours["id"]) == list(own["id"])
    assert list(ours["state"]) == list(own["state"])
    keys = [
        sorted(key.decode().split(":", 2)[2] for key in client.scan_iter(f"bull:{name}:*"))
        for name in ("ours", "own")
    ]
    assert keys[0] == keys[1]
    told = [
        [(entry[b"event"], entry[b"jobId"]) for _, entry in client.xrange(f"bull:{name}:events")]
        for name in ("ours", "own")
    ]
    assert told[0] == told[1]


def test_options_that_no_job_can_hold_are_a_failure_of_the_route(stores: Stores) -> None:
    bank = Bank()
    bank.open()
    outbox = Outbox(stores, bank, name="options")
    route = lambda record: Route("q", delay=2**70)  # noqa: E731
    publisher = BullMQPublisher(outbox, route, attempts=1)
    with outbox, publisher, pytest.raises(esnb.outbox.StuckError, match="OverflowError"):
        publisher.wait(timeout=DEADLINE)
    assert outbox.records()[0].state == "dead"


def test_what_bullmq_refuses_is_said_and_holds_up_what_follows(stores: Stores) -> None:
    bank = Bank()
    account = bank.open()
    bank.deposit(account, 1)
    stores.redis.set("bull:q:meta", "of another type")
    outbox = Outbox(stores, bank, name="refused")
    with outbox, BullMQPublisher(outbox, lambda record: "q") as publisher:
        with pytest.raises(TimeoutError, match="WRONGTYPE"):
            publisher.wait(timeout=0.5)
        stores.redis.delete("bull:q:meta")
        publisher.wait(timeout=DEADLINE)
    assert list(esnb.queue(stores, "q")["id"]) == [each.job_id for each in outbox.records()]
