"""What a real server has written before its first client comes."""

from __future__ import annotations

import json
import uuid
from typing import Any

from esnb.embedded.storage.record import NO_STREAM, Proposed
from esnb.embedded.streams.store import Store

_PROJECTIONS = (
    "$streams",
    "$stream_by_category",
    "$by_category",
    "$by_event_type",
    "$by_correlation_id",
)


def bootstrap(store: Store) -> None:
    """Give an empty log the system events that `$all` begins with."""
    _append(store, "$$$settings", "$metadata", {"$maxCount": 1})
    _append(store, "$projections-$all", "$ProjectionsInitialized", {})
    for name in _PROJECTIONS:
        _append(store, "$projections-$all", "$ProjectionCreated", name)
    for login in ("admin", "ops"):
        _append(store, f"$user-{login}", "$UserCreated", {"LoginName": login})
        _append(store, "$users", "$User", login)


def _append(store: Store, stream: str, type: str, data: Any) -> None:
    last = store.ahead.state(stream).last
    assert last >= NO_STREAM
    event = Proposed(uuid.uuid4().bytes, type, True, json.dumps(data).encode(), b"")
    _, batch = store.append(stream, last, [event])
    store.log.write((batch,))
    store.committed(batch)
