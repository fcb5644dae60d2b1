"""Counts as a row of block characters."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def sparks(counts: Sequence[int]) -> str:
    """One character per count; 0 is a blank, anything else at least an eighth.

    >>> sparks([0, 1, 50, 100])
    ' ▁▄█'
    """
    top = max(counts, default=0) or 1
    return "".join(_EIGHTHS[-(-count * 8 // top)] for count in counts)
