"""System projections over the protocol: live, controlled by clients, across restarts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from esnb.clients.installed import Client, NewEvent, NotFound, StreamState, projections_pb2
from tests.embedded_process import EmbeddedProcess
from tests.embedded_server import Server, start_server
from tests.waiting import until


@pytest.fixture(params=["memory", "disk"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "events.db"


@pytest.fixture
def server(path: Path | None) -> Iterator[Server]:
    with start_server(path=path) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with Client(f"esdb://127.0.0.1:{server.port}?Tls=false") as client:
        yield client


def append(client: Any, stream: str, *types: str) -> None:
    events = [NewEvent(type, b"{}") for type in types]
    client.append_to_stream(stream, current_version=StreamState.ANY, events=events)


def links(client: Any, stream: str, count: int) -> list[str]:
    """What the stream's links hold, once there are `count`."""
    until(lambda: len(read(client, stream)) >= count, f"{count} links in {stream}")
    return [event.data.decode() for event in read(client, stream)]


def read(client: Any, stream: str) -> list[Any]:
    try:
        return list(client.get_stream(stream))
    except NotFound:
        return []


def status(client: Any, name: str) -> str:
    return str(client.get_projection_statistics(name=name).status)


def test_streams_of_links_come_to_a_live_subscriber(client: Any) -> None:
    with client.subscribe_to_stream("$ce-a", resolve_links=True) as subscription:
        append(client, "a-1", "A")
        append(client, "b-1", "A")
        append(client, "a-2", "B")
        first, second = next(subscription), next(subscription)
    assert [(e.stream_name, e.type) for e in (first, second)] == [("a-1", "A"), ("a-2", "B")]
    assert [e.link.stream_name for e in (first, second)] == ["$ce-a"] * 2
    assert links(client, "$et-A", 2) == ["0@a-1", "0@b-1"]
    assert links(client, "$streams", 3) == ["0@a-1", "0@b-1", "0@a-2"]
    assert links(client, "$category-a", 2) == ["a-1", "a-2"]


@pytest.mark.parametrize(
    "metadata",
    [
        b'{"$correlationId":"half \\ud800"}',
        b'{"$correlationId":' + b"9" * 10_000 + b"}",
        b'{"$correlationId":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"$correlationId":1e999}',
        b'{"$correlationId":"\xff"}',
        b'{"$correlationId":""}',
    ],
)
def test_strange_metadata_stop_no_projection(server: Server, metadata: bytes) -> None:
    with Client(f"esdb://127.0.0.1:{server.port}?Tls=false") as client:
        for stream in ("a-1", "$$a-1"):
            event = NewEvent("$metadata", metadata, metadata=metadata)
            client.append_to_stream(stream, current_version=StreamState.ANY, events=event)
        append(client, "b-1", "A")
        assert links(client, "$ce-b", 1) == ["0@b-1"]
        assert links(client, "$ce-a", 1) == ["0@a-1"]


def test_stream_of_links_may_hold_what_others_wrote(client: Any) -> None:
    append(client, "$ce-a", "Foreign")
    append(client, "a-1", "A")
    assert links(client, "$ce-a", 2) == ["{}", "0@a-1"]
    append(client, "$ce-a", "Foreign")
    append(client, "a-1", "A")
    assert links(client, "$ce-a", 4) == ["{}", "0@a-1", "{}", "1@a-1"]


def test_tombstoned_stream_of_links_stays_away(client: Any) -> None:
    append(client, "a-1", "A")
    links(client, "$ce-a", 1)
    client.tombstone_stream("$ce-a", current_version=StreamState.ANY)
    append(client, "a-1", "A")
    append(client, "b-1", "A")
    assert links(client, "$ce-b", 1) == ["0@b-1"]


def test_everyone_may_read_a_stream_of_links(client: Any) -> None:
    append(client, "a-1", "A")
    links(client, "$ce-a", 1)
    metadata, version = client.get_stream_metadata("$ce-a")
    assert (metadata, version) == ({"$acl": {"$r": "$all", "$mr": "$all"}}, 0)


def test_disabled_projection_goes_on_where_it_stopped(client: Any) -> None:
    append(client, "a-1", "A")
    links(client, "$ce-a", 1)
    client.disable_projection("$by_category")
    assert status(client, "$by_category") == "Stopped"
    append(client, "a-1", "B")
    assert links(client, "$et-B", 1) == ["1@a-1"]
    assert links(client, "$ce-a", 1) == ["0@a-1"]
    client.enable_projection("$by_category")
    assert status(client, "$by_category") == "Running"
    assert links(client, "$ce-a", 2) == ["0@a-1", "1@a-1"]


def test_projections_that_are_not_started_wait_for_a_client_to_enable_them(tmp_path: Path) -> None:
    path, waiting = tmp_path / "events.db", ("--start-standard-projections", "false")
    with EmbeddedProcess(path, *waiting) as process:
        client = process.client()
        append(client, "a-1", "A")
        assert status(client, "$by_category") == "Stopped"
        client.enable_projection("$by_category")
        assert links(client, "$ce-a", 1) == ["0@a-1"]
        assert read(client, "$streams") == []
    with EmbeddedProcess(path, *waiting) as process:
        client = process.client()
        assert status(client, "$by_category") == "Running"
        assert status(client, "$streams") == "Stopped"


