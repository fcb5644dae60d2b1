"""Cells: what is shown of a value, and the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from esnb.drawing.ids import shortener
from esnb.drawing.values import line
from esnb.tables import limits

MISSING = "–"
_ALL = 100_000
"""Characters of a cell that has no limit."""
_WHOLE = 600
"""Characters that are kept of a value: what is said of it when the pointer rests on it."""


class Cell(NamedTuple):
    """What is shown of a value, and the whole of it where that is more."""

    text: str
    whole: str = ""


def cut(wholes: Sequence[str]) -> list[Cell]:
    """Texts with short ids, and cut where they are long."""
    short = shortener(wholes)
    most = limits.characters()
    texts = [_shortened(short(whole), most) for whole in wholes]
    return [
        Cell(text, whole[:_WHOLE] if text != whole or len(whole) > 32 else "")
        for text, whole in zip(texts, wholes, strict=True)
    ]


def _shortened(text: str, most: int | None) -> str:
    return text if most is None or len(text) <= most else text[: most - 1] + "…"


def kept() -> int:
    """Characters that are kept of a value: as many as a cell may show, and no less than a title."""
    most = limits.characters()
    return _ALL if most is None else max(most, _WHOLE)


def known(value: Any, write: Callable[[Any], str]) -> str:
    """What `write` makes of a value, unless it is missing."""
    return MISSING if is_missing(value) else write(value)


def is_missing(value: Any) -> bool:
    """Whether a cell has no value: None, NA, NaT, a float that is not a number."""
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and value != value)
    )


def line_of(value: Any) -> str:
    """The value as Python writes it, on one line."""
    return line(value, kept())


def floats(values: Sequence[Any]) -> list[Cell]:
    """Numbers with as many decimals as they need, or as `display.float_format` writes them."""
    numbers = [float(value) for value in values if not is_missing(value)]
    write = pd.get_option("display.float_format") or _decimal(numbers)
    return [Cell(known(value, lambda number: str(write(float(number))))) for value in values]


def _decimal(values: list[float]) -> Callable[[float], str]:
    """A writer with as many decimals as these numbers have, at most pandas' `display.precision`."""
    precision = pd.get_option("display.precision")
    texts = [f"{value:.{precision}f}".rstrip("0") for value in values]
    decimals = max((len(text.partition(".")[2]) for text in texts), default=0) or 1
    if any(value and not 10.0**-precision <= abs(value) < 1e15 for value in values):
        return lambda value: f"{value:.{precision}g}"
    return lambda value: f"{value:.{decimals}f}"
