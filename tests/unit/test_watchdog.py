"""One thread that looks at what waits, and ends when nothing does."""

from __future__ import annotations

import threading
from functools import partial

from esnb.threads.watchdog import Watchdog
from tests.waiting import until

NAME = "a watchdog under test"


def _is_awake() -> bool:
    return any(thread.name == NAME for thread in threading.enumerate())


def test_it_looks_until_the_item_is_discarded_and_then_ends() -> None:
    def is_seen_again(item: str) -> bool:
        return seen.count(item) >= 2

    seen: list[str] = []
    watchdog = Watchdog(NAME, 0.01, seen.append)
    for item in ("one", "other"):
        watchdog.add(item)
        until(partial(is_seen_again, item))
        watchdog.discard(item)
        until(lambda: not _is_awake())
    seen.clear()
    watchdog.look()
    assert seen == []


def test_what_it_looks_at_may_be_discarded_while_it_looks() -> None:
    def look(item: int) -> None:
        watchdog.discard(item)
        seen.append(item)

    seen: list[int] = []
    watchdog = Watchdog(NAME, 0.01, look)
    for number in range(3):
        watchdog.add(number)
    until(lambda: not _is_awake())
    assert sorted(seen) == [0, 1, 2]
