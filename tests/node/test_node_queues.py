"""Jobs of an outbox for workers in Node, and results of Python's workers read there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

import esnb
from esnb.outbox import BullMQPublisher, Job, Outbox, Route, Worker
from esnb.stores import Stores
from tests.domain.bank import Bank
from tests.node.programs import said
from tests.waiting import DEADLINE

pytestmark = pytest.mark.extras

OWNER = "Zoë 𝄞 “quoted”\n"


@pytest.fixture
def stores() -> Iterator[Stores]:
    with esnb.connect(embedded=True) as stores:
        yield stores


def socket_of(stores: Stores) -> str:
    return urlsplit(stores.env["REDIS_URL"]).path


def published(stores: Stores, queue: str, **options: Any) -> Outbox[Bank]:
    """An outbox whose three records are in the queue: of versions 1, 2 and 3."""
    bank = stores.application(Bank)
    with esnb.correlate("order-17"):
        account = bank.open(OWNER)
        bank.rename(account, OWNER, "Bob")
    outbox = Outbox(stores, bank)
    with outbox, BullMQPublisher(outbox, lambda record: Route(queue, **options)) as publisher:
        publisher.wait(timeout=DEADLINE)
    return outbox


def test_a_worker_in_node_processes_the_jobs_and_python_sees_its_results(stores: Stores) -> None:
    outbox = published(stores, "mails", attempts=2, backoff={"type": "fixed", "delay": 10})
    records = {record.job_id: record for record in outbox.records()}

    jobs = said("queue_worker.mjs", socket_of(stores), "mails", "3")

    assert {job["id"] for job in jobs} == set(records)
    for job in jobs:
        record = records[job["id"]]
        assert job["name"] == record.type
        assert job["data"] == record.job_data()
    frame = esnb.queue(stores, "mails").set_index("id")
    assert set(frame["state"]) == {"completed"}
    assert set(frame["correlation_id"]) == {"order-17"}
    for id, record in records.items():
        tried = 2 if record.version == 2 else 1
        assert frame.loc[id, "attempts"] == tried
        assert frame.loc[id, "result"] == {
            "shout": record.payload["owner"].upper(),
            "tried": tried,
        }
        assert frame.loc[id, "progress"] == 50
    assert list(esnb.trace(stores, "order-17")["state"]) == [
        *("recorded", "published", "completed"),
        *("recorded", "published", "completed"),
        *("recorded", "published", "completed"),
    ]


def test_results_and_failures_of_a_python_worker_are_read_in_node(stores: Stores) -> None:
    def handle(job: Job) -> dict[str, Any]:
        job.progress({"half": True})
        if job.data["version"] == 3:
            raise ValueError("out of paper")
        return {"owner": job.payload["owner"], "tried": job.attempt}

    outbox = published(stores, "mails")
    with Worker(stores, "mails", handle) as worker:
        worker.wait(2, timeout=DEADLINE)
        assert worker._progress.wait(DEADLINE, lambda: worker._progress.counts["failed"] == 1)

    seen = {job["id"]: job for job in said("queue_reader.mjs", socket_of(stores), "mails")}

    first, second, third = (seen[record.job_id] for record in outbox.records())
    for job in (first, second):
        assert job["state"] == "completed"
        assert job["result"] == {"owner": OWNER, "tried": 1}
        assert job["progress"] == {"half": True}
    assert third["state"] == "failed"
    assert third["reason"] == "out of paper"
