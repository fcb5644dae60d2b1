"""Requests of the services for which no client brings stubs, read by field number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from esnb.embedded.services.status import abort, of_error
from esnb.embedded.storage import wire
from esnb.embedded.streams.errors import InvalidRequest, Refused

Fields = dict[int, list[int | bytes]]
Method = Callable[[Fields], Awaitable[bytes]]


def fields(message: bytes) -> Fields:
    """The message's fields; raises `InvalidRequest`."""
    try:
        return wire.fields(message)
    except wire.Malformed as error:
        raise InvalidRequest(f"the request is not a message: {error}") from error


def options(message: bytes) -> Fields:
    """The fields of a request's options (its field 1); raises `InvalidRequest`."""
    found = fields(message).get(1)
    if not found or not isinstance(found[-1], bytes):
        raise InvalidRequest("the request has no options")
    return fields(found[-1])


def text(found: Fields, number: int) -> str:
    """A text field, empty where there is none."""
    value = found.get(number, [b""])[-1]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def texts(found: Fields, number: int) -> list[str]:
    """A repeated text field."""
    values = found.get(number, [])
    return [value.decode("utf-8", "replace") for value in values if isinstance(value, bytes)]


def whole(found: Fields, number: int) -> int:
    """A number field, 0 where there is none."""
    value = found.get(number, [0])[-1]
    return value if isinstance(value, int) else 0


def unary(method: Method, read: Callable[[bytes], Fields]) -> grpc.RpcMethodHandler:
    """A handler that passes `method` its fields and reports what it refuses."""

    async def handler(request: bytes, context: Any) -> Any:
        try:
            return await method(read(request))
        except Refused as error:
            await abort(context, of_error(error))

    return grpc.unary_unary_rpc_method_handler(handler)
