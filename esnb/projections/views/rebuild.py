"""Filling a view again, beside the one that is read meanwhile."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NoReturn, Protocol

from eventsourcing.persistence import NotSupportedError, TrackingRecorder

from esnb.fingerprints.fingerprint import fingerprint


class Rebuild(Protocol):
    """How a view is filled again and swapped in."""

    @property
    def is_possible(self) -> bool:
        """Whether there is a way to rebuild a view of its kind."""

    def check(self) -> None:
        """Raises NotSupportedError for a view that cannot be rebuilt."""

    def pending(self) -> TrackingRecorder | None:
        """The new view of a rebuild that did not come to its end, if there is one."""

    def begin(self) -> TrackingRecorder:
        """A new view, empty; what an earlier rebuild left is gone."""

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        """Puts the new view in the place of the old one, for every reader at once.

        Not, and False, while the old one is further: another runner of the
        projection moves it. One that is beyond the `head` of the event store
        does not count.
        """

    def is_gone(self, filled: TrackingRecorder) -> bool:
        """Whether another has swapped the new view in, or begun one with other code."""


def code_of(projection_class: type[Any], view_class: type[Any]) -> str:
    """A fingerprint of all the code that fills a view, of 24 characters."""
    both = f"{fingerprint(projection_class)}{fingerprint(view_class)}"
    return blake2b(both.encode(), digest_size=12).hexdigest()


class NoRebuild:
    """Of a view that has no place beside itself."""

    is_possible = False

    def __init__(self, view: TrackingRecorder) -> None:
        self._view = view

    def check(self) -> NoReturn:
        raise NotSupportedError(
            f"{type(self._view).__qualname__} cannot be rebuilt beside itself: its store has one "
            "set of tables. Stop the runner, drop the view's tables (or name another database) "
            "and start it again, or keep the view in Redis (esnb.redis.RedisView)"
        )

    def pending(self) -> TrackingRecorder | None:
        return None

    def begin(self) -> TrackingRecorder:
        self.check()

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        self.check()

    def is_gone(self, filled: TrackingRecorder) -> bool:
        self.check()
