"""A line in a terminal that is gone afterwards."""

from __future__ import annotations

import shutil
import sys


class TerminalLine:
    """The last line of stderr, written again and again."""

    draws_bars = False

    def __init__(self) -> None:
        self._length = 0

    def show(self, text: str, share: float | None = None) -> None:
        self._write(text[: shutil.get_terminal_size().columns - 1])

    def vanish(self) -> None:
        self._write("")
        sys.stderr.write("\r")
        sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._length))
        sys.stderr.flush()
        self._length = len(text)
