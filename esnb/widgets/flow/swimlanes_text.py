"""Swimlanes as plain text: one column per lane, one line per step."""

from __future__ import annotations

from esnb.drawing.values import visible
from esnb.widgets.flow.swimlanes import Swimlanes

_SIGNS = {"outbox": "■", "job": "◆"}
_WIDTH = 240


def columns(drawn: Swimlanes) -> list[str]:
    """The names of the lanes above them, then the steps, oldest first."""
    ends = drawn.reaches
    lines = [
        f"{'│ ' * place}┌ {visible(each.words, 120)}" for place, each in enumerate(drawn.lanes)
    ]
    wide = max((len(visible(step.station.type, 60)) for step in drawn.steps), default=0)
    for place, step in enumerate(drawn.steps):
        station = step.station
        version = "" if station.version is None else f"  v{station.version:,}"
        wrong = f"  {visible(station.error, 120)}" if station.error else ""
        lines.append(
            f"{_cells(drawn, place, ends)} {visible(station.type, 60):<{wide}}  "
            f"{station.mark} {visible(station.state, 20)}{version}{wrong}"
        )
    return [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines]


def _cells(drawn: Swimlanes, place: int, ends: list[int]) -> str:
    """The lanes beside a step, and the line that leads to it from its cause's."""
    step = drawn.steps[place]
    cells = ["│ " if place < end else "  " for end in ends]
    if step.cause is not None:
        source = drawn.steps[step.cause].lane
        low, high = sorted((source, step.lane))
        for lane in range(low, high + 1):
            goes_on = place < ends[lane]
            if lane == source:
                sign = ("├" if goes_on else "└") if source == low else ("┤" if goes_on else "┘")
            else:
                sign = "┼" if goes_on else "─"
            cells[lane] = sign + ("─" if lane < high else " ")
    sign = _SIGNS.get(step.station.kind, "●")
    cells[step.lane] = sign + cells[step.lane][1]
    return "".join(cells)
