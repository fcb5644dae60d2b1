"""Which code folds the events of what a snapshot is a snapshot of."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import BaseAggregate, CanMutateProtocol
from eventsourcing.utils import resolve_topic

from esnb.fingerprints.fingerprint import fingerprint, function_fingerprint, module_fingerprint


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
    aggregate_class = _aggregate_class(snapshot)
    if isinstance(aggregate_class, type):
        own = fingerprint(aggregate_class)
        if issubclass(aggregate_class, BaseAggregate) and isinstance(snapshot, CanMutateProtocol):
            return own
    classes = [each for each in (aggregate_class, type(snapshot)) if each is not None]
    projectors = _registered_projectors(aggregate_class, application)
    modules = {each.__module__ for each in (*classes, *_applications(application))}
    if aggregate_class is not None and projectors:
        modules = set()  # the fold is known: what else its module defines has no part in it
    parts = [
        *map(fingerprint, (each for each in classes if isinstance(each, type))),
        *map(module_fingerprint, sorted(modules)),
        *sorted(map(function_fingerprint, projectors)),
    ]
    return hashlib.blake2b("".join(parts).encode(), digest_size=16).hexdigest()


def folds_of(snapshot: Any, application: str = "") -> Iterator[Callable[[Any], Any]]:
    """The functions that may make an aggregate of `snapshot`, as far as they can be known.

    Its own `mutate()`, the projector with which the application is taking it at
    this moment, and the snapshotting projectors of the applications called
    `application`.
    """
    if isinstance(snapshot, CanMutateProtocol):
        yield lambda each: each.mutate(None)
    for projector in [
        *_snapshotting_projectors(),
        *_registered_projectors(_aggregate_class(snapshot), application),
    ]:
        yield _of_one(projector)


def _of_one(projector: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda snapshot: projector(None, [snapshot])


def _aggregate_class(snapshot: Any) -> Any:
    """The class that the snapshot's topic names; None where it has no topic."""
    topic = getattr(snapshot, "topic", None)
    return resolve_topic(topic) if isinstance(topic, str) and topic else None


def _registered_projectors(aggregate_class: Any, application: str) -> list[Callable[..., Any]]:
    """The applications' projectors for aggregates of this class (None: of any)."""
    return [
        projector
        for each in _applications(application)
        for cls, projector in each.snapshotting_projectors.items()
        if aggregate_class in (None, cls)
    ]


def _snapshotting_projectors() -> Iterator[Callable[..., Any]]:
    """The projector that `take_snapshot()` was called with, which the library does not tell any store."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is Application.take_snapshot.__code__:
            yield frame.f_locals["projector_func"]
            return
        frame = frame.f_back


def _applications(name: str) -> list[type[Application[Any]]]:
    return [each for each in _subclasses(Application) if each.name == name]


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
