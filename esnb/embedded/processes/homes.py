"""Directories of the embedded servers."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

SOCKET_NAME = "redis.sock"
SOCKET_PATH_LIMIT = 100
"""Bytes; the address of a unix socket holds 107 on Linux and 103 on macOS."""


def private_directory(limit: int = SOCKET_PATH_LIMIT) -> Path:
    """A new directory of this user's alone, with a path short enough for a socket: `limit` bytes.

    In the usual place for temporary files, or, where that path is too long, in
    another one.
    """
    for parent in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        length = len(os.fsencode(os.path.join(parent, "esnb-12345678", SOCKET_NAME)))
        if length <= limit and os.access(parent, os.W_OK | os.X_OK):
            return Path(tempfile.mkdtemp(prefix="esnb-", dir=parent))
    raise OSError(
        f"no directory for the embedded Redis's socket: the path of {tempfile.gettempdir()!r} "
        "is too long for one, and neither /tmp nor /var/tmp can be written: set TMPDIR to a "
        "short path"
    )


def kept_directory(path: Path, name: str) -> Path:
    """The directory `name` in the stores' `path`, made when it is missing.

    Only this user can open it, and the path where it is made here. Raises the `OSError` that the operating system gives, saying which path
    cannot be written.
    """
    home = path / name
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        with suppress(PermissionError):  # another user's is theirs to open
            home.chmod(0o700)  # one that an earlier version made, too
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError as error:
        raise OSError(
            error.errno,
            f"the embedded stores cannot be kept in {str(path)!r} ({_reason(home, error)}): "
            "choose a directory that can be written, or no path for ephemeral ones",
        ) from None


def _reason(home: Path, error: OSError) -> str:
    """Why there is no such directory; where a file has its name, or that of one above, which."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        for each in (home, *home.parents):
            if each.exists() and not each.is_dir():
                return f"{str(each)!r} is a file"
    return str(error.strerror)
