"""What is shown of a frame: its first and last rows, the columns that say something, and the rest in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from esnb.drawing.values import counted
from esnb.tables import limits
from esnb.tables.columns import Column, column, label_of, payload_column, with_days
from esnb.tables.kind import Kind

_MOST_NAMES = 24
_COUNTABLE = 10_000
"""Rows up to which all of a column is read: a frame of a million shows as soon as a short one."""


@dataclass(frozen=True)
class Excerpt:
    """The part of a frame that is shown."""

    columns: Sequence[Column]
    folded: Sequence[str]
    """Names of the columns that are not shown."""
    head: int
    """Rows before those that are left out."""
    omitted: int
    about: Sequence[str]
    """What is said of the whole: how many rows."""
    day: str
    """What is said of all times."""

    @property
    def cut(self) -> str:
        """What is said in place of the rows that are left out."""
        return f"… {self.omitted:,} more …" if self.omitted else ""

    def words(self) -> str:
        """The line below the table."""
        has_times = any(column.role == "time" for column in self.columns)
        day = self.day if has_times else ""
        return " · ".join(filter(None, [*self.about, day, _also(self.folded)]))

    def keeping(self, places: Collection[int]) -> Excerpt:
        """The same with fewer columns: those at `places`."""
        kept = [each for i, each in enumerate(self.columns) if i in places]
        gone = [each.name for i, each in enumerate(self.columns) if i not in places]
        return replace(self, columns=kept, folded=[*gone, *self.folded])


def excerpt(frame: pd.DataFrame, kind: Kind) -> Excerpt:
    """What to show of a frame of this kind; reads no more of it than that."""
    positions, head = _rows(len(frame))
    rows = pd.DataFrame(frame).iloc[positions]
    shown, folded = _shown_and_folded(rows, kind)
    columns, day = _with_one_day([*_index(frame, rows), *shown])
    about = [_size(frame, kind), *_truncated(frame)]
    return Excerpt(columns, folded, head, len(frame) - len(positions), about, day)


def _rows(size: int) -> tuple[Any, int]:
    """Which rows are shown of so many, and how many of them come before those left out."""
    few = limits.rows(size)
    head = (few + 1) // 2 if few < size else size
    return np.r_[0:head, size - (few - head) : size], head


def _shown_and_folded(rows: pd.DataFrame, kind: Kind) -> tuple[list[Column], list[str]]:
    names = list(rows.columns)
    chosen = kind.is_chosen(names)
    wanted = [name for name in names if chosen or name not in kind.secondary]
    made = ((name, _column(rows, name, kind)) for name in wanted)
    telling = (pair for pair in made if chosen or rows.empty or _tells(pair[1]))
    shown = dict(islice(telling, limits.columns(len(names))))
    if not shown:  # each is empty
        shown = {wanted[0]: _column(rows, wanted[0], kind)}
    return list(shown.values()), [label_of(name) for name in names if name not in shown]


def _tells(column: Column) -> bool:
    return column.is_strong or column.is_kept or not column.is_blank


def _column(rows: pd.DataFrame, name: Any, kind: Kind) -> Column:
    if name in kind.payloads and rows[name].dtype == object:
        return payload_column(name, rows[name], shown="time" in [*rows.columns, rows.index.name])
    made = column(name, rows[name])
    return replace(made, is_strong=name == kind.strong, is_kept=name in kind.kept)


def _index(frame: pd.DataFrame, rows: pd.DataFrame) -> Iterator[Column]:
    """The index, unless it only counts the rows."""
    index = frame.index
    if index.name is not None or not _only_counts(index):
        name = "" if index.name is None else index.name
        yield replace(column(name, rows.index.to_series()), is_strong=True)


def _only_counts(index: pd.Index[Any]) -> bool:
    if isinstance(index, pd.RangeIndex):
        return index.start == 0 and index.step == 1
    return len(index) <= _COUNTABLE and index.equals(pd.RangeIndex(len(index)))


def _with_one_day(columns: list[Column]) -> tuple[list[Column], str]:
    """The columns, and their day where all times are of the same one; else with days in them."""
    times = [each for each in columns if each.role == "time" and not each.is_blank]
    days = {each.day for each in times}
    if len(days) == 1 and "" not in days:
        return columns, f"{days.pop()} UTC"
    with_day = [with_days(each) if each.role == "time" else each for each in columns]
    return with_day, "times in UTC" if times else ""


def _size(frame: pd.DataFrame, kind: Kind) -> str:
    words = counted(len(frame), kind.noun, kind.nouns)
    names = frame.get(kind.counted)
    if names is None or not isinstance(names.dtype, pd.StringDtype):
        return words
    return (
        words if len(frame) > _COUNTABLE else f"{words}, {counted(names.nunique(), kind.counted)}"
    )


def _truncated(frame: pd.DataFrame) -> list[str]:
    return ["there are more"] * (frame.attrs.get("truncated") is True)


def _also(names: Sequence[str]) -> str:
    more = [f"… {len(names) - _MOST_NAMES:,} more"] if len(names) > _MOST_NAMES else []
    return f"also: {', '.join([*names[:_MOST_NAMES], *more])}" if names else ""
