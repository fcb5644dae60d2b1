"""A link to one event: code that shows it again, in another kernel too."""

from __future__ import annotations

import os
from typing import Any

from esnb.sources.record import EventSource


def link(given: Any, source: EventSource, at: str | None) -> str:
    """`esnb.browse(source, at=…)`, with the name by which a notebook knows what it was given."""
    place = "" if at is None else f", at={at}"
    return f"esnb.browse({_name(given, source)}{place})"


def _name(given: Any, source: EventSource) -> str:
    if isinstance(given, str | os.PathLike):
        return repr(os.fspath(given))
    fallback = "app" if source.origin.kind == "application" else "stores"
    return next((name for name, value in _variables() if value is given), fallback)


def _variables() -> list[tuple[str, Any]]:
    """Those of the notebook; IPython's own begin with an underscore."""
    from IPython import get_ipython

    found: dict[str, Any] = getattr(get_ipython(), "user_ns", {})
    return [(name, value) for name, value in list(found.items()) if name[:1] != "_"]
