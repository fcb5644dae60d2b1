"""Whether bars and other signs of life are wanted."""

from __future__ import annotations

import os


def is_wanted(progress: bool | None = None) -> bool:
    """`progress` where it is given, else True unless `ESNB_PROGRESS` is `0`."""
    return os.environ.get("ESNB_PROGRESS", "1") != "0" if progress is None else progress
