"""What a read may see, and where it is sent on to."""

from __future__ import annotations

import pytest

from esnb.embedded.streams.stream_metadata import UNLIMITED, StreamMetadata
from esnb.embedded.streams.truncation import least_visible, oldest_visible, skipped_to


@pytest.mark.parametrize(
    ("metadata", "last", "least"),
    [
        (UNLIMITED, 9, 0),
        (StreamMetadata(max_count=2), 9, 8),
        (StreamMetadata(max_count=20), 9, 0),
        (StreamMetadata(truncate_before=4), 9, 4),
        (StreamMetadata(max_count=2, truncate_before=4), 9, 8),
        (StreamMetadata(max_count=9, truncate_before=40), 9, 40),
    ],
)
def test_least_visible(metadata: StreamMetadata, last: int, least: int) -> None:
    assert least_visible(metadata, last) == least


def test_oldest_visible() -> None:
    assert oldest_visible(StreamMetadata(max_age=30), 100) == 70
    assert oldest_visible(UNLIMITED, 100) is None


@pytest.mark.parametrize(
    ("start", "count", "least", "young", "last", "hops"),
    [
        (0, 100, 0, 0, 2, []),
        (3, 100, 0, 0, 2, []),  # the end itself
        (9, 100, 0, 0, 2, [3]),  # beyond it
        (0, 100, 2, 2, 2, []),  # the first page reaches what is visible
        (0, 1, 2, 2, 2, [2]),  # here it does not
        (0, 100, 40, 40, 50, [40]),
        (0, 100, 3, 3, 2, [3]),
        (0, 100, 99, 99, 2, [99, 3]),
        (0, 100, 0, 3, 2, [3]),  # all are too old
        (3, 100, 0, 3, 2, []),
        (0, 100, 0, 2, 2, []),  # some are, and the first page reaches the others
        (0, 2, 0, 2, 2, [2]),
        (0, 100, 0, 40, 50, [40]),
        (0, 1, 1, 2, 2, [1, 2]),
    ],
)
def test_hops(start: int, count: int, least: int, young: int, last: int, hops: list[int]) -> None:
    assert skipped_to(start, count, least, young, last) == hops
