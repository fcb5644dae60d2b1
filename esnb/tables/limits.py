"""How much of a frame is shown: pandas' own options, with esnb's defaults in place of pandas'."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pandas as pd

_MOST_ROWS = 60
_FEW_ROWS = 20
_MOST_COLUMNS = 20
_CHARACTERS = 160
_LEAST_WIDTH = 20
_UNLIMITED = 1_000_000
_PANDAS = {"display.min_rows": 10, "display.max_colwidth": 50, "display.width": 80}
"""What pandas has as long as nobody has set another value."""


def rows(size: int) -> int:
    """How many rows are shown of so many: all up to `display.max_rows`, else `display.min_rows`."""
    most = pd.get_option("display.max_rows")
    most = size if most is None else most or _MOST_ROWS
    few = _FEW_ROWS if _is_untouched("display.min_rows") else pd.get_option("display.min_rows")
    return size if size <= most else min(few or most, most)


def columns(size: int) -> int:
    """How many columns are shown of so many: `display.max_columns`."""
    most = pd.get_option("display.max_columns")
    return size if most is None else min(size, most or _MOST_COLUMNS)


def characters() -> int | None:
    """How many characters a cell has at most: `display.max_colwidth`, None for all."""
    if _is_untouched("display.max_colwidth"):
        return _CHARACTERS
    most: int | None = pd.get_option("display.max_colwidth")
    return most


def may_shrink() -> bool:
    """Whether long cells are cut where the page is too narrow: not once someone has set how long."""
    return _is_untouched("display.max_colwidth")


def width() -> int:
    """Characters of a line: `display.width`; in a terminal its own unless that was set.

    No limit where pandas' `display.expand_frame_repr` is off.
    """
    if not pd.get_option("display.expand_frame_repr"):
        return _UNLIMITED
    in_terminal = sys.stdout is not None and sys.stdout.isatty()
    found = int(pd.get_option("display.width") or 0)
    if not found or (_is_untouched("display.width") and in_terminal):
        found = shutil.get_terminal_size((_PANDAS["display.width"], 24)).columns
    return max(found, _LEAST_WIDTH)


def _is_untouched(option: str) -> bool:
    value: Any = pd.get_option(option)
    return bool(value == _PANDAS[option])
