"""Bars beside a story."""

from __future__ import annotations

import sys


def bars_wanted() -> bool | None:
    """False where stderr is a file, in which a bar would stay half-finished; else None."""
    return None if sys.stderr.isatty() else False
