"""What the page on clusters says, tried with doubles.

Where a sentence is tried by a test of its subject, it is there: the leader in
`test_cluster` and `test_frozen_leader`, reading from other nodes in
`test_node_preference`, rights and certificates in `test_refusals`, groups in
`test_category_groups`.
"""

from __future__ import annotations

import inspect
import re
import shlex
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

import esnb
from esnb.clients import eventstoredb, installed
from esnb.clients.installed import NewEvent, StreamState
from tests.embedded_process import EmbeddedProcess
from tests.grpc_cluster import GrpcCluster
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE

PAGE = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")


@pytest.fixture
def variables(opened: ExitStack) -> dict[str, str]:
    """Those that the page exports, for servers that are there."""
    server = opened.enter_context(EmbeddedProcess())
    cluster = opened.enter_context(GrpcCluster(server.address))
    redis = opened.enter_context(RedisServer())
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    words = [shlex.split(line) for line in block.splitlines()]
    assert [word[0] for word in words] == ["export", "export"]
    found = dict(word[1].split("=", 1) for word in words)
    nodes = "node1.example:2113,node2.example:2113,node3.example:2113"
    assert nodes in found["EVENTSTOREDB_URI"]
    # The doubles speak no TLS, without which neither name nor password is sent.
    uri = found["EVENTSTOREDB_URI"].replace(nodes, cluster.targets) + "?Tls=false"
    assert found["REDIS_URL"].startswith("rediss://:password@redis.example:6379/")
    return found | {"EVENTSTOREDB_URI": uri, "REDIS_URL": redis.url}


def test_two_variables_are_enough(
    variables: dict[str, str], opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    stores = opened.enter_context(esnb.connect(timeout=DEADLINE))

    stream = f"Shop-{uuid4()}"
    stores.eventstoredb.append_to_stream(
        stream, current_version=StreamState.ANY, events=[NewEvent(type="Sold", data=b"{}")]
    )
    assert len(esnb.stream(stores, stream)) == 1
    assert "password" not in repr(stores)


@pytest.mark.parametrize("missing", ["EVENTSTOREDB_URI", "REDIS_URL"])
def test_one_of_them_is_an_error(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(missing)

    with pytest.raises(Exception, match=missing):
        esnb.connect()


def test_the_times_are_those_that_the_page_names() -> None:
    timeout = inspect.signature(esnb.connect).parameters["timeout"].default
    given_up = (eventstoredb.KEEPALIVE_INTERVAL + eventstoredb.KEEPALIVE_TIMEOUT) / 1000

    assert f"`connect()` gives the servers {timeout:g} seconds" in PAGE
    assert f"later for {eventstoredb.DISCOVERY_TIMEOUT:g} seconds" in PAGE
    assert f"is given up after {given_up:g} seconds" in PAGE
    assert eventstoredb.KEEPALIVE_INTERVAL == eventstoredb.KEEPALIVE_TIMEOUT
    assert f"in the connection string: {eventstoredb.KEEPALIVE_INTERVAL} each" in PAGE


def test_a_projection_is_started_as_the_page_does(opened: ExitStack) -> None:
    stores = opened.enter_context(esnb.connect(embedded=True))
    (call,) = re.findall(r"`stores\.eventstoredb\.(\w+)\('\$by_category'\)`", PAGE)
    stores.eventstoredb.disable_projection("$by_category")
    stream = f"Shop-{uuid4()}"
    stores.eventstoredb.append_to_stream(
        stream, current_version=StreamState.ANY, events=[NewEvent(type="Sold", data=b"{}")]
    )
    with pytest.raises(installed.NotFound):
        stores.eventstoredb.get_stream("$ce-Shop")

    getattr(stores.eventstoredb, call)("$by_category")

    with stores.eventstoredb.subscribe_to_stream("$ce-Shop", timeout=DEADLINE) as links:
        assert next(links).stream_name == "$ce-Shop"
