"""How many events lie between a checkpoint and the last event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eventsourcing.persistence import ApplicationRecorder

from esnb.sources.application import has_gapless_ids

MOST_COUNTED = 10_000
"""Events that are counted for a lag; one that is longer is not known."""


def application_lag(recorder: ApplicationRecorder, position: int, head: int) -> int | None:
    """Events of an application after `position`, up to `head`; None: too many to count."""
    if position >= head:
        return 0
    if has_gapless_ids(recorder):
        return head - position
    later = recorder.select_notifications(
        position, MOST_COUNTED + 1, stop=head, inclusive_of_start=False
    )
    return len(later) if len(later) <= MOST_COUNTED else None


def category_lag(client: Any, category: str, position: int) -> tuple[int | None, int | None]:
    """The position of a category's last event, and how many events lie after `position`.

    Both are None where the server has no events of the category, the second
    one where there are too many to count or none begins at `position`.
    """
    from esnb.clients.installed import ClientError  # brings gRPC, as the client has already
    from esnb.eventstoredb.envelope import is_of_server
    from esnb.sources.server import reading

    @contextmanager
    def of_category(**bounds: Any) -> Iterator[Iterator[int]]:
        pattern = f"{re.escape(category)}-.*"
        with reading(
            client, "read_all", filter_include=[pattern], filter_by_stream_name=True, **bounds
        ) as events:
            yield (event.commit_position or 0 for event in events if not is_of_server(event))

    with of_category(backwards=True, limit=MOST_COUNTED) as newest:
        head = next(newest, None)
    if head is None:
        return None, None
    if position >= head:
        return head, 0
    try:
        with of_category(commit_position=position, limit=MOST_COUNTED + 2) as events:
            later = sum(position < each <= head for each in events)
    except ClientError:
        return head, None
    return head, later if later <= MOST_COUNTED else None
