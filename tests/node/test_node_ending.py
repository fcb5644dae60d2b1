"""What the clients from npm see of a server that is told to stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedded_process import EmbeddedProcess
from tests.node.programs import CLIENTS, said


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kept", [False, True], ids=["memory", "disk"])
def test_calls_of_a_server_that_stops_end_as_unavailable(
    tmp_path: Path, kept: bool, client: str
) -> None:
    with EmbeddedProcess(tmp_path / "events.db" if kept else None) as server:
        uri = f"esdb://127.0.0.1:{server.port}?tls=false"
        ended = dict(said("ending.mjs", client, uri, str(server.process.pid)))
        assert server.process.wait(60) == 0
        assert server.stop() == ""
    assert ended == {"stream": "unavailable", "all": "unavailable", "read": "unavailable"}
