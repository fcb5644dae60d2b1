"""Errors of the EventStoreDB client as the library's, with stream and server named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InternalError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)

from esnb.clients import ended
from esnb.clients.access import AccessRefusedError
from esnb.clients.certificate import certificate_problem
from esnb.clients.channel import CallError
from esnb.clients.installed import (
    AbortedByServer,
    AccessDenied,
    CancelledByClient,
    Client,
    ClientError,
    ClientProgrammingError,
    DeadlineExceeded,
    DiscoveryFailed,
    MaximumAppendSizeExceeded,
    NodeIsNotLeader,
    ServiceUnavailable,
    StreamIsDeleted,
    WrongCurrentVersion,
)
from esnb.clients.leader import not_leader
from esnb.clients.refusal import REFUSED, explain_any
from esnb.clients.silence import SILENT, is_silence
from esnb.clients.status import call_of, status_of
from esnb.clients.uri import display_uri, guarded, is_embedded, masked

LOST_EVENTS = (
    "this copy of the aggregate has lost its pending events (the library drains them before it "
    "stores them): get the aggregate again and repeat the command"
)

_ADDRESS = re.compile(r"\b(ipv[46]|unix|dns)(:[^\s;,]+)+:?\s*")
_UNREACHABLE = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


class ReadInterrupted(ClientError):  # type: ignore[misc, valid-type, unused-ignore]
    """A read ended early because another thread renewed the shared connection."""


@contextmanager
def translated(subject: str, uri: str) -> Iterator[None]:
    """Raises the library's errors for the client's; `subject` says what was done to what.

    >>> with translated("appending to stream 'Shop-1'", "esdb://localhost:2113"):
    ...     raise WrongCurrentVersion("Stream position of last event is 4 not 3")
    Traceback (most recent call last):
    eventsourcing.persistence.IntegrityError: appending to stream 'Shop-1' at \
esdb://localhost:2113: Stream position of last event is 4 not 3; this copy of the aggregate \
has lost its pending events (the library drains them before it stores them): get the \
aggregate again and repeat the command
    """
    try:
        yield
    except PersistenceError:
        raise
    except (ClientError, ClientProgrammingError, grpc.RpcError, ValueError) as error:
        # A trace of a channel that was closed on purpose helps nobody.
        cause = None if ended.explain_gone(uri) else error
        raise translate(error, subject, uri) from cause


@contextmanager
def answered(client: Client) -> Iterator[None]:
    """A block that asks the server of somebody's own client.

    Raises OperationalError, with the server named, where it cannot be reached,
    does not answer in time, or the client was closed; AccessDenied for a user without
    the right; the client's other errors as they are, in one line.
    """
    uri = guarded(client.connection_spec.uri)
    try:
        yield
    except (ClientError, ValueError) as error:
        absence = _absence(error, uri)
        if absence is not None:
            text = ended.explain_gone(uri) or f"EventStoreDB at {display_uri(uri)} {absence}"
            raise OperationalError(text) from error
        call = call_of(error)
        if call is None or not isinstance(error, ClientError):
            raise
        # Another client than esnb's has lines of gRPC's own for a text.
        told = call if isinstance(call, CallError) else CallError(call, explain_any)
        if told.code() is grpc.StatusCode.PERMISSION_DENIED:
            raise AccessDenied(str(told)) from None
        if told is call:
            raise
        raise type(error)(told) from None


def _absence(error: Exception, uri: str) -> str | None:
    """What `error` says of a server that does not answer; None where it has answered."""
    if isinstance(error, NodeIsNotLeader):
        return f"refuses: {not_leader(error)}"
    if isinstance(error, DeadlineExceeded):
        return SILENT
    if _is_closed(error):
        return f"cannot be asked by this client, which is closed: {ended.PASS_ANOTHER}"
    if not isinstance(error, ServiceUnavailable | DiscoveryFailed):
        return None
    text = _text(error, uri)
    if is_silence(text):
        return SILENT
    problem = certificate_problem(text)
    if problem is not None:
        return f"cannot be used: {problem}"
    return f"cannot be reached: check whether it runs ({text})"


def translate(error: Exception, subject: str, uri: str) -> PersistenceError:
    """The library's error that says what `error` of the client says."""
    text = f"{subject} at {display_uri(uri)}: {reason(error, uri)}"
    if isinstance(error, WrongCurrentVersion):
        return IntegrityError(f"{text}; {LOST_EVENTS}")
    if isinstance(error, StreamIsDeleted):
        return IntegrityError(f"{text}; a tombstoned stream takes no more events")
    if isinstance(error, MaximumAppendSizeExceeded):
        return DataError(f"{text}; nothing was written. Save in smaller steps; {LOST_EVENTS}")
    if isinstance(error, ClientProgrammingError):
        return ProgrammingError(text)
    if isinstance(error, AccessDenied) or status_of(error) in REFUSED:
        return AccessRefusedError(text)
    return OperationalError(text) if is_transient(error) else InternalError(text)


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later: the server is away, busy, or leads no more."""
    return (
        isinstance(
            error,
            ServiceUnavailable
            | DeadlineExceeded
            | AbortedByServer
            | CancelledByClient
            | DiscoveryFailed
            | NodeIsNotLeader
            | ReadInterrupted,
        )
        or status_of(error) in _UNREACHABLE
        or _is_closed(error)
    )


def is_unreachable(error: Exception) -> bool:
    """Whether the connection is gone, none came about, or it leads to the wrong node."""
    return (
        isinstance(error, ServiceUnavailable | NodeIsNotLeader)
        or status_of(error) is grpc.StatusCode.UNAVAILABLE
    )


def is_refused_position(error: Exception) -> bool:
    """Whether a read of `$all` may have failed because it began at no event's position.

    Servers say so in several ways (UNKNOWN with InvalidPosition, INVALID_ARGUMENT,
    an exception in a handler); whatever is neither transient nor a lack of
    rights is taken for it, since another way to read will show what it was.
    """
    return not (
        is_transient(error)
        or isinstance(error, AccessDenied | ClientProgrammingError)
        or status_of(error) in REFUSED
    )


def reason(error: Exception, uri: str) -> str:
    """What `error` says, in one line and without credentials."""
    closed = ended.explain_gone(uri) if is_transient(error) else None
    if closed is not None:
        return closed
    if isinstance(error, NodeIsNotLeader):
        return not_leader(error)
    text = _text(error, uri)
    return f"it {SILENT}" if is_silence(text) else text


def _text(error: Exception, uri: str) -> str:
    """The error's own, in one line and without credentials."""
    # A cluster's own error says more than the call that had it looked for a node.
    cause = None if isinstance(error, DiscoveryFailed) else call_of(error)
    text = (cause.details() if cause is not None else str(error)) or type(error).__name__
    if is_embedded(uri):
        text = _ADDRESS.sub("", text)
    return masked(" ".join(text.split()))


def _is_closed(error: Exception) -> bool:
    """Whether it is gRPC's word for a channel that was closed."""
    return isinstance(error, ValueError) and "channel" in str(error).lower()
