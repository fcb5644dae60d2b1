"""Errors of groups as EventStoreDB reports them: a gRPC status, its text, and trailers."""

from __future__ import annotations

import grpc

from esnb.embedded.persistent import errors
from esnb.embedded.services.status import CallStatus, header, of_error
from esnb.embedded.streams.errors import Refused

_KINDS: dict[type[errors.GroupError], tuple[grpc.StatusCode, str]] = {
    errors.GroupMissing: (grpc.StatusCode.NOT_FOUND, "persistent-subscription-does-not-exist"),
    errors.GroupExists: (grpc.StatusCode.ALREADY_EXISTS, "persistent-subscription-exists"),
    errors.GroupFailed: (grpc.StatusCode.INTERNAL, "persistent-subscription-failed"),
    errors.GroupDropped: (grpc.StatusCode.CANCELLED, "persistent-subscription-dropped"),
    errors.TooManyConsumers: (grpc.StatusCode.FAILED_PRECONDITION, "maximum-subscribers-reached"),
}


def of_group_error(error: Refused) -> CallStatus:
    """The status for an error of a group, or of the store beneath it."""
    if not isinstance(error, errors.GroupError):
        return of_error(error)
    code, exception = _KINDS[type(error)]
    trailers = [("exception", exception), ("stream-name", header(error.stream))]
    if error.group:
        trailers.append(("group-name", header(error.group)))
    if isinstance(error, errors.GroupFailed):
        trailers.append(("reason", header(error.reason)))
    return CallStatus(code, str(error), tuple(trailers))
