"""`python -m esnb.embedded`: the embedded EventStoreDB server as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from esnb.embedded.services.endpoint import Endpoint
from esnb.embedded.services.listening import LOOPBACK, PortUnusable
from esnb.embedded.storage.log import LogFull, LogUnusable, StorageLog
from esnb.embedded.storage.opening import open_log
from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.streams.callers_clock import CallersClock
from esnb.embedded.streams.node import Node, system_clock


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or an interrupt; returns 2 when there is nothing to serve from or at."""
    parser = argparse.ArgumentParser(prog="python -m esnb.embedded", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--path", type=Path, help="keep the events in this file")
    where.add_argument("--memory", action="store_true", help="keep them in memory only")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument("--host", default=LOOPBACK, help="where to listen, and what gossip says")
    parser.add_argument(
        "--run-projections",
        choices=("none", "system"),
        default="system",
        help="whether the system projections run, default: system",
    )
    parser.add_argument(
        "--start-standard-projections",
        choices=("true", "false"),
        default="true",
        help="whether they run before a client enables them, default: true",
    )
    parser.add_argument(
        "--time-of-callers",
        metavar="START",
        type=datetime.fromisoformat,
        help="record by the time that esnb's clients say it is, from this time on",
    )
    options = parser.parse_args(arguments)
    os.umask(0o077)
    logging.basicConfig(format="%(message)s")
    try:
        projects = options.run_projections == "system"
        starts = options.start_standard_projections == "true"
        start = options.time_of_callers
        clock = system_clock if start is None else CallersClock(start)
        node = partial(Node, clock=clock)
        asyncio.run(
            serve(node, options.path, options.host, options.port, projects=projects, starts=starts)
        )
    except (LogUnusable, LogFull, LogDamaged, PortUnusable) as error:
        print(_error_text(options.path, error), file=sys.stderr)
    return 2


def _error_text(path: Path | None, error: Exception) -> str:
    """The error's text; the events of a damaged log do not know which file they are in."""
    text = str(error)
    unnamed = isinstance(error, LogDamaged) and str(path) not in text
    return f"event log {path}: {text}" if unnamed else text


async def serve(
    make: Callable[[StorageLog], Node],
    path: Path | None,
    host: str,
    port: int,
    *,
    projects: bool,
    starts: bool,
) -> NoReturn:
    """Print `listening PORT` once clients can connect, and end the process on SIGTERM or SIGINT.

    Raises `LogUnusable`, `LogFull`, `LogDamaged` or `PortUnusable` before that.
    """
    node = make(open_log(path))
    try:
        endpoint = Endpoint(node, host, port, projects=projects, starts=starts)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await endpoint.start()
        print(f"listening {endpoint.port}", flush=True)
        await stopping.wait()
        await endpoint.settle()
    finally:
        await node.close()
    # gRPC would end open calls as INTERNAL, which clients take for a fault. A
    # connection that is gone is UNAVAILABLE: they connect to the next server.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
