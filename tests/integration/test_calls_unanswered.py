"""Calls that the server accepts and never answers, while it goes on answering HTTP/2's pings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import OperationalError

from esnb.clients import deadlines
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import DeadlineExceeded, NewEvent, StreamState, streams_pb2
from esnb.projections import CatchUpRunner, PersistentRunner
from tests.domain.bank import Account, Bank, Deposits, Sums
from tests.embedded_process import EmbeddedProcess
from tests.grpc_proxy import GrpcProxy, ProxiedCall, deaf
from tests.outcomes import outcome
from tests.persistent_groups import QUICK, Seen
from tests.waiting import DEADLINE, alarm, until

EVENT = NewEvent(type="Barked", data=b"{}")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[GrpcProxy]:
    monkeypatch.setattr(deadlines, "ANSWER", 0.5)
    monkeypatch.setattr(deadlines, "STREAMS_ANSWER", 0.5)
    with EmbeddedProcess() as server, GrpcProxy(f"127.0.0.1:{server.port}") as between:
        yield between


@pytest.fixture
def client(proxy: GrpcProxy) -> Iterator[EventStoreDB]:
    made = EventStoreDB(proxy.uri)
    made.append_to_stream("Dog-1", current_version=StreamState.ANY, events=[EVENT])
    made.create_subscription_to_stream("group", "Dog-1")
    yield made
    made.close()


def outcome_in_main(call: Callable[[], Any]) -> Any:
    """What `call` returns or raises in the main thread, whose calls are made by others."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001  handed to the test
        return error


CALLS: dict[str, Callable[[EventStoreDB], Any]] = {
    "catch-up on $all": lambda client: client.subscribe_to_all(),
    "catch-up on a stream": lambda client: client.subscribe_to_stream("Dog-1"),
    "persistent": lambda client: client.read_subscription_to_stream("group", "Dog-1"),
    "create": lambda client: client.create_subscription_to_all("other"),
    "info": lambda client: client.get_subscription_info("group", "Dog-1"),
    "list": lambda client: client.list_subscriptions(),
    "delete a group": lambda client: client.delete_subscription("group", "Dog-1"),
    "append": lambda client: client.append_to_stream(
        "Dog-1", current_version=StreamState.ANY, events=[EVENT]
    ),
    "read a stream": lambda client: client.get_stream("Dog-1"),
    "read backwards": lambda client: tuple(client.read_stream("Dog-1", backwards=True, limit=1)),
    "metadata": lambda client: client.get_stream_metadata("Dog-1"),
    "delete": lambda client: client.delete_stream("Dog-1", current_version=StreamState.ANY),
    "tombstone": lambda client: client.tombstone_stream("Dog-1", current_version=StreamState.ANY),
    "projection": lambda client: client.get_projection_statistics(name="$by_category"),
}


