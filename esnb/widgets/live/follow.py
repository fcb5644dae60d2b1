"""Looking for news a few times a second, until told to stop or no page shows the widget."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from esnb.threads.changes import Flag
from esnb.widgets.live.cells import when_run_again

EVERY = 0.4
"""Seconds between two looks: people perceive that as immediate."""


class Follower:
    """Calls `look` from a thread of its own until it returns False or `stop` is called.

    The thread is a daemon: it ends with the kernel. It prints nothing; `look`
    sets traits, and handles its own errors.
    """

    def __init__(self, look: Callable[[], bool], every: float = EVERY) -> None:
        self._look = look
        self._every = every
        self._ended = Flag()
        self._thread = threading.Thread(target=self._run, name="esnb-follow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No look begins after this call."""
        self._ended.set()

    @property
    def is_alive(self) -> bool:
        """Whether its thread is still running."""
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Waits until the thread has ended; returns at once in the thread itself."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            if not self._look():
                return


class WhileSeen:
    """Follows while that is wanted and a page shows the widget.

    When no page shows it any longer (its cell was cleared, run again or removed,
    the page closed), the thread ends; when a page shows it again, a new one
    starts. It also follows before any page is known to show it, since not every
    front end counts views. VS Code only ever adds views: there the thread ends
    when the cells that showed the widget are run again.
    """

    def __init__(self, root: Any, look: Callable[[], bool]) -> None:
        self._root = root
        self._look = look
        self._lock = threading.Lock()
        self._wanted = False
        self._hidden = False
        self._shows = 0
        self._cells = 0
        self._follower: Follower | None = None
        self._ending: list[Follower] = []
        root._view_count = 0  # from None on: the front end counts the views
        root.observe(self._views_changed, "_view_count")

    @property
    def running(self) -> bool:
        """Whether looks go on."""
        return self._follower is not None

    def start(self) -> None:
        """Looks from now on, while a page shows the widget."""
        with self._lock:
            self._wanted = True
            self._start_or_stop()

    def stop(self) -> None:
        """No look begins after this call. A look may call it."""
        with self._lock:
            self._wanted = False
            self._start_or_stop()

    def shown(self) -> None:
        """Notes that the running cell shows the widget."""
        with self._lock:
            self._shows += 1
            self._cells += 1
            self._hidden = False
            self._start_or_stop()
        when_run_again(self._cell_run_again)

    def close(self) -> None:
        """Stops for good."""
        self._root.unobserve(self._views_changed, "_view_count")
        self.stop()

    def join(self, timeout: float) -> None:
        """Waits until the threads that were stopped have ended, except for the calling one."""
        for follower in self._ending:
            follower.join(timeout)

    def _views_changed(self, change: Any) -> None:
        with self._lock:
            self._hidden = not change["new"]
            self._start_or_stop()

    def _cell_run_again(self) -> None:
        """One of its cells is run again. With more views than cells that showed it, it is elsewhere too."""
        with self._lock:
            self._cells -= 1
            if not self._cells and self._root._view_count <= self._shows:
                self._hidden = True
                self._start_or_stop()

    def _start_or_stop(self) -> None:
        if self._wanted and not self._hidden and self._follower is None:
            self._follower = Follower(self._look)
        elif self._follower is not None and (self._hidden or not self._wanted):
            self._follower.stop()
            self._ending = [each for each in self._ending if each.is_alive] + [self._follower]
            self._follower = None
