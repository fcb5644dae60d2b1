"""Errors as EventStoreDB reports them: a gRPC status, its text, and trailers.

esdbclient parses the text, Node's client the trailers, kurrentdbclient matches
the text of a wrong version as a whole: all three are part of the contract.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import grpc

from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.streams import errors

_EXCEPTION = "exception"
_MOST_OF_TEXT = 2_000
_MOST_OF_TRAILER = 1_000
_GAP = "..."
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_LEAST_SECONDS = 0.001
"""What gRPC makes of the time that a call with a passed deadline comes with."""


class CallStatus(NamedTuple):
    """What a call ends with."""

    code: grpc.StatusCode
    text: str
    trailers: tuple[tuple[str, str], ...] = ()


class Stated(errors.Refused):
    """A refusal by a service, which knows its status."""

    def __init__(self, code: grpc.StatusCode, text: str, **trailers: str) -> None:
        super().__init__(text)
        named = tuple((key.replace("_", "-"), header(value)) for key, value in trailers.items())
        self.status = CallStatus(code, text, named)


def of_error(error: errors.Refused) -> CallStatus:
    """The status for an error of the store."""
    code = grpc.StatusCode
    match error:
        case Stated(status=status):
            return status
        case errors.StreamDeleted(stream=stream):
            return CallStatus(
                code.FAILED_PRECONDITION,
                str(error),
                ((_EXCEPTION, "stream-deleted"), ("stream-name", header(stream))),
            )
        case errors.WrongExpectedVersion(stream=stream, expected=expected, actual=actual):
            return CallStatus(
                code.FAILED_PRECONDITION,
                f"Delete failed due to WrongExpectedVersion. Stream: {stream}, "
                f"Expected version: {expected}, Actual version: {actual}",
                (
                    (_EXCEPTION, "wrong-expected-version"),
                    ("stream-name", header(stream)),
                    ("expected-version", str(expected)),
                    ("actual-version", str(actual)),
                ),
            )
        case errors.AppendTooLarge(limit=limit):
            return CallStatus(
                code.INVALID_ARGUMENT,
                str(error),
                (
                    (_EXCEPTION, "maximum-append-size-exceeded"),
                    ("maximum-append-size", str(limit)),
                ),
            )
        case errors.MetadataMissing():
            return CallStatus(
                code.INVALID_ARGUMENT,
                str(error),
                (
                    (_EXCEPTION, "missing-required-metadata-property"),
                    ("required-metadata-properties", "type,content-type"),
                ),
            )
        case (
            errors.InvalidArgument()
            | errors.InvalidCombination()
            | errors.InvalidPosition()
            | errors.ExpressionTooSlow()
        ):
            return CallStatus(code.INVALID_ARGUMENT, str(error))
        case LogDamaged():
            return CallStatus(code.DATA_LOSS, str(error))
        case errors.WriteFailed():
            return CallStatus(code.RESOURCE_EXHAUSTED, str(error))
        case errors.StoreEmptied():
            return CallStatus(code.ABORTED, str(error))
    return CallStatus(code.UNKNOWN, str(error))


async def begun_in_time(context: Any) -> None:
    """End a call whose deadline had passed when it was made.

    gRPC leaves that to the client's timer, which a fast answer outruns.
    """
    remaining = context.time_remaining()
    if remaining is not None and remaining <= _LEAST_SECONDS:
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


async def abort(context: Any, status: CallStatus) -> None:
    """End the call with `status`."""
    trailers = tuple((key, fit(value, _MOST_OF_TRAILER)) for key, value in status.trailers)
    await context.abort(status.code, fit(status.text, _MOST_OF_TEXT), trailers)


def header(name: str) -> str:
    """A stream name fit for a header: what is not printable ASCII becomes `?`."""
    return "".join(char if " " <= char <= "~" else "?" for char in name)


def fit(text: str, most: int) -> str:
    """The text, or its beginning and end, in no more than `most` bytes of a header.

    Clients take 8 KiB of all headers together, and see nothing but a transport's
    fault beyond. What they look for in a text stands before and behind the names.
    """
    if len(_in_header(text[: most + 1])) <= most:
        return text
    half = (most - len(_GAP)) // 2
    return f"{_cut(text[:half], half)}{_GAP}{_cut(text[: -half - 1 : -1], half)[::-1]}"


def _cut(text: str, most: int) -> str:
    while len(_in_header(text)) > most:
        text = text[: len(text) * 9 // 10]
    return text


def _in_header(text: str) -> str:
    """The text as gRPC sends it: three characters for each byte that is not printable ASCII."""
    return quote(text, safe=_PLAIN, errors="replace")