@pytest.mark.parametrize("outcome_of", [outcome_in_main, outcome], ids=["main", "thread"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_has_a_deadline(
    proxy: GrpcProxy,
    client: EventStoreDB,
    call: Callable[[EventStoreDB], Any],
    outcome_of: Callable[[Callable[[], Any]], Any],
) -> None:
    proxy.on("", deaf)
    assert isinstance(outcome_of(lambda: call(client)), DeadlineExceeded)
    proxy.off()
    answered = outcome_of(lambda: call(client))
    assert not isinstance(answered, Exception)


# A read that the client hands over event by event is for its reader to begin anew.
REPEATED = {name: call for name, call in CALLS.items() if name != "read backwards"}


@pytest.mark.parametrize("call", REPEATED.values(), ids=REPEATED)
def test_a_call_is_made_anew_by_itself(
    proxy: GrpcProxy, client: EventStoreDB, call: Callable[[EventStoreDB], Any]
) -> None:
    proxy.on("", deaf, times=1)
    assert not isinstance(outcome_in_main(lambda: call(client)), Exception)


def test_a_subscription_that_was_confirmed_may_be_silent_for_long(client: EventStoreDB) -> None:
    with client.subscribe_to_stream("Dog-1", stream_position=0) as events:
        another = NewEvent(type="Barked", data=b"{}")
        append = partial(client.append_to_stream, current_version=StreamState.ANY, events=[another])
        later = threading.Timer(2.0, append, ["Dog-1"])  # four times what the first answer has
        later.start()
        assert next(events).stream_position == 1
        later.join()


def test_a_read_that_lies_about_is_not_ended(client: EventStoreDB) -> None:
    events = client.read_stream("Dog-1")
    threading.Event().wait(1.5)  # longer than the first answer has: nobody waits for it
    assert next(iter(events)).stream_position == 0


def test_the_connection_strings_own_deadline_counts(
    proxy: GrpcProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "ANSWER", 600.0)
    client = EventStoreDB(f"{proxy.uri}&DefaultDeadline=1")
    proxy.on("", deaf)
    assert isinstance(outcome_in_main(client.list_subscriptions), DeadlineExceeded)
    assert isinstance(outcome_in_main(client.subscribe_to_all), DeadlineExceeded)
    client.close()


def env_of(proxy: GrpcProxy) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": proxy.uri}


@pytest.mark.parametrize("method", ["Create", "Read"])
def test_a_consumer_calls_anew_and_says_what_it_waits_for(proxy: GrpcProxy, method: str) -> None:
    bank = Bank(env_of(proxy))
    bank.open()
    proxy.on(f"PersistentSubscriptions/{method}", deaf)
    seen = Seen()
    with PersistentRunner(bank, "payments", seen, remember=0, backoff=QUICK) as runner:
        until(lambda: "the server's" in (runner.status().waits_for or ""))
        until(lambda: "accept" in (runner.status().error or "") or method == "Create")
        until(lambda: runner.status().state == "retrying")
        proxy.off()
        seen.wait(1)
        runner.wait(timeout=DEADLINE)
        assert runner.status().error is None
        assert runner.status().waits_for is None


def test_a_subscription_to_an_applications_events_is_opened_anew(proxy: GrpcProxy) -> None:
    bank = Bank(env_of(proxy))
    renamed = account_renamed(bank, bank.open())
    subscription = bank.recorder.subscribe()
    first = next(subscription)
    proxy.on("Streams/Read", deaf, times=3)
    proxy.cut("Streams/Read")
    bank.save(renamed)
    with alarm("the subscription waits for an answer that does not come"):
        assert next(subscription).id > first.id
    subscription.stop()


def account_renamed(bank: Bank, account: UUID) -> Account:
    found: Account = bank.repository.get(account)
    found.rename("Bea")
    return found


def test_an_applications_error_says_what_has_happened(proxy: GrpcProxy) -> None:
    bank = Bank(env_of(proxy))
    account = bank.open()
    proxy.on("", deaf)
    error = outcome_in_main(lambda: bank.repository.get(account))
    assert isinstance(error, OperationalError)
    assert "accepted the call and not answered" in str(error)


def deaf_to_subscriptions(call: ProxiedCall) -> Iterator[bytes]:
    """Never answers a subscription, and passes other reads on."""
    first = next(call.requests)
    call.requests = chain([first], call.requests)
    options = streams_pb2.ReadReq.FromString(first).options
    is_subscription = options.WhichOneof("count_option") == "subscription"
    return deaf(call) if is_subscription else call.forward()


def test_a_runner_says_why_its_subscription_cannot_be_opened_anew(proxy: GrpcProxy) -> None:
    bank = Bank(env_of(proxy))
    account = bank.open()
    popo = {"PERSISTENCE_MODULE": "eventsourcing.popo"}
    with CatchUpRunner(bank, Deposits, Sums, popo) as runner:
        runner.wait(timeout=DEADLINE)
        proxy.on("Streams/Read", deaf_to_subscriptions)
        proxy.cut("Streams/Read")
        # The sweep of a quiet feed finds what its subscription does not bring.
        until(lambda: "accepted the call and not answered" in (runner.status().error or ""))
        assert runner.status().state == "retrying"
        with pytest.raises(TimeoutError, match="accepted the call and not answered"):
            runner.wait(10**9, timeout=0.1)
        proxy.off()
        bank.deposit(account, 1)
        runner.wait(timeout=DEADLINE)
        until(lambda: runner.status().error is None)
        assert runner.status().state == "running"
