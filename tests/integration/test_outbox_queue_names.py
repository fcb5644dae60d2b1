"""What a queue may be called: it is published to, worked on, counted and shown by that name."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import esnb
from esnb.outbox import BullMQPublisher, Outbox, Worker
from esnb.outbox.errors import RouteError
from esnb.outbox.retrying import retry_failed
from esnb.sources.jobs import queue_counts
from esnb.stores import Stores
from tests.domain.bank import Bank
from tests.waiting import DEADLINE

pytestmark = pytest.mark.extras

NAMES = [
    "aufträge",
    "注文",
    "👩\u200d👩\u200d👧",
    "e\u0301",
    "{tag}",
    "a{b}c{d}",
    "*",
    "a?[b-c]*",
    "%C3%BC",
    "a/b\\c",
    "\"'`$();<>|&",
    "completed",
    "~keys",
    "x" * 5000,
]


def test_names_in_any_script_and_with_signs_of_other_languages(stores: Stores) -> None:
    bank = stores.application(Bank)
    with esnb.correlate("flow"):
        bank.open()
    outbox = Outbox(stores, bank)
    with outbox, BullMQPublisher(outbox, lambda record: NAMES) as publisher:
        publisher.wait(timeout=DEADLINE)
    [record] = outbox.records()
    assert list(record.queues) == NAMES
    for name in NAMES:
        assert list(esnb.queue(stores, name)["id"]) == [record.job_id]
        assert queue_counts(stores, name)["waiting"] == 1
        worked: list[Any] = []
        work: Any = partial(lambda worked, job: worked.append(job.id), worked)
        with Worker(stores, name, work) as worker:
            worker.wait(1, timeout=DEADLINE)
        assert worked == [record.job_id]
        assert list(esnb.queue(stores, name)["state"]) == ["completed"]
        retry_failed(stores.redis, name)
    jobs = esnb.trace(stores, "flow").query("kind == 'job'")
    assert list(jobs["place"]) == NAMES
    assert set(jobs["state"]) == {"completed"}
    shown = str(esnb.watch(stores.redis, queues=NAMES, live=False))
    assert "aufträge (queue)" in shown
    assert shown.count("no jobs left") == len(NAMES)


@pytest.mark.parametrize("name", ["a:b", "", "a b", "a\n", "half\ud800"], ids=ascii)
def test_a_worker_refuses_what_a_route_does(stores: Stores, name: str) -> None:
    with pytest.raises(RouteError, match="cannot name a queue"):
        Worker(stores, name, lambda job: None)


def test_a_name_that_utf_8_has_not_is_refused_where_it_is_read(stores: Stores) -> None:
    with pytest.raises(ValueError, match=r"'half\\ud800' cannot name a queue"):
        esnb.queue(stores, "half\ud800")
    with pytest.raises(ValueError, match="cannot name a queue"):
        queue_counts(stores, "half\ud800")
    shown = esnb.watch(stores.redis, queues=["half\ud800"], live=False)
    assert "cannot name a queue" in str(shown)
    shown._repr_html_().encode()


def test_queues_of_others_are_read_whatever_they_are_called(stores: Stores) -> None:
    stores.redis.lpush("bull:two words:wait", "1")
    stores.redis.hset("bull:two words:1", "name", "A")
    assert list(esnb.queue(stores, "two words")["name"]) == ["A"]
