"""An aggregate's versions and its stream's revisions.

The library counts an aggregate's events from 1 (or from the class's
`INITIAL_VERSION`), EventStoreDB counts a stream's from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eventsourcing.persistence import IntegrityError, ProgrammingError


@dataclass(frozen=True)
class Window:
    """What to read from a stream."""

    revision: int | None
    """Where to begin, inclusive; None: at the stream's first (backwards: last) event."""
    backwards: bool
    limit: int | None


@dataclass(frozen=True)
class VersionMap:
    """Maps versions to revisions; `first` is the version of revision 0."""

    first: int = 1

    def version(self, revision: int) -> int:
        """The version of the event at `revision`."""
        return revision + self.first

    def revision(self, version: int) -> int:
        """The revision of the event with `version`; negative below the first."""
        return version - self.first

    def expected_revision(self, versions: Sequence[int]) -> int | None:
        """The revision a stream must be at to take events of these versions; None: no stream.

        Raises IntegrityError when the versions have a gap or a repeat, and
        ProgrammingError when the first of them lies below `first`.
        """
        start = versions[0]
        if start < self.first:
            raise ProgrammingError(
                f"version {start} lies below the first version {self.first}: the setting "
                f"EVENTSTOREDB_FIRST_VERSION (now {self.first}) and the aggregate class's "
                f"INITIAL_VERSION (it began at {start}) must be equal"
            )
        for offset, version in enumerate(versions):
            if version != start + offset:
                raise IntegrityError(
                    f"versions are not consecutive: {version} where {start + offset} was expected"
                )
        return None if start == self.first else self.revision(start) - 1

    def window(
        self, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
    ) -> Window | None:
        """The part of a stream that holds versions above `gt` up to `lte`; None when empty."""
        lowest = 0 if gt is None else max(0, self.revision(gt) + 1)
        highest = None if lte is None else self.revision(lte)
        if highest is not None and highest < lowest:
            return None
        if limit is not None and limit <= 0:
            return None
        if desc:
            return Window(highest, backwards=True, limit=limit)
        if highest is not None:
            count = highest - lowest + 1
            limit = count if limit is None else min(limit, count)
        return Window(lowest or None, backwards=False, limit=limit)
