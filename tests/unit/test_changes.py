"""A lock and waiting under it, which an interrupt leaves intact."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from esnb.threads.changes import Changes, Flag
from tests.waiting import DEADLINE


def begun(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_who_waits_is_woken_by_a_change() -> None:
    changes, values = Changes(), []

    def change() -> None:
        for value in range(3):
            with changes:
                values.append(value)
                changes.notify_all()

    begun(change)

    assert changes.wait_for(lambda: len(values) == 3, DEADLINE)


def test_all_who_wait_are_woken() -> None:
    changes = Changes()
    values: list[int] = []
    seen: list[bool] = []
    waiting = [
        begun(lambda: seen.append(changes.wait_for(lambda: bool(values), DEADLINE)))
        for _ in range(4)
    ]
    with changes:
        values.append(1)
        changes.notify_all()
    for thread in waiting:
        thread.join(DEADLINE)

    assert seen == [True] * 4


def test_the_time_is_up() -> None:
    assert not Changes().wait_for(lambda: False, 0.01)
    assert not Changes().wait_for(lambda: False, -1)
    assert Changes().wait_for(lambda: True, 0)


def test_the_lock_is_free_while_one_waits_and_the_predicate_is_asked_with_it() -> None:
    changes, held = Changes(), []
    asked = threading.Event()

    def predicate() -> bool:
        held.append(changes._is_owned())
        asked.set()
        return len(held) > 1

    waiting = begun(lambda: changes.wait_for(predicate, DEADLINE))
    assert asked.wait(DEADLINE)
    with changes:
        changes.notify_all()
    waiting.join(DEADLINE)

    assert held == [True, True]


def test_the_lock_may_be_taken_again_by_who_has_it() -> None:
    changes = Changes()
    with changes, changes:
        changes.notify_all()
    assert changes.acquire(blocking=False)
    changes.release()


def test_an_interrupted_wait_leaves_nothing_behind() -> None:
    changes = Changes()

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        changes.wait_for(interrupted)

    assert changes._waiters == []
    free = []
    begun(lambda: free.append(changes.acquire(blocking=False))).join(DEADLINE)
    assert free == [True]


def test_who_waits_with_the_lock_is_told() -> None:
    changes = Changes()
    with changes, pytest.raises(AssertionError, match="keeps others from the change"):
        changes.wait_for(lambda: True)


def test_a_flag_wakes_who_waits_and_stays_raised() -> None:
    flag, seen = Flag(), []
    waiting = begun(lambda: seen.append(flag.wait(DEADLINE)))
    flag.set()
    waiting.join(DEADLINE)

    assert seen == [True]
    assert flag.is_set()
    assert flag.wait(0)
    flag.clear()
    assert not flag.is_set()
    assert not flag.wait(0.01)
