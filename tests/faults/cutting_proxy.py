"""A TCP proxy that cuts every connection, again and again."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class CuttingProxy:
    """Forwards connections to an address, and cuts all that are open every `period` seconds."""

    def __init__(self, target: str | tuple[str, int], period: float) -> None:
        self._target = target
        self._period = period
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0

    def __enter__(self) -> Self:
        for loop in (self._accept, self._cut):
            threading.Thread(target=loop, daemon=True).start()
        return self

    def rest(self) -> None:
        """Cuts no more."""
        self._ends.set()

    def __exit__(self, *exc_info: object) -> None:
        self.rest()
        self._listener.close()
        self._cut_all()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = self._connect()
            except OSError:
                return
            with self._lock:
                self._open |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        return far

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self._close({source, sink})

    def _cut(self) -> None:
        while not self._ends.wait(self._period):
            self._cut_all()

    def _cut_all(self) -> None:
        with self._lock:
            doomed = set(self._open)
        self.cuts += len(doomed) // 2
        self._close(doomed)

    def _close(self, doomed: set[socket.socket]) -> None:
        with self._lock:
            self._open -= doomed
        for each in doomed:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
