"""Kinds of frames: what a row is, and which columns matter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What the rows of a frame are; it travels with the frame, through slices and pickles."""

    noun: str
    nouns: str = ""
    strong: str = ""
    """The column by which one recognizes a row; it is always shown."""
    counted: str = ""
    """The column of names whose different values are counted: `stream`."""
    secondary: frozenset[str] = frozenset()
    """Columns that are named below the table instead of shown in it."""
    kept: frozenset[str] = frozenset()
    """Columns that are shown even where they are empty, and the last to go where the page is narrow."""
    payloads: frozenset[str] = frozenset()
    """Columns of dicts, shown without braces and without bookkeeping."""
    columns: tuple[str, ...] = ()
    """Those that a frame of this kind was built with."""

    def is_kept_by(self, names: Collection[object]) -> bool:
        """Whether a frame with the columns `names` is still one of this kind."""
        return any(name in names for name in self.columns)

    def is_chosen(self, names: Collection[object]) -> bool:
        """Whether the columns `names` were picked: then they are all meant to be seen."""
        first = [name for name in self.columns if name not in self.secondary]
        second = [name for name in self.columns if name in self.secondary]
        return not (_most(first, names) and _most(second, names))


def _most(expected: Collection[str], names: Collection[object]) -> bool:
    return not expected or 2 * sum(name in names for name in expected) > len(expected)
