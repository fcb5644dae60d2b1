"""A process forked after `connect()`: an error at once, and its parent unharmed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from eventsourcing.application import Application

import esnb
from esnb.projections import PersistentRunner

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

ROOT = Path(__file__).parents[2]
ENDS = {"close", "close client", "close app", "stop", "stop subscription", "leave"}
"""What ends something of the parent's; nothing happens in a child."""


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
def test_every_use_of_something_inherited_is_an_error_and_the_parent_goes_on(leave: str) -> None:
    told = [
        json.loads(line) for line in run("-m", "tests.integration.forked_uses", leave).splitlines()
    ]

    assert {name for name, *_ in told} > ENDS
    for name, child, parent_sees_all, restarts in told:
        if name in ENDS:
            assert child.startswith("ok"), (name, child)
        else:
            assert child.startswith("ForkedError: this process was forked"), (name, child)
            assert "'spawn'" in child
        assert parent_sees_all, name
        assert restarts == 0, f"{name} in the child broke a connection of the parent's"


POOL = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
import esnb

def version(stores_env):
    return len(esnb.events(Application(env=stores_env)))

def inherited(_):
    return len(esnb.events(app))

if __name__ == "__main__":
    stores = esnb.connect(embedded=True)
    app = stores.application(Application)
    app.save(Aggregate())
    fork, spawn = map(multiprocessing.get_context, ("fork", "spawn"))
    with ProcessPoolExecutor(2, mp_context=fork) as pool:
        try:
            list(pool.map(inherited, range(3)))
        except Exception as error:
            print(type(error).__name__)
    app.save(Aggregate())
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        print(list(pool.map(version, [dict(stores.env)] * 3)))
    stores.close()
"""


def test_a_pool_of_forked_processes_says_so_and_one_of_spawned_works(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL, encoding="utf-8")

    assert run(str(script)).splitlines() == ["ForkedError", "[2, 2, 2]"]


FIRST = """
import os, esnb
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

def story():
    with esnb.connect(embedded=True) as stores:
        app = stores.application(Application)
        app.save(Aggregate())
        return len(esnb.events(app))

child = os.fork()
if not child:
    os._exit(10 + story())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), story())
"""


def test_a_process_that_was_forked_before_connects_by_itself() -> None:
    assert run("-c", FIRST).split() == ["11", "1"]


def test_what_a_spawned_process_cannot_be_given_says_so() -> None:
    with esnb.connect(embedded=True) as stores:
        runner = PersistentRunner(stores.application(Application), "group", print)
        for each in (stores, stores.eventstoredb, runner):
            with pytest.raises(TypeError, match=r"call esnb\.connect\(\) there"):
                pickle.dumps(each)
