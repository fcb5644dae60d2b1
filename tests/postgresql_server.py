"""A PostgreSQL server of a test's own, which it may stop and start again.

Debian's package `postgresql` brings the programs. `$ESNB_TEST_POSTGRESQL_BIN`
names another directory of them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

USER = "esnb"


def programs() -> Path:
    """The directory of `initdb` and `pg_ctl`."""
    named = os.environ.get("ESNB_TEST_POSTGRESQL_BIN")
    if named:
        return Path(named)
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if not installed:
        # In CI, where it is installed, a skipped test is a failure.
        pytest.skip(
            "no PostgreSQL server: apt install postgresql, or name the directory of its programs "
            "in ESNB_TEST_POSTGRESQL_BIN"
        )
    return installed[-1].parent


def _as_owner() -> Sequence[str]:
    """What has a program run as somebody other than root, whom PostgreSQL refuses."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] * (
        os.geteuid() == 0
    )


class PostgreSQLServer:
    """One server on a unix socket; its data outlive `stop()` and `start()`."""

    def __init__(self) -> None:
        self._programs = programs()
        self._home = Path(tempfile.mkdtemp(prefix="esnb-pg-", dir="/tmp"))
        self._data = self._home / "data"
        if os.geteuid() == 0:
            shutil.chown(self._home, "postgres", "postgres")
        self._is_running = False

    @property
    def url(self) -> str:
        """For SQLAlchemy, with psycopg."""
        return f"postgresql+psycopg://{USER}@/postgres?host={self._home}"

    @property
    def env(self) -> dict[str, str]:
        """For the library's own module, `eventsourcing.postgres`."""
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": "postgres",
            "POSTGRES_HOST": str(self._home),
            "POSTGRES_USER": USER,
            "POSTGRES_PASSWORD": "not asked for",
        }

    def __enter__(self) -> Self:
        self._run(
            "initdb",
            *("--pgdata", str(self._data), "--username", USER, "--auth", "trust"),
            *("--encoding", "UTF8", "--no-sync"),
        )
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self) -> None:
        """Returns when it accepts connections."""
        # No TCP: the socket's name holds the port, which is then nobody else's.
        options = f"-c listen_addresses='' -k {self._home}"
        self._ctl("start", "--wait", "--log", str(self._home / "log"), "--options", options)
        self._is_running = True

    def stop(self, mode: str = "immediate") -> None:
        """Ends it; `immediate` as a crash does, `fast` after rolling back what is open."""
        if self._is_running:
            self._ctl("stop", "--wait", "--mode", mode)
            self._is_running = False

    def accepts(self) -> bool:
        """Whether somebody listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._home / ".s.PGSQL.5432")) == 0

    def _ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), "--silent", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*_as_owner(), str(self._programs / program), *arguments],
            # Not captured: the server would inherit the pipe, and hold it open.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            cwd=self._home,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            log = self._home / "log"
            said = done.stderr or (log.read_text() if log.exists() else "")
            raise AssertionError(f"{program} {' '.join(arguments)} failed:\n{said}")
