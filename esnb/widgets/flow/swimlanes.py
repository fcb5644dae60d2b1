"""One flow in order of time, one lane per stream, outbox and queue. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from esnb.drawing.ids import UUIDS
from esnb.sources.record import category_of_stream
from esnb.widgets.flow.stations import Station, causes_of

MOST = 12
"""Most lanes side by side."""
_NO_TIME = datetime.min


@dataclass(frozen=True, slots=True)
class Lane:
    """A place where something happened: a stream, an outbox, a queue, or several of a kind."""

    kind: str
    name: str

    @property
    def words(self) -> str:
        """Its kind and its name."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class LaneStation:
    """A station as one step of the lanes; `cause` is the place of the step that caused it."""

    station: Station
    lane: int
    cause: int | None


@dataclass(frozen=True, slots=True)
class Swimlanes:
    """Steps, oldest first, and their lanes in the order in which they begin."""

    lanes: Sequence[Lane]
    steps: Sequence[LaneStation]

    def first(self, most: int) -> Swimlanes:
        """The oldest steps, at most so many, and the lanes that they need."""
        steps = self.steps[:most]
        return Swimlanes(self.lanes[: max((s.lane for s in steps), default=-1) + 1], steps)

    @property
    def ends(self) -> list[int]:
        """For each lane the place of its last step."""
        places = {step.lane: place for place, step in enumerate(self.steps)}
        return [places[lane] for lane in range(len(self.lanes))]

    @property
    def reaches(self) -> list[int]:
        """For each lane the place of the last step that is in it, or that it caused."""
        places = self.ends
        for place, step in enumerate(self.steps):
            if step.cause is not None:
                lane = self.steps[step.cause].lane
                places[lane] = max(places[lane], place)
        return places

    def cause(self, place: int) -> Station | None:
        """What caused a step."""
        cause = self.steps[place].cause
        return None if cause is None else self.steps[cause].station


def swimlanes(found: Sequence[Station], most: int = MOST) -> Swimlanes:
    """The stations of a flow (causes first, as `stations` gives them) in lanes.

    What has no time of its own, or one before its cause (clocks differ, and
    queues count in milliseconds), stands directly after its cause. Instead of
    more than `most` lanes there is one per category; if these are too many, the
    last one has the rest.
    """
    causes = causes_of(found)
    times: list[datetime] = []
    for station, cause in zip(found, causes, strict=True):
        own = _NO_TIME if station.time is None else station.time.replace(tzinfo=None)
        times.append(own if cause is None else max(own, times[cause]))
    order = sorted(range(len(found)), key=lambda place: (times[place], place))
    at = {place: number for number, place in enumerate(order)}
    lanes, lane_of = _lanes([found[place] for place in order], most)
    steps = [
        LaneStation(
            found[place], lane_of[number], None if (cause := causes[place]) is None else at[cause]
        )
        for number, place in enumerate(order)
    ]
    return Swimlanes(lanes, steps)


def _lanes(found: Sequence[Station], most: int) -> tuple[list[Lane], list[int]]:
    """The lanes, and for each station the number of its lane."""
    wanted = [_by(each, lambda station: station.place) for each in found]
    if len(set(wanted)) > most:
        wanted = [_by(each, _category) for each in found]
    lanes = list(dict.fromkeys(wanted))
    if len(lanes) > most:
        rest = Lane("others", f"({len(lanes) - most + 1:,})")
        wanted = [lane if lane in lanes[: most - 1] else rest for lane in wanted]
        lanes = list(dict.fromkeys([*lanes[: most - 1], rest]))
    numbers = {lane: number for number, lane in enumerate(lanes)}
    return lanes, [numbers[lane] for lane in wanted]


def _by(station: Station, name: Callable[[Station], str]) -> Lane:
    return Lane(station.kind, name(station))


def _category(station: Station) -> str:
    """The category of an event's stream; an application's streams have none in their names."""
    if station.kind != "event":
        return station.place
    if UUIDS.fullmatch(station.place):
        return station.type.rpartition(".")[0] or station.place
    return category_of_stream(station.place) or station.place
