"""How many events lie between a checkpoint and the last event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.sqlite import SQLiteApplicationRecorder

MOST_COUNTED = 10_000
"""Events counted for a lag; a longer lag is unknown."""


def has_gapless_ids(recorder: object) -> bool:
    """Whether a recorder's notification ids are 1, 2, 3 and so on."""
    return isinstance(recorder, POPOApplicationRecorder | SQLiteApplicationRecorder)


def application_lag(recorder: ApplicationRecorder, position: int | None, head: int) -> int | None:
    """Events of an application after `position`, up to `head`; None: too many to count."""
    if position is not None and position >= head:
        return 0
    if has_gapless_ids(recorder):
        return head - (position or 0)
    later = recorder.select_notifications(
        position, MOST_COUNTED + 1, stop=head, inclusive_of_start=False
    )
    return len(later) if len(later) <= MOST_COUNTED else None


def category_lag(client: Any, category: str, position: int) -> tuple[int | None, int | None]:
    """The position of a category's last event, and how many events lie after `position`.

    Both are None where the server has no events of the category, the second
    one where there are too many to count.
    """
    from esnb.clients.errors import answered  # brings gRPC, as the client has already
    from esnb.eventstoredb.envelope import is_of_server
    from esnb.eventstoredb.log import ServerLog, position_of

    log = ServerLog.of_streams(client, f"{re.escape(category)}-.*")

    def own(events: Iterator[Any]) -> Iterator[int]:
        return (position_of(event) for event in events if not is_of_server(event))

    with answered(client):
        head = next(own(log.backwards(limit=MOST_COUNTED)), None)
        if head is None:
            return None, None
        later = takewhile(head.__ge__, own(log.forwards(position + 1, limit=MOST_COUNTED + 1)))
        count = sum(1 for _ in later)
    return head, count if count <= MOST_COUNTED else None
