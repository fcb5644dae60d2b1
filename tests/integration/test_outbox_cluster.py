"""An outbox on a Redis Cluster: it takes events up; its publisher says why it cannot go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eventsourcing.persistence import NotSupportedError

from esnb.outbox import BullMQPublisher, Outbox, Worker
from tests.domain.bank import Bank
from tests.redis_cluster import RedisCluster
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture
def bank() -> Bank:
    bank = Bank()
    bank.open()
    return bank


def test_a_publisher_and_a_worker_refuse_a_cluster_and_name_the_way_out(
    cluster: RedisCluster, bank: Bank
) -> None:
    outbox = Outbox({"REDIS_URL": cluster.url}, bank)
    with outbox:
        outbox.wait(timeout=DEADLINE)
    assert [record.state for record in outbox.records()] == ["pending"]
    with pytest.raises(NotSupportedError, match=r"is a cluster.*Outbox\({\*\*stores.env"):
        BullMQPublisher(outbox, lambda record: "q")
    with pytest.raises(NotSupportedError, match="a single server"):
        Worker(cluster.url, "q", lambda job: None)


def test_a_node_of_a_cluster_is_known_when_it_is_asked(cluster: RedisCluster, bank: Bank) -> None:
    owner = next(node for node in range(3) if _owns(cluster, node, "{bank-outbox}"))
    outbox = Outbox(
        {"REDIS_URL": f"redis://127.0.0.1:{cluster.ports[owner]}"}, bank, name="bank-outbox"
    )
    publisher = BullMQPublisher(outbox, lambda record: "q").start()
    with outbox, pytest.raises(NotSupportedError, match="is a cluster") as raised:
        publisher.wait(timeout=DEADLINE)
    assert publisher.status().state == "failed"
    publisher.stop()
    assert str(cluster.ports[owner]) in str(raised.value)


def test_the_way_out_is_one(cluster: RedisCluster, bank: Bank) -> None:
    with RedisServer() as server:
        env = {"REDIS_URL": cluster.url}
        outbox = Outbox({**env, "REDIS_URL": server.url}, bank)
        with outbox, BullMQPublisher(outbox, lambda record: "q") as publisher:
            publisher.wait(timeout=DEADLINE)
        assert [record.state for record in outbox.records()] == ["published"]


def _owns(cluster: RedisCluster, node: int, key: str) -> bool:
    client = cluster.client(node)
    slot = client.execute_command("CLUSTER KEYSLOT", key)
    return bool(16384 * node // 3 <= slot < 16384 * (node + 1) // 3)
