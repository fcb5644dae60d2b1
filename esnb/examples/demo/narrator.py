"""Telling a story in a terminal of 100 columns, or in a file."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100
INDENT = " " * 6


class Narrator:
    """Prints numbered steps, what came of them, and frames."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._step = 0
        self._styled = out.isatty() and "NO_COLOR" not in os.environ

    def step(self, title: str, why: str) -> None:
        """Begins the next step: what happens, and why it is worth seeing."""
        self._step += 1
        heading = f"{self._step:>2}. {title}"
        self._print("")
        self._print(f"\033[1m{heading}\033[0m" if self._styled else heading)
        self._paragraph(why)

    def say(self, text: str) -> None:
        """Goes on within the step."""
        self._print("")
        self._paragraph(text)

    def result(self, text: object) -> None:
        """One line of outcome, as the program got it."""
        lines = textwrap.wrap(str(text), WIDTH, initial_indent="    → ", subsequent_indent="      ")
        self._print("\n".join(lines))

    def show(self, frame: pd.DataFrame, *, clock: str = "%H:%M:%S", rows: int = 12) -> None:
        """A frame without its index, at most `rows` rows; moments as `clock` says, in UTC."""
        import pandas as pd

        shown = frame.head(rows).copy()
        for column in shown.columns:
            if isinstance(shown[column].dtype, pd.DatetimeTZDtype):
                shown[column] = shown[column].dt.strftime(clock)
            if pd.api.types.is_extension_array_dtype(shown[column].dtype):
                known = shown[column].notna()
                shown[column] = shown[column].astype(object).where(known, "")
        self._print(textwrap.indent(_fit(shown), INDENT))
        if len(frame) > rows:
            self._print(f"{INDENT}(showing {rows} of {len(frame):,} rows)")

    def _paragraph(self, text: str) -> None:
        self._print(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    "))

    def _print(self, text: str) -> None:
        try:
            print(text, file=self._out, flush=True)
        except UnicodeEncodeError:
            encoding = self._out.encoding or "ascii"
            print(text.encode(encoding, "replace").decode(encoding), file=self._out, flush=True)


def _fit(frame: pd.DataFrame) -> str:
    """The frame as text, its long cells cut until the lines fit."""
    for longest in range(60, 10, -4):
        table = frame.to_string(
            index=False,
            max_colwidth=longest,
            na_rep="",
            float_format=lambda value: f"{value:.1f}",
        )
        if max(map(len, table.splitlines())) <= WIDTH - len(INDENT):
            break
    return table
