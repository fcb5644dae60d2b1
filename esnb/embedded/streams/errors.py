"""What can go wrong with a request, whatever carries it."""

from __future__ import annotations

from esnb.embedded.storage.refused import Refused as Refused


class WrongExpectedVersion(Refused):
    """The stream is not where the writer expected it."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"stream '{stream}' is at version {actual}, expected {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class StreamDeleted(Refused):
    """The stream was deleted; for good where it was tombstoned."""

    def __init__(self, stream: str) -> None:
        super().__init__(f"Event stream '{stream}' is deleted.")
        self.stream = stream


class AppendTooLarge(Refused):
    """The events of one append weigh more than the server takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Maximum Append Size of {limit} Exceeded.")
        self.limit = limit


class MetadataMissing(Refused):
    """A proposed event lacks a metadata entry that it must have."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Required Metadata Property '{key}' is missing")
        self.key = key


class InvalidRequest(Refused):
    """The request lacks something; the text says what.

    EventStoreDB's handlers stumble here and say so without a reason: clients
    recognise the sentence, so the reason follows it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"Exception was thrown by handler. {reason}")
        self.reason = reason


class BadExpression(InvalidRequest):
    """A filter's pattern that is not a regular expression."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(
            f"the filter {quote(pattern)} is not a regular expression that can be used: {reason}"
        )


class ExpressionTooSlow(Refused):
    """A filter's pattern that would hold up all other clients."""

    def __init__(self, pattern: str, name: str) -> None:
        """`name` is the one that it took too long on; empty: reading the pattern did."""
        what = f"is too slow on the name {quote(name)}" if name else "is too large"
        super().__init__(
            f"the filter {quote(pattern)} {what}: write it without repetitions within "
            "repetitions, lookarounds and backreferences, or filter by prefixes"
        )


class UnexpectedResult(Refused):
    """A result of a read for which the protocol has no message."""

    def __init__(self, result: str) -> None:
        super().__init__(f"Unexpected {result}")


class InvalidArgument(Refused):
    """A choice that the request left open, told in EventStoreDB's words: `kind` is the
    name of the type that it has there."""

    def __init__(self, value: str, kind: str) -> None:
        super().__init__(f"'{value}' is not a valid {kind}")


class InvalidCombination(Refused):
    """The parts of the request do not go together."""

    def __init__(self, *parts: str) -> None:
        super().__init__(f"The combination of ({', '.join(parts)}) is invalid.")


class InvalidPosition(Refused):
    """A position in `$all` at which there is no event."""

    def __init__(self, position: int) -> None:
        super().__init__(f"there is no event at position {position} of $all")
        self.position = position


class WriteFailed(Refused):
    """The log could not keep the events: the disk is full or gone. Nothing was written."""


class StoreEmptied(Refused):
    """The store was emptied while the request was going on."""

    def __init__(self) -> None:
        super().__init__("the embedded server was reset: its streams are gone")


def quote(text: str, most: int = 200) -> str:
    """A text in quotes, its middle left out where it is long."""
    half = most // 2
    return repr(text if len(text) <= most else f"{text[:half]}…{text[-half:]}")
