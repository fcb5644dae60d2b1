"""A TCP proxy that loses answers: the server has done what was asked, and nobody hears of it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class LosingProxy:
    """Forwards connections to a server's socket in the file system."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._marker: bytes | None = None
        self._then_refuses = False
        self._refuses = False
        self.lost = threading.Event()
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.close()
        self._cut_all()

    def lose(self, marker: bytes, *, then_refuses: bool = False) -> None:
        """Cuts the connection at the answer to the next request in which `marker` stands.

        With `then_refuses` nobody gets through from then on, until `admit()`.
        """
        with self._lock:
            self.lost.clear()
            self._marker, self._then_refuses = marker, then_refuses

    def admit(self) -> None:
        with self._lock:
            self._refuses = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._target)
            with self._lock:
                self._open |= {near, far}
            loses = threading.Event()
            for serve in (self._ask, self._answer):
                threading.Thread(target=serve, args=(near, far, loses), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket, loses: threading.Event) -> None:
        before = b""  # a marker may come in two pieces
        with suppress(OSError):
            while data := near.recv(1 << 20):
                with self._lock:
                    if self._marker is not None and self._marker in before + data:
                        self._marker = None
                        loses.set()
                before = (before + data)[-1000:]
                far.sendall(data)
        self._close(near, far)

    def _answer(self, near: socket.socket, far: socket.socket, loses: threading.Event) -> None:
        with suppress(OSError):
            while data := far.recv(1 << 20):
                if loses.is_set():
                    with self._lock:
                        self._refuses = self._then_refuses
                    if self._refuses:
                        self._cut_all()
                    self.lost.set()
                    break
                near.sendall(data)
        self._close(near, far)

    def _cut_all(self) -> None:
        with self._lock:
            doomed = tuple(self._open)
        self._close(*doomed)

    def _close(self, *doomed: socket.socket) -> None:
        with self._lock:
            self._open -= set(doomed)
        for each in doomed:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
