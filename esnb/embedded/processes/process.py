"""Embedded servers as child processes that die with the process that uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any
from weakref import WeakSet

from eventsourcing.persistence import OperationalError

_SUPERVISOR = Path(__file__).with_name("supervisor.py")

LOCK_PATIENCE = 30.0
"""Seconds that a process waits for another one that starts or stops the server."""


@dataclass(frozen=True)
class ProcessPlan:
    """How a server is run."""

    command: Sequence[str]
    """Relative paths in it start at the server's home."""
    ready: str
    """Lower-case text of the line that the server prints when it serves."""
    stop: str = "SIGTERM"
    environment: Mapping[str, str] | None = None
    """None: this process's own."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What an attaching process must know besides the line."""
    remove: Sequence[Path] = ()
    """Directories that do not outlive the server."""
    patience: float = 60.0
    """Seconds until the server must have printed the line."""
    grace: float = 5.0
    """Seconds until a server that was told to stop is killed."""
    explain: Callable[[str], str] = str
    """Turns the output of a server that does not start into a reason for people to read."""


@dataclass(frozen=True)
class Home:
    """The existing directory of a server's data, locks and log."""

    server: str
    """As messages call it: `Redis`."""
    directory: Path


class ServerProcess:
    """One process's use of an embedded server; several processes may share one.

    The use ends with `release()`, or with the process, however it ends; the
    server ends with its last user.
    """

    def __init__(
        self,
        home: Home,
        state: Mapping[str, Any],
        users: int,
        supervisor: subprocess.Popen[bytes] | None,
    ) -> None:
        self._home = home
        self._users = users
        self._supervisor = supervisor
        self.state = state
        """`ready` (the line printed), `said` (those before it), `pid` and the plan's `details`."""
        _in_use.add(self)

    def is_alive(self) -> bool:
        """Whether the server still runs: it holds its lock as long as it does.

        Another one that was started in its place is not this one.
        """
        if _is_free(self._home.directory / "server.lock", missing=True):
            return False
        with suppress(FileNotFoundError):
            return bool(_read_state(self._home)["pid"] == self.state["pid"])
        return False

    def release(self) -> None:
        """Ends this process's use; returns when a server without users has ended."""
        if self._users < 0:
            return
        os.close(self._users)
        self._users = -1
        if self._supervisor is None:
            return
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _is_shared(self._home.directory / "users.lock"):
            try:
                self._supervisor.wait(0.05)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def forget(self) -> None:
        """In a forked child: the use stays the parent's alone."""
        if self._users >= 0:
            os.close(self._users)
            self._users = -1
        self._supervisor = None


_in_use: WeakSet[ServerProcess] = WeakSet()


def _forget_all() -> None:
    for server in _in_use:
        server.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)

_supervisors: list[subprocess.Popen[bytes]] = []
"""Those started by this process, kept until they have ended and are reaped."""


def start(home: Home, plan: Callable[[], ProcessPlan]) -> ServerProcess:
    """Attaches to the server at `home`, or starts it as `plan()` says.

    Processes that start at the same time get the same server. Raises
    `OperationalError` with the server's last words when it does not start.
    """
    with _hold_lock(home, "start.lock"):
        users = _lock(home, "users.lock", shared=True)
        try:
            state = _running_state(home)
            if state is not None:
                return ServerProcess(home, state, users, None)
            process = _spawn(home, plan())
            return ServerProcess(home, _read_state(home), users, process)
        except BaseException:
            os.close(users)
            raise


def _running_state(home: Home) -> dict[str, Any] | None:
    """The state of the server at `home`, None when there is none."""
    if _is_free(home.directory / "server.lock", missing=True):
        return None
    return _read_state(home)


def _spawn(home: Home, plan: ProcessPlan) -> subprocess.Popen[bytes]:
    (home.directory / "state.json").unlink(missing_ok=True)
    orders = {
        "command": list(plan.command),
        "ready": plan.ready,
        "patience": plan.patience,
        "stop": plan.stop,
        "grace": plan.grace,
        "details": dict(plan.details),
        "remove": [str(directory) for directory in plan.remove],
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SUPERVISOR)],
        cwd=home.directory,
        env=plan.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _supervisors[:] = [other for other in _supervisors if other.poll() is None]
    _supervisors.append(process)
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        with process.stdin:
            process.stdin.write(json.dumps(orders).encode())
        answer = _read_answer(process.stdout.fileno(), plan.patience + LOCK_PATIENCE)
    if "ready" not in answer:
        if "failed" not in answer:
            process.kill()
        process.wait()
        reason = plan.explain(answer.get("failed", "its supervisor said nothing"))
        raise OperationalError(f"the embedded {home.server} server did not start: {reason}")
    return process


def _read_answer(descriptor: int, patience: float) -> dict[str, Any]:
    received = b""
    deadline = time.monotonic() + patience
    with DefaultSelector() as selector:
        selector.register(descriptor, EVENT_READ)
        while not received.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return {}
            chunk = os.read(descriptor, 65536)
            if not chunk:
                return {}
            received += chunk
    answer: dict[str, Any] = json.loads(received)
    return answer


def _read_state(home: Home) -> dict[str, Any]:
    with open(home.directory / "state.json", encoding="utf-8") as file:
        state: dict[str, Any] = json.load(file)
    return state


# --- locks --------------------------------------------------------------------


def _is_free(path: Path, *, shared: bool = True, missing: bool = False) -> bool:
    """Whether a lock of this kind could be had; `missing` when there is no such file.

    A shared one can while nobody holds it exclusively, so that those who ask
    for it do not see each other; an exclusive one while nobody holds any.
    """
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return missing
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is_shared(path: Path) -> bool:
    """Whether somebody holds the lock together with others, as users of a server do.

    Nobody does when it is free, though its supervisor has not noticed yet, or
    while a supervisor that has noticed holds it to end the server.
    """
    return not _is_free(path, shared=False, missing=True) and _is_free(path)


def _lock(home: Home, name: str, shared: bool = False) -> int:
    """The descriptor that holds the lock until it is closed."""
    import fcntl

    descriptor = os.open(home.directory / name, os.O_RDWR | os.O_CREAT, 0o600)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = time.monotonic() + LOCK_PATIENCE
    try:
        while True:
            try:
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
            except BlockingIOError:
                # flock cannot wait with a deadline; a thread could not be interrupted.
                if time.monotonic() > deadline:
                    raise OperationalError(
                        f"the embedded {home.server} server in {str(home.directory)!r} is still being "
                        f"started or stopped by another process after {LOCK_PATIENCE:.0f} s"
                    ) from None
                time.sleep(0.005)
            except OSError as error:
                raise OSError(
                    error.errno,
                    f"{str(home.directory)!r} is on a file system without file locks "
                    f"({error.strerror}): choose a path on a local disk",
                ) from None
            else:
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise


@contextmanager
def _hold_lock(home: Home, name: str) -> Iterator[None]:
    descriptor = _lock(home, name)
    try:
        yield
    finally:
        os.close(descriptor)
