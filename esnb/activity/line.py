"""Where a sign of life is shown: below the cell, or in the terminal."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Protocol

from esnb.activity.cell import notebook_shell
from esnb.activity.page import PageLine
from esnb.activity.terminal import TerminalLine


class Line(Protocol):
    """A line of text that is there for a while."""

    draws_bars: bool
    """Whether it draws the share; where it does not, the text has to."""

    def show(self, text: str, share: float | None = None) -> None:
        """Shows `text`, and draws `share` (0 to 1) where it can."""

    def vanish(self) -> None:
        """Leaves nothing behind."""


def new_line(*, forced: bool = False) -> Line | None:
    """A line where somebody may see it; `forced`: also where stderr is a file."""
    if notebook_shell() is not None:
        with suppress(ImportError):  # no widgets here
            return PageLine()
    return TerminalLine() if forced or sys.stderr.isatty() else None
