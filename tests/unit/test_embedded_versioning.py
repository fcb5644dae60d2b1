"""What an append may do, told as EventStoreDB tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esnb.embedded.storage.record import NO_STREAM
from esnb.embedded.streams.versioning import (
    ANY,
    STREAM_EXISTS,
    Decision,
    StreamCondition,
    Verdict,
    decide,
)

ACCEPTED, REPEATED = Verdict.ACCEPTED, Verdict.REPEATED
WRONG, DELETED = Verdict.WRONG_VERSION, Verdict.DELETED


def judged(
    expected: int,
    events: str,
    stream: str = "",
    *,
    tombstoned: bool = False,
    soft_deleted: bool = False,
    has_metadata: bool = False,
) -> Decision:
    """The decision about `events` for a `stream` whose events have these letters for ids."""
    condition = StreamCondition(len(stream) - 1, tombstoned, soft_deleted, has_metadata)
    ids = [letter.encode() for letter in stream]
    return decide(
        expected,
        [letter.encode() for letter in events],
        condition,
        lambda event_id: ids.index(event_id) if event_id in ids else None,
        lambda revision: ids[revision] if 0 <= revision < len(ids) else None,
    )


@pytest.mark.parametrize(
    ("expected", "events", "stream", "verdict"),
    [
        (NO_STREAM, "x", "", ACCEPTED),
        (NO_STREAM, "x", "abc", WRONG),
        (NO_STREAM, "ab", "abc", REPEATED),
        (NO_STREAM, "abcd", "abc", WRONG),
        (NO_STREAM, "", "abc", WRONG),
        (ANY, "x", "", ACCEPTED),
        (ANY, "x", "abc", ACCEPTED),
        (ANY, "b", "abc", REPEATED),
        (ANY, "bx", "abc", WRONG),
        (ANY, "xb", "abc", ACCEPTED),
        (ANY, "", "abc", ACCEPTED),
        (STREAM_EXISTS, "x", "", WRONG),
        (STREAM_EXISTS, "x", "abc", ACCEPTED),
        (STREAM_EXISTS, "c", "abc", REPEATED),
        (0, "x", "", WRONG),
        (0, "bc", "abc", REPEATED),
        (0, "bx", "abc", WRONG),
        (2, "c", "abc", ACCEPTED),
        (3, "x", "abc", WRONG),
    ],
)
def test_expected_revision(expected: int, events: str, stream: str, verdict: Verdict) -> None:
    assert judged(expected, events, stream).verdict is verdict


def test_repetition_tells_where_the_last_event_was_recorded() -> None:
    assert judged(ANY, "ab", "abc").repeats == 1
    assert judged(0, "bc", "abc").repeats == 2


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, STREAM_EXISTS, 0, 2])
def test_tombstone_refuses_everything(expected: int) -> None:
    assert judged(expected, "x", "abc", tombstoned=True).verdict is DELETED


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, 2])
def test_soft_deleted_stream_comes_back(expected: int) -> None:
    decision = judged(expected, "x", "abc", soft_deleted=True, has_metadata=True)
    assert decision == Decision(ACCEPTED, recreates=True)


def test_soft_deleted_stream_does_not_exist() -> None:
    deleted = judged(STREAM_EXISTS, "x", "abc", soft_deleted=True, has_metadata=True)
    assert deleted.verdict is DELETED
    assert judged(1, "x", "abc", soft_deleted=True, has_metadata=True).verdict is WRONG


def test_metadata_alone_make_a_stream_exist() -> None:
    assert judged(STREAM_EXISTS, "x", has_metadata=True).verdict is ACCEPTED


@given(st.integers(0, 5), st.integers(1, 4))
def test_whatever_was_accepted_at_a_revision_is_known_again(before: int, length: int) -> None:
    stream = "abcdefghij"[: before + length]
    events = stream[before:]
    decision = judged(before - 1, events, stream)
    assert decision == Decision(REPEATED, repeats=len(stream) - 1)
