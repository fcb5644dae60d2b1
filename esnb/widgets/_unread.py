"""What an open widget says where its store cannot be read: the error, and the way out, once."""

from __future__ import annotations

import re

from eventsourcing.persistence import ConnectionPoolClosedError, InterfaceError

from esnb import _closed
from esnb._uri import said

_POOL_CLOSED = re.compile(r"\bpool\b.*\bclosed\b")
"""How psycopg says what ConnectionPoolClosedError says of SQLite."""


def unread(what: str, error: Exception, again: str = "try again") -> str:
    """Two lines: `what` could not be read and why; then what to do, where the error does not say so.

    `again` is how one reads again.

    >>> print(unread("The flow could not be read again", ConnectionError("refused")))
    The flow could not be read again: ConnectionError: refused
    What was read before is still shown. Check the connection, then try again.
    """
    shown, advice = _reason(error, again)
    kept = "What was read before is still shown."
    return f"{what}: {shown}\n{kept} {advice}".rstrip()


def _reason(error: Exception, again: str) -> tuple[str, str]:
    text = said(error)
    if _is_of_closed_application(error):
        return "the application is closed", "Make the application again, then this widget."
    if _closed.is_said(text):
        return text, "Make this widget again after that."
    if not is_lost(error) or "again" in text:
        return text, ""
    if "check" in text:
        return text, f"Then {again}."
    return text, f"Check the connection, then {again}."


def is_lost(error: Exception) -> bool:
    """Whether a server is away, and may come back."""
    from esnb.projections.errors import is_transient  # brings the runners

    return isinstance(error, OSError | InterfaceError) or is_transient(error)


def _is_of_closed_application(error: Exception) -> bool:
    return isinstance(error, ConnectionPoolClosedError) or bool(_POOL_CLOSED.search(str(error)))
