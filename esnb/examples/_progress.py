"""Whether progress bars are wanted."""

from __future__ import annotations

import os


def progress_is_shown(progress: bool | None = None) -> bool:
    """`progress` where it is given, else True unless `ESNB_PROGRESS` is `0`."""
    if progress is None:
        return os.environ.get("ESNB_PROGRESS", "1") != "0"
    return progress
