"""The event types of a source: what they carry, where they belong, how many there are."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

import pandas as pd
from eventsourcing import domain
from eventsourcing.domain import BaseAggregate, CanInitAggregate
from eventsourcing.utils import construct_topic

from esnb.clients.uri import guarded_argument
from esnb.frames.schema import build_rows
from esnb.sources.bookkeeping import ENVELOPE
from esnb.sources.columns import Schema
from esnb.sources.moments import own_time
from esnb.sources.payload import collector_paused
from esnb.sources.progress_bar import track
from esnb.sources.record import Record
from esnb.sources.source import source_of
from esnb.tables.kind import Kind

CATALOG: Schema = {
    "type": "string",
    "aggregate": "string",
    "fields": "string",
    "events": "Int64",
    "streams": "Int64",
    "first_time": "time",
    "last_time": "time",
    "topic": "string",
}
EVENT_TYPE = Kind("type", strong="type", secondary=frozenset({"topic"}))


def catalog(app_or_module: Any, *, progress: bool | None = None) -> pd.DataFrame:
    """One row per type of event that a source holds, or that a module defines.

    Columns: `type` (string), `aggregate` (string: the class of the aggregates
    that have such events, several separated by commas; missing where it is not
    known), `fields` (string: `amount: Decimal; reason: str | None`, without the
    envelope's), `events`, `streams` (Int64: how many, and in how many streams;
    missing for a module), `first_time`, `last_time` (datetime64[us, UTC]) and
    `topic` (string).

    For a source (an application, a client, a `Stores`, an exported file) all
    events are read; the rows come in the order in which the types first occur,
    and the types of fields are those of the values. Nothing that the data name
    is imported. For a module, or one aggregate class, the rows are the event
    classes that it defines (for a package, also those that it exports from its
    own modules), and the types of fields are those that they declare, if any.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> esnb.catalog(app)[["type", "aggregate", "fields", "events"]]
    type            aggregate  fields      events
    Dog.Registered  Dog        name: str        1
    Dog.TrickAdded  Dog        trick: str       1
    2 types
    """
    app_or_module = guarded_argument(app_or_module)
    if isinstance(app_or_module, ModuleType) or _is_aggregate_class(app_or_module):
        return build_rows(EVENT_TYPE, CATALOG, _defined(app_or_module))
    return build_rows(EVENT_TYPE, CATALOG, _recorded(app_or_module, progress))


CatalogRow = tuple[Any, ...]


@dataclass(slots=True)
class _Kind:
    """What is known of an event type while the sequence is read."""

    type: str
    events: int = 0
    aggregates: dict[str, None] = field(default_factory=dict)
    streams: set[str] = field(default_factory=set)
    fields: dict[str, dict[str, None]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def row(self, topic: str) -> CatalogRow:
        return (
            self.type,
            ", ".join(self.aggregates) or None,
            _listed((name, " | ".join(kinds)) for name, kinds in self.fields.items()),
            self.events,
            len(self.streams),
            self.first,
            self.last,
            topic,
        )


def _recorded(source: Any, progress: bool | None) -> Iterator[CatalogRow]:
    opened = source_of(source)
    kinds: dict[str, _Kind] = {}
    aggregates: dict[str, str | None] = {}
    with collector_paused(), opened.events(None) as records:
        for record in track(records, unit="events", total=opened.count(None), progress=progress):
            if record.remark is not None:  # no event
                continue
            data, _ = opened.decode(record)
            if record.stream not in aggregates:
                aggregates[record.stream] = _originator(data)
            kind = kinds.setdefault(record.topic, _Kind(record.type))
            kind.events += 1
            kind.streams.add(record.stream)
            named = aggregates[record.stream] or record.around or opened.category(record, None)
            if named:
                kind.aggregates[named] = None
            _note_fields(kind, data)
            _note_time(kind, record, data)
    for topic, kind in kinds.items():
        yield kind.row(topic)


def _originator(data: Any) -> str | None:
    """The aggregate's class, as the first event of a stream tells it."""
    topic = data.get("originator_topic") if type(data) is dict else None
    return (topic.rpartition(":")[2] or None) if isinstance(topic, str) else None


def _note_fields(kind: _Kind, data: Any) -> None:
    if type(data) is not dict:
        return
    for name, value in data.items():
        if name not in ENVELOPE:
            type_name = "None" if value is None else type(value).__name__
            kind.fields.setdefault(name, {})[type_name] = None


def _note_time(kind: _Kind, record: Record, data: Any) -> None:
    time = own_time(data) or record.recorded
    if time is not None:
        kind.first = time if kind.first is None else min(kind.first, time)
        kind.last = time if kind.last is None else max(kind.last, time)


def _listed(fields: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {kind}" if kind else name for name, kind in fields)


def _defined(home: ModuleType | type[Any]) -> Iterator[CatalogRow]:
    """A row for each event class of a module or of an aggregate class."""
    if isinstance(home, ModuleType):
        own = [
            each
            for each in vars(home).values()
            if isinstance(each, type) and f"{each.__module__}.".startswith(f"{home.__name__}.")
        ]
        aggregates = [each for each in own if _is_aggregate_class(each)]
        others = [each for each in own if _is_event_class(each)]
    else:
        aggregates, others = [home], []
    for aggregate in dict.fromkeys(aggregates):
        for event_class in vars(aggregate).values():
            if _is_event_class(event_class) and not _is_general(event_class, aggregate):
                yield _definition(event_class, aggregate.__qualname__)
    for event_class in dict.fromkeys(others):
        yield _definition(event_class, None)


def _definition(event_class: type[Any], aggregate: str | None) -> CatalogRow:
    declared: dict[str, str] = {}
    for each in reversed(event_class.__mro__):
        for name, kind in inspect.get_annotations(each).items():
            if name not in ENVELOPE and not name.startswith("_") and not _is_class_wide(kind):
                declared[name] = _declared(kind)
    topic = construct_topic(event_class)
    return (
        *(topic.rpartition(":")[2], aggregate, _listed(declared.items())),
        *(None, None, None, None, topic),
    )


def _declared(kind: Any) -> str:
    """The type as source; empty where a command's parameter, which the field is of, has none."""
    if kind is inspect.Parameter.empty:
        return ""
    return kind if isinstance(kind, str) else inspect.formatannotation(kind)


def _is_class_wide(kind: Any) -> bool:
    return "ClassVar" in str(kind)


def _is_aggregate_class(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, BaseAggregate)


def _is_event_class(given: Any) -> bool:
    """Whether its objects are events: they name an aggregate and a version, and nothing derives
    from it in its own module.
    """
    if not isinstance(given, type) or issubclass(given, BaseAggregate):
        return False
    names = {name for each in given.__mro__ for name in inspect.get_annotations(each)}
    derived = (each for each in given.__subclasses__() if each.__module__ == given.__module__)
    return {"originator_id", "originator_version"} <= names and not any(derived)


def _is_general(event_class: type[Any], aggregate: type[Any]) -> bool:
    """Whether the library made it beside an aggregate's own: `Event`, and a `Created` that
    another event stands for.
    """
    if event_class.__name__ == "Event":
        return True
    own = domain._created_event_classes.get(aggregate) or [event_class]  # no public name says it
    return issubclass(event_class, CanInitAggregate) and event_class not in own
