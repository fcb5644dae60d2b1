"""Servers that are connected to and say nothing: stopped, cut off, or something else."""

from __future__ import annotations

_SIGNS = (
    "ping timeout",  # a connection that was in use
    "watchdog timeout",  # the same, as older versions of gRPC say it
    "SETTINGS",  # a new one: not even HTTP/2's first frame has come
)

SILENT = (
    "accepts connections but does not answer: check that it is an EventStoreDB that runs, and is "
    "not stopped or cut off, then ask again"
)


def is_silence(text: str) -> bool:
    """Whether gRPC's `text` says that the server left everything unanswered.

    >>> is_silence("failed to connect to all addresses; last error: UNKNOWN: \
ipv4:127.0.0.1:2113: connection attempt timed out before receiving SETTINGS frame")
    True
    """
    return any(sign in text for sign in _SIGNS)
