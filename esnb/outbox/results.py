"""Results of jobs that Redis may not have been told."""

from __future__ import annotations

import threading
from typing import Any, Final

Key = tuple[str, int, int]
"""A job's id, when it was added, and how many attempts it had before."""
_MOST: Final = 1000


class Results:
    """What a worker's function returned, until the queue has it.

    A job whose end cannot be told to a Redis that is away is handed out
    again when its lock has expired: then it has its result already. At most
    1,000 are remembered, the newest.
    """

    def __init__(self) -> None:
        self._results: dict[Key, Any] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._results

    def __getitem__(self, key: Key) -> Any:
        return self._results[key]

    def add(self, key: Key, result: Any) -> None:
        while len(self._results) >= _MOST:
            del self._results[next(iter(self._results))]
        self._results[key] = result

    def remove(self, key: Key) -> None:
        """The queue has it."""
        self._results.pop(key, None)


_all: dict[tuple[str, str], Results] = {}
_lock = threading.Lock()


def results_of(url: str, root: str) -> Results:
    """Those of a server's queue, for the whole process: they outlive the worker that had them."""
    with _lock:
        return _all.setdefault((url, root), Results())


def key_of(job: Any) -> Key:
    """What tells one attempt of one job from others; ids may be used again."""
    return str(job.id), int(job.timestamp), int(job.attemptsMade)
