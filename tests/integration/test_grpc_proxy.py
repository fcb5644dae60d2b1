"""The proxy of whole gRPC calls, which other tests trust."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import grpc
import pytest

from esnb.clients import installed
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import NewEvent, StreamState
from tests.embedded_process import EmbeddedProcess
from tests.grpc_proxy import GrpcProxy, cut_after, deaf, lose_answer, refuse
from tests.waiting import DEADLINE, until


@pytest.fixture
def proxy(server: EmbeddedProcess) -> Iterator[GrpcProxy]:
    with GrpcProxy(server.address) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: GrpcProxy) -> Iterator[EventStoreDB]:
    with closing(EventStoreDB(proxy.uri)) as client:
        yield client


def _append(client: EventStoreDB, stream: str, count: int = 1) -> None:
    events = [NewEvent(type="Happened", data=b"{}") for _ in range(count)]
    client.append_to_stream(stream, current_version=StreamState.ANY, events=events)


def _stream() -> str:
    return f"Proxied-{uuid4()}"


def test_it_passes_calls_of_every_kind_on(client: EventStoreDB) -> None:
    stream = _stream()

    _append(client, stream, 3)
    client.create_subscription_to_stream("group", stream)
    with client.read_subscription_to_stream("group", stream) as consumer:
        event = next(consumer)
        consumer.ack(event)

    assert len(client.get_stream(stream)) == 3
    assert client.get_current_version(stream) == 2
    assert event.stream_position == 0


def test_it_passes_refusals_on(client: EventStoreDB) -> None:
    stream = _stream()
    _append(client, stream)

    with pytest.raises(installed.WrongCurrentVersion):
        client.append_to_stream(
            stream, current_version=7, events=[NewEvent(type="Happened", data=b"{}")]
        )
    with pytest.raises(installed.NotFound):
        client.get_stream(_stream())


def test_it_refuses_a_method_until_it_is_told_otherwise(
    proxy: GrpcProxy, client: EventStoreDB
) -> None:
    stream = _stream()
    proxy.on("Append", refuse(grpc.StatusCode.PERMISSION_DENIED, "Access Denied"))

    with pytest.raises(installed.ClientError, match="Access Denied"):
        _append(client, stream)
    proxy.off()
    _append(client, stream)

    assert len(client.get_stream(stream)) == 1


def test_a_deaf_method_is_never_answered(proxy: GrpcProxy, client: EventStoreDB) -> None:
    proxy.on("Streams/Read", deaf)

    with pytest.raises(installed.DeadlineExceeded):
        client.get_stream(_stream(), timeout=0.5)

    proxy.off("Streams/Read")
    with pytest.raises(installed.NotFound):
        client.get_stream(_stream())


def test_an_answer_can_be_lost(proxy: GrpcProxy, client: EventStoreDB) -> None:
    stream = _stream()
    proxy.on("Append", lose_answer, times=1)

    client.append_to_stream(
        stream, current_version=StreamState.NO_STREAM, events=[NewEvent(type="A", data=b"{}")]
    )  # again, on its own

    assert proxy.calls("Append") == 2
    assert len(client.get_stream(stream)) == 1


def test_an_answer_can_be_cut_in_two(proxy: GrpcProxy, client: EventStoreDB) -> None:
    stream = _stream()
    _append(client, stream, 5)
    proxy.on("Streams/Read", cut_after(2))

    events = iter(client.read_stream(stream))
    assert [next(events).stream_position, next(events).stream_position] == [0, 1]
    with pytest.raises(installed.ServiceUnavailable):
        next(events)


def test_calls_under_way_can_be_cut(proxy: GrpcProxy, client: EventStoreDB) -> None:
    stream = _stream()
    _append(client, stream)
    with client.subscribe_to_stream(stream) as events:
        next(events)
        proxy.cut()
        with pytest.raises(installed.ServiceUnavailable):
            next(events)
    assert len(client.get_stream(stream)) == 1


def test_it_can_be_gone_and_come_back_at_its_port(proxy: GrpcProxy, client: EventStoreDB) -> None:
    stream = _stream()
    _append(client, stream)

    proxy.stop()
    with pytest.raises(installed.ServiceUnavailable):
        client.get_stream(stream, timeout=DEADLINE)
    proxy.start()

    events = until(
        lambda: client.get_stream(stream, timeout=DEADLINE), despite=installed.ServiceUnavailable
    )
    assert len(events) == 1
