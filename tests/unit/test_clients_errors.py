"""The client's errors as the library's."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from esnb.clients import installed
from esnb.clients.access import AccessRefusedError
from esnb.clients.cluster import NoMemberError
from esnb.clients.errors import ReadInterrupted, is_refused_position, is_transient, translated
from esnb.running.transient import is_transient as is_transient_for_runners

URI = "esdb://admin:changeit@db.example:2113"
EMBEDDED = "esdb://127.0.0.1:4711?Tls=false&connectionName=esnb-embedded"


class Failed(grpc.RpcError, grpc.Call):  # type: ignore[misc]
    """An error as gRPC raises it."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


for _name in grpc.Call.__abstractmethods__ - {"code", "details"}:
    setattr(Failed, _name, lambda self, *args: None)
Failed.__abstractmethods__ = frozenset()


def raised(error: Exception, uri: str = URI) -> Exception:
    with pytest.raises(DatabaseError) as caught, translated("reading stream 'Shop-1'", uri):
        raise error
    assert caught.value.__cause__ is error
    assert "changeit" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (installed.WrongCurrentVersion("is 4 not 3"), IntegrityError),
        (installed.StreamIsDeleted(), IntegrityError),
        (installed.MaximumAppendSizeExceeded("Max size is 1048576"), DataError),
        (installed.ServiceUnavailable("no route"), OperationalError),
        (installed.DeadlineExceeded(), OperationalError),
        (installed.AccessDenied(), AccessRefusedError),
        (installed.AbortedByServer(), OperationalError),
        (installed.ConsumerTooSlow(), OperationalError),
        (installed.DiscoveryFailed("no leader"), OperationalError),
        (installed.ClientProgrammingError("wrong use"), ProgrammingError),
        (installed.ClientError("?"), InternalError),
        (ValueError("Cannot invoke RPC on closed channel!"), OperationalError),
        (Failed(grpc.StatusCode.UNAVAILABLE, "gone"), OperationalError),
        (Failed(grpc.StatusCode.UNAUTHENTICATED, "who?"), AccessRefusedError),
        (Failed(grpc.StatusCode.PERMISSION_DENIED, "no"), AccessRefusedError),
        (Failed(grpc.StatusCode.INTERNAL, "bug"), InternalError),
    ],
)
def test_each_error_has_its_kind_and_names_stream_and_server(
    error: Exception, expected: type[Exception]
) -> None:
    found = raised(error)
    assert type(found) is expected
    assert str(found).startswith("reading stream 'Shop-1' at esdb://***@db.example:2113: ")
    assert not str(found).endswith(": ")


def test_the_librarys_own_errors_pass() -> None:
    error = DataError("as it is")
    with pytest.raises(DataError) as caught, translated("reading", URI):
        raise error
    assert caught.value is error


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), translated("reading", URI):
        raise KeyError("a bug of ours")


def test_an_embedded_server_has_no_port() -> None:
    details = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:4711: Failed"
    found = raised(installed.ServiceUnavailable(details), EMBEDDED)
    assert str(found).startswith("reading stream 'Shop-1' at embedded: ")
    assert "4711" not in str(found)


def test_what_may_succeed_later() -> None:
    assert is_transient(installed.ServiceUnavailable())
    assert is_transient(installed.ConsumerTooSlow())
    assert is_transient(Failed(grpc.StatusCode.UNAVAILABLE, ""))
    assert not is_transient(installed.AccessDenied())
    assert not is_transient(Failed(grpc.StatusCode.INVALID_ARGUMENT, "a channel of mine"))


def test_what_may_be_a_refused_position() -> None:
    assert is_refused_position(
        Failed(grpc.StatusCode.UNKNOWN, "Unexpected FilteredReadAllResult: InvalidPosition")
    )
    assert is_refused_position(Failed(grpc.StatusCode.INVALID_ARGUMENT, ""))
    assert not is_refused_position(Failed(grpc.StatusCode.UNAVAILABLE, ""))
    assert not is_refused_position(installed.AccessDenied())


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ReadInterrupted("renewed"), True),
        (NoMemberError("no leader among its members"), True),
        (installed.ServiceUnavailable(), True),
        (OperationalError("away"), True),
        (AccessRefusedError("may not"), False),
        (installed.AccessDenied(), False),
        (Failed(grpc.StatusCode.UNAUTHENTICATED, "who?"), False),
        (KeyError("a handler's own"), False),
    ],
)
def test_a_runner_waits_for_what_passes(error: Exception, passes: bool) -> None:
    assert is_transient_for_runners(error) is passes
