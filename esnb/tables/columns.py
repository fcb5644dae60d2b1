"""One column of a frame as texts: what is shown of each value, and the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from esnb.drawing.ids import shortener
from esnb.drawing.values import fields, line
from esnb.sources.bookkeeping import ENVELOPE, domain_fields
from esnb.values.ordered_repr import printable

MISSING = "–"
_MOST = 160
"""Characters of a text or a payload in a cell."""
_NAME = 64
"""Characters of a column's name."""
_WHOLE = 600
"""Characters of what is said of it when the pointer rests on it."""


class Cell(NamedTuple):
    """What is shown of a value, and the whole of it where that is more."""

    text: str
    whole: str = ""


@dataclass(frozen=True)
class Column:
    """A column as it is shown."""

    name: str
    cells: Sequence[Cell]
    role: str = "text"
    """`number`, `time`, `id`, `text` or `value`."""
    is_strong: bool = False
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
        return Column(label, [Cell(_known(value, str)) for value in values])
    if pd.api.types.is_float_dtype(values.dtype):
        return Column(label, _floats(list(values)), "number")
    if pd.api.types.is_integer_dtype(values.dtype):
        return Column(label, [Cell(_known(value, str)) for value in values], "number")
    if isinstance(values.dtype, pd.StringDtype):
        return _texts(label, list(values))
    return _objects(label, list(values))


def payload_column(name: str, values: pd.Series[Any], shown: bool) -> Column:
    """A column of payloads; `shown` is whether the times in them have a column, too."""
    elsewhere = ENVELOPE if shown else ENVELOPE - {"timestamp"}
    payloads = [
        domain_fields(value, elsewhere) if type(value) is dict else value for value in values
    ]
    wholes = [MISSING if _is_missing(value) else _payload(value, _WHOLE) for value in payloads]
    return Column(name, _cut(wholes), "value")


def _payload(value: Any, most: int) -> str:
    return fields(value, most) if type(value) is dict else line(value, most)


def _texts(name: str, values: list[Any]) -> Column:
    wholes = [_known(value, lambda text: printable(text[:_WHOLE]) or "''") for value in values]
    cells = _cut(wholes)
    has_ids = any("…" in cell.text and len(cell.whole) < 64 for cell in cells)
    return Column(name, cells, "id" if has_ids else "text")


def _objects(name: str, values: list[Any]) -> Column:
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    wholes = [
        MISSING if value is pd.NA or value is pd.NaT else line(value, _WHOLE) for value in values
    ]
    numbers = [value for value in values if isinstance(value, int | float | Decimal)]
    known = [value for value in values if not _is_missing(value)]
    is_number = len(numbers) == len(known) > 0 and not any(isinstance(v, bool) for v in numbers)
    return Column(name, _cut(wholes), "number" if is_number else "value")


def _cut(wholes: list[str]) -> list[Cell]:
    """Texts with short ids, and cut where they are long."""
    short = shortener(wholes)
    texts = [_shortened(short(whole)) for whole in wholes]
    return [
        Cell(text, whole if text != whole or len(whole) > 32 else "")
        for text, whole in zip(texts, wholes, strict=True)
    ]


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def _times(name: str, values: list[Any]) -> Column:
    known = [value for value in values if value is not pd.NaT]
    days = {_day(value) for value in known}
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


def _floats(values: list[Any]) -> list[Cell]:
    known = [float(value) for value in values if not _is_missing(value)]
    write = pd.get_option("display.float_format") or _decimal(known)
    return [Cell(_known(value, lambda number: str(write(float(number))))) for value in values]


def _decimal(values: list[float]) -> Callable[[float], str]:
    """A writer with as many decimals as these numbers have, at most pandas' `display.precision`."""
    precision = pd.get_option("display.precision")
    texts = [f"{value:.{precision}f}".rstrip("0") for value in values]
    decimals = max((len(text.partition(".")[2]) for text in texts), default=0) or 1
    if any(value and not 10.0**-precision <= abs(value) < 1e15 for value in values):
        return lambda value: f"{value:.{precision}g}"
    return lambda value: f"{value:.{decimals}f}"


def _known(value: Any, write: Callable[[Any], str]) -> str:
    return MISSING if _is_missing(value) else write(value)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and value != value)
    )
