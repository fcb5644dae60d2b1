"""`esnb serve`: the embedded pair for other processes and languages."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import redis
from eventsourcing.persistence import OperationalError

from esnb.connecting.target import embedded_at
from esnb.embedded.processes.pair import EmbeddedPair

HOST = "127.0.0.1"
_LOOK_SECONDS = 0.5


def serve(
    path: str | None,
    eventstoredb_port: int = 0,
    redis_port: int = 0,
    *,
    projections: str = "system",
    say: Callable[[str], None] = lambda line: print(line, flush=True),
    warn: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> None:
    """Runs both servers until SIGINT or SIGTERM, and says how to reach them.

    The two lines are settings as `connect()` reads them from the environment.
    Port 0 means any free one; `projections` are those that run, `none` or
    `system`. Kernels that work on the same path share the servers. Raises
    `OperationalError` for a port that is taken, and when a server ends by itself.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    directory = None if path is None else embedded_at(path).path
    pair = EmbeddedPair(directory, port=eventstoredb_port, projections=projections)
    try:
        if eventstoredb_port not in (0, pair.eventstoredb_port):
            raise OperationalError(
                f"the stores in {path!r} are in use, and their EventStoreDB listens on port "
                f"{pair.eventstoredb_port}: close them, or leave out --eventstoredb-port"
            )
        if pair.projections != projections:
            raise OperationalError(
                f"the stores in {path!r} are in use, and their EventStoreDB runs projections: "
                f"{pair.projections}: close them, or pass --run-projections {pair.projections}"
            )
        port = listen(pair.redis_url, redis_port)
        say(f"EVENTSTOREDB_URI=esdb://{HOST}:{pair.eventstoredb_port}?Tls=false")
        say(f"REDIS_URL=redis://{HOST}:{port}/0")
        for remark in pair.remarks:
            warn(f"esnb serve: {remark}")
        while not ended.wait(_LOOK_SECONDS):
            _require_alive(pair, directory)
    finally:
        pair.release()


def _require_alive(pair: EmbeddedPair, directory: Path | None) -> None:
    dead = pair.dead()
    if not dead:
        return
    if directory is None:
        why = "and what they held is lost"
    else:
        logs = " and ".join(str(directory / name.lower() / "server.log") for name in dead)
        why = f"{logs} may say why"
    raise OperationalError(
        f"the embedded {' and '.join(dead)} ended unexpectedly, {why}: start `esnb serve` again"
    )


def listen(url: str, port: int) -> int:
    """Has the Redis behind a unix socket listen on a loopback port too; returns the port.

    Without a wanted one, the port on which it listens already is as good.
    """
    with redis.Redis.from_url(url) as client:
        current = int(client.config_get("port")["port"])
        if current and port in (0, current):
            return current
        if current:
            raise OperationalError(
                f"the embedded Redis listens on port {current} already: "
                "leave out --redis-port, or end the other `esnb serve`"
            )
        client.config_set("bind", HOST)
        # Another process may take a free port before Redis does: try another one.
        for _ in range(1 if port else 20):
            wanted = port or _free_port()
            try:
                client.config_set("port", wanted)
            except redis.exceptions.ResponseError as error:
                reason = str(error)
            else:
                return wanted
    raise OperationalError(f"Redis cannot listen on port {wanted} of {HOST}: {reason}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
