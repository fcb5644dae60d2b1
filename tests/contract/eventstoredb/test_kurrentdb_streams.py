"""Streams that the public adapter eventsourcing-kurrentdb wrote, read and gone on with.

It needs kurrentdbclient, which cannot be installed beside esdbclient: it runs
in an environment of its own, whose interpreter ESNB_KURRENTDB_PYTHON names
(`make test-main` makes it).
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import ProgrammingError
from eventsourcing.utils import register_topic

pytestmark = pytest.mark.env

DOMAIN = """
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

class Barrel(Aggregate):
    INITIAL_VERSION = 0

    @event("Filled")
    def __init__(self, litres):
        self.litres = litres

    @event("Drawn")
    def draw(self, litres):
        self.litres -= litres

class Cellar(Application):
    pass
"""

WRITE = """
import sys
cellar = Cellar(env={"PERSISTENCE_MODULE": "eventsourcing_kurrentdb", "KURRENTDB_URI": sys.argv[1]})
barrel = Barrel(100)
barrel.draw(30)
cellar.save(barrel)
print(barrel.id)
"""

READ = """
import json, sys
from uuid import UUID
cellar = Cellar(env={"PERSISTENCE_MODULE": "eventsourcing_kurrentdb", "KURRENTDB_URI": sys.argv[1]})
events = cellar.events.get(UUID(sys.argv[2]))
print(json.dumps([[type(e).__name__, e.originator_version] for e in events]))
"""


class Barrel(Aggregate):
    INITIAL_VERSION = 0

    @event("Filled")
    def __init__(self, litres: int) -> None:
        self.litres = litres

    @event("Drawn")
    def draw(self, litres: int) -> None:
        self.litres -= litres


class Cellar(Application[UUID]):
    pass


def theirs(code: str, *arguments: str) -> str:
    """What `code` prints in the other environment."""
    python = os.environ.get("ESNB_KURRENTDB_PYTHON")
    assert python, (
        "ESNB_KURRENTDB_PYTHON names no interpreter of an environment with "
        "eventsourcing-kurrentdb: run make test-main, or deselect with -m 'not env'"
    )
    done = subprocess.run(
        [python, "-c", DOMAIN + code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def cellar(env: dict[str, str]) -> Any:
    register_topic("__main__:Barrel", Barrel)
    settings = {"EVENTSTOREDB_FIRST_VERSION": "0", "EVENTSTOREDB_STREAM_PREFIX": ""}
    with Cellar(env={**env, **settings}) as cellar:
        yield cellar


def test_what_it_wrote_is_read_and_gone_on_with(cellar: Cellar, server_uri: str) -> None:
    written = UUID(theirs(WRITE, server_uri))

    barrel: Barrel = cellar.repository.get(written)
    assert (barrel.litres, barrel.version) == (70, 1)
    barrel.draw(20)
    cellar.save(barrel)

    again: Barrel = cellar.repository.get(written)
    assert (again.litres, again.version) == (50, 2)
    last = cellar.recorder.select_notifications(None, 10)[-1]
    assert (last.originator_id, last.originator_version) == (written, 2)


def test_its_versions_are_refused_where_versions_begin_at_1(
    env: dict[str, str], server_uri: str
) -> None:
    with Cellar(env=env) as cellar, pytest.raises(ProgrammingError, match="FIRST_VERSION"):
        cellar.save(Barrel(1))


def test_aggregates_begun_here_have_its_streams(cellar: Cellar, server_uri: str) -> None:
    barrel = Barrel(10)
    barrel.draw(1)
    cellar.save(barrel)

    revisions = [
        recorded.stream_position
        for recorded in cellar.recorder.category.client.get_stream(str(barrel.id))  # type: ignore[attr-defined]
    ]

    assert revisions == [0, 1]


def test_it_finds_its_own_events_where_esnb_did_not_write(server_uri: str) -> None:
    written = theirs(WRITE, server_uri)

    assert json.loads(theirs(READ, server_uri, written)) == [["Filled", 0], ["Drawn", 1]]
