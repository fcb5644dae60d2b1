"""A TCP relay before a server, which can freeze it as SIGSTOP does, or reset every connection.

A frozen server is one whose kernel still takes connections and bytes, while
nobody reads them: not even a ping of HTTP/2 is answered.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

_RESETS = struct.pack("ii", 1, 0)
"""SO_LINGER of a socket whose `close()` sends RST."""


class TcpRelay:
    """Listens from `start()` on, at the same port each time."""

    def __init__(self) -> None:
        self.port = 0
        self._target: tuple[str, int] = ("", 0)
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()
        self._resets = False
        self._flows = threading.Event()
        self._flows.set()

    def start(self, target_port: int) -> None:
        """Forwards connections to that port of this machine."""
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Refuses connections, after having ended those that are open."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()
        self._end_all()
        self._flows.set()

    def freeze(self) -> None:
        """From now on nothing is answered, and what is sent is kept until `thaw()`."""
        self._flows.clear()

    def thaw(self) -> None:
        """Goes on where it was frozen."""
        self._flows.set()

    def reset(self) -> None:
        """From now on each connection is taken, and reset at once; those that are open, too."""
        self._resets = True
        self._end_all()

    def admit(self) -> None:
        """Takes `reset()` back."""
        self._resets = False

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self._flows.wait()
            if self._resets:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
                near.close()
                continue
            try:
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            for each in (near, far):
                with suppress(OSError):  # the other end may have gone already
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(near, far)
            with self._lock:
                self._open.add(connection)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(
                    target=self._pass_on, args=(connection, source, sink), daemon=True
                ).start()

    def _pass_on(self, connection: _Connection, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self._flows.wait()
                sink.sendall(data)
        self._flows.wait()
        with self._lock:
            connection.end(resets=self._resets)
            connection.threads -= 1
            if not connection.threads:
                self._open.discard(connection)
                connection.close()

    def _end_all(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.end(resets=self._resets)


class _Connection:
    """Its sockets are closed once nobody uses them: their numbers are given to others at once."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self._near = near
        self._far = far
        self.threads = 2

    def end(self, *, resets: bool) -> None:
        """Has both threads that wait for bytes come to the end."""
        if resets:
            self._near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
        for each in (self._near, self._far):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RD if resets else socket.SHUT_RDWR)

    def close(self) -> None:
        self._near.close()
        self._far.close()
