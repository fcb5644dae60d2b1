"""The two embedded servers: how each is run, and the URI that leads to it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

import esnb
from esnb.clients.uri import EMBEDDED_NAME
from esnb.embedded.processes.homes import SOCKET_NAME, kept_directory, private_directory
from esnb.embedded.processes.process import Home, ProcessPlan, ServerProcess, start
from esnb.embedded.processes.redis_log import explain_failure
from esnb.embedded.processes.redis_program import find_program, make_runnable


def start_redis(path: Path | None) -> ServerProcess:
    """Runs or attaches to the Redis of `path`; a new ephemeral one for None.

    It listens on a unix socket that only this user can open, never drops a key
    for want of memory, and keeps nothing unless there is a path. What is kept
    reaches the operating system before the answer, and the disk within a
    second: a crash of this machine may cost the last second, which projections
    make up for by replaying from their checkpoints.
    """
    program = find_program()
    directory = private_directory() if path is None else kept_directory(path, "redis")

    def plan() -> ProcessPlan:
        sockets = directory if path is None else private_directory()
        settings = {
            "port": "0",
            "unixsocket": str(sockets / SOCKET_NAME),
            "unixsocketperm": "700",
            "protected-mode": "yes",
            "maxmemory-policy": "noeviction",
            "save": "",
            "appendonly": "no" if path is None else "yes",
            "appendfsync": "everysec",
            "daemonize": "no",
            "logfile": "",
        }
        command = [str(make_runnable(program, sockets))]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return ProcessPlan(
            command=command,
            ready="ready to accept connections",
            stop="SIGKILL" if path is None else "SIGTERM",
            details={"socket": settings["unixsocket"]},
            remove=[sockets],
            explain=str if path is None else partial(explain_failure, directory=directory),
        )

    return start(Home("Redis", directory), plan)


def redis_url(process: ServerProcess) -> str:
    """The unix:// URL of the embedded Redis."""
    return f"unix://{quote(process.state['socket'])}?client_name={EMBEDDED_NAME}"


def start_eventstoredb(
    path: Path | None,
    port: int = 0,
    projections: str = "system",
    time_of_callers: datetime | None = None,
) -> ServerProcess:
    """Runs or attaches to the EventStoreDB server of `path`; a new one in memory for None.

    It listens on the loopback interface, on a port that the operating system
    chooses unless `port` is given. `projections` are those that run: `none` or
    `system`. With `time_of_callers` it records by the time that esnb's clients
    say it is, from that time on.
    """
    directory = private_directory() if path is None else kept_directory(path, "eventstoredb")
    storage = ["--memory"] if path is None else ["--path", "events.db"]

    def plan() -> ProcessPlan:
        return ProcessPlan(
            # -P: a notebook's own random.py must not be taken for the standard library's.
            command=[
                *(sys.executable, "-P", "-m", "esnb.embedded"),
                *storage,
                *("--port", str(port), "--run-projections", projections),
                *(("--time-of-callers", time_of_callers.isoformat()) if time_of_callers else ()),
            ],
            ready="listening ",
            stop="SIGKILL" if path is None else "SIGTERM",
            environment=_python_environment(),
            details={"projections": projections},
            remove=[directory] if path is None else [],
        )

    return start(Home("EventStoreDB", directory), plan)


def port_of(process: ServerProcess) -> int:
    """The port on which the embedded EventStoreDB listens."""
    return int(process.state["ready"].split()[-1])


def projections_of(process: ServerProcess) -> str:
    """Which projections the embedded EventStoreDB runs."""
    return str(process.state["projections"])


def eventstoredb_uri(process: ServerProcess) -> str:
    """The esdb:// connection string of the embedded EventStoreDB."""
    return f"esdb://127.0.0.1:{port_of(process)}?Tls=false&connectionName={EMBEDDED_NAME}"


def _python_environment() -> dict[str, str]:
    """This process's environment, in which the server finds esnb and runs undisturbed."""
    environment = dict(os.environ)
    for name in (
        "PYTHONWARNINGS",
        "PYTHONINSPECT",
        "PYTHONDEVMODE",
        "PYTHONPROFILEIMPORTTIME",
        "ESNB_DETERMINISTIC",
    ):
        environment.pop(name, None)
    above = str(Path(esnb.__file__).parent.parent)
    entries = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    environment["PYTHONPATH"] = os.pathsep.join([*map(os.path.abspath, entries), above])
    return environment
