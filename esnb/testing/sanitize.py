"""What nbval is to overlook in outputs that cannot be made the same on every run."""

from __future__ import annotations

from pathlib import Path


def sanitize_file() -> Path:
    """The sanitize file for nbval's `--nbval-sanitize-with`; nbval takes one, so copy it to add to it.

    It has ids, times, durations and rates, ports and addresses in memory replaced
    before outputs are compared, wherever esnb, pandas and Python show them, and
    runs of spaces by one, since columns become wider and narrower with what is
    in them. Numbers that stand for themselves, such as positions, are compared:
    `esnb.testing.deterministic()` makes those the same, and everything else.
    """
    return Path(__file__).with_name("nbval.cfg")
