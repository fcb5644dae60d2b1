"""An embedded EventStoreDB server in a process of its own, to be killed, starved and restarted."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from esnb.clients.installed import PACKAGE, Client

_LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.argv[1:] = sys.argv[2:]
runpy.run_module("esnb.embedded", run_name="__main__")
"""
"""A file-size limit refuses writes as a full disk does."""


class EmbeddedProcess:
    """Started when made; `port` says where."""

    def __init__(
        self, path: Path | None = None, *options: str, file_limit: int | None = None
    ) -> None:
        program = ["-m", "esnb.embedded"]
        if file_limit is not None:
            program = ["-c", _LIMITED, str(file_limit)]
        where = ["--memory"] if path is None else ["--path", str(path)]
        self.process = subprocess.Popen(
            [sys.executable, *program, *where, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(line.split()[1])
        self._clients: list[Any] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        return f"esdb://{self.address}?Tls=false"

    def client(self) -> Any:
        """A client of its own connection, closed with the server."""
        client = Client(self.uri)
        self._clients.append(client)
        return client

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        self.process.kill()
        self._ended()

    def stop(self) -> str:
        """End it as an operator does; returns what it wrote to stderr."""
        for client in self._clients:
            client.close()
        if self.process.poll() is None:
            self.process.terminate()
        return self._ended()

    def _ended(self) -> str:
        return self.process.communicate(timeout=60)[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()


def async_client(uri: str) -> Any:
    """The client's asyncio form, to be connected."""
    names = {"esdbclient": "AsyncEventStoreDBClient", "kurrentdbclient": "AsyncKurrentDBClient"}
    return getattr(import_module(PACKAGE), names[PACKAGE])(uri)
