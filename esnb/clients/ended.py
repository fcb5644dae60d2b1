"""Which servers are gone for good, for the errors of those who still use them."""

from __future__ import annotations

from collections.abc import Callable

CONNECT_AGAIN = "call esnb.connect() again"
PASS_ANOTHER = "pass an open one"
_AGAIN = f"{CONNECT_AGAIN}, and make the application, view or client again with the new stores"

_closed: dict[str, str] = {}
"""By URI: how the stores are called that ended the embedded server there."""
_running: dict[str, tuple[str, Callable[[], bool]]] = {}
"""By URI: the name of an embedded server in use, and whether it runs still."""


def register_embedded(uri: str, name: str, is_alive: Callable[[], bool]) -> None:
    """There is an embedded server at `uri`; nobody starts it again there once it has ended."""
    _closed.pop(uri, None)
    _running[uri] = name, is_alive


def remember(uri: str, stores: str) -> None:
    """The server at `uri` ended with `stores`."""
    _running.pop(uri, None)
    _closed[uri] = stores


def explain_gone(uri: str) -> str | None:
    """What an error about the server at `uri` is really about; None where it is not gone.

    >>> register_embedded("redis://localhost:4711", "Redis", lambda: False)
    >>> explain_gone("redis://localhost:4711")
    'the embedded Redis has ended: call esnb.connect() again, and make the application, \
view or client again with the new stores'
    >>> remember("redis://localhost:4711", "Stores(embedded, closed)")
    >>> explain_gone("redis://localhost:4711")
    'Stores(embedded, closed) are closed: call esnb.connect() again, and make the application, \
view or client again with the new stores'
    >>> register_embedded("redis://localhost:4711", "Redis", lambda: True)
    >>> explain_gone("redis://localhost:4711")
    """
    if uri in _closed:
        return f"{_closed[uri]} are closed: {_AGAIN}"
    name, is_alive = _running.get(uri, ("", bool))
    return f"the embedded {name} has ended: {_AGAIN}" if name and not is_alive() else None


def says_reconnect(text: str) -> bool:
    """Whether an error's text says that nothing but a new connection helps."""
    return CONNECT_AGAIN in text or PASS_ANOTHER in text
