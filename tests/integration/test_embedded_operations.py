"""Operations, statistics and users: services for which the clients bring no stubs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from esnb.clients.installed import Client, ClientError, NewEvent, StreamState
from esnb.embedded.services.development_service import RESET
from esnb.embedded.storage.wire import fields, number, tagged
from tests.embedded_server import Server, start_server

_PACKAGE = "/event_store.client"
CODE = grpc.StatusCode


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start_server() as server:
        yield server


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


def operation(channel: grpc.Channel, method: str, request: bytes = b"") -> bytes:
    call = channel.unary_unary(f"{_PACKAGE}.operations.Operations/{method}")
    return bytes(call(request, timeout=60))


def user(channel: grpc.Channel, method: str, *texts: str) -> bytes:
    options = b"".join(tagged(n, text.encode()) for n, text in enumerate(texts, 1))
    call = channel.unary_unary(f"{_PACKAGE}.users.Users/{method}")
    return bytes(call(tagged(1, options), timeout=60))


def details(channel: grpc.Channel, login: str) -> list[dict[int, Any]]:
    call = channel.unary_stream(f"{_PACKAGE}.users.Users/Details")
    request = tagged(1, tagged(1, login.encode()))
    return [fields(fields(answer)[1][0]) for answer in call(request, timeout=60)]  # type: ignore[arg-type]


def refused(call: Any) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    trailers = dict(error.value.trailing_metadata() or ())
    return error.value.code(), error.value.details(), trailers


def test_scavenge_starts_and_is_over(channel: grpc.Channel) -> None:
    [started] = fields(operation(channel, "StartScavenge", tagged(1, b"")))[1]
    assert isinstance(started, bytes)
    assert uuid.UUID(started.decode())
    stop = tagged(1, tagged(1, started))
    assert refused(lambda: operation(channel, "StopScavenge", stop)) == (
        CODE.NOT_FOUND,
        "Scavenge id was invalid.",
        {"exception": "scavenge-not-found", "scavenge-id": started.decode()},
    )


@pytest.mark.parametrize("method", ["MergeIndexes", "ResignNode", "SetNodePriority"])
def test_operations_of_a_node_alone_are_accepted(channel: grpc.Channel, method: str) -> None:
    assert operation(channel, method, number(1, 5)) == b""


def test_groups_are_restarted(server: Server, channel: grpc.Channel) -> None:
    with Client(f"esdb://127.0.0.1:{server.port}?Tls=false") as client:
        client.create_subscription_to_stream("guests", "Inn-1", from_end=False)
        client.append_to_stream(
            "Inn-1", current_version=StreamState.ANY, events=NewEvent(type="Came", data=b"{}")
        )
        with client.read_subscription_to_stream("guests", "Inn-1") as consumer:
            assert next(consumer).type == "Came"
            assert operation(channel, "RestartPersistentSubscriptions") == b""
            with pytest.raises(ClientError):
                next(consumer)
        with client.read_subscription_to_stream("guests", "Inn-1") as consumer:
            event = next(consumer)  # not acknowledged before
            consumer.ack(event)
    assert event.type == "Came"


def test_clients_do_not_shut_the_server_down(channel: grpc.Channel) -> None:
    code, said, _ = refused(lambda: operation(channel, "Shutdown"))
    assert (code, "ends with the process that started it" in said) == (CODE.UNIMPLEMENTED, True)


def test_request_that_is_no_message(channel: grpc.Channel) -> None:
    for request in (b"\xff" * 20, b"\x0a\x7f", b"\x0b"):
        code, said, _ = refused(lambda request=request: operation(channel, "StopScavenge", request))
        assert (code, "the request is not a message" in said) == (CODE.UNKNOWN, True)
    for method in ("StartScavenge", "StopScavenge"):
        code, said, _ = refused(lambda method=method: operation(channel, method))
        assert (code, "the request has no options" in said) == (CODE.UNKNOWN, True)


def test_statistics_come_again_and_again(channel: grpc.Channel) -> None:
    call = channel.unary_stream(f"{_PACKAGE}.monitoring.Monitoring/Stats")
    answers = call(number(4, 100), timeout=60)
    first, second = next(answers), next(answers)
    answers.cancel()
    for answer in (first, second):
        entries = [fields(entry) for entry in fields(answer)[1]]  # type: ignore[arg-type]
        figures = {entry[1][0].decode(): entry[2][0].decode() for entry in entries}  # type: ignore[union-attr]
        assert int(figures["es-checksum"]) > 0
        assert float(figures["proc-cpu"]) >= 0


def test_life_of_a_user(channel: grpc.Channel) -> None:
    user(channel, "Create", "ada", "secret-word", "Ada L.", "ops")
    [ada] = details(channel, "ada")
    assert (ada[1], ada[2], ada[3], 5 in ada) == ([b"ada"], [b"Ada L."], [b"ops"], False)
    assert ada[4]
    user(channel, "Disable", "ada")
    assert details(channel, "ada")[0][5] == [1]
    user(channel, "Update", "ada", "secret-word", "Ada Lovelace")
    [ada] = details(channel, "ada")
    assert (ada[2], 3 in ada, ada[5]) == ([b"Ada Lovelace"], False, [1])
    user(channel, "Enable", "ada")
    user(channel, "ResetPassword", "ada", "other")
    user(channel, "ChangePassword", "ada", "other", "secret-word")
    for everyone in ("", "  "):
        assert [one[1][0] for one in details(channel, everyone)] == [b"admin", b"ops", b"ada"]
    unasked = channel.unary_stream(f"{_PACKAGE}.users.Users/Details")(b"", timeout=60)
    assert len(list(unasked)) == 3, "a request without options asks for all of them"
    assert refused(lambda: user(channel, "Create", "ada", "x", "x")) == (
        CODE.FAILED_PRECONDITION,
        "Conflict.",
        {"exception": "user-conflict", "login-name": "ada"},
    )
    user(channel, "Delete", "ada")
    assert refused(lambda: details(channel, "ada")) == (
        CODE.NOT_FOUND,
        "User 'ada' is not found.",
        {"exception": "user-not-found", "login-name": "ada"},
    )
    assert len(details(channel, "")) == 2


def test_users_of_a_new_server_and_of_an_emptied_one(channel: grpc.Channel) -> None:
    user(channel, "Create", "eve", "secret-word", "Eve")
    channel.unary_unary(RESET)(b"", timeout=60)
    assert [(one[1], one[2], one[3]) for one in details(channel, "")] == [
        ([b"admin"], [b"Event Store Administrator"], [b"$admins"]),
        ([b"ops"], [b"Event Store Operations"], [b"$ops"]),
    ]


def test_a_user_needs_a_login(channel: grpc.Channel) -> None:
    code, said, _ = refused(lambda: user(channel, "Create", "", "secret-word", "Nobody"))
    assert (code, "names no login" in said) == (CODE.UNKNOWN, True)
