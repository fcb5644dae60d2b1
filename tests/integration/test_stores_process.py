"""Supervision of child processes, with a server that does nothing but print and wait."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError

from esnb.embedded.processes.process import Home, ProcessPlan, ServerProcess, start
from tests.waiting import until

SERVER = "import signal; print('warming up'); print('Ready: now', flush=True); signal.pause()"
"""A server: it says that it is ready, and serves nobody."""

PRELUDE = """
import sys
from pathlib import Path
from esnb.embedded.processes.process import Home, ProcessPlan, start
SERVER = {server!r}
home = Home("Dummy", Path({home!r}))
def run():
    global used
    used = start(home, lambda: ProcessPlan(command=[sys.executable, "-c", SERVER], ready="ready"))
    return used.state["pid"]
"""


def plan(code: str = SERVER, **changes: Any) -> Callable[[], ProcessPlan]:
    return lambda: ProcessPlan(
        **{"command": [sys.executable, "-c", code], "ready": "ready", **changes}
    )


def prelude(home: Path) -> str:
    return PRELUDE.format(server=SERVER, home=str(home))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home("Dummy", tmp_path)


def test_starts_reports_its_line_and_ends_with_its_only_user(
    home: Home, running: Callable[[int], bool]
) -> None:
    server = start(home, plan(details={"colour": "blue"}))
    assert server.state["ready"] == "Ready: now"
    assert server.state["colour"] == "blue"
    assert running(server.state["pid"])
    assert server.is_alive()

    server.release()
    assert not running(server.state["pid"])
    assert not server.is_alive()
    server.release()  # and again: nothing happens


def test_release_waits_for_a_supervisor_that_is_slow_to_notice(
    home: Home, running: Callable[[int], bool]
) -> None:
    server = start(home, plan())
    assert server._supervisor is not None
    os.kill(server._supervisor.pid, signal.SIGSTOP)
    os.waitpid(server._supervisor.pid, os.WUNTRACED)
    releasing = threading.Thread(target=server.release)
    releasing.start()
    releasing.join(1)
    is_waiting = releasing.is_alive()
    os.kill(server._supervisor.pid, signal.SIGCONT)
    releasing.join(60)
    assert is_waiting
    assert not running(server.state["pid"])


def test_release_does_not_wait_for_a_server_that_others_use(
    home: Home, start_kernel: Callable[..., Any], running: Callable[[int], bool]
) -> None:
    server = start(home, plan())
    kernel = start_kernel()
    kernel.ask(prelude(home.directory), "run()")
    server.release()
    assert running(server.state["pid"])
    kernel.ask("used.release()")


def test_the_output_is_logged(home: Home) -> None:
    start(home, plan()).release()
    assert (home.directory / "server.log").read_text() == "warming up\nReady: now\n"


def test_the_log_says_that_a_server_ended_by_itself(home: Home) -> None:
    server = start(home, plan())
    os.kill(server.state["pid"], signal.SIGKILL)
    log = home.directory / "server.log"
    until(lambda: "the server ended by itself, with exit code -9\n" in log.read_text())
    assert not server.is_alive()
    server.release()


def test_a_server_that_was_started_again_is_another(home: Home) -> None:
    first = start(home, plan())
    os.kill(first.state["pid"], signal.SIGKILL)
    first.release()
    again = start(home, plan())
    assert (first.is_alive(), again.is_alive()) == (False, True)
    again.release()


def test_what_a_server_says_before_it_is_ready_is_known_to_all_who_use_it(home: Home) -> None:
    server = start(home, plan())
    also = start(home, plan())
    assert server.state["said"] == also.state["said"] == ["warming up"]
    also.release()
    server.release()


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(home: Home) -> None:
    with pytest.raises(OperationalError, match=r"(?s)embedded Dummy server.*code 3.*no such moon"):
        start(home, plan("print('no such moon'); raise SystemExit(3)"))
    start(home, plan()).release()  # the home is not blocked


def test_a_program_that_does_not_exist_is_named(home: Home) -> None:
    with pytest.raises(OperationalError, match="/no/such/program cannot be run"):
        start(home, plan(command=["/no/such/program"]))
    start(home, plan()).release()


def test_a_server_that_is_never_ready_is_given_up(home: Home) -> None:
    with pytest.raises(OperationalError, match=r"not ready after 0.2 s"):
        start(home, plan("import signal; signal.pause()", patience=0.2))
    start(home, plan()).release()


def test_directories_to_remove_outlive_neither_success_nor_failure(tmp_path: Path) -> None:
    for name, code in (("good", SERVER), ("bad", "raise SystemExit(1)")):
        directory = tmp_path / name
        directory.mkdir()
        try:
            start(Home("Dummy", directory), plan(code, remove=[directory])).release()
        except OperationalError:
            assert name == "bad"
        assert not directory.exists()


def test_a_stubborn_server_is_killed(home: Home, running: Callable[[int], bool]) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SERVER
    server = start(home, plan(stubborn, grace=0.2))
    server.release()
    assert not running(server.state["pid"])


def test_one_home_one_server(home: Home, start_kernel: Callable[..., Any]) -> None:
    kernels = [start_kernel() for _ in range(8)]
    for kernel in kernels:
        kernel.tell(prelude(home.directory), "run()")
    assert len({kernel.answer() for kernel in kernels}) == 1


def test_the_server_lives_until_the_last_user_has_gone(
    home: Home,
    start_kernel: Callable[..., Any],
    running: Callable[[int], bool],
) -> None:
    first, second = start_kernel(), start_kernel()
    pid = first.ask(prelude(home.directory), "run()")
    assert second.ask(prelude(home.directory), "run()") == pid
    first.ask("used.release()")
    assert running(pid)
    second.kill()
    until(lambda: not running(pid))


def test_it_dies_with_a_killed_user(
    home: Home,
    start_kernel: Callable[..., Any],
    running: Callable[[int], bool],
) -> None:
    kernel = start_kernel()
    pid = kernel.ask(prelude(home.directory), "run()")
    kernel.kill()
    until(lambda: not running(pid))


def test_it_dies_with_its_user_though_a_fork_of_that_lives_on(
    home: Home,
    start_kernel: Callable[..., Any],
    running: Callable[[int], bool],
) -> None:
    kernel = start_kernel()
    pid = kernel.ask(prelude(home.directory), "run()")
    fork = kernel.ask("import os, signal\nfork = os.fork()\nif not fork: signal.pause()", "fork")
    try:
        kernel.kill()
        until(lambda: not running(pid))
        assert running(fork)
    finally:
        os.kill(fork, signal.SIGKILL)


def test_it_survives_an_interrupt_and_the_end_of_a_fork(
    home: Home,
    start_kernel: Callable[..., Any],
    running: Callable[[int], bool],
) -> None:
    kernel = start_kernel()
    pid = kernel.ask(prelude(home.directory), "run()")
    busy = home.directory / "busy"
    kernel.tell(f"import time\nPath({str(busy)!r}).touch()\ntime.sleep(60)")
    until(busy.exists)
    kernel.interrupt()
    with pytest.raises(AssertionError, match="KeyboardInterrupt"):
        kernel.answer()
    kernel.ask("import os\nif not (fork := os.fork()): os._exit(0)\nos.waitpid(fork, 0)")
    assert running(pid)
    assert kernel.ask("", "used.is_alive()")


def test_a_killed_supervisor_takes_the_server_along_and_the_home_stays_usable(
    home: Home, running: Callable[[int], bool]
) -> None:
    server = start(home, plan())
    assert server._supervisor is not None
    server._supervisor.kill()
    until(lambda: not server.is_alive())

    following = start(home, plan())
    assert following.state["pid"] != server.state["pid"]
    assert following.is_alive()
    following.release()
    server.release()


def test_a_server_that_ended_by_itself_is_replaced(home: Home) -> None:
    server = start(home, plan())
    os.kill(server.state["pid"], signal.SIGKILL)
    until(lambda: not server.is_alive())
    following: ServerProcess = start(home, plan())
    assert following.state["pid"] != server.state["pid"]
    assert following.is_alive()
    following.release()
    server.release()
