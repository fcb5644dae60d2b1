"""The fixtures that an author's own tests ask for, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ASKED = 'pytest_plugins = ["esnb.testing.plugin"]\n'

TESTS = """
import esnb
from esnb.examples.dog import Dog
from eventsourcing.application import Application

seen = []


def test_one(esnb_stores):
    kennel = esnb_stores.application(Application)
    kennel.save(Dog("Fido"))
    esnb_stores.redis.set("key", 1)
    assert len(esnb.events(kennel)) == 1
    seen.append(esnb_stores.env["EVENTSTOREDB_URI"])


def test_other(esnb_stores):
    kennel = esnb_stores.application(Application)
    assert len(esnb.events(kennel)) == 0
    assert esnb_stores.redis.keys() == []
    assert esnb.connect(embedded=True) is esnb_stores
    assert seen == [esnb_stores.env["EVENTSTOREDB_URI"]]


def test_closed_by_the_code_that_is_tested(esnb_stores):
    esnb_stores.close()


def test_after_that(esnb_stores):
    assert len(esnb.events(esnb_stores.application(Application))) == 0
"""


def run(directory: Path, environment: dict[str, str], *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_each_test_gets_empty_stores_of_the_same_servers(
    tmp_path: Path, plain_environment: dict[str, str]
) -> None:
    (tmp_path / "conftest.py").write_text(ASKED)
    (tmp_path / "test_kennel.py").write_text(TESTS)
    told = run(tmp_path, plain_environment, "-q")
    assert "4 passed" in told


def test_nothing_is_there_until_it_is_asked_for(
    tmp_path: Path, plain_environment: dict[str, str]
) -> None:
    (tmp_path / "test_kennel.py").write_text(TESTS)
    assert "fixture 'esnb_stores' not found" in run(tmp_path, plain_environment)
    assert "esnb" not in run(tmp_path, plain_environment, "--fixtures", "-q").replace(
        str(tmp_path), ""
    )
