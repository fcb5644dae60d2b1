"""esnb writes nothing into the cell that happens to run: it says what happened where one looks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = """
import threading
from tests.persistent_groups import Groups
from tests.redis_server import RedisServer
from tests.domain.bank import Bank
from esnb.projections import PersistentRunner
from tests.waiting import until
"""


def stderr_of(code: str) -> str:
    """What a process writes that runs this, as a notebook would show it below a cell."""
    done = subprocess.run(
        [sys.executable, "-c", TOP + code],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_no_logger_of_esnb_writes_by_itself() -> None:
    sources = (ROOT / "esnb").rglob("*.py")
    own = [path for path in sources if "getLogger(__name__)" in path.read_text()]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in own]
    assert "esnb.projections.persistent.consumer" in names
    code = f"import esnb, logging\nfor name in {names}: logging.getLogger(name).critical('x')"
    assert stderr_of(code) == ""


def test_a_log_goes_where_the_user_wants_it() -> None:
    code = "logging.getLogger('esnb.projections').warning('heard')"
    set_up = "import esnb, logging; logging.basicConfig(format='%(message)s');"
    assert stderr_of(set_up + code) == "heard\n"


def test_a_parked_event_is_told_by_status_only() -> None:
    code = """
groups = Groups()
groups.append("bad")
def fails(event, recorded):
    raise ValueError("no such customer")
with PersistentRunner(groups, "billing", fails, remember=0, retries=0) as worker:
    until(lambda: worker.status().parked)
    assert worker.status().last_parked.endswith("ValueError: no such customer")
"""
    assert stderr_of(code) == ""


def test_connections_that_are_lost() -> None:
    code = """
groups = Groups()
with RedisServer() as server:
    runner = PersistentRunner(groups, "g", lambda *_: None, env={"REDIS_URL": server.url})
    with runner:
        until(lambda: runner.status().state == "running")
        server.kill()
        groups.cut(RuntimeError("cut"))
        until(lambda: runner.status().state == "retrying")
        server.start()
        until(lambda: runner.status().state == "running")
"""
    assert stderr_of(code) == ""


@pytest.mark.extras
def test_publishers_and_workers_whose_redis_comes_and_goes() -> None:
    code = """
from esnb.outbox import BullMQPublisher, Outbox, Worker
bank = Bank()
with RedisServer() as server:
    settings = {"REDIS_URL": server.url}
    outbox = Outbox(settings, bank)
    calls = []
    def works(job):
        calls.append(job)
        if len(calls) == 1:
            server.kill()
        raise ValueError("no such customer")
    with outbox, BullMQPublisher(outbox, lambda record: "q") as publisher:
        with Worker(server.url, "q", works, lockDuration=1000, stalledInterval=500) as worker:
            bank.open()
            until(lambda: worker.status().state == "retrying")
            until(lambda: publisher.status().state == "retrying")
            server.start()
            until(lambda: worker.status().failed)
            until(lambda: publisher.status().state == "running")
"""
    assert stderr_of(code) == ""


def test_no_module_prints_but_those_for_a_terminal() -> None:
    # The last one is a process of its own, and answers whoever started it.
    terminal = {
        *("__main__.py", "command.py", "serve.py", "terminal.py", "versions.py"),
        "expected_error.py",  # an error, which is what its block is there to show
        "backtracking_process.py",
    }
    prints = re.compile(r"^\s*print\(|print_exc|sys\.stderr\.write", re.MULTILINE)
    found = [
        path.name
        for path in (ROOT / "esnb").rglob("*.py")
        if "examples" not in path.parts and prints.search(path.read_text())
    ]
    assert set(found) <= terminal
