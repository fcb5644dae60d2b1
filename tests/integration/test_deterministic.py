"""The same walk through esnb prints the same in every process, where ids and times are counted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KINDS = ("popo", "sqlite", "embedded")


def walk(kind: str, path: Path, how: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.deterministic_tour", kind, str(path), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, "COLUMNS": "120"},
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.extras
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_print_the_same(
    kind: str, tmp_path: Path, plain_environment: dict[str, str]
) -> None:
    walks = [
        walk(kind, tmp_path / "1.db", "block", {**plain_environment, "PYTHONHASHSEED": "1"}),
        walk(kind, tmp_path / "2.db", "block", {**plain_environment, "PYTHONHASHSEED": "2"}),
        walk(kind, tmp_path / "3.db", "all", {**plain_environment, "ESNB_DETERMINISTIC": "1"}),
        walk(kind, tmp_path / "4.db", "all", plain_environment),
    ]
    one, other, of_the_variable, usual = (each.communicate()[0] for each in walks)
    assert [each.returncode for each in walks] == [0, 0, 0, 0], one
    assert one == other == of_the_variable
    assert "00000001-0000-4000-8000-000000000001" in one
    assert "2024-01-01 09:00:0" in one
    assert "2024-01-01 09:00:0" not in usual
    assert "00000001-0000-4000-8000-000000000001" not in usual


def test_the_server_does_not_take_the_variable_for_its_own(
    plain_environment: dict[str, str],
) -> None:
    code = (
        "import esnb; from esnb.examples.dog import Dog;"
        "from eventsourcing.application import Application;"
        "stores = esnb.connect(embedded=True); app = stores.application(Application);"
        "app.save(Dog('Fido')); print(esnb.events(app)['recorded'][0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**plain_environment, "ESNB_DETERMINISTIC": "yes", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2024-01-01 09:00:00+00:00\n"
