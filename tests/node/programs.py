"""JavaScript programs of the tests, run with the packages that `make test-node` installs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
CLIENTS = ("@eventstore/db-client", "@kurrent/kurrentdb-client")
"""Of EventStoreDB, from npm: the second reads streams in Rust."""


class NodeMissing(Exception):
    """There is no Node, or its packages are not installed."""


def program(name: str, *arguments: str) -> list[str]:
    """The command that runs `tests/node/NAME` with `arguments`; raises `NodeMissing`."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        raise NodeMissing("tests/node needs Node: on Debian, apt install nodejs npm")
    if not (FOLDER / "node_modules").is_dir():
        raise NodeMissing("tests/node needs its npm packages: make test-node installs them")
    return [node, str(FOLDER / name), *arguments]


def said(name: str, *arguments: str, seconds: float = 60) -> list[Any]:
    """What the program prints: one JSON value a line. Raises `AssertionError` when it fails."""
    done = subprocess.run(
        program(name, *arguments), capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, f"{name} ended with {done.returncode}:\n{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]
