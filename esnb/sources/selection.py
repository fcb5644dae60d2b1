"""Which events are wanted: by type, by time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from eventsourcing.utils import construct_topic

from esnb.sources.moments import Moment, read_end, read_moment
from esnb.sources.names import listed
from esnb.sources.record import last_part
from esnb.values.ordered_repr import short_repr

TypeName = str | type
"""A topic, its part after the colon, the last name of that, or an event class."""

Types = TypeName | Iterable[TypeName]

TimeColumn = Literal["time", "recorded"]
"""Which time counts: the event's own where it has one, or always the store's."""


@dataclass(frozen=True)
class EventSelection:
    """A filter over events, in two steps: the second needs the payload."""

    has_type: Callable[[str, str], bool]
    """By topic and type."""
    since: datetime | None = None
    until: datetime | None = None
    by: TimeColumn = "time"

    @property
    def has_bounds(self) -> bool:
        """Whether times are selected."""
        return self.since is not None or self.until is not None

    def has_time(self, time: datetime | None, recorded: datetime | None) -> bool:
        """Whether an event's time is wanted; an unknown one is not, if times are selected."""
        if not self.has_bounds:
            return True
        if self.by == "recorded":
            time = recorded
        if time is None:
            return False
        return (self.since is None or self.since <= time) and (
            self.until is None or time <= self.until
        )


EVERYTHING = EventSelection(lambda topic, type_: True)


def select(
    types: Types | None,
    exclude: Types | None,
    since: Moment | None,
    until: Moment | None,
    by: TimeColumn = "time",
) -> EventSelection:
    """Reads the arguments of `events`.

    ValueError for a time that cannot be read and for an unknown `by`; TypeError for `types` or
    `exclude` that are not types.
    """
    if by not in get_args(TimeColumn):
        raise ValueError(f"by={by!r}: pass 'time' or 'recorded'")
    wanted = None if types is None else _names(types, "types")
    unwanted = frozenset() if exclude is None else _names(exclude, "exclude")
    known: dict[tuple[str, str], bool] = {}  # there are few types and many events

    def has_type(topic: str, type_: str) -> bool:
        key = (topic, type_)
        if key not in known:
            names = {topic, topic.rpartition(":")[2], type_, last_part(type_)}
            known[key] = (wanted is None or not names.isdisjoint(wanted)) and names.isdisjoint(
                unwanted
            )
        return known[key]

    return EventSelection(
        has_type,
        None if since is None else read_moment(since, "since"),
        None if until is None else read_end(until, "until"),
        by,
    )


def _names(types: Types, argument: str) -> frozenset[str]:
    problem = f"{argument}={short_repr(types)}: pass names of types, or event classes"
    given = listed(types, str | type, problem)
    return frozenset(name if isinstance(name, str) else construct_topic(name) for name in given)
