"""What nobody should send: a clear answer, nothing lost, and the server goes on."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from esnb.clients.installed import (
    ClientError,
    NewEvent,
    NotFound,
    StreamIsDeleted,
    StreamState,
    WrongCurrentVersion,
    streams_pb2,
)
from tests.embedded_process import EmbeddedProcess

_STREAMS = "/event_store.client.streams.Streams"
CODE = grpc.StatusCode


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedProcess]:
    with EmbeddedProcess() as server:
        yield server


@pytest.fixture
def channel(server: EmbeddedProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


def still_serves(server: EmbeddedProcess) -> bool:
    client = server.client()
    client.append_to_stream(
        "alive", current_version=StreamState.ANY, events=NewEvent("Happened", b"{}")
    )
    return bool(client.get_stream("alive")[-1].type == "Happened")


def refused(call: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as error:
        call()
    trailers = dict(error.value.trailing_metadata() or ())
    assert "grpc-status-details-bin" not in trailers
    return error.value


def read(channel: grpc.Channel, request: bytes) -> list[bytes]:
    return list(channel.unary_stream(f"{_STREAMS}/Read")(request, timeout=60))


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 4096, b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 64, b"PRI * HTTP"]
)
def test_garbage_on_the_port(server: EmbeddedProcess, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(garbage)
        with suppress(ConnectionError, OSError):  # it may hang up on what it cannot read
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                continue
    assert still_serves(server)


@pytest.mark.parametrize("method", ["Read", "Delete", "Tombstone"])
def test_request_without_options(
    server: EmbeddedProcess, channel: grpc.Channel, method: str
) -> None:
    kind = channel.unary_stream if method == "Read" else channel.unary_unary
    answer = kind(f"{_STREAMS}/{method}")
    error = refused(lambda: list(answer(b"", timeout=60)))
    assert error.code() is CODE.UNKNOWN
    assert "the request has no options" in error.details()
    assert still_serves(server)


@pytest.mark.parametrize(
    "method",
    ["Create", "Update", "Delete", "Disable", "Enable", "Reset", "State", "Result", "Statistics"],
)
def test_projections_request_without_options(
    server: EmbeddedProcess, channel: grpc.Channel, method: str
) -> None:
    kind = channel.unary_stream if method == "Statistics" else channel.unary_unary
    answer = kind(f"/event_store.client.projections.Projections/{method}")
    error = refused(lambda: list(answer(b"", timeout=60)))
    assert (error.code(), "the request has no options" in error.details()) == (CODE.UNKNOWN, True)
    if method != "Statistics":  # which then tells of all
        nameless = refused(lambda: answer(b"\x0a\x00", timeout=60))
        assert nameless.code() is CODE.UNKNOWN
        said = {"Create": "in which mode", "Update": "neither emit_enabled nor no_emit_options"}
        assert said.get(method, "NotFound") in nameless.details()


@pytest.mark.parametrize(
    "method", ["Create", "Update", "Delete", "GetInfo", "ReplayParked", "List", "Read"]
)
def test_group_request_without_options(
    server: EmbeddedProcess, channel: grpc.Channel, method: str
) -> None:
    where = f"/event_store.client.persistent_subscriptions.PersistentSubscriptions/{method}"
    if method == "Read":
        ack_first = b"\x12\x00"
        assert list(channel.stream_stream(where)(iter(()), timeout=60)) == []
        for requests in ((b"",), (ack_first,)):
            answers = channel.stream_stream(where)(iter(requests), timeout=60)
            error = refused(lambda answers=answers: list(answers))
            assert error.code() is CODE.UNKNOWN
            assert "begins with its options" in error.details()
    else:
        error = refused(lambda: channel.unary_unary(where)(b"", timeout=60))
        assert error.code() is CODE.UNKNOWN
        assert "the request has no options" in error.details()
        nameless = refused(lambda: channel.unary_unary(where)(b"\x0a\x00", timeout=60))
        assert nameless.code() is CODE.UNKNOWN
    assert still_serves(server)


def test_append_without_options(server: EmbeddedProcess, channel: grpc.Channel) -> None:
    append = channel.stream_unary(f"{_STREAMS}/Append")
    assert "begins with its options" in refused(lambda: append(iter(()), timeout=60)).details()


def test_bytes_that_are_no_message(server: EmbeddedProcess, channel: grpc.Channel) -> None:
    assert refused(lambda: read(channel, b"\xff" * 50)).code() is not CODE.OK
    assert still_serves(server)


def options(**changes: Any) -> Any:
    request = streams_pb2.ReadReq()
    chosen = request.options
    chosen.stream.stream_identifier.stream_name = b"a"
    chosen.stream.start.SetInParent()
    chosen.count = 1
    chosen.no_filter.SetInParent()
    chosen.uuid_option.string.SetInParent()
    return request


def test_subscription_from_a_position_of_no_event(channel: grpc.Channel) -> None:
    request = options()
    request.options.all.position.commit_position = 65
    request.options.all.position.prepare_position = 65
    request.options.subscription.SetInParent()
    error = refused(lambda: read(channel, request.SerializeToString()))
    assert (error.code(), "65" in error.details()) == (CODE.INVALID_ARGUMENT, True)
    request.options.count = 1
    error = refused(lambda: read(channel, request.SerializeToString()))
    assert (error.code(), error.details()) == (
        CODE.UNKNOWN,
        "Unexpected ReadAllResult: InvalidPosition",
    )


def test_message_above_every_limit(server: EmbeddedProcess, channel: grpc.Channel) -> None:
    append = channel.stream_unary(f"{_STREAMS}/Append")
    error = refused(lambda: append(iter([bytes(20_000_000)]), timeout=60))
    assert error.code() in (CODE.RESOURCE_EXHAUSTED, CODE.UNAVAILABLE)
    assert still_serves(server)


def test_unknown_method(channel: grpc.Channel) -> None:
    error = refused(lambda: channel.unary_unary(f"{_STREAMS}/Nothing")(b"", timeout=60))
    assert error.code() is CODE.UNIMPLEMENTED


def outcome(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "esnb.embedded", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stderr


def test_file_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE precious (x)")
    database.close()
    before = path.read_bytes()
    code, said = outcome("--path", str(path))
    assert code == 2
    assert f"{path} is the database of another program" in said
    assert "Traceback" not in said
    assert path.read_bytes() == before


def test_file_in_use(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        code, said = outcome("--path", str(path))
        assert (code, "in use by another server" in said) == (2, True)
        assert still_serves(server)


def test_port_in_use(server: EmbeddedProcess) -> None:
    code, said = outcome("--memory", "--port", str(server.port))
    assert (code, f"cannot listen on 127.0.0.1:{server.port}" in said) == (2, True)


def test_full_disk_refuses_appends_and_keeps_serving(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    large = b"{}" + b" " * 20_000
    with EmbeddedProcess(path, file_limit=600_000) as server:
        client = server.client()

        def append_until_refused() -> None:
            for _ in range(200):
                event = NewEvent("Happened", large)
                client.append_to_stream("a", current_version=StreamState.ANY, events=event)

        with pytest.raises((ClientError, grpc.RpcError), match="cannot write to event log"):
            append_until_refused()
        kept = [event.id for event in client.get_stream("a")]
        assert len(kept) > 3
        batch = [NewEvent("Happened", large) for _ in range(20)]
        with pytest.raises((ClientError, grpc.RpcError), match="cannot write to event log"):
            client.append_to_stream("a", current_version=len(kept) - 1, events=batch)
        assert [event.id for event in client.get_stream("a")] == kept
    with EmbeddedProcess(path) as server:
        assert [event.id for event in server.client().get_stream("a")] == kept
        assert still_serves(server)


@pytest.mark.parametrize("character", ["x", "ä", "𝄞", "%", "\t"])
def test_errors_fit_the_clients_headers_however_long_the_names_are(
    server: EmbeddedProcess, channel: grpc.Channel, character: str
) -> None:
    client = server.client()
    name = "s" + character * (2**20 // len(character.encode()) - 1)
    client.append_to_stream(
        name, current_version=StreamState.NO_STREAM, events=NewEvent("Happened", b"{}")
    )
    for refusal in (client.delete_stream, client.tombstone_stream):
        with pytest.raises(WrongCurrentVersion, match=r"Expected version: 7, Actual version: 0"):
            refusal(name, current_version=7)
    client.create_subscription_to_stream(name, name)
    with pytest.raises(ClientError, match=r"(?s)^Subscription group s.*exists\.$|^$"):
        client.create_subscription_to_stream(name, name)
    with pytest.raises(NotFound):
        client.get_subscription_info(name, name + "missing")
    with pytest.raises(NotFound):
        client.read_subscription_to_stream(name + "missing", name)
    client.tombstone_stream(name, current_version=StreamState.ANY)
    with pytest.raises(StreamIsDeleted):
        client.get_stream(name)
    request = streams_pb2.DeleteReq()
    request.options.stream_identifier.stream_name = name.encode()
    request.options.any.SetInParent()
    delete = channel.unary_unary(f"{_STREAMS}/Delete")
    error = refused(lambda: delete(request.SerializeToString(), timeout=60))
    assert error.code() is CODE.FAILED_PRECONDITION
    assert error.details().startswith("Event stream 's")
    assert error.details().endswith("' is deleted.")
    trailers = dict(error.trailing_metadata() or ())
    assert trailers["stream-name"].startswith("s")
    assert still_serves(server)
