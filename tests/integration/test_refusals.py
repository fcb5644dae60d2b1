"""Users without rights, and certificates that are not trusted: one line that says what it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from eventsourcing.persistence import OperationalError

import esnb
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import Client, ClientError, NewEvent, StreamState, streams_pb2
from esnb.projections import CatchUpRunner, PersistentRunner
from tests.certificates import Certificate
from tests.domain.bank import Bank, Deposits, Sums
from tests.embedded_process import EmbeddedProcess
from tests.grpc_proxy import Behaviour, GrpcProxy, answer, refuse
from tests.outcomes import begun
from tests.persistent_groups import QUICK
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until

DENIED = refuse(grpc.StatusCode.PERMISSION_DENIED, "Access Denied")
UNKNOWN_USER = refuse(grpc.StatusCode.UNAUTHENTICATED, "Bad\ncredentials")
ACCOUNT = uuid4()
RPC = ("RPC that terminated", "Rendezvous", "debug_error_string", "\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture
def proxy(server: EmbeddedProcess, certificate: Certificate) -> Iterator[GrpcProxy]:
    with GrpcProxy(server.address, certificate=certificate.pair) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: GrpcProxy, certificate: Certificate, opened: ExitStack) -> EventStoreDB:
    return opened.enter_context(closing(EventStoreDB(_uri(proxy), certificate.chain)))


@pytest.fixture
def app(proxy: GrpcProxy, certificate: Certificate, opened: ExitStack) -> Bank:
    app = Bank(
        env={
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": _uri(proxy),
            "EVENTSTOREDB_ROOT_CERTIFICATES": certificate.chain.decode(),
        }
    )
    opened.callback(app.close)
    return app


def _uri(proxy: GrpcProxy) -> str:
    return f"esdb://bob:secret@{proxy.address}"


def _event() -> NewEvent:
    return NewEvent(type="Opened", data=b"{}")


def _text(work: Callable[[], object]) -> str:
    with pytest.raises((ClientError, OperationalError)) as caught:
        work()
    text = str(caught.value)
    assert not [part for part in RPC if part in text]
    assert "secret" not in text
    return text


@pytest.mark.parametrize("is_main", [True, False])
@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda client: list(client.read_all()), "may not read $all: by default only members"),
        (lambda client: client.get_stream("$ce-Account"), "may not read $ce-Account: by default"),
        (lambda client: client.get_stream("Account-1"), "may not read Account-1: the ACL"),
        (
            lambda client: client.get_stream_metadata("Account-1"),
            "may not read the metadata of Account-1",
        ),
        (lambda client: client.subscribe_to_all(), "may not read $all"),
        (
            lambda client: client.append_to_stream(
                "Account-1", current_version=StreamState.ANY, events=[_event()]
            ),
            "may not append to Account-1",
        ),
        (
            lambda client: client.set_stream_metadata("Account-1", metadata={}),
            "may not append to the metadata of Account-1",
        ),
        (
            lambda client: client.delete_stream("Account-1", current_version=StreamState.ANY),
            "may not delete Account-1",
        ),
        (
            lambda client: client.create_subscription_to_stream("mail", "Account-1"),
            "may not create group 'mail' of Account-1: by default that takes membership of $ops",
        ),
        (
            lambda client: client.create_subscription_to_all("mail"),
            "may not create group 'mail' of $all",
        ),
        (
            lambda client: client.read_subscription_to_all("mail"),
            "may not consume group 'mail' of $all: that takes the right $r",
        ),
        (
            lambda client: client.get_subscription_info("mail"),
            "may not look at group 'mail' of $all: by default that takes no more than a user who",
        ),
        (
            lambda client: client.list_subscriptions(),
            "may not list persistent subscriptions: by default that takes no more than a user who",
        ),
        (
            lambda client: client.replay_parked_events("mail"),
            "may not replay the parked events of group 'mail' of $all: by default that takes "
            "membership of $ops or $admins",
        ),
        (
            lambda client: client.delete_projection("mine"),
            "may not delete projection 'mine': by default that takes membership of $ops",
        ),
        (
            lambda client: client.get_projection_state("mine"),
            "may not read the state of projection 'mine': by default that takes no more than",
        ),
        (
            lambda client: client.enable_projection("$by_category"),
            "may not start projection '$by_category': by default that takes no more than a user who",
        ),
    ],
)
def test_a_client_says_who_was_refused_what(
    proxy: GrpcProxy,
    client: EventStoreDB,
    work: Callable[[EventStoreDB], object],
    says: str,
    is_main: bool,
) -> None:
    proxy.on("", DENIED)

    # Elsewhere gRPC itself reads its streams.
    text = _text((lambda: work(client)) if is_main else begun(lambda: work(client)))

    assert f"user 'bob' {says}" in text
    assert text.endswith("(Access Denied)")


def test_an_append_that_is_refused_in_its_answer(proxy: GrpcProxy, client: EventStoreDB) -> None:
    response = streams_pb2.BatchAppendResp()
    response.error.code = grpc.StatusCode.PERMISSION_DENIED.value[0]
    response.error.message = "Access Denied"
    response.error.details.type_url = "type.googleapis.com/event_store.client.AccessDenied"
    proxy.on("Append", answer(response))

    text = _text(
        lambda: client.append_to_stream(
            "Account-1", current_version=StreamState.ANY, events=[_event()]
        )
    )

    assert "user 'bob' may not append to Account-1" in text


def test_without_tls_nobody_is_named(server: EmbeddedProcess, opened: ExitStack) -> None:
    proxy = opened.enter_context(GrpcProxy(server.address))
    client = opened.enter_context(
        closing(EventStoreDB(f"esdb://bob:secret@{proxy.address}?Tls=false"))
    )
    proxy.on("", DENIED)

    text = _text(lambda: list(client.read_all()))

    assert text.startswith("an anonymous user (no user name is sent without TLS) may not read $all")


def test_a_password_that_is_wrong(proxy: GrpcProxy, client: EventStoreDB) -> None:
    proxy.on("", UNKNOWN_USER)

    text = _text(lambda: client.get_stream("Account-1"))

    assert "user 'bob' is not accepted (Bad credentials): check the user name" in text


def test_an_application_says_it(proxy: GrpcProxy, app: Bank) -> None:
    account = app.open()
    proxy.on("", DENIED)

    assert "user 'bob' may not append to Bank-" in _text(app.open)
    assert "user 'bob' may not read Bank-" in _text(lambda: app.repository.get(account))
    assert "user 'bob' may not read $all" in _text(lambda: app.recorder.select_notifications(1, 10))
    assert "user 'bob' may not read $all" in _text(lambda: app.recorder.subscribe(0))


@pytest.mark.parametrize("is_application", [True, False])
@pytest.mark.parametrize(
    "look",
    [
        esnb.events,
        esnb.streams,
        esnb.catalog,
        esnb.subscriptions,
        lambda source: esnb.stream(source, ACCOUNT),
        esnb.browse,
    ],
)
def test_frames_say_it(
    proxy: GrpcProxy,
    client: EventStoreDB,
    app: Bank,
    look: Callable[[Any], object],
    is_application: bool,
) -> None:
    app.open()
    proxy.on("", DENIED)

    text = _text(lambda: look(app if is_application else client))

    assert "user 'bob' may not" in text


@pytest.mark.parametrize("look", [esnb.events, esnb.subscriptions])
def test_frames_of_other_clients_say_it_in_one_line(
    proxy: GrpcProxy, certificate: Certificate, opened: ExitStack, look: Callable[[Any], object]
) -> None:
    client = opened.enter_context(closing(Client(_uri(proxy), root_certificates=certificate.chain)))
    proxy.on("", DENIED)

    assert "Access Denied" in _text(lambda: look(client))


@pytest.mark.parametrize(
    "method", ["PersistentSubscriptions/Create", "PersistentSubscriptions/Read"]
)
def test_a_persistent_runner_fails_with_it(
    proxy: GrpcProxy, client: EventStoreDB, method: str
) -> None:
    proxy.on(method, DENIED)
    runner = PersistentRunner(client, uuid4().hex, lambda *_: None, stream="Account-1", remember=0)

    with runner:
        text = _text(lambda: runner.wait(0, timeout=DEADLINE))

    assert "user 'bob' may not" in text


@pytest.mark.parametrize("refusal", [DENIED, UNKNOWN_USER])
def test_a_group_that_is_there_is_consumed_without_the_right_to_make_one(
    proxy: GrpcProxy, app: Bank, refusal: Behaviour
) -> None:
    app.open()
    name = uuid4().hex
    with PersistentRunner(app, name, lambda *_: None, remember=0) as runner:
        runner.wait(timeout=DEADLINE)
    proxy.on("PersistentSubscriptions/Create", refusal)
    handled: list[object] = []

    with PersistentRunner(app, name, lambda *given: handled.append(given), remember=0) as runner:
        app.open()
        runner.wait(timeout=DEADLINE)

    assert len(handled) == 1


def test_the_status_of_a_group_says_who_may_not_look_at_it(
    proxy: GrpcProxy, client: EventStoreDB
) -> None:
    proxy.on("PersistentSubscriptions/GetInfo", DENIED)
    client.append_to_stream("Account-2", current_version=StreamState.ANY, events=[_event()])
    handled = threading.Event()
    runner = PersistentRunner(
        client, uuid4().hex, lambda *_: handled.set(), stream="Account-2", remember=0
    )

    with runner:
        assert handled.wait(DEADLINE)
        status = runner.status()

    assert "user 'bob' may not look at group" in str(status.error)
    assert status.waiting is None


def test_a_catch_up_runner_fails_with_it(proxy: GrpcProxy, app: Bank) -> None:
    app.open()
    proxy.on("Streams/Read", DENIED)
    runner = CatchUpRunner(app, Deposits, Sums, backoff=QUICK)

    text = _text(lambda: runner.start().wait(timeout=DEADLINE))
    status = runner.status()
    runner.stop()

    assert "user 'bob' may not read $all" in text
    assert (status.state, status.lag) == ("failed", None)
    assert "user 'bob' may not read $all" in str(status.error)


def test_a_catch_up_runner_that_is_refused_in_the_middle(
    proxy: GrpcProxy, client: EventStoreDB, app: Bank
) -> None:
    app.open()
    runner = CatchUpRunner(app, Deposits, Sums, backoff=QUICK)
    runner.start().wait(timeout=DEADLINE)
    proxy.on("Streams/Read", DENIED)
    proxy.cut("Streams/Read")
    until(lambda: runner.status().state == "failed")
    assert "user 'bob' may not read" in str(runner.status().error)
    proxy.off()

    runner.resume()  # the right was granted
    app.open()
    runner.wait(timeout=DEADLINE)
    runner.stop()


def test_a_refusal_that_passes_is_overcome(proxy: GrpcProxy, app: Bank) -> None:
    app.open()
    proxy.on("Streams/Read", DENIED, times=3)

    with CatchUpRunner(app, Deposits, Sums, backoff=QUICK) as runner:
        until(lambda: runner.status().lag == 0)
        runner.wait(timeout=DEADLINE)


def test_a_watcher_says_it(proxy: GrpcProxy, client: EventStoreDB) -> None:
    proxy.on("", DENIED)

    shown = str(esnb.watch(client))

    assert "user 'bob' may not list persistent subscriptions" in shown
    assert not [part for part in RPC[:3] if part in shown]


# --- certificates ---------------------------------------------------------------


def _refused(uri: str, redis_url: str) -> str:
    return _text(lambda: esnb.connect(uri, redis=redis_url, timeout=10.0))


@pytest.mark.parametrize("options", ["", "?TlsVerifyCert=false", "?Tls=true"])
def test_a_certificate_that_is_not_trusted_is_named(
    proxy: GrpcProxy, redis_url: str, options: str
) -> None:
    text = _refused(_uri(proxy) + options, redis_url)

    assert "the certificate of the server is not trusted" in text
    assert "EVENTSTOREDB_ROOT_CERTIFICATES" in text
    assert "tlsCaFile=" in text
    assert "TlsVerifyCert=false has no effect" in text
    assert "check the port" not in text


def test_a_cluster_whose_certificates_are_not_trusted(proxy: GrpcProxy, redis_url: str) -> None:
    uri = f"esdb://bob:secret@{proxy.address},{proxy.address}?MaxDiscoverAttempts=1"

    assert "the certificate of the server is not trusted" in _refused(uri, redis_url)


def test_an_application_names_it(proxy: GrpcProxy, opened: ExitStack) -> None:
    app = Bank(env={"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": _uri(proxy)})
    opened.callback(app.close)

    text = _text(app.open)

    assert "the certificate of the server is not trusted" in text


@pytest.mark.parametrize("look", [esnb.events, esnb.subscriptions])
def test_frames_name_it(proxy: GrpcProxy, opened: ExitStack, look: Callable[[Any], object]) -> None:
    client = opened.enter_context(closing(EventStoreDB(_uri(proxy))))

    assert "the certificate of the server is not trusted" in _text(lambda: look(client))


def test_a_certificate_for_another_name(
    server: EmbeddedProcess, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Certificate.made(tmp_path, "DNS:elsewhere.example")
    monkeypatch.setenv("EVENTSTOREDB_ROOT_CERTIFICATES", other.chain.decode())
    with GrpcProxy(server.address, certificate=other.pair) as proxy:
        text = _refused(_uri(proxy), redis_url)

    assert "the certificate of the server is not for" in text  # gRPC may not say for which


def test_a_server_without_tls(server: EmbeddedProcess, redis_url: str) -> None:
    text = _refused(f"esdb://bob:secret@{server.address}", redis_url)

    assert "Tls=false" in text


@pytest.mark.parametrize("way", ["variable", "path", "tlsCaFile"])
def test_a_certificate_is_trusted_by_each_of_the_ways(
    proxy: GrpcProxy,
    certificate: Certificate,
    tmp_path: Path,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    opened: ExitStack,
    way: str,
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate.chain)
    uri = _uri(proxy)
    if way == "variable":
        monkeypatch.setenv("EVENTSTOREDB_ROOT_CERTIFICATES", certificate.chain.decode())
    elif way == "path":
        monkeypatch.setenv("EVENTSTOREDB_ROOT_CERTIFICATES", str(file))
    else:
        uri += f"?tlsCaFile={file}"
    stores = opened.enter_context(esnb.connect(uri, redis=redis_url, timeout=DEADLINE))

    app = stores.application(Bank)
    account = app.open()

    assert app.repository.get(account).version == 1


def test_the_page_on_clusters_quotes_what_is_said(proxy: GrpcProxy, client: EventStoreDB) -> None:
    page = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")
    proxy.on("", DENIED)

    assert _text(lambda: list(client.read_all())) in " ".join(page.split())
