"""Where a record goes: queues, and the options of its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from unicodedata import category

from esnb.outbox.errors import RouteError
from esnb.outbox.record import OutboxRecord

# BullMQ's own names. What would keep a job from being added under its id
# (deduplication, parents, repetition) is not among them.
_OPTIONS: Final = frozenset(
    {
        "attempts", "backoff", "delay", "priority", "lifo", "removeOnComplete", "removeOnFail",
        "keepLogs", "stackTraceLimit",
    }
)  # fmt: skip
_LEAST: Final = {"attempts": 1, "delay": 0, "priority": 0, "keepLogs": 0, "stackTraceLimit": 0}
_MOST_PRIORITY: Final = 2_097_152


class Route:
    """A queue, with BullMQ's job options for this route.

    `attempts`, `backoff` (milliseconds, or `{"type": "exponential", "delay": 1000}`),
    `delay` (milliseconds), `priority`, `lifo`, `removeOnComplete` and
    `removeOnFail` (a bool, a count, or `{"age": seconds, "count": n}`),
    `keepLogs`, `stackTraceLimit`. Raises RouteError for others, and for what
    cannot name a queue: text without `:` (BullMQ's own separator), blanks,
    control characters and halves of surrogate pairs can, in any script.

    >>> Route("mails", attempts=3)
    Route('mails', attempts=3)
    >>> Route("a:b")
    Traceback (most recent call last):
    ...
    esnb.outbox.errors.RouteError: 'a:b' cannot name a queue: it has ':'
    """

    __slots__ = ("options", "queue")

    def __init__(self, queue: str, **options: Any) -> None:
        check_queue(queue)
        check_options(options)
        self.queue = queue
        self.options: Mapping[str, Any] = options

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"Route({self.queue!r}{options})"


def check_queue(name: object) -> None:
    """Raises RouteError for what cannot name a queue."""
    if not isinstance(name, str):
        raise RouteError(f"{name!r} cannot name a queue: pass text")
    if not name:
        raise RouteError("'' cannot name a queue: pass at least one character")
    for character in name:
        if character == ":" or character.isspace() or category(character) in ("Cc", "Cs"):
            raise RouteError(f"{name!a} cannot name a queue: it has {character!a}")


_plain = lru_cache(1000)(Route)
"""The route to a queue of that name, without options."""

Routed = str | Route | Iterable[str | Route] | None
RouteFunction = Callable[[OutboxRecord], Routed]


def check_options(options: Mapping[str, Any]) -> None:
    """Raises RouteError for options that a job of an outbox cannot have."""
    for name, value in options.items():
        if name not in _OPTIONS:
            raise RouteError(
                f"{name!r} is not an option of a route: pass {', '.join(sorted(_OPTIONS))}"
            )
        least = _LEAST.get(name)
        if least is not None and not (type(value) is int and value >= least):
            raise RouteError(f"{name} is {value!r}: pass a whole number from {least}")
    if options.get("priority", 0) > _MOST_PRIORITY:
        raise RouteError(f"priority is {options['priority']!r}: pass at most {_MOST_PRIORITY}")


def routes(route: RouteFunction, record: OutboxRecord) -> list[Route]:
    """Where `route` sends a record; none when it is not sent.

    Raises RouteError for an answer that is not a route, and what `route` raises.
    """
    answer = route(record)
    if answer is None:
        return []
    if isinstance(answer, Route):
        return [answer]
    if isinstance(answer, str):
        return [_plain(answer)]
    if not isinstance(answer, Iterable):
        raise RouteError(
            f"the route returned {answer!r} for {record.topic}: return a queue's name, a Route, a list "
            "of them, or None when the event is not to be sent"
        )
    found = [each if isinstance(each, Route) else Route(each) for each in answer]
    names = [each.queue for each in found]
    if len(set(names)) < len(names):
        raise RouteError(f"the route returned a queue twice for {record.topic}: {', '.join(names)}")
    return found
