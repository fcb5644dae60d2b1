"""One client for a process and a server, however factories come and go."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.projection import ApplicationSubscription
from eventsourcing.utils import Environment

import esnb.eventstoredb
from esnb.clients import eventstoredb
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import ServiceUnavailable, StreamState
from esnb.eventstoredb import EventStoreDBFactory, connection
from esnb.eventstoredb.connection import Address, Lease, SharedClient, users
from esnb.threads.outside import outside
from tests.contract.eventstoredb.conftest import MakeFactory
from tests.embedded_process import EmbeddedProcess
from tests.eventstoredb_server import EventStoreDBServer
from tests.reserved_port import ReservedPort
from tests.waiting import alarm, until


def test_the_module_holds_exactly_one_factory() -> None:
    classes = [
        each
        for each in vars(esnb.eventstoredb).values()
        if isinstance(each, type) and issubclass(each, InfrastructureFactory)
    ]
    assert classes == [EventStoreDBFactory]


@pytest.fixture
def own_uri(server_uri: str) -> str:
    """The server, by an address that no other test has used: its leases are this test's."""
    return f"{server_uri}&ConnectionName={uuid4()}"


def test_recorders_share_one_client_which_the_last_one_closes(own_uri: str) -> None:
    address = Address(own_uri)
    factories = [
        EventStoreDBFactory(Environment(f"A{number}", {"EVENTSTOREDB_URI": own_uri}))
        for number in range(3)
    ]
    assert users(address) == 0, "a factory alone connects to nothing"
    clients = {factory.application_recorder().category.client for factory in factories}
    assert len(clients) == 1
    assert users(address) == 3
    for factory in factories:
        factory.close()
        factory.close()
    assert users(address) == 0
    assert clients.pop().is_closed


def test_a_closed_factory_leaves_other_users_alone(make_factory: MakeFactory) -> None:
    first, second = make_factory("First"), make_factory("Second")
    recorder = first.application_recorder()
    recorder.max_notification_id()
    second.application_recorder().max_notification_id()
    second.close()
    client = recorder.category.client
    assert not client.is_closed
    recorder.max_notification_id()


def test_a_recorder_outlives_its_factory(make_factory: MakeFactory) -> None:
    factory = make_factory()
    recorder = factory.application_recorder()
    factory.close()
    del factory
    recorder.insert_events([StoredEvent(uuid4(), 1, "t", b"{}")])
    assert recorder.max_notification_id() is not None


def test_a_dropped_recorder_gives_its_client_back(own_uri: str) -> None:
    address = Address(own_uri)
    factory = EventStoreDBFactory(Environment("A", {"EVENTSTOREDB_URI": own_uri}))
    recorder = factory.application_recorder()
    recorder.max_notification_id()
    assert users(address) == 1
    del recorder, factory
    gc.collect()
    until(lambda: users(address) == 0)


def test_a_lease_collected_while_another_is_taken(
    own_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Collecting(SharedClient):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            outside(gc.collect)  # in another thread, for which the taker of the lease waits
            super().__init__(*args, **kwargs)

    first, second = Address(own_uri), Address(f"{own_uri}2")
    lease = Lease(first)
    lease.client.get_current_version("any")
    lease.cycle = lease  # type: ignore[attr-defined]
    del lease
    monkeypatch.setattr(connection, "SharedClient", Collecting)
    with alarm("the lease that is taken waits for the one that is collected"):
        Lease(second).client.get_current_version("any")
    until(lambda: users(first) == 0)


def test_a_client_that_is_being_made_holds_up_no_other(
    own_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    class Slow(SharedClient):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            begun.set()
            assert go_on.wait(60)
            super().__init__(*args, **kwargs)

    slow = Lease(Address(own_uri))
    with ThreadPoolExecutor() as pool:
        with monkeypatch.context() as patch:
            patch.setattr(connection, "SharedClient", Slow)
            client = pool.submit(lambda: slow.client)
            assert begun.wait(60)
        other = Lease(Address(f"{own_uri}2"))
        try:
            with alarm("a lease waits for another address's client"):
                other.client.get_current_version("any")
        finally:
            go_on.set()
        client.result(60).get_current_version("any")
    other.release()
    slow.release()


def test_a_server_that_has_come_back_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another client of the process found at that address a moment ago does not count."""
    slow = (("grpc.initial_reconnect_backoff_ms", 600_000),)
    monkeypatch.setattr(eventstoredb, "_QUICK_RETURN", slow)
    with ReservedPort() as port:
        uri = f"esdb://127.0.0.1:{port.number}?Tls=false"
        before = EventStoreDB(uri)
        with pytest.raises(ServiceUnavailable):
            before.get_current_version("any")
        with EmbeddedProcess(None, "--port", str(port.number)):
            after = EventStoreDB(uri)
            assert after.get_current_version("any") is StreamState.NO_STREAM
            after.close()
        before.close()


def test_a_subscription_outlives_a_dropped_application(env: dict[str, str], name: str) -> None:
    settings = {**env, "EVENTSTOREDB_STREAM_PREFIX": name}
    app = Application[UUID](settings)
    subscription = ApplicationSubscription(app)
    del app
    gc.collect()
    with Application[UUID](settings) as writer, subscription:
        aggregate = Aggregate()
        writer.save(aggregate)
        domain_event, tracking = next(subscription)
    assert domain_event.originator_id == aggregate.id
    assert tracking.application_name == "Application"


def test_proxy_variables_do_not_stand_before_this_machine(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with EventStoreDBServer() as server:
        factory = EventStoreDBFactory(Environment(name, {"EVENTSTOREDB_URI": server.uri}))
        assert factory.application_recorder().max_notification_id() is None
        factory.close()


def test_passwords_are_shown_nowhere(make_factory: MakeFactory) -> None:
    uri = "esdb://admin:changeit@db.example:2113"
    factory = EventStoreDBFactory(Environment("Shop", {"EVENTSTOREDB_URI": uri}))
    for shown in (factory.settings, factory._address):
        assert "changeit" not in repr(shown)
        assert "changeit" not in str(shown)
