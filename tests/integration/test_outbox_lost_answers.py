"""An outbox and its publisher whose answers from Redis are lost: what was done is recognised.

Leases last an hour here: who waited for the end of one would not be done in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from esnb.outbox import BullMQPublisher, Outbox, OutboxRecord
from esnb.outbox.jobs import msgpack
from esnb.outbox.view import CLAIM, RESOLVE, SETTLE
from esnb.redis.scripts import script
from tests.domain.bank import Bank
from tests.losing_proxy import LosingProxy
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.extras

HOUR = 3600.0


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[LosingProxy]:
    with LosingProxy(server.socket) as proxy:
        yield proxy


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def outbox(proxy: LosingProxy, bank: Bank) -> Iterator[Outbox[Bank]]:
    with Outbox({"REDIS_URL": proxy.url}, bank) as outbox:
        yield outbox


def publisher(outbox: Outbox[Bank], route: Any = lambda record: "mails") -> BullMQPublisher:
    return BullMQPublisher(outbox, route, lease=HOUR)


def waiting(server: RedisServer) -> list[str]:
    """Ids of the jobs that wait in the queue, oldest first."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        found: Any = client.lrange("bull:mails:wait", 0, -1)
        return list(reversed(found))


def job_ids(outbox: Outbox[Bank]) -> list[str]:
    return [record.job_id for record in outbox.records()]


LOST = {
    "the claim": CLAIM.digest.encode(),
    "the settling": b"~settled",
    "the outbox's own commit": script("commit").digest.encode(),
}


@pytest.mark.parametrize("marker", LOST.values(), ids=LOST.keys())
def test_a_record_is_published_once_and_at_once(
    server: RedisServer, proxy: LosingProxy, bank: Bank, outbox: Outbox[Bank], marker: bytes
) -> None:
    with publisher(outbox) as publishes:
        account = bank.open()
        publishes.wait(timeout=DEADLINE)  # the scripts are known from here on
        for _ in range(3):
            proxy.lose(marker)
            bank.deposit(account, 5, 7)
            publishes.wait(timeout=DEADLINE)
            assert proxy.lost.wait(DEADLINE)
    assert waiting(server) == job_ids(outbox)
    assert {(record.state, record.attempts) for record in outbox.records()} == {("published", 1)}


@pytest.mark.parametrize("script_of", [CLAIM, SETTLE], ids=["the claim", "the settling"])
def test_also_when_redis_has_just_learnt_the_script(
    server: RedisServer, proxy: LosingProxy, bank: Bank, outbox: Outbox[Bank], script_of: Any
) -> None:
    proxy.lose(script_of.source.encode()[-400:])  # sent whole, as Redis does not know it
    with publisher(outbox) as publishes:
        bank.open()
        publishes.wait(timeout=DEADLINE)
        assert proxy.lost.wait(DEADLINE)
    assert waiting(server) == job_ids(outbox)


def test_the_claim_of_one_of_two_publishers(
    server: RedisServer, proxy: LosingProxy, bank: Bank, outbox: Outbox[Bank]
) -> None:
    with publisher(outbox) as one, publisher(outbox) as two:
        accounts = [bank.open() for _ in range(5)]
        one.wait(timeout=DEADLINE)
        for _ in range(10):
            proxy.lose(CLAIM.digest.encode())
            for account in accounts:
                bank.deposit(account, 5)
            two.wait(timeout=DEADLINE)
    assert sorted(waiting(server)) == sorted(job_ids(outbox))
    assert {record.attempts for record in outbox.records()} == {1}


def test_a_publisher_that_stops_and_starts_takes_up_what_it_had_claimed(
    server: RedisServer,
    proxy: LosingProxy,
    bank: Bank,
    outbox: Outbox[Bank],
) -> None:
    publishes = publisher(outbox).start()
    bank.open()
    publishes.wait(timeout=DEADLINE)
    proxy.lose(CLAIM.digest.encode(), then_refuses=True)
    assert proxy.lost.wait(DEADLINE)  # it looks for work by itself
    until(lambda: publishes.status().state == "retrying")
    publishes.stop()
    assert publishes.status().state == "stopped"
    proxy.admit()
    bank.open()
    with publishes:
        publishes.wait(timeout=DEADLINE)
    assert waiting(server) == job_ids(outbox)


# --- the scripts ------------------------------------------------------------------------


def claim(outbox: Outbox[Bank], token: str, seconds: float = HOUR, limit: int = 500) -> list[str]:
    """The ids of the records that a token claims."""
    view = outbox.view
    answer = CLAIM.run(
        view._connection.binary,
        view.script_keys(token),
        [token, limit, int(seconds * 1000), "its publisher was lost"],
    )
    _, *flat = msgpack().unpackb(answer)
    return [member[-36:] for member in flat[1::4]]


