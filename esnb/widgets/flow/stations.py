"""The stations of one flow, as plain data, from the frame that `esnb.trace` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pandas as pd

Layout = Literal["tree", "lanes"]
"""A flow by its causes, or by its places in order of time."""
LAYOUTS: Final[tuple[Layout, Layout]] = ("tree", "lanes")

_GOOD = frozenset({"recorded", "published", "completed"})
_BAD = frozenset({"failed", "dead"})


@dataclass(frozen=True, slots=True)
class Station:
    """An event, an outbox record or a job; its causes stand before it, less deep."""

    type: str
    kind: str
    place: str
    version: int | None
    state: str
    depth: int
    time: datetime | None
    error: str
    lead: str
    """The branches of the tree before its type, drawn with lines."""
    data: Any = None
    """Its payload, None where it has none."""

    @property
    def mark(self) -> str:
        """The sign of its state."""
        return "✓" if self.state in _GOOD else "✕" if self.state in _BAD else "○"

    @property
    def severity(self) -> str:
        """How serious its state is, which its colour shows: good, bad or open."""
        return {"✓": "good", "✕": "bad"}.get(self.mark, "open")

    @property
    def likeness(self) -> tuple[str, ...]:
        """The same for stations that differ only in their place, their time and their data."""
        return self.kind, self.type, self.state, self.error

    @property
    def where(self) -> str:
        """Its kind, its place, its version in words."""
        version = "" if self.version is None else f" v{self.version:,}"
        return f"{self.kind} {self.place}{version}"


def stations(trace: pd.DataFrame) -> list[Station]:
    """The rows of `esnb.trace`, in their order: causes first."""
    there = trace.notna()
    there["data"] = True  # a payload may be a list
    plain = trace.astype(object).where(there, None)
    rows: Sequence[Mapping[Any, Any]] = plain.to_dict("records")
    return [_station(row) for row in rows]


def _station(row: Mapping[Any, Any]) -> Station:
    name, tree = row["type"] or "", row["tree"] or ""
    return Station(
        type=name or "(no type)",
        kind=row["kind"],
        place=row["place"] or "",
        version=row["version"],
        state=row["state"] or "",
        depth=row["depth"],
        time=None if row["time"] is None else row["time"].to_pydatetime(),
        error=row["error"] or "",
        lead=tree[: len(tree) - len(name)],
        data=row["data"],
    )


def causes_of(found: Sequence[Station]) -> list[int | None]:
    """For each station of the tree the place of the one above it."""
    above: list[int] = []
    causes: list[int | None] = []
    for place, station in enumerate(found):
        del above[station.depth :]
        causes.append(above[-1] if above else None)
        above.append(place)
    return causes
