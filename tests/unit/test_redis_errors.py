"""What Redis refuses, told by its code: redis-py takes some off the text."""

from __future__ import annotations

import socket

import pytest
import redis
from eventsourcing.persistence import DataError, InternalError, OperationalError
from eventsourcing.utils import Environment
from redis import exceptions

from esnb.redis import RedisTrackingRecorder
from esnb.redis.errors import may_pass, translate

URL = "redis://localhost:6379"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "OOM"),
        (exceptions.ReadOnlyError("You can't write against a read only replica."), "read only"),
        (exceptions.MasterDownError("Link with MASTER is down."), "is down"),
        (exceptions.ClusterDownError("The cluster is down"), "is down"),
        (redis.ResponseError("BUSY Redis is busy running a script."), "busy"),
        (redis.ResponseError("MISCONF Redis is configured to save snapshots."), "MISCONF"),
    ],
    ids=["oom", "readonly", "masterdown", "clusterdown", "busy", "misconf"],
)
def test_what_may_pass_is_operational(error: redis.RedisError, said: str) -> None:
    assert may_pass(error)
    translated = translate(error, URL)
    assert isinstance(translated, OperationalError)
    assert said.replace("OOM", "out of memory") in str(translated)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.NoPermissionError("this user has no permissions"), OperationalError),
        (redis.AuthenticationError("WRONGPASS invalid username-password pair"), OperationalError),
        (redis.ResponseError("WRONGTYPE Operation against a key"), DataError),
        (redis.ResponseError("ERR unknown command"), InternalError),
    ],
    ids=["noperm", "wrongpass", "wrongtype", "unknown"],
)
def test_what_does_not_pass(error: redis.RedisError, kind: type[Exception]) -> None:
    assert not may_pass(error)
    assert isinstance(translate(error, URL), kind)


def test_a_server_that_accepts_and_says_nothing_is_said_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("esnb.redis.connection._CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        view = RedisTrackingRecorder(Environment("Sums", {"REDIS_URL": url}))
        with pytest.raises(OperationalError, match="cannot be reached: Timeout"):
            view.check_answers()
