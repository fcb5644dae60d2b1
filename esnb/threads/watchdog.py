"""A thread that looks at what waits, for as long as anything does."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Watchdog(Generic[T]):
    """Calls `look` with each watched item every `tick` seconds.

    One thread, which ends when there are no items. A forked child has neither.
    """

    def __init__(self, name: str, tick: float, look: Callable[[T], None]) -> None:
        self.tick = tick
        self._name = name
        self._look = look
        self._lock = threading.Lock()
        self._items: set[T] = set()
        self._thread: threading.Thread | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def add(self, item: T) -> None:
        """Watches the item from now on."""
        with self._lock:
            self._items.add(item)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def discard(self, item: T) -> None:
        """Watches the item no longer, if it did."""
        with self._lock:
            self._items.discard(item)

    def look(self) -> None:
        """Looks at each item once."""
        with self._lock:
            items = list(self._items)
        for item in items:
            self._look(item)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._items.clear()
        self._thread = None

    def _run(self) -> None:
        pause = threading.Event()  # never set: a sleep that ends with the interpreter
        while not pause.wait(self.tick):
            with self._lock:
                if not self._items:
                    self._thread = None
                    return
            self.look()
