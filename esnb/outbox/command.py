"""`esnb worker`: a worker in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any

from eventsourcing.persistence import PersistenceError

from esnb.clients.uri import guarded
from esnb.outbox.worker import JobHandler, Worker, WorkerStatus
from esnb.setting import environment


def work(queue: str, function: str, url: str | None, concurrency: int) -> int:
    """Works until SIGINT or SIGTERM, lets the jobs at hand end, and returns the exit code.

    A second signal ends the process at once.
    """
    try:
        url = guarded(url or "") or environment("").get("REDIS_URL")
        if not url:
            raise ValueError("no Redis: pass --redis URL, or set REDIS_URL")
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())  # as with python -m
        worker = Worker(url, queue, resolve_handler(function), concurrency=concurrency)
    except (ValueError, OSError, ImportError) as error:
        print(f"esnb worker: {error}", file=sys.stderr)
        return 2

    def ends(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        print("esnb worker: stops after the jobs at hand", file=sys.stderr, flush=True)
        worker.ask_to_stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ends)
    print(f"working on queue {queue!r} with {function}", flush=True)
    away = False

    def changes(status: WorkerStatus) -> None:
        nonlocal away
        if status.state == "retrying":
            away = True
            print(f"esnb worker: {status.error}: trying again", file=sys.stderr, flush=True)
        elif status.state == "running" and away:
            away = False
            print("esnb worker: goes on", file=sys.stderr, flush=True)

    try:
        worker.run_forever(changes)
    except PersistenceError as error:
        print(f"esnb worker: {error}", file=sys.stderr)
        return 1
    status = worker.status()
    print(f"{status.completed} jobs completed, {status.failed} attempts failed", flush=True)
    return 0


def resolve_handler(name: str) -> JobHandler:
    """The function that `module:function` names.

    Raises ValueError for text of another form and for what is not a function.
    """
    module, _, path = name.partition(":")
    if not module or not path:
        raise ValueError(f"{name!r} does not name a function: pass module:function")
    found: Any = import_module(module)
    for part in path.split("."):
        if not hasattr(found, part):
            raise ValueError(f"{name!r} does not name a function: {module} has no {path!r}")
        found = getattr(found, part)
    if not callable(found):
        raise ValueError(f"{name!r} names a {type(found).__qualname__}, not a function")
    handler: JobHandler = found
    return handler
