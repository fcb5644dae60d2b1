"""Keeps one embedded server alive for as long as somebody uses it.

Run as a script (`python -I -S supervisor.py`, in a session and a process group
of its own, so that an interrupted notebook cell does not reach the server),
with the server's home as working directory and one JSON object on stdin:

`command`    the server's command line
`ready`      text, in any case, that a line of its output holds once it serves
`patience`   seconds until it must have printed that line
`stop`       name of the signal that ends the server (`SIGTERM`, `SIGKILL`)
`grace`      seconds until the signal is followed by SIGKILL
`details`    copied into the state file, for those who attach
`remove`     directories deleted when the server has ended

Answers with one JSON object on stdout, `{"ready": line}` or `{"failed": text}`.

Three files in the home, locked with flock so that the kernel of the operating
system lets go of them however a process dies:

`users.lock`   shared by every process that uses the server; the supervisor
               waits for it exclusively, which succeeds when the last user has gone
`server.lock`  held by the server alone, which inherits it: exactly as long as it
               lives, with or without a supervisor, so a home never has two servers
`state.json`   how to reach the server; says nothing when `server.lock` is free
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

LOG = "server.log"
LOG_SIZE = 1_000_000
"""Bytes from which a log is begun again at the next start."""
LAST_WORDS = 15
"""Lines of a server that does not start that are part of the error: not the log's, whose
disk may be full."""


def die_with_parent() -> Callable[[], None] | None:
    """What makes a child die when its supervisor is killed outright; Linux only.

    Elsewhere `server.lock` still keeps a second server off the data.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, signal.SIGKILL)


def open_log() -> BinaryIO:
    """The server's log, emptied when it has grown large."""
    with contextlib.suppress(FileNotFoundError):
        if os.stat(LOG).st_size > LOG_SIZE:
            os.unlink(LOG)
    return open(LOG, "ab", buffering=0)


def write_state(state: dict[str, Any]) -> None:
    """Replaces the state file in one step: no reader sees half of it."""
    with open("state.json.new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace("state.json.new", "state.json")


def answer(message: dict[str, Any]) -> None:
    """Tells the process that started this one; it may be dead already."""
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps(message).encode() + b"\n")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def supervise(orders: dict[str, Any]) -> None:
    """Runs the server from its start to its end."""
    server_lock = os.open("server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(server_lock, fcntl.LOCK_EX)
    log = open_log()
    server = subprocess.Popen(
        orders["command"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[server_lock],
        preexec_fn=die_with_parent(),
    )
    os.close(server_lock)
    try:
        follow(server, orders, log)
    finally:
        server.kill()
        server.wait()


def follow(server: subprocess.Popen[bytes], orders: dict[str, Any], log: BinaryIO) -> None:
    """Copies what the server prints to its log, reports it ready, and ends it in time."""

    def stop_after_last_user() -> None:
        users = os.open("users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_EX)
        was_told.set()
        server.send_signal(getattr(signal, orders["stop"]))
        try:
            server.wait(orders["grace"])
        except subprocess.TimeoutExpired:
            server.kill()

    def give_up() -> None:
        was_patient.set()
        server.kill()

    was_told = threading.Event()
    was_patient = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    overdue = threading.Timer(orders["patience"], give_up)
    overdue.daemon = True
    overdue.start()
    threading.Thread(target=stop_after_last_user, daemon=True).start()

    assert server.stdout is not None
    ready = False
    said: list[str] = []
    for line in server.stdout:
        if not ready and orders["ready"].encode() in line.lower():
            ready = True
            overdue.cancel()
            text = line.decode(errors="replace").strip()
            state = {**orders["details"], "ready": text, "pid": server.pid, "said": said}
            write_state(state)
            answer({"ready": text})
        elif not ready:
            said.append(line.decode(errors="replace").strip())
        # A full disk costs the log, not the server.
        with contextlib.suppress(OSError):
            log.write(line)
    code = server.wait()
    if ready and not was_told.is_set():
        with contextlib.suppress(OSError):
            log.write(f"the server ended by itself, with exit code {code}\n".encode())
    elif not ready:
        why = f"it ended with exit code {code}"
        if was_patient.is_set():
            why = f"it was not ready after {orders['patience']:g} s"
        words = "\n".join(said[-LAST_WORDS:])
        answer({"failed": f"{why}\n{words}".strip()})


def main() -> None:
    os.umask(0o077)
    orders = json.load(sys.stdin.buffer)
    try:
        supervise(orders)
    except Exception as error:
        answer({"failed": f"{orders['command'][0]} cannot be run in {os.getcwd()}: {error}"})
        raise
    finally:
        for directory in orders["remove"]:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
