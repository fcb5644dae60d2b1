"""Persistent subscriptions of the clients from npm against the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.embedded_server import Server, start_server
from tests.node.programs import CLIENTS, said


@pytest.fixture(scope="module", params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["memory", "disk"])
def server(
    client: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One for each client: all write to the same streams."""
    path: Path | None = tmp_path_factory.mktemp("node-groups") / "events.db"
    with start_server(path=path if request.param == "disk" else None) as server:
        yield server


@pytest.fixture(scope="module")
def found(client: str, server: Server) -> dict[str, Any]:
    return dict(said("groups.mjs", client, f"esdb://127.0.0.1:{server.port}?tls=false"))


EXPECTED: dict[str, Any] = {
    "exists": "persistent-subscription-exists",
    "unknown": "persistent-subscription-does-not-exist",
    "handled": [["A", 0], ["A", 1], ["B", 0], ["C", 0], ["D", 0]],
    "parked": 2,
    "replayed": [["A", 0], ["B", 0]],
    "left": 0,
    "updated": ["g", "jobs", 9, "Live"],
    "all": [["E", 0], ["F", 0]],
    "groups": [["jobs", "g"], ["$all", "every"]],
    "dropped": "persistent-subscription-dropped",
    "gone": "persistent-subscription-does-not-exist",
    "none": 0,
}


@pytest.mark.parametrize("finding", EXPECTED)
def test_node_client_sees(finding: str, found: dict[str, Any]) -> None:
    assert found[finding] == EXPECTED[finding]
