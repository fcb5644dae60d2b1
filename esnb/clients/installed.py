"""The installed EventStoreDB client, under neutral names.

`esdbclient` and its successor `kurrentdbclient` speak the same protocol with
different class names and cannot share an environment; esnb runs on either.
Everything else in esnb takes the client, its errors and its protobuf stubs
from here.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from esnb.clients.flaw import flaw
from esnb.threads.outside import import_whole

# gRPC writes warnings to stderr when a process with an open channel forks
# (`!command` in a notebook does); it reads this once, when it is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

if TYPE_CHECKING:
    import esdbclient as _package
    from esdbclient import EventStoreDBClient as Client
    from esdbclient import NewEvent, RecordedEvent, StreamState
    from esdbclient import exceptions as _errors
    from esdbclient.connection_spec import ConnectionSpec
    from esdbclient.protos.Grpc import (
        gossip_pb2,
        persistent_pb2,
        projections_pb2,
        shared_pb2,
        status_pb2,
        streams_pb2,
    )
    from esdbclient.streams import CatchupSubscription
else:
    _found = next(filter(find_spec, ("esdbclient", "kurrentdbclient")), None)
    if _found is not None:
        # An import that an interrupt ends half-way would have to be begun in a new process.
        import_whole(_found)
    if _found == "esdbclient":
        import esdbclient as _package
        from esdbclient import EventStoreDBClient as Client
        from esdbclient import exceptions as _errors

        _PROTOS = "esdbclient.protos.Grpc"
    elif _found == "kurrentdbclient":
        import kurrentdbclient as _package
        from kurrentdbclient import KurrentDBClient as Client
        from kurrentdbclient import exceptions as _errors

        _PROTOS = "kurrentdbclient.protos.v1"
    else:
        raise ImportError(
            "esnb needs an EventStoreDB client: pip install esdbclient "
            "(Python up to 3.13) or kurrentdbclient"
        )

    NewEvent = _package.NewEvent
    RecordedEvent = _package.RecordedEvent
    StreamState = _package.StreamState
    CatchupSubscription = _package.CatchupSubscription
    ConnectionSpec = import_module(f"{_package.__name__}.connection_spec").ConnectionSpec
    gossip_pb2 = import_module(f"{_PROTOS}.gossip_pb2")
    persistent_pb2 = import_module(f"{_PROTOS}.persistent_pb2")
    projections_pb2 = import_module(f"{_PROTOS}.projections_pb2")
    shared_pb2 = import_module(f"{_PROTOS}.shared_pb2")
    status_pb2 = import_module(f"{_PROTOS}.status_pb2")
    streams_pb2 = import_module(f"{_PROTOS}.streams_pb2")


def _error(name: str) -> type[Exception]:
    """The client's exception class, whose names end in `Error` in kurrentdbclient."""
    found: Any = getattr(_errors, name, None) or getattr(_errors, f"{name}Error")
    assert isinstance(found, type)
    return found


PACKAGE: str = _package.__name__
"""`esdbclient` or `kurrentdbclient`."""

ClientError = (
    _errors.EventStoreDBClientException
    if hasattr(_errors, "EventStoreDBClientException")
    else _errors.KurrentDBClientError  # type: ignore[attr-defined]
)
"""What every error of the client derives from, but its `ProgrammingError`."""
ClientProgrammingError: type[Exception] = _error("ProgrammingError")
AbortedByServer: type[Exception] = _error("AbortedByServer")
AccessDenied: type[Exception] = _errors.AccessDeniedError
AlreadyExists: type[Exception] = _error("AlreadyExists")
CancelledByClient: type[Exception] = _error("CancelledByClient")
ConsumerTooSlow: type[Exception] = _error("ConsumerTooSlow")
DeadlineExceeded: type[Exception] = _error("DeadlineExceeded")
DiscoveryFailed: type[Exception] = _error("DiscoveryFailed")
MaximumAppendSizeExceeded: type[Exception] = _errors.MaximumAppendSizeExceededError
NodeIsNotLeader: type[Exception] = _error("NodeIsNotLeader")
NotFound: type[Exception] = _error("NotFound")
ServiceUnavailable: type[Exception] = _error("ServiceUnavailable")
StreamIsDeleted: type[Exception] = _error("StreamIsDeleted")
WrongCurrentVersion: type[Exception] = _error("WrongCurrentVersion")


def flaw_of(uri: str) -> str:
    """What is wrong with a connection string, without anything of its text; nothing as a rule."""
    specification: Any = import_module(f"{PACKAGE}.connection_spec")
    options = specification.VALID_CONNECTION_QUERY_STRING_FIELDS
    schemes = [value for name, value in vars(specification).items() if _is_scheme(name)]
    problem: ValueError | None = None
    try:
        targets = ConnectionSpec(uri).targets
        place = uri.partition("://")[2].rpartition("@")[2]
        if not all(map(str.strip, re.split("[/?]", place)[0].split(","))):
            return "it does not name a host"
        if all(map(_is_target, targets)) and not any(map(str.isspace, uri)):
            return ""
    except ValueError as error:
        problem = error
    return flaw(uri, schemes, options, problem)


def _is_scheme(name: str) -> bool:
    return name.startswith("URI_SCHEME_")  # in both clients


def _is_target(text: str) -> bool:
    found = re.fullmatch(r"(\[[^\[\]]+\]|[^:@]+):([0-9]{1,5})", text)
    return found is not None and 0 < int(found[2]) < 65536


__all__ = [
    "PACKAGE",
    "AbortedByServer",
    "AccessDenied",
    "AlreadyExists",
    "CancelledByClient",
    "CatchupSubscription",
    "Client",
    "ClientError",
    "ClientProgrammingError",
    "ConnectionSpec",
    "ConsumerTooSlow",
    "DeadlineExceeded",
    "DiscoveryFailed",
    "MaximumAppendSizeExceeded",
    "NewEvent",
    "NodeIsNotLeader",
    "NotFound",
    "RecordedEvent",
    "ServiceUnavailable",
    "StreamIsDeleted",
    "StreamState",
    "WrongCurrentVersion",
    "flaw_of",
    "gossip_pb2",
    "persistent_pb2",
    "projections_pb2",
    "shared_pb2",
    "status_pb2",
    "streams_pb2",
]
