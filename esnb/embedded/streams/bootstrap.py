"""What a real server has written before its first client comes."""

from __future__ import annotations

import json
import uuid
from typing import Any

from esnb.embedded.storage.log import LogWrite
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.store import Store

_PROJECTIONS = (
    "$streams",
    "$stream_by_category",
    "$by_category",
    "$by_event_type",
    "$by_correlation_id",
)


def bootstrap(store: Store) -> None:
    """Give an empty log the system events that `$all` begins with, all of them or none."""
    batch = LogWrite()

    def add(stream: str, type: str, data: Any) -> None:
        event = Proposed(uuid.uuid4().bytes, type, True, json.dumps(data).encode(), b"")
        store.emit(batch, stream, [event])

    add("$$$settings", "$metadata", {"$maxCount": 1})
    add("$projections-$all", "$ProjectionsInitialized", {})
    for name in _PROJECTIONS:
        add("$projections-$all", "$ProjectionCreated", name)
    for login in ("admin", "ops"):
        add(f"$user-{login}", "$UserCreated", {"LoginName": login})
        add("$users", "$User", login)
    store.log.write((batch,))
    store.committed(batch)
