"""The embedded server within a process: a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType

from esnb.embedded.services.endpoint import Endpoint
from esnb.embedded.services.listening import LOOPBACK
from esnb.embedded.storage.opening import open_log
from esnb.embedded.streams.node import Node

_START_SECONDS = 30


class Server:
    """A running embedded server. `stop()` it, or use it in a `with` block."""

    def __init__(self, path: str | Path | None, host: str, port: int) -> None:
        self.path = path
        self.host = host
        self.port = port
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._node: Node | None = None
        self._thread = threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._run(),),
            name="esnb-embedded",
            daemon=True,
        )
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._failure is not None:
            raise self._failure

    def reset(self) -> None:
        """Empty the server, as new; open subscriptions end with ABORTED."""
        assert self._node is not None
        asyncio.run_coroutine_threadsafe(self._node.reset(), self._loop).result()

    def stop(self) -> None:
        """End every call, finish what was promised, and let port and file go."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _run(self) -> None:
        try:
            self._node = node = Node(open_log(self.path))
            try:
                endpoint = Endpoint(node, self.host, self.port)
                await endpoint.start()
                self.port = endpoint.port
                self._ready.set()
                await self._stopping.wait()
                await endpoint.stop()
            finally:
                await node.close()
        except BaseException as error:
            self._failure = error
            if self._ready.is_set():
                raise
        finally:
            self._ready.set()


def start_server(path: str | Path | None = None, port: int = 0, host: str = LOOPBACK) -> Server:
    """Serve an event log in memory, or in the file `path`; port 0 takes any free one.

    Raises `LogUnusable` for a file that is not an event log or is in use, and
    `PortUnusable`.

    >>> with start_server() as server:
    ...     uri = f"esdb://127.0.0.1:{server.port}?Tls=false"
    """
    return Server(path, host, port)
