"""The gRPC call behind an error of the clients, and the status with which it ended."""

from __future__ import annotations

import grpc


def call_of(error: BaseException) -> grpc.Call | None:
    """The call that ended with `error`, where there was one."""
    for candidate in (error, *error.args, error.__cause__, error.__context__):
        if isinstance(candidate, grpc.Call) and isinstance(candidate, grpc.RpcError):
            return candidate
    return None


def status_of(error: BaseException) -> grpc.StatusCode | None:
    """The gRPC status behind `error`, where there is one."""
    call = call_of(error)
    return None if call is None else call.code()
