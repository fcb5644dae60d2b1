"""Views on a real cluster of three nodes: one slot each, and everything that a server does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, Tracking
from eventsourcing.utils import Environment

import esnb
from esnb.projections import Backoff, CatchUpRunner
from esnb.redis import Documents, RedisView
from esnb.redis.handled import HandledEvents
from tests.domain.bank import Bank, Deposits
from tests.eventstoredb_server import EventStoreDBServer
from tests.redis_cluster import NODES, RedisCluster
from tests.waiting import DEADLINE

QUICK = Backoff(0.01, 0.05)


class Ledger(RedisView):
    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.rpush(self.key("amounts"), amount)
            commands.zadd(self.key("largest"), {str(amount): amount})
            commands.hincrby(self.key("totals"), "sum", amount)

    def seen(self) -> list[int]:
        return [int(amount) for amount in self.redis.lrange(self.key("amounts"), 0, -1)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture
def env(cluster: RedisCluster) -> dict[str, str]:
    return {
        "PERSISTENCE_MODULE": "esnb.redis",
        "REDIS_URL": cluster.url,
        "REDIS_KEY_PREFIX": uuid4().hex,
    }


def keys_by_node(cluster: RedisCluster, prefix: str) -> list[set[bytes | str]]:
    return [set(cluster.client(node).keys(f"{prefix}:*")) for node in range(NODES)]


def view_named(name: str, env: dict[str, str]) -> Ledger:
    return Ledger.construct(Environment(name, env))


def test_all_keys_of_a_view_share_a_slot_and_views_spread(
    cluster: RedisCluster, env: dict[str, str]
) -> None:
    views = [view_named(f"view{number}", env) for number in range(12)]
    for view in views:
        view.add(5, Tracking("Bank", 1))
    found = keys_by_node(cluster, env["REDIS_KEY_PREFIX"])
    assert sum(map(len, found)) == 12 * 5
    assert all(found)
    for number in range(12):
        own = {key for keys in found for key in keys if b"{view%d}" % number in key}
        slots = {cluster.client(0).execute_command("CLUSTER KEYSLOT", key) for key in own}
        assert (len(own), len(slots)) == (5, 1)


def test_changes_and_checkpoint_are_one_step_whichever_node_has_them(env: dict[str, str]) -> None:
    for number in range(6):
        view = view_named(f"view{number}", env)
        with view.batch():
            for each in range(1, 31):
                view.add(each, Tracking("Bank", each))
        with pytest.raises(IntegrityError):
            view.add(99, Tracking("Bank", 30))
        assert view.seen() == list(range(1, 31))
        assert view.max_tracking_id("Bank") == 30
        assert len(view.rows()) == 30 + 30 + 1


def test_a_wait_is_woken_from_another_node(env: dict[str, str]) -> None:
    for number in range(4):
        view, other = view_named(f"view{number}", env), view_named(f"view{number}", env)
        woken = threading.Event()

        def wait(view: Ledger = view, woken: threading.Event = woken) -> None:
            view.wait("Bank", 1, timeout=DEADLINE)
            woken.set()

        thread = threading.Thread(target=wait)
        thread.start()
        other.add(1, Tracking("Bank", 1))
        thread.join(DEADLINE)
        assert woken.is_set()


def test_a_runner_fills_and_rebuilds_a_view(cluster: RedisCluster, env: dict[str, str]) -> None:
    app = Bank()
    account = app.open()
    app.deposit(account, *range(1, 101))
    neighbour = view_named("neighbour", env)
    neighbour.add(7, Tracking("Bank", 1))
    with CatchUpRunner(app, Deposits, Ledger, env, batch_size=7, backoff=QUICK) as runner:
        runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == list(range(1, 101))
        runner.rebuild()
        runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == list(range(1, 101))
        app.deposit(account, 101)
        runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == list(range(1, 102))
        assert runner.status().lag == 0
    assert neighbour.seen() == [7]
    keys = set().union(*keys_by_node(cluster, env["REDIS_KEY_PREFIX"]))
    assert not [key for key in keys if b"@rebuild" in key]


class Amounts(RedisView):
    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self.amounts = Documents(self, "amounts", by={"even": "amount"}, order=["amount"])

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            document = {"amount": amount, "even": amount % 2 == 0}
            self.amounts.put(commands, tracking.notification_id, document)


def test_documents_are_found_whichever_node_has_them(env: dict[str, str]) -> None:
    app = Bank()
    app.deposit(app.open(), 5, 4, 2, 3, 1)
    for number in range(4):
        projection = type("Named", (Deposits,), {"name": f"view{number}"})
        with CatchUpRunner(app, projection, Amounts, env, backoff=QUICK) as runner:
            runner.wait(timeout=DEADLINE)
        amounts = runner.view.amounts

        def found(documents: list[tuple[str, dict[str, Any]]]) -> list[int]:
            return [document["amount"] for _, document in documents]

        assert found(amounts.where("even", False)) == [1, 3, 5]
        assert found(amounts.where("even", True, start=1, limit=1)) == [4]
        assert found(amounts.between("amount", 2, 4)) == [2, 3, 4]
        assert found(amounts.top("amount", 2)) == [5, 4]
        assert len(amounts) == 5


def test_documents_of_odd_names_and_values_share_the_slot_of_their_view(
    env: dict[str, str],
) -> None:
    for number in range(4):
        view = RedisView.construct(Environment(f"odd{number}", env))
        docs = Documents(view, "{docs}:1", by=["{a}:b", "}{"], order=["{n}"])
        values = ["{x}", {"{y}": ":"}, None, ""]
        with view.commit(Tracking("Bank", 1)) as commands:
            for place, value in enumerate(values):
                docs.put(commands, f"{{{place}}}", {"{a}:b": value, "}{": 1, "{n}": place})
        for place, value in enumerate(values):
            assert [name for name, _ in docs.where("{a}:b", value)] == [f"{{{place}}}"]
        assert (docs.count("}{", 1), docs.top("{n}", 1)[0][0]) == (4, "{3}")


def test_a_runner_survives_the_crash_of_each_node(
    cluster: RedisCluster, env: dict[str, str]
) -> None:
    app = Bank()
    account = app.open()
    with CatchUpRunner(app, Deposits, Ledger, env, backoff=QUICK) as runner:
        for node in range(NODES):
            app.deposit(account, 10 * node, 10 * node + 1)
            runner.wait(timeout=DEADLINE)
            cluster.kill(node)
            app.deposit(account, 10 * node + 2)
            cluster.start(node)
            cluster.wait_until_whole()
            runner.wait(timeout=DEADLINE)
        assert runner.view.seen() == [0, 1, 2, 10, 11, 12, 20, 21, 22]


def test_handled_events_are_remembered(env: dict[str, str]) -> None:
    for group in ("billing", "mailing", "shipping", "stocking"):
        handled = HandledEvents(Environment("", env), group, keep=10)
        event_id = uuid4()
        assert handled.begin(event_id, "one", 5) == 1
        handled.end(event_id, "one", "handled")
        assert handled.begin(event_id, "two", 5) is None
        assert len(handled) == 1


def test_stores_over_a_cluster_with_snapshots(cluster: RedisCluster) -> None:

    with EventStoreDBServer() as server, esnb.connect(server.uri, redis=cluster.url) as stores:
        depot = stores.application(Bank)
        bank = Bank(env={**stores.env, "IS_SNAPSHOTTING_ENABLED": "y"})
        accounts = [bank.open() for _ in range(6)]
        for account in accounts:
            bank.deposit(account, 1, 2)
            bank.take_snapshot(account)
        assert set(esnb.snapshots(bank)["stream"]) == {str(account) for account in accounts}
        assert depot.repository.get(accounts[0]).balance == 3
        stores.redis.set("plain", 1)
        assert stores.redis.get("plain") == b"1"
        with CatchUpRunner(bank, Deposits, Ledger, stores.env) as runner:
            runner.wait(timeout=DEADLINE)
            assert sum(runner.view.seen()) == 18
            assert list(esnb.checkpoints(runner)["position"]) == [
                bank.recorder.max_notification_id()
            ]


def test_a_cluster_that_is_away_is_said() -> None:
    env = {"REDIS_URL": "redis://127.0.0.1:1?cluster=true"}
    with pytest.raises(OperationalError, match="cannot be reached"):
        view_named("view", env).max_tracking_id("Bank")


def test_the_option_is_true_or_false() -> None:
    with pytest.raises(OSError, match="'cluster', is neither true nor false"):
        view_named("view", {"REDIS_URL": "redis://127.0.0.1:1?cluster=perhaps"})
