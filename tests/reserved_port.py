"""Ports for servers that a test starts, stops and starts again."""

from __future__ import annotations

import socket
from typing import Self


class ReservedPort:
    """A port of loopback that nobody is given while no server listens at it.

    Servers may: a socket that does not listen keeps none from an address that it shares.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()
