"""Which code folds the events of what a snapshot is a snapshot of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import BaseAggregate, CanMutateProtocol
from eventsourcing.utils import resolve_topic

from esnb.fingerprint import fingerprint, function_fingerprint, module_fingerprint


def fold_fingerprint(snapshot: Any, application: str = "") -> str:
    """The present fingerprint of the code that made the state in `snapshot`.

    For the library's aggregates that of the aggregate class, which the
    snapshot's topic names. Aggregates that functions fold do not say which
    functions: then also of the snapshotting projector that the applications
    called `application` have for that class; where there is none, or the snapshot
    has no topic, of all their projectors and of all that the modules of the
    state's class, of the snapshot's class and of those applications define.
    Raises TopicError when the class is gone.
    """
    topic = getattr(snapshot, "topic", None)
    aggregate_class = resolve_topic(topic) if isinstance(topic, str) and topic else None
    if isinstance(aggregate_class, type):
        own = fingerprint(aggregate_class)
        if issubclass(aggregate_class, BaseAggregate) and isinstance(snapshot, CanMutateProtocol):
            return own
    classes = [each for each in (aggregate_class, type(snapshot)) if each is not None]
    applications = [each for each in _subclasses(Application) if each.name == application]
    projectors = [
        projector
        for each in applications
        for cls, projector in each.snapshotting_projectors.items()
        if aggregate_class in (None, cls)
    ]
    modules = {each.__module__ for each in (*classes, *applications)}
    if aggregate_class is not None and projectors:
        modules = set()  # the fold is known: what else its module defines has no part in it
    parts = [
        *map(fingerprint, (each for each in classes if isinstance(each, type))),
        *map(module_fingerprint, sorted(modules)),
        *sorted(map(function_fingerprint, projectors)),
    ]
    return hashlib.blake2b("".join(parts).encode(), digest_size=16).hexdigest()


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
