"""An embedded server to hold conversations with, in a process of its own as users have it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from tests.conformance.conversation import Conversation, Json, alike, recorded

_AT_ONCE = 4
PATIENT = 16
"""At once of conversations that mostly wait: those about groups of consumers."""
_REPEATS = 3
"""Of a conversation that differs: what arrives within its seconds depends on the machine's load."""


@contextmanager
def embedded(*arguments: str) -> Iterator[str]:
    """The target of a server started with these arguments."""
    process = subprocess.Popen(
        [sys.executable, "-m", "esnb.embedded", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"127.0.0.1:{process.stdout.readline().split()[1]}"
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()


def answered(target: str, name: str, at_once: int = _AT_ONCE) -> dict[str, list[Json]]:
    """What the server at `target` answers to each scenario of a recording."""
    scenarios = recorded(name)
    with grpc.insecure_channel(target) as channel, ThreadPoolExecutor(at_once) as pool:
        held = pool.map(lambda one: Conversation(channel).held(one["steps"]), scenarios)
        answers = {one["name"]: got for one, got in zip(scenarios, held, strict=True)}
        for one in scenarios:
            for _ in range(_REPEATS):
                if alike(one["answers"], answers[one["name"]]):
                    break
                answers[one["name"]] = Conversation(channel).held(one["steps"])
        return answers


@pytest.fixture(
    scope="session", params=["memory", pytest.param("disk", marks=pytest.mark.exhaustive)]
)
def random_target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """As `target`, for the many conversations: on disk only where all are held."""
    with started(request.param, tmp_path_factory) as where:
        yield where


@pytest.fixture(scope="session", params=["memory", "disk"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server that keeps its log in memory, and one that keeps it on disk."""
    with started(request.param, tmp_path_factory) as where:
        yield where


@contextmanager
def started(keeping: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The target of a server that keeps its log in memory or on disk."""
    path = tmp_path_factory.mktemp("conformance") / "events.db"
    arguments = ["--memory"] if keeping == "memory" else ["--path", str(path)]
    with embedded(*arguments) as where:
        yield where
