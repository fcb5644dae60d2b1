"""The clients from npm against the embedded server."""

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
    path: Path | None = tmp_path_factory.mktemp("node") / "events.db"
    with start_server(path=path if request.param == "disk" else None) as server:
        yield server


@pytest.fixture(scope="module")
def found(client: str, server: Server) -> dict[str, Any]:
    return dict(said("streams.mjs", client, f"esdb://127.0.0.1:{server.port}?tls=false"))


EXPECTED: dict[str, Any] = {
    "next revision": 2,
    "wrong revision": "wrong-expected-version",
    "missing stream": "stream-not-found",
    "too large": "maximum-append-size-exceeded",
    "read": [[f"Order{n}", {"n": n, "text": "größe"}, n - 1] for n in (1, 2, 3)],
    "metadata": {"$correlationId": "node"},
    "backwards": ["Order3", "Order2"],
    "all": 3,
    "max count": 2,
    "truncated": [1, 2],
    "live": ["Order1", "Order2", "Order3", "Live"],
    "checkpoints": True,
    "category": [[None, "$ce-order"]] + [["order-1", "$ce-order"]] * 2 + [["order-2", "$ce-order"]],
    "projection": "Running",
    "disabled": "Stopped",
    "projections": [
        "$by_category",
        "$by_correlation_id",
        "$by_event_type",
        "$stream_by_category",
        "$streams",
    ],
    "projection state": {},
    "deleted": "stream-not-found",
    "tombstoned": "stream-deleted",
}


def test_node_client_is_told_what_is_not_supported(found: dict[str, Any]) -> None:
    assert "JavaScript are not supported by the embedded server yet" in found["user projection"]


@pytest.mark.parametrize("finding", EXPECTED)
def test_node_client_sees(finding: str, found: dict[str, Any]) -> None:
    assert found[finding] == EXPECTED[finding]
