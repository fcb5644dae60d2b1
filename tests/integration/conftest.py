"""Processes for integration tests: they stand for notebook kernels."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

import esnb
from tests.domain.bank import Bank
from tests.embedded_process import EmbeddedProcess
from tests.waiting import DEADLINE

_LOOP = """
import json, sys, traceback
answers, sys.stdout = sys.stdout, sys.stderr
names = {}
for line in sys.stdin:
    try:
        order = json.loads(line)
        exec(order["run"], names)
        answer = {"value": eval(order["give"], names)}
    except BaseException as error:
        answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    answers.write(json.dumps(answer, default=repr) + "\\n")
    answers.flush()
"""


class Kernel:
    """A Python process that runs what it is told, as a notebook kernel does."""

    def __init__(self, environment: dict[str, str], cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )

    def tell(self, run: str, give: str = "None") -> None:
        """Sends an order without waiting for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"run": run, "give": give}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """The value of the oldest order that was not answered yet."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        assert readable, "the kernel does not answer"
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["trace"]
        return answer["value"]

    def ask(self, run: str, give: str = "None") -> Any:
        """Runs statements and returns the value of an expression."""
        self.tell(run, give)
        return self.answer()

    def kill(self) -> None:
        """SIGKILL: no atexit, no `finally`."""
        self.process.kill()
        self.process.wait(DEADLINE)

    def interrupt(self) -> None:
        """SIGINT to the process group, as Jupyter's stop button does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> None:
        """The orderly end: end of input, then interpreter exit."""
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="session")
def plain_environment() -> dict[str, str]:
    """The environment without settings that name servers or proxies."""
    unwanted = ("EVENTSTOREDB", "REDIS_URL", "ESNB_REDIS", "SNAPSHOT", "PERSISTENCE")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and "proxy" not in name.lower()
    }


@pytest.fixture
def stores() -> Iterator[esnb.Stores]:
    """Embedded stores of a test's own."""
    with esnb.connect(embedded=True) as stores:
        yield stores


@pytest.fixture
def bank(stores: esnb.Stores) -> Bank:
    return stores.application(Bank)


@pytest.fixture(scope="module")
def kept_stores() -> Iterator[esnb.Stores]:
    """Embedded stores for all tests of a module."""
    with esnb.connect(embedded=True) as stores:
        yield stores


@pytest.fixture
def emptied_stores(kept_stores: esnb.Stores) -> esnb.Stores:
    """Those of the module, without what other tests have left."""
    kept_stores.reset()
    return kept_stores


@pytest.fixture
def start_kernel(plain_environment: dict[str, str]) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels, `start_kernel(cwd=…, VARIABLE=…)`, and ends them with the test."""
    kernels: list[Kernel] = []

    def start(cwd: Path | None = None, **variables: str) -> Kernel:
        kernels.append(Kernel({**plain_environment, **variables}, cwd))
        return kernels[-1]

    yield start
    for kernel in kernels:
        if kernel.process.poll() is None:
            kernel.end()


@pytest.fixture(scope="module")
def kernel_of_module(plain_environment: dict[str, str]) -> Iterator[Kernel]:
    """One kernel for all tests of a module."""
    kernel = Kernel(plain_environment)
    yield kernel
    kernel.end()


def is_running(pid: int) -> bool:
    """Whether there is such a process, other than a dead one that nobody has reaped."""
    if sys.platform == "linux":
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return status.rpartition(")")[2].split()[0] not in "ZX"
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(shown) and not shown.startswith("Z")


@pytest.fixture
def running() -> Callable[[int], bool]:
    return is_running


@pytest.fixture
def wait_until_closed() -> Callable[[socket.socket], None]:
    """Waits for the end of a connected socket's peer: an event, not a poll."""

    def wait(connection: socket.socket) -> None:
        connection.settimeout(DEADLINE)
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass

    return wait


class Serving:
    """A running `esnb serve`, which stands for real servers."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "esnb", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        self.settings: dict[str, str] = {}
        for line in self.process.stdout:
            name, _, value = line.strip().partition("=")
            self.settings[name] = value
            if len(self.settings) == 2:
                break
        else:
            _, errors = self.process.communicate(timeout=DEADLINE)
            raise AssertionError(f"exit code {self.process.returncode}: {errors}")
        self.eventstoredb = self.settings["EVENTSTOREDB_URI"]
        self.redis = self.settings["REDIS_URL"]

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Sends the signal; returns exit code and what else was printed."""
        self.process.send_signal(number)
        printed, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, printed, errors


@pytest.fixture
def serve(plain_environment: dict[str, str]) -> Iterator[Callable[..., Serving]]:
    """Runs `esnb serve` with the given arguments, until the end of the test."""
    running: list[Serving] = []

    def start(*arguments: str) -> Serving:
        running.append(Serving(plain_environment, *arguments))
        return running[-1]

    yield start
    for serving in running:
        if serving.process.poll() is None:
            serving.stop()


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """What a test opens on its way, closed with it."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedProcess]:
    """The embedded EventStoreDB in a process of its own, for all tests of a module."""
    with EmbeddedProcess() as server:
        yield server


@pytest.fixture
def no_servers_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names no server, so that `connect()` starts its own or is told which."""
    for name in ("EVENTSTOREDB_URI", "REDIS_URL", "EVENTSTOREDB_ROOT_CERTIFICATES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module", params=["memory", "disk"])
def embedded_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedProcess]:
    """The embedded EventStoreDB in a process of its own, which must end without a word."""
    path = None if request.param == "memory" else tmp_path_factory.mktemp("log") / "events.db"
    with EmbeddedProcess(path) as server:
        yield server
        assert server.stop() == ""
