"""One aggregate's versions, and everything that is shown of each.

Made of frames once; a step then only looks up two rows, so it costs the same
at the tenth and at the ten-thousandth version.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from esnb.widgets._changes import Change, changes

_ENVELOPE = ("version", "type", "time", "changed")


@dataclass(frozen=True, slots=True)
class Moment:
    """One version: its event, and the states around it."""

    version: int
    type: str
    time: datetime | None
    changed: str
    data: Any
    state: Mapping[str, Any]
    before: Mapping[str, Any]
    snapshot: bool

    @property
    def event(self) -> str:
        """The event's own name, without the class around it."""
        return self.type.rpartition(".")[2]

    def changes(self, most: int = 100) -> tuple[list[Change], bool]:
        """What the event changed, and whether there is more than is given."""
        return changes(self.before, self.state, most)


class Timeline:
    """The versions of one aggregate, oldest first; there is at least one."""

    def __init__(
        self,
        aggregate_id: str,
        history: pd.DataFrame,
        stream: pd.DataFrame,
        snapshots: frozenset[int] = frozenset(),
    ) -> None:
        """Takes the frames `esnb.history` and `esnb.stream` of the aggregate.

        `snapshots` are the versions of which a snapshot is stored.
        """
        if history.empty:
            raise ValueError(f"aggregate {aggregate_id} has no versions to explore")
        self.aggregate_id = aggregate_id
        self.snapshots = snapshots
        self.versions: list[int] = [int(version) for version in history["version"]]
        self._types: list[Any] = list(history["type"])
        self._times: list[Any] = list(history["time"])
        self._changed: list[Any] = list(history["changed"])
        fields = [name for name in history.columns if name not in _ENVELOPE]
        self._fields = {_field(name): list(history[name]) for name in fields}
        self._data = {
            int(version): data
            for version, data in zip(stream["version"], stream["data"], strict=True)
            if not pd.isna(version)
        }

    def __len__(self) -> int:
        return len(self.versions)

    @property
    def name(self) -> str:
        """The aggregate's class, as its events are named after it."""
        around = _text(self._types[0]).rpartition(".")[0]
        return around.rpartition(".")[2] or "Aggregate"

    @property
    def first(self) -> int:
        return self.versions[0]

    @property
    def last(self) -> int:
        return self.versions[-1]

    def index(self, version: int) -> int:
        """Place of a version; of the nearest later one, at most the last."""
        return min(bisect_left(self.versions, version), len(self.versions) - 1)

    def moment(self, index: int) -> Moment:
        """All that is shown of the version at this place."""
        version = self.versions[index]
        time = self._times[index]
        return Moment(
            version=version,
            type=_text(self._types[index]),
            time=None if pd.isna(time) else time.to_pydatetime(),
            changed=_text(self._changed[index]),
            data=self._data.get(version),
            state=self._state(index),
            before=self._state(index - 1) if index else {},
            snapshot=version in self.snapshots,
        )

    def event(self, index: int) -> tuple[int, str, str]:
        """Version, event name and what changed: a line of the event list."""
        name = _text(self._types[index]).rpartition(".")[2]
        return self.versions[index], name, _text(self._changed[index])

    def types(self) -> list[str]:
        """The event name at each place."""
        return [_text(kind).rpartition(".")[2] for kind in self._types]

    def _state(self, index: int) -> dict[str, Any]:
        """Fields and values; a field that was not there yet is left out."""
        state = {name: column[index] for name, column in self._fields.items()}
        return {name: value for name, value in state.items() if value is not pd.NA}


def _field(column: Any) -> str:
    """The field behind a column (`state.type` stands for a field `type`)."""
    name = str(column)
    inner = name.removeprefix("state.")
    return inner if inner in _ENVELOPE else name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
