"""What esnb keeps of failures beside a read model, where fields are hidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from esnb.projections.views.dead_letters import KEY
from esnb.sources.redaction import REDACTED, Redaction

ViewRow = tuple[Any, ...]
"""Key, type, field and value."""


def without_texts(rows: Iterable[ViewRow], redaction: Redaction) -> Iterator[ViewRow]:
    """The rows of a view; of errors that esnb noted in it only the kind, and no traceback.

    The text of an error may contain any value. An outbox's records are hidden
    whole: `outbox_records` reads them.
    """
    kept = list(rows)
    hides = _of_keys({str(row[0]) for row in kept}, redaction)
    for key, kind, field, value in kept:
        hide = hides.get(str(key))
        yield key, kind, field, value if hide is None else hide(value)


def _of_keys(keys: set[str], redaction: Redaction) -> dict[str, Callable[[Any], str]]:
    """What hides the values of a key, of those that are esnb's own."""
    from esnb.outbox.view import RECORDS  # brings redis-py

    failure = partial(_failure, redaction=redaction)
    hides: dict[str, Callable[[Any], str]] = {KEY: failure}
    if RECORDS in keys:
        hides |= {RECORDS: lambda value: REDACTED, "status": failure}
    return hides


def _failure(text: Any, redaction: Redaction) -> str:
    try:
        noted = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return REDACTED
    if not isinstance(noted, dict):
        return REDACTED
    if isinstance(noted.get("error"), str):
        noted["error"] = redaction.message(noted["error"])
    if "traceback" in noted:
        noted["traceback"] = REDACTED
    return json.dumps(noted, ensure_ascii=False)
