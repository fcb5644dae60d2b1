"""What widgets say when a store cannot be read: the error, and the way out, in one place."""

from __future__ import annotations

import re

from eventsourcing.persistence import ConnectionPoolClosedError, InterfaceError

from esnb.clients import ended
from esnb.clients.uri import masked_error

_POOL_CLOSED = re.compile(rf"\b{ConnectionPoolClosedError.__name__}\b|\bpool\b.*\bclosed\b")
"""The errors of an application in SQLite, or PostgreSQL, that was closed."""


def unread(
    what: str,
    error: Exception,
    again: str = "try again",
    kept: str = "What was read before is still shown. ",
) -> str:
    """Two lines: `what` could not be read and why; then what to do, where the error does not say.

    `again` is how to read again, `kept` what is shown meanwhile.

    >>> print(unread("The flow could not be read again", ConnectionError("refused")))
    The flow could not be read again: ConnectionError: refused
    What was read before is still shown. Check the connection, then try again.
    """
    text = masked_error(error)
    advice = ""
    if _POOL_CLOSED.search(text):
        text = "the application is closed"
        advice = "Make the application again, then this widget."
    elif ended.says_reconnect(text):
        advice = "Make this widget again after that."
    elif is_lost(error) and "again" not in text:
        advice = f"Then {again}." if "check" in text else f"Check the connection, then {again}."
    return f"{what}: {text}\n{kept}{advice}".rstrip()


def unanswered(error: str, *, runner: bool = False) -> str:
    """What to do when a server that is asked repeatedly gives this error.

    A `runner` also needs the server to go on.

    >>> unanswered("ConnectionError: refused")
    'Check the server: it is shown again once it answers.'
    >>> unanswered("ConnectionError: refused", runner=True)
    'Check the server: the runner goes on by itself once it answers.'
    """
    if _POOL_CLOSED.search(error):
        return "The application is closed: make it again, then its runner and this widget."
    if ended.says_reconnect(error):
        return f"Make {'the runner and ' if runner else ''}this widget again after that."
    then = "the runner goes on by itself" if runner else "it is shown again"
    if "check" in error:
        return f"{then[0].upper()}{then[1:]} once the server answers."
    return f"Check the server: {then} once it answers."


def is_lost(error: Exception) -> bool:
    """Whether the error means that a store does not answer, or that an application was closed."""
    from esnb.running.transient import is_transient  # brings redis-py

    lost = (OSError, InterfaceError, ConnectionPoolClosedError)
    return isinstance(error, lost) or is_transient(error)
