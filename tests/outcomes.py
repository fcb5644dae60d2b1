"""What a call comes to that may wait for a server that says nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.waiting import DEADLINE


def error_of(call: Callable[[], Any]) -> BaseException:
    """What `call` raises, called in another thread: the test fails if it never ends."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  handed to the test
            caught.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    assert not thread.is_alive(), "still waiting for the silent server"
    (error,) = caught
    return error