def call(server: Server, method: str, request: Any) -> list[Any]:
    """The answers to a call of the service that the client does not offer."""
    messages = projections_pb2
    response = getattr(messages, f"{method}Resp").FromString
    path = f"/event_store.client.projections.Projections/{method}"
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        kind = channel.unary_stream if method == "Statistics" else channel.unary_unary
        answer = kind(path, type(request).SerializeToString, response)(request, timeout=60)
        return list(answer) if method == "Statistics" else [answer]


def test_abort_is_told_from_stop(server: Server, client: Any) -> None:
    client.disable_projection("$by_category")
    assert status(client, "$by_category") == "Stopped"
    request = projections_pb2.DisableReq()
    request.options.name = "$streams"
    call(server, "Disable", request)
    assert status(client, "$streams") == "Aborted/Stopped"


@pytest.mark.parametrize(("mode", "count"), [("all", 5), ("continuous", 5), ("transient", 0)])
def test_statistics_of_many(server: Server, mode: str, count: int) -> None:
    request = projections_pb2.StatisticsReq()
    getattr(request.options, mode).SetInParent()
    names = [answer.details.name for answer in call(server, "Statistics", request)]
    assert (
        names
        == [
            "$streams",
            "$stream_by_category",
            "$by_category",
            "$by_event_type",
            "$by_correlation_id",
        ][:count]
    )


def test_reset_emits_anew_and_hides_what_was_there(client: Any) -> None:
    append(client, "a-1", "A", "B")
    links(client, "$ce-a", 2)
    client.reset_projection("$by_category")
    append(client, "a-1", "C")
    until(lambda: [e.stream_position for e in read(client, "$ce-a")] == [2, 3, 4])
    assert links(client, "$ce-a", 3) == ["0@a-1", "1@a-1", "2@a-1"]


def test_query_of_a_category_may_be_changed(client: Any) -> None:
    client.disable_projection("$by_category")
    client.update_projection("$by_category", query="last\n_", emit_enabled=True)
    client.enable_projection("$by_category")
    append(client, "a_b_c", "A")
    assert links(client, "$ce-a_b", 1) == ["0@a_b_c"]
    with pytest.raises(Exception, match="two lines are needed"):
        client.update_projection("$by_category", query="middle", emit_enabled=True)


def test_statistics_tell_how_far_a_projection_is(client: Any) -> None:
    append(client, "a-1", "A")
    links(client, "$ce-a", 1)
    until(partial(is_at_the_end, client))
    found = client.get_projection_statistics(name="$streams")
    assert (found.name, found.mode, found.status) == ("$streams", "Continuous", "Running")
    assert found.events_processed_after_restart == 1


def test_projections_in_javascript_are_refused_clearly(server: Server, client: Any) -> None:
    with pytest.raises(Exception, match="not supported by the embedded server yet"):
        client.create_projection(name="mine", query="fromAll().when({})")
    request = projections_pb2.CreateReq()
    request.options.continuous.name = "mine"
    with pytest.raises(grpc.RpcError) as refused:
        call(server, "Create", request)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(NotFound):
        client.get_projection_statistics(name="mine")
    assert client.get_projection_state(name="$by_category").value == {}
    client.restart_projections_subsystem()


def test_projection_of_the_system_cannot_be_deleted(client: Any) -> None:
    with pytest.raises(Exception, match="can be disabled, not deleted"):
        client.delete_projection("$by_category")


def test_emptied_server_projects_anew(server: Server, client: Any) -> None:
    append(client, "a-1", "A")
    links(client, "$ce-a", 1)
    server.reset()
    assert read(client, "$ce-a") == []
    append(client, "a-2", "A")
    assert links(client, "$ce-a", 1) == ["0@a-2"]


def test_settings_and_places_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    for number in range(3):
        with (
            start_server(path=path) as server,
            Client(f"esdb://127.0.0.1:{server.port}?Tls=false") as client,
        ):
            append(client, "a-1", "A")
            expected = [f"{n}@a-1" for n in range(number + 1)]
            assert links(client, "$ce-a", number + 1) == expected
            assert status(client, "$streams") == ("Stopped" if number else "Running")
            client.disable_projection("$streams")
    with (
        start_server(path=path) as server,
        Client(f"esdb://127.0.0.1:{server.port}?Tls=false") as client,
    ):
        assert Counter(links(client, "$ce-a", 3)) == Counter(["0@a-1", "1@a-1", "2@a-1"])


def is_at_the_end(client: Any) -> bool:
    return bool(client.get_projection_statistics(name="$streams").progress == 100.0)


def test_idle_server_writes_nothing(path: Path | None, tmp_path: Path) -> None:
    kept = tmp_path / "idle.db"
    heads = []
    for _ in range(3):
        with (
            start_server(path=kept) as server,
            Client(f"esdb://127.0.0.1:{server.port}?Tls=false") as client,
        ):
            until(partial(is_at_the_end, client))
            heads.append([event.id for event in client.read_all(filter_exclude=())])
    assert heads[0] == heads[1] == heads[2]
