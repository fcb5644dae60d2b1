"""One client for a process and a server, however factories come and go."""

from __future__ import annotations

import gc
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.projection import ApplicationSubscription
from eventsourcing.utils import Environment

import esnb.eventstoredb
from esnb.eventstoredb import EventStoreDBFactory
from esnb.eventstoredb.connection import Address, users
from tests.contract.eventstoredb.conftest import MakeFactory
from tests.eventstoredb_server import EventStoreDBServer


def test_the_module_holds_exactly_one_factory() -> None:
    classes = [
        each
        for each in vars(esnb.eventstoredb).values()
        if isinstance(each, type) and issubclass(each, InfrastructureFactory)
    ]
    assert classes == [EventStoreDBFactory]


def test_recorders_share_one_client_which_the_last_one_closes(server_uri: str) -> None:
    address = Address(server_uri)
    before = users(address)
    factories = [
        EventStoreDBFactory(Environment(f"A{number}", {"EVENTSTOREDB_URI": server_uri}))
        for number in range(3)
    ]
    assert users(address) == before, "a factory alone connects to nothing"
    clients = {factory.application_recorder().category.client for factory in factories}
    assert len(clients) == 1
    assert users(address) == before + 3
    for factory in factories:
        factory.close()
        factory.close()
    assert users(address) == before
    if not before:
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


def test_a_dropped_recorder_gives_its_client_back(server_uri: str) -> None:
    address = Address(server_uri)
    before = users(address)
    factory = EventStoreDBFactory(Environment("A", {"EVENTSTOREDB_URI": server_uri}))
    recorder = factory.application_recorder()
    recorder.max_notification_id()
    assert users(address) == before + 1
    del recorder, factory
    gc.collect()
    assert users(address) == before


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
