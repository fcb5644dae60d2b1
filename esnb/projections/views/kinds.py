"""Which kind a view is of."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from eventsourcing.persistence import TrackingRecorder

from esnb.projections.views.kind import ViewKind

_HERE = "esnb.projections.views"

KINDS: dict[str, str | type[ViewKind]] = {
    "esnb.redis.tracking:RedisTrackingRecorder": f"{_HERE}.redis:RedisKind",
    "esnb.redis.view:RedisView": f"{_HERE}.redis:RedisViewKind",
    "eventsourcing.popo:POPOTrackingRecorder": f"{_HERE}.memory:MemoryKind",
    "eventsourcing.postgres:PostgresTrackingRecorder": f"{_HERE}.database:PostgresKind",
    "eventsourcing.sqlite:SQLiteTrackingRecorder": f"{_HERE}.database:SQLiteKind",
    "eventsourcing_sqlalchemy.recorders:SQLAlchemyTrackingRecorder": (
        f"{_HERE}.sqlalchemy:SQLAlchemyKind"
    ),
}
"""The kind of each class of views and of its subclasses, both by their names.

Neither is imported before a view of that kind is met.
"""


def register(view_class: type[TrackingRecorder], kind: type[ViewKind]) -> None:
    """Has views of a class, and of its subclasses, treated as `kind` does."""
    KINDS[_name(view_class)] = kind


def kind_of(view: Any) -> ViewKind:
    """How `view` is kept; as the library has it where its class is not known."""
    return kind_class(type(view))(view)


def kind_class(view_class: type[Any]) -> type[ViewKind]:
    """The kind of a class of views: that of its nearest base class that has one."""
    found = next(
        (KINDS[name] for name in map(_name, view_class.__mro__) if name in KINDS), ViewKind
    )
    if isinstance(found, str):
        module, _, name = found.partition(":")
        kind: type[ViewKind] = getattr(import_module(module), name)
        return kind
    return found


def _name(view_class: type[Any]) -> str:
    return f"{view_class.__module__}:{view_class.__qualname__}"