def give_back(outbox: Outbox[Bank], token: str, lanes: list[str]) -> int:
    view = outbox.view
    packed = msgpack().packb([token, 1000, 1000, view.settled_channel, lanes, [], []])
    settled, _ = SETTLE.run(view._connection.binary, view.script_keys(token), [packed])
    return int(settled)


@pytest.fixture
def filled(bank: Bank, outbox: Outbox[Bank]) -> Outbox[Bank]:
    """Three records of two aggregates."""
    first = bank.open()
    bank.open()
    bank.deposit(first, 5)
    outbox.wait(timeout=DEADLINE)
    return outbox


def test_a_token_that_claims_again_gets_what_it_has(filled: Outbox[Bank]) -> None:
    records = claim(filled, "a")
    assert len(records) == 3
    assert claim(filled, "a") == records
    assert claim(filled, "b") == []


def test_it_gets_no_more_than_it_had(filled: Outbox[Bank]) -> None:
    records = claim(filled, "a", limit=1)
    assert len(records) == 1
    assert claim(filled, "a") == records
    assert len(claim(filled, "b")) == 1  # the other aggregate's


def test_it_gets_it_after_its_time_as_long_as_nobody_else_has(filled: Outbox[Bank]) -> None:
    records = claim(filled, "a", seconds=0.1)
    assert claim(filled, "a") == records
    assert claim(filled, "b") == []
    assert {record.attempts for record in filled.records()} == {0}


def test_what_is_given_back_without_names_is_all_that_the_token_has(filled: Outbox[Bank]) -> None:
    records = claim(filled, "a")
    assert give_back(filled, "a", []) == 0
    assert claim(filled, "b") == records
    assert give_back(filled, "a", []) == -1


def test_an_empty_claim_leaves_nothing_to_give_back(filled: Outbox[Bank]) -> None:
    claim(filled, "a")
    assert claim(filled, "b") == []
    assert give_back(filled, "b", []) == -1


@pytest.mark.parametrize("how", ["retry", "discard"])
def test_resolving_whose_answer_is_lost_counts_its_records(
    proxy: LosingProxy, bank: Bank, outbox: Outbox[Bank], how: str
) -> None:
    def refuses(record: OutboxRecord) -> str:
        raise ValueError("no such customer")

    with BullMQPublisher(outbox, refuses, attempts=1) as publishes:
        bank.open()
        with pytest.raises(TimeoutError, match="no such customer"):
            publishes.wait(timeout=DEADLINE)
    [record] = outbox.records()
    getattr(outbox, how)([])  # Redis knows the script from here on
    proxy.lose(RESOLVE.digest.encode())
    assert getattr(outbox, how)([record.id]) == 1
    assert proxy.lost.wait(DEADLINE)
    assert outbox.records()[0].state == ("pending" if how == "retry" else "skipped")
    if how == "retry":
        assert getattr(outbox, how)([record.id]) == 0


# --- what wait() says of what is left -----------------------------------------------------


def test_one_record_that_is_left_is_named(bank: Bank, outbox: Outbox[Bank]) -> None:
    bank.open()
    outbox.wait(timeout=DEADLINE)
    [record] = claim(outbox, "another")
    with publisher(outbox) as publishes, pytest.raises(TimeoutError) as caught:
        publishes.wait(timeout=0.1)
    text = str(caught.value)
    assert f": 1 record is left: {record} (Account.Created, version 1 of " in text
    assert text.endswith(", publishing)")  # nothing has failed, so there is nothing to mend


def test_of_many_records_the_first_are_named(bank: Bank, outbox: Outbox[Bank]) -> None:
    for _ in range(7):
        bank.open()
    outbox.wait(timeout=DEADLINE)
    records = claim(outbox, "another")
    with publisher(outbox) as publishes, pytest.raises(TimeoutError) as caught:
        publishes.wait(timeout=0.1)
    text = str(caught.value)
    assert f": 7 records are left, the first 5: {records[0]} (" in text
    assert [record in text for record in records] == [True] * 5 + [False] * 2


def test_a_wait_that_ends_as_the_last_record_is_settled_has_nothing_to_say(
    bank: Bank, outbox: Outbox[Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.open()
    outbox.wait(timeout=DEADLINE)
    counts = iter([1, 1])  # the first look, and the one when Redis has confirmed
    monkeypatch.setattr(outbox.view, "count_open", lambda *_: next(counts, 0))
    claim(outbox, "another")
    with publisher(outbox) as publishes:
        publishes.wait(timeout=0.1)


def test_a_record_that_is_settled_and_removed_meanwhile_is_not_named(
    bank: Bank, outbox: Outbox[Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.open()
    outbox.wait(timeout=DEADLINE)
    [gone] = claim(outbox, "another")
    outbox.view.redis.hdel(outbox.view.key("outbox-records"), gone)
    with publisher(outbox) as publishes, pytest.raises(TimeoutError) as caught:
        publishes.wait(timeout=0.1)
    assert str(caught.value).endswith("within 0.1 s: nothing is left any more")
