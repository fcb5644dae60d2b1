"""What the server reads back when it starts: an odd value of a client's stops nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc

from esnb.clients.installed import NewEvent, StreamState, persistent_pb2
from tests.embedded_process import EmbeddedProcess

CREATE = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/Create"
CONFIGURATION = "$persistentSubscriptionConfig"


def append(client: Any, stream: str, data: bytes, metadata: bytes = b"{}") -> None:
    client.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=NewEvent("Odd", data, metadata=metadata),
    )


def append_odd_group(client: Any) -> None:
    """A group like the one there is, of an unknown strategy."""
    client.create_subscription_to_stream("sound", "s", from_end=False)
    kept = json.loads(client.get_stream(CONFIGURATION)[-1].data)
    kept["entries"].append(kept["entries"][0] | {"group": "odd", "strategy": "Odd"})
    append(client, CONFIGURATION, json.dumps(kept).encode())


LEFT_OUT = "the group 'odd' on 's' is left out (Consumer strategy Odd does not exist)"


def test_an_odd_group_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        append_odd_group(server.client())
    with EmbeddedProcess(path) as server:
        client = server.client()
        assert [group.group_name for group in client.list_subscriptions()] == ["sound"]
        append(client, "s", b"{}")
        assert next(client.read_subscription_to_stream("sound", "s")).type == "Odd"
        client.create_subscription_to_stream("odd", "s")
        said = server.stop()
    assert LEFT_OUT in said
    with EmbeddedProcess(path) as server:
        names = {group.group_name for group in server.client().list_subscriptions()}
        assert names == {"sound", "odd"}
        assert server.stop() == ""


ODD = [b"", b"rubbish", b"null", b"[]", b"{}", b'"C:-1"', b"1e400", b"%d" % 2**70, b"[" * 100_000]
STREAMS = [
    CONFIGURATION,
    f"$${CONFIGURATION}",
    "$persistentsubscription-s::sound-checkpoint",
    "$persistentsubscription-s::sound-parked",
    "$persistentsubscription-s::sound-replay",
    "$$$persistentsubscription-s::sound-parked",
    "$projections-$all",
    "$projections-$by_category",
    "$projections-$by_category-checkpoint",
    "$$s",
    "$$$ce-s",
    "$ce-s",
    "$settings",
    "$user-admin",
    "$users",
]


def test_odd_events_in_any_of_its_streams(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        client = server.client()
        client.create_subscription_to_stream("sound", "s", from_end=False)
        for stream in STREAMS:
            for data in ODD:
                append(client, stream, data)
                append(client, stream, b"{}", b'{"$v": "3:-1:0:4", "$c": %s}' % (data or b"1"))
    with EmbeddedProcess(path) as server:
        client = server.client()
        append(client, "s-1", b"{}")
        append(client, "s", b"{}")
        assert [group.group_name for group in client.list_subscriptions()] == ["sound"]
        consumer = client.read_subscription_to_stream("sound", "s")
        assert next(consumer).stream_name == "s"
        with client.subscribe_to_stream("$ce-s", resolve_links=True, timeout=60) as links:
            assert any(link.stream_name == "s-1" for link in links)
        assert client.get_projection_statistics(name="$by_category").status == "Running"
        assert server.stop() == ""


def test_a_group_with_a_timeout_beyond_the_protocols_numbers_does_not_break_the_list() -> None:
    request = persistent_pb2.CreateReq()
    request.options.group_name = "odd"
    request.options.stream.stream_identifier.stream_name = b"s"
    request.options.stream.start.SetInParent()
    settings = request.options.settings
    settings.message_timeout_ticks = settings.checkpoint_after_ticks = 2**62
    settings.history_buffer_size = 500
    settings.read_batch_size = 20
    with EmbeddedProcess() as server:
        client = server.client()
        client.create_subscription_to_stream("sound", "s")
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            channel.unary_unary(CREATE)(request.SerializeToString(), timeout=60)
        names = {group.group_name for group in client.list_subscriptions()}
        assert names == {"sound", "odd"}
        assert client.get_subscription_info("odd", "s").group_name == "odd"
