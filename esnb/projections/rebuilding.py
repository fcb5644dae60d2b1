"""Filling a view anew, beside the one that is read meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from hashlib import blake2b
from typing import Any, NoReturn, Protocol

from eventsourcing.persistence import NotSupportedError, Tracking, TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder

from esnb.fingerprints.fingerprint import fingerprint
from esnb.projections.sql_group import is_sqlalchemy
from esnb.projections.sql_rebuilding import InTables
from esnb.redis import ForeignViewError, RedisTrackingRecorder

LABEL = "rebuild"
"""Of the namespace, beside the view's own, in which a Redis view is rebuilt."""


class Rebuilds(Protocol):
    """How a kind of view is filled anew and swapped in."""

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


def rebuilds_of(
    view: TrackingRecorder,
    *,
    application_name: str,
    projection_class: type[Any],
    make: Callable[[], TrackingRecorder],
) -> Rebuilds:
    """How `view` is rebuilt; `make()` gives another one of its class."""
    if isinstance(view, RedisTrackingRecorder):
        return _InRedis(view, application_name, projection_class)
    if isinstance(view, POPOTrackingRecorder):
        return _InMemory(view, make)
    if is_sqlalchemy(view):
        return InTables(view, application_name, _code(projection_class, type(view)))
    return _Nowhere(view)


def can_rebuild(rebuilds: Rebuilds) -> bool:
    """Whether there is a way to rebuild a view of that kind."""
    return not isinstance(rebuilds, _Nowhere)


def _code(projection_class: type[Any], view_class: type[Any]) -> str:
    """A fingerprint of all the code that fills a view."""
    both = f"{fingerprint(projection_class)}{fingerprint(view_class)}"
    return blake2b(both.encode(), digest_size=12).hexdigest()


def claim(view: TrackingRecorder, projection_class: type[Any]) -> None:
    """Raises ForeignViewError for a view that another projection has written.

    Only Redis views know whose they are. The class counts by its qualified
    name, so that it may move to another module, from a notebook into a
    package for instance.
    """
    if not isinstance(view, RedisTrackingRecorder):
        return
    own = projection_class.__qualname__
    owner = view.claim(own).partition(" ")[0]
    if owner != own:
        raise ForeignViewError(
            f"view {view.namespace.name!r} in Redis was written by the projection {owner!r}, not "
            f"by {own!r}: give this projection a name of its own (its class attribute `name`), or "
            "have it fill the view anew with rebuild()"
        )


class _InRedis:
    """In a namespace of its own, which one script renames over the view's.

    It bears the fingerprint of the code that fills it: when that has changed
    since, a rebuild that was interrupted starts over.
    """

    def __init__(
        self, view: RedisTrackingRecorder, application_name: str, projection_class: type[Any]
    ) -> None:
        self._view = view
        self._application_name = application_name
        self._projection_class = projection_class

    @cached_property
    def _owner(self) -> str:
        # Once: what the code names, a cache for instance, may change while it runs.
        code = _code(self._projection_class, type(self._view))
        return f"{self._projection_class.__qualname__} {code}"

    def check(self) -> None:
        """It can."""

    def pending(self) -> TrackingRecorder | None:
        found = self._view.in_namespace(LABEL)
        if found.take_up(self._application_name) is None:
            return None
        return found if found.claim(self._owner) == self._owner else self.begin()

    def begin(self) -> TrackingRecorder:
        self._view.in_namespace(LABEL).discard()
        new = self._view.in_namespace(LABEL)
        new.claim(self._owner)
        # Below every event: it says that the rebuild has begun.
        new.insert_tracking(Tracking(self._application_name, 0))
        return new

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        assert isinstance(filled, RedisTrackingRecorder)
        name = self._application_name
        if (self._view.max_tracking_id(name) or 0) > (head or 0):
            return filled.replace(self._view)
        reached = Tracking(name, filled.max_tracking_id(name) or 0)
        return filled.replace(self._view, reached=reached)

    def is_gone(self, filled: TrackingRecorder) -> bool:
        assert isinstance(filled, RedisTrackingRecorder)
        return filled.take_up(self._application_name) is None or filled._owner() != self._owner


class _InMemory:
    """In another object, whose state the view then takes over."""

    def __init__(self, view: POPOTrackingRecorder, make: Callable[[], TrackingRecorder]) -> None:
        self._view = view
        self._make = make

    def check(self) -> None:
        """It can."""

    def pending(self) -> TrackingRecorder | None:
        return None

    def begin(self) -> TrackingRecorder:
        return self._make()

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        with self._view._database_lock:
            self._view.__dict__ = filled.__dict__
        return True

    def is_gone(self, filled: TrackingRecorder) -> bool:
        return False


class _Nowhere:
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
