"""`esnb worker` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import esnb
from tests.waiting import DEADLINE


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command in `folder`, from where it imports the module of its function."""
    return subprocess.Popen(
        [sys.executable, "-m", "esnb", "worker", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(esnb.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def working(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command until the block ends, or for a minute: nobody waits for ever for what it says."""
    process = started(folder, *arguments)
    watchdog = threading.Timer(DEADLINE, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it has said, and said to be wrong, once SIGTERM has ended it."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=DEADLINE)
    return out, err
