"""Which embedded servers this process has ended, for the errors of those who still use them."""

from __future__ import annotations

_closed: dict[str, str] = {}
"""By URI: how the stores that it belonged to are called."""


def remember(uri: str, stores: str) -> None:
    """The server at `uri` ended with `stores`."""
    _closed[uri] = stores


def forget(uri: str) -> None:
    """There is a server at `uri` again."""
    _closed.pop(uri, None)


def remark(uri: str) -> str | None:
    """What an error about the server at `uri` is really about; None where it was not closed.

    >>> remember("redis://localhost:4711", "Stores(embedded, closed)")
    >>> remark("redis://localhost:4711")
    'Stores(embedded, closed) are closed: call esnb.connect() again, and make the application, \
view or client anew with the new stores'
    >>> forget("redis://localhost:4711")
    """
    stores = _closed.get(uri)
    if stores is None:
        return None
    return (
        f"{stores} are closed: call esnb.connect() again, and make the application, view or "
        "client anew with the new stores"
    )
