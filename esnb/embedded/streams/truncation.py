"""What of a stream a read may see, and what it says about the rest.

EventStoreDB reads pages of 32 events and tells, page by page, where it had to
look for the first event; clients see that as `first_stream_position`.
"""

from __future__ import annotations

from esnb.embedded.streams.stream_metadata import StreamMetadata

PAGE = 32


def least_visible(metadata: StreamMetadata, last: int) -> int:
    """The lowest revision that `$maxCount` and `$tb` leave visible."""
    least = 0
    if metadata.max_count is not None:
        least = max(least, last - metadata.max_count + 1)
    if metadata.truncate_before is not None:
        least = max(least, metadata.truncate_before)
    return least


def oldest_visible(metadata: StreamMetadata, now: int) -> int | None:
    """The time (100 ns since 1970) before which `$maxAge` hides events."""
    return None if metadata.max_age is None else now - metadata.max_age


def skipped_to(start: int, count: int, least: int, first: int, last: int) -> list[int]:
    """Where a forward read from `start` was sent on to before it met an event or the end.

    One number a page that held nothing: the lowest revision that `$maxCount` and
    `$tb` leave (`least`) when the page lies below it, then the first one that is
    visible when `$maxAge` hides all of the page, else the end of the stream.
    """
    hops = []
    if _page_end(start, count) < least:
        hops.append(least)
        start = least
    if max(start, first) > last:
        if start != last + 1:
            hops.append(last + 1)
    elif first > _page_end(start, count):
        hops.append(first)
    return hops


def _page_end(start: int, count: int) -> int:
    return start + min(PAGE, count) - 1
