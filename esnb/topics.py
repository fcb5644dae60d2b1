"""Topics of event classes, and the short types by which events travel.

The `eventsourcing` library finds an event class by its topic,
`shop.domain:Product.PriceUpdated`. Other readers of a stream see its short
type, `Product.PriceUpdated`; an explicit topic (a class's `TOPIC`) is short
already and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from eventsourcing.domain import DomainEvent, HasOriginatorIDVersion
from eventsourcing.utils import _topic_cache, construct_topic

TOPIC = "topic"
"""Where an event's metadata have its full topic."""

_WRITTEN_TOPIC = re.compile(
    r"(?P<module>[^\W\dA-Z]\w*(\.[^\W\dA-Z]\w*)*):"
    r"(?P<name>([^\W\d]\w*\.(<locals>\.)?)*[^\W\da-z]\w*)"
)
"""A topic as it is usually written: modules small, the event's class with a capital letter."""

_resolved: dict[str, str] = {}


def short_type(topic: str) -> str:
    """The type by which events of `topic` are stored.

    >>> short_type("shop.domain:Product.PriceUpdated")
    'Product.PriceUpdated'
    >>> short_type("product-priced")
    'product-priced'
    """
    _, _, name = topic.partition(":")
    return topic if not name or _is_explicit(topic) else name


def wire_type(stored: str) -> str:
    """The type of an event of which nothing but the stored type is known.

    Another system's types may contain dots, commas and colons, and are whole as
    they are: only what is written as Python names are, `shop.domain:Product.Priced`,
    is a topic.

    >>> wire_type("shop.domain:Product.PriceUpdated")
    'Product.PriceUpdated'
    >>> wire_type("order:placed"), wire_type("urn:acme:OrderPlaced")
    ('order:placed', 'urn:acme:OrderPlaced')
    """
    found = _WRITTEN_TOPIC.fullmatch(stored)
    return stored if found is None else found["name"]


def own_name(topic: str, event_type: str) -> str:
    """The event's own name: the last part of the type that a topic was shortened to.

    >>> own_name("shop.domain:Product.PriceUpdated", "Product.PriceUpdated")
    'PriceUpdated'
    >>> own_name("OrderPlaced.v2", "OrderPlaced.v2")
    'OrderPlaced.v2'
    """
    return event_type if topic == event_type else event_type.rpartition(".")[2] or event_type


def class_around(topic: str, event_type: str) -> str:
    """The class in which an event is defined; empty where there is none, or none is known.

    >>> class_around("shop.domain:Product.PriceUpdated", "Product.PriceUpdated")
    'Product'
    >>> class_around("OrderPlaced.v2", "OrderPlaced.v2")
    ''
    """
    return "" if topic == event_type else event_type.rpartition(".")[0]


def matches(topic: str, event_type: str) -> bool:
    """Whether events of `topic` may be stored with `event_type`."""
    return topic == event_type or topic.partition(":")[2] == event_type


def topic_in(metadata: object, event_type: str) -> str | None:
    """The topic that an event's metadata name, if events of that topic may have its type.

    >>> topic_in({"topic": "shop:Product.PriceUpdated"}, "Product.PriceUpdated")
    'shop:Product.PriceUpdated'
    >>> topic_in({"topic": "shop:Product.PriceUpdated"}, "Account.Opened") is None
    True
    """
    topic = metadata.get(TOPIC) if isinstance(metadata, Mapping) else None
    return topic if isinstance(topic, str) and matches(topic, event_type) else None


def topic_of(event_type: str) -> str:
    """The topic that `event_type` stands for; the type itself when none is known.

    An exact topic is returned as it is; else the only registered topic or loaded
    event class that has this short type. If there are several candidates, the
    type is returned, and resolving it says that there is no such topic.
    """
    if ":" in event_type or event_type in _topic_cache:
        return event_type
    known = _resolved.get(event_type)
    if known is not None:
        return known
    candidates = {
        topic
        for topic in (*list(_topic_cache), *map(construct_topic, _event_classes()))
        if topic.partition(":")[2] == event_type
    }
    if len(candidates) != 1:
        return event_type
    return _resolved.setdefault(event_type, candidates.pop())


def _is_explicit(topic: str) -> bool:
    return getattr(_topic_cache.get(topic), "TOPIC", None) == topic


def _event_classes() -> Iterator[type[Any]]:
    """The event classes that are loaded: a topic is registered only on first use."""
    pending: list[type[Any]] = [HasOriginatorIDVersion, DomainEvent]
    seen: set[type[Any]] = set()
    while pending:
        cls = pending.pop()
        for subclass in type.__subclasses__(cls):
            if subclass not in seen:
                seen.add(subclass)
                pending.append(subclass)
                yield subclass
