"""The version mapping: versions of the library, revisions of EventStoreDB."""

from __future__ import annotations

import pytest
from eventsourcing.persistence import IntegrityError, ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from esnb.eventstoredb.revisions import VersionMap

firsts = st.integers(0, 5)
bounds = st.none() | st.integers(-3, 15)


@given(first=firsts, version=st.integers(0, 2**63))
def test_versions_and_revisions_are_inverse(first: int, version: int) -> None:
    versions = VersionMap(first)
    assert versions.version(versions.revision(version)) == version
    assert versions.version(0) == first


@given(
    first=firsts,
    count=st.integers(0, 8),
    gt=bounds,
    lte=bounds,
    desc=st.booleans(),
    limit=st.none() | st.integers(-1, 10),
)
def test_a_window_selects_what_the_library_asks_for(
    first: int, count: int, gt: int | None, lte: int | None, desc: bool, limit: int | None
) -> None:
    # Given a stream of `count` events,
    stored = [first + revision for revision in range(count)]
    wanted = [
        version
        for version in (reversed(stored) if desc else stored)
        if (gt is None or version > gt) and (lte is None or version <= lte)
    ][: None if limit is None else max(limit, 0)]
    # when its window is read as the server reads,
    window = VersionMap(first).window(gt=gt, lte=lte, desc=desc, limit=limit)
    revisions: list[int] = []
    if window is not None:
        assert window.revision is None or window.revision >= 0
        assert window.limit is None or window.limit > 0
        if window.backwards:
            start = count - 1 if window.revision is None else min(window.revision, count - 1)
            revisions = list(range(start, -1, -1))
        else:
            revisions = list(range(window.revision or 0, count))
        revisions = revisions[: window.limit]
    # then it holds the versions that were asked for (going backwards the lower bound is the reader's).
    lowest = -1 if gt is None else gt - first
    assert [first + revision for revision in revisions if revision > lowest] == wanted


@given(first=firsts, start=st.integers(0, 9), count=st.integers(1, 5))
def test_the_expected_revision_is_the_one_before(first: int, start: int, count: int) -> None:
    versions = list(range(first + start, first + start + count))
    assert VersionMap(first).expected_revision(versions) == (start - 1 if start else None)


@pytest.mark.parametrize("versions", [[1, 1], [1, 3], [2, 1], [5, 6, 8]])
def test_gaps_and_repeats_are_refused(versions: list[int]) -> None:
    with pytest.raises(IntegrityError, match="not consecutive"):
        VersionMap(1).expected_revision(versions)


def test_below_the_first_both_settings_are_named() -> None:
    with pytest.raises(ProgrammingError, match=r"EVENTSTOREDB_FIRST_VERSION.*INITIAL_VERSION"):
        VersionMap(1).expected_revision([0, 1])
