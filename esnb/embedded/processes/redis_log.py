"""What an embedded Redis printed that did not start, as a reason for people."""

from __future__ import annotations

import re
from pathlib import Path

_WARNING = re.compile(r"\d+:\w .*? # (?!WARNING\b)(\S.*)")
"""A line of Redis's log that is marked as a problem; advice about the machine is not one."""


def explain_failure(said: str, directory: Path) -> str:
    """Why the Redis whose data are in `directory` did not start, and the way out.

    Of what it printed the last problem only; the log has the rest. All of it
    where none is marked, as another program's.
    """
    how, *lines = said.splitlines()
    problems = [found[1] for line in lines if (found := _WARNING.match(line))]
    if not problems:
        return said
    return (
        f"{how}: {problems[-1].strip().rstrip('.')}. Its log is "
        f"{str(directory / 'server.log')!r}. If its data are damaged, restore {str(directory)!r} "
        "from a copy, or move that directory away and start again: read models and snapshots are "
        "then rebuilt from the events, and jobs that waited in its queues are lost"
    )
