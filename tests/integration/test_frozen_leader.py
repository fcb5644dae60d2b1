"""A leader that is frozen, and another one that is elected meanwhile: nobody is told an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import OperationalError

import esnb
from esnb.clients import deadlines
from esnb.projections import CatchUpRunner, PersistentRunner
from tests.domain.bank import Bank, Deposits, Sums
from tests.embedded_process import EmbeddedProcess
from tests.grpc_cluster import GrpcCluster
from tests.outcomes import begun, error_of
from tests.persistent_groups import QUICK, Seen
from tests.waiting import DEADLINE, until

POPO = {"PERSISTENCE_MODULE": "eventsourcing.popo"}
PREFERENCES = ["leader", "follower"]


@pytest.fixture
def cluster() -> Iterator[GrpcCluster]:
    with EmbeddedProcess() as server, GrpcCluster(server.address) as cluster:
        yield cluster


class Running:
    """An application and its runners, caught up."""

    def __init__(self, cluster: GrpcCluster, options: str) -> None:
        uri = f"{cluster.uri}&{options}"
        self.bank = Bank({"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": uri})
        self.account: UUID = self.bank.open()
        self.seen = Seen()
        self.catch_up = CatchUpRunner(self.bank, Deposits, Sums, POPO)
        self.persistent = PersistentRunner(
            self.bank, "payments", self.seen, remember=0, backoff=QUICK
        )
        self.runners = (self.catch_up, self.persistent)

    @property
    def amounts(self) -> list[int]:
        """What the persistent runner was given, in order."""
        return [event.amount for event in self.seen.all if hasattr(event, "amount")]

    @contextmanager
    def caught_up(self) -> Iterator[Running]:
        with ExitStack() as stack:
            stack.callback(self.bank.close)
            for runner in self.runners:
                stack.enter_context(runner)
            self.bank.deposit(self.account, 1, 2)
            for runner in self.runners:
                runner.wait(timeout=DEADLINE)
            esnb.runners(self.runners)
            yield self


@pytest.fixture(params=PREFERENCES)
def running(cluster: GrpcCluster, request: pytest.FixtureRequest) -> Iterator[Running]:
    with Running(cluster, f"NodePreference={request.param}").caught_up() as all_of_it:
        yield all_of_it


@pytest.mark.parametrize("is_known_at_once", [True, False])
def test_the_application_and_its_runners_go_on(
    cluster: GrpcCluster, running: Running, is_known_at_once: bool
) -> None:
    bank = running.bank
    if is_known_at_once:
        cluster.freeze(0)
    else:
        cluster.nodes[0].freeze()  # the others still take it for the leader
    saved = begun(lambda: bank.deposit(running.account, 3))
    read = begun(lambda: esnb.events(bank))
    again = cluster.nodes[1].calls("Gossip/Read") + 2
    until(lambda: cluster.nodes[1].calls("Gossip/Read") >= again)
    cluster.alive[0] = False
    cluster.elect(1)

    saved()
    read()
    bank.deposit(running.account, 4)
    for runner in running.runners:
        runner.wait(timeout=DEADLINE)

    assert running.catch_up.view.seen() == [1, 2, 3, 4]
    assert running.amounts == [1, 2, 3, 4]
    assert list(esnb.runners(running.runners)["state"]) == ["running", "running"]
    assert list(esnb.runners(running.runners)["error"].dropna()) == []


@pytest.mark.parametrize("is_given_up", [False, True])
def test_what_shows_a_state_answers_before_there_is_a_leader(
    cluster: GrpcCluster, monkeypatch: pytest.MonkeyPatch, is_given_up: bool
) -> None:
    options = ""
    if not is_given_up:  # whoever waits for the frozen leader waits for ever
        monkeypatch.setattr(deadlines, "ANSWER", 3600.0)
        monkeypatch.setattr(deadlines, "STREAMS_ANSWER", 3600.0)
        options = "KeepAliveInterval=-1"
    with Running(cluster, options).caught_up() as running:
        client = running.bank.recorder.category.client  # type: ignore[attr-defined]
        shows: list[Callable[[], Any]] = [
            *(runner.status for runner in running.runners),
            lambda: esnb.runners(running.runners),
            lambda: str(esnb.watch(*running.runners, client, live=False)),
        ]
        cluster.freeze(0)

        for _ in range(2):
            for show in shows:
                begun(show)()
            for runner in running.runners:
                found = error_of(partial(runner.wait, 10**9, timeout=0.3))
                assert isinstance(found, TimeoutError), found
            assert isinstance(error_of(lambda: esnb.subscriptions(client)), OperationalError)
        shown = esnb.runners(running.runners)
        assert list(shown["state"]) == ["retrying", "retrying"]
        assert shown["error"].notna().all()
        cluster.thaw(0)


def test_a_former_leader_that_goes_on_harms_nobody(cluster: GrpcCluster, running: Running) -> None:
    cluster.freeze(0)
    cluster.elect(2)
    running.bank.deposit(running.account, 3)

    cluster.thaw(0)
    running.bank.deposit(running.account, 4)
    for runner in running.runners:
        runner.wait(timeout=DEADLINE)

    assert running.catch_up.view.seen() == [1, 2, 3, 4]
    assert sorted(set(running.amounts)) == [1, 2, 3, 4]
    assert len(esnb.events(running.bank)) == 5  # nothing was written twice
