"""One column of a frame as texts: what is shown of each value, and the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from esnb.drawing.ids import UUIDS
from esnb.drawing.values import fields, line
from esnb.sources.bookkeeping import ENVELOPE, domain_fields
from esnb.tables.cells import MISSING, Cell, cut, floats, is_missing, kept, known, line_of
from esnb.values.ordered_repr import printable

_ID = 64
"""Characters from which a text with a UUID in it is more than an id."""
_NAME = 64
"""Characters of a column's name."""


@dataclass(frozen=True)
class Column:
    """A column as it is shown."""

    name: str
    cells: Sequence[Cell]
    role: str = "text"
    """`number`, `time`, `id`, `text` or `value`."""
    is_strong: bool = False
    is_kept: bool = False
    """Whether it makes way for no other column."""
    day: str = ""
    """The only day of its times, which the cells then do not say."""

    @property
    def is_number(self) -> bool:
        return self.role == "number"

    @property
    def is_flexible(self) -> bool:
        """Whether its cells may be cut to fit the page."""
        return self.role in ("text", "value") and not self.is_strong

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing in any row."""
        nothing = ("", MISSING, "None") if self.role == "value" else ("", MISSING)
        return all(cell.text in nothing for cell in self.cells)


def label_of(name: object) -> str:
    """The name of a column, whatever it is, on one line."""
    text = printable(name[: _NAME + 1]) if isinstance(name, str) else line(name, _NAME)
    return text if len(text) <= _NAME else text[: _NAME - 1] + "…"


def column(name: object, values: pd.Series[Any]) -> Column:
    """A column of a frame, by its dtype."""
    label = label_of(name)
    if isinstance(values.dtype, pd.DatetimeTZDtype) and str(values.dtype.tz) == "UTC":
        return _times(label, list(values))
    if pd.api.types.is_bool_dtype(values.dtype):
        return Column(label, [Cell(known(value, str)) for value in values])
    if pd.api.types.is_float_dtype(values.dtype):
        return Column(label, floats(list(values)), "number")
    if pd.api.types.is_integer_dtype(values.dtype):
        return Column(label, [Cell(known(value, str)) for value in values], "number")
    if isinstance(values.dtype, pd.StringDtype):
        return _texts(label, list(values))
    return _objects(label, list(values))


def payload_column(name: str, values: pd.Series[Any], shown: bool) -> Column:
    """A column of payloads; `shown` is whether the times in them have a column, too."""
    elsewhere = ENVELOPE if shown else ENVELOPE - {"timestamp"}
    payloads = [
        domain_fields(value, elsewhere) if type(value) is dict else value for value in values
    ]
    wholes = [known(value, _payload) for value in payloads]
    return Column(name, cut(wholes), "value", is_kept=True)


def _payload(value: Any) -> str:
    return fields(value, kept()) if type(value) is dict else line_of(value)


def _texts(name: str, values: list[Any]) -> Column:
    wholes = [known(value, lambda text: printable(text[: kept()]) or "''") for value in values]
    cells = cut(wholes)
    has_ids = any(len(cell.whole) < _ID and UUIDS.search(cell.whole) for cell in cells)
    return Column(name, cells, "id" if has_ids else "text")


def _objects(name: str, values: list[Any]) -> Column:
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    there = [value for value in values if not is_missing(value)]
    if there and all(map(_is_number, there)):
        return Column(name, cut([known(value, line_of) for value in values]), "number")
    return Column(name, cut([_known_or_none(value) for value in values]), "value")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _known_or_none(value: Any) -> str:
    """A value as Python writes it; None is one, too."""
    return MISSING if value is pd.NA or value is pd.NaT else line_of(value)


def _times(name: str, values: list[Any]) -> Column:
    days = {_day(value) for value in values if value is not pd.NaT}
    cells = [
        Cell(MISSING) if value is pd.NaT else Cell(_clock(value), value.isoformat(" "))
        for value in values
    ]
    return Column(name, cells, "time", day=days.pop() if len(days) == 1 else "")


def with_days(times: Column) -> Column:
    """A column of times in which each cell says its day, too."""
    if all(cell.text in (MISSING, "00:00:00.000") for cell in times.cells):
        cells = [Cell(cell.whole[:10] or cell.text, cell.whole) for cell in times.cells]
    else:
        cells = [Cell(f"{cell.whole[:10]} {cell.text}".strip(), cell.whole) for cell in times.cells]
    return replace(times, cells=cells, day="")


def _day(time: pd.Timestamp) -> str:
    return time.isoformat()[:10]


def _clock(time: pd.Timestamp) -> str:
    return f"{time.hour:02}:{time.minute:02}:{time.second:02}.{time.microsecond // 1000:03}"
