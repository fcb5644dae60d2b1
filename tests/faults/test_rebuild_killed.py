"""Kill a process in the middle of a rebuild: the next one goes on where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.event_flow import PATIENCE, ROOT
from tests.faults.rebuild_process import runner_of
from tests.redis_server import RedisServer


@pytest.fixture(
    params=[
        "redis",
        pytest.param(
            "sql",
            marks=[
                pytest.mark.extras,
                # A view's tables are mapped anew for each runner of a process.
                pytest.mark.filterwarnings("ignore:This declarative base already contains"),
            ],
        ),
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def env(kind: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    events = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(tmp_path / "events.db"),
    }
    if kind == "sql":
        yield {
            **events,
            "NOTED_PERSISTENCE_MODULE": "eventsourcing_sqlalchemy",
            "SQLALCHEMY_URL": f"sqlite:///{tmp_path}/views.db",
        }
        return
    with RedisServer() as server:
        yield {**events, "NOTED_PERSISTENCE_MODULE": "esnb.redis", "REDIS_URL": server.url}


def amounts_of(view: Any) -> list[int]:
    seen = view.seen()
    return list(seen[0]) if isinstance(seen, tuple) else list(seen)


@pytest.mark.timeout(300)
def test_a_rebuild_that_was_killed_goes_on(
    kind: str, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    monkeypatch.setenv("NOTES", str(notes))
    runner = runner_of(kind, env)
    runner.app.deposit(runner.app.open(), *range(100, 110))
    with runner:
        runner.wait(timeout=PATIENCE)
    process = subprocess.Popen(
        [
            # Not by -m: a projection of `__main__` is other code than one that is imported.
            *(sys.executable, "-c", "from tests.faults.rebuild_process import main; main()"),
            json.dumps({"kind": kind, "env": env}),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "HOLDS_AT": "105"},
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"holding\n"
    finally:
        process.kill()
        process.wait(60)
    # What readers see is the old view, whole.
    assert amounts_of(runner.view) == list(range(100, 110))
    notes.unlink()

    again = runner_of(kind, env)
    with again:
        again.wait(timeout=PATIENCE)
        assert amounts_of(again.view) == list(range(100, 110))
        assert again.status().lag == 0
    assert notes.read_text().split() == [str(amount) for amount in range(105, 110)]
