"""A flow as plain text, the same on every run: no times, and numbers for ids."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.drawing.ids import without_ids
from esnb.drawing.values import counted, visible
from esnb.widgets.flow.stations import Station
from esnb.widgets.flow.swimlanes import swimlanes
from esnb.widgets.flow.swimlanes_text import columns

_MOST = 100
_WIDTH = 240
_MOST_LEAD = 60
"""Characters of branches: of deeper ones the last."""


def title(correlation_id: str, count: int) -> str:
    """The flow on one line."""
    return f"flow {visible(correlation_id, 80)}, {counted(count, 'station')}"


def page(correlation_id: str, found: Sequence[Station], layout: str = "tree") -> str:
    """The flow, one line per station: as a causation tree, or in lanes."""
    heading = [title(correlation_id, len(found))]
    if len(found) > _MOST:
        heading.append(f"showing {_MOST} of {len(found):,} stations")
    # Of lanes the oldest stations, of a tree the first branches.
    lines = columns(swimlanes(found).first(_MOST)) if layout == "lanes" else tree(found[:_MOST])
    return without_ids("\n".join([*heading, *lines]))


def tree(found: Sequence[Station]) -> list[str]:
    """One line per station, below the one that caused it."""
    names = [f"{_lead(each)}{visible(each.type, 60)}" for each in found]
    width = min(max(map(len, names), default=0), 80)
    lines = (
        f"{name:<{width}}  {each.mark} {visible(each.state, 20)}  {visible(each.where, 120)}"
        + (f"  {visible(each.error, 120)}" if each.error else "")
        for name, each in zip(names, found, strict=True)
    )
    return [line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines]


def _lead(station: Station) -> str:
    lead = station.lead
    return lead if len(lead) <= _MOST_LEAD else f"…{lead[-_MOST_LEAD:]}"
