"""An EventStoreDB server of a test's own, which it may stop and start again.

The embedded one; with `ESNB_TEST_EVENTSTOREDB_URI` a real one for the tests
that need no restart.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from tests.embedded_server import Server, start_server
from tests.reserved_port import ReservedPort

REAL_URI = os.environ.get("ESNB_TEST_EVENTSTOREDB_URI")


class EventStoreDBServer:
    """An embedded server that keeps its port, and its events when it has a file."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._reserved = ReservedPort()
        self._port = self._reserved.number
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self._reserved.__exit__()

    @property
    def uri(self) -> str:
        return f"esdb://127.0.0.1:{self._port}?Tls=false"

    def start(self) -> None:
        self._server = start_server(path=self._path, port=self._port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
