"""A progress bar for what takes longer than a second, gone when it ends."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from esnb.activity.line import new_line
from esnb.activity.sign import sign_of_life
from esnb.activity.wanted import is_wanted

T = TypeVar("T")

DELAY = 1.0
"""Seconds a read may take before it shows a bar."""
INTERVAL = 0.1
"""Seconds between two movements of the bar."""


def track(
    items: Iterable[T],
    *,
    unit: str,
    total: int | None = None,
    progress: bool | None = None,
    clock: Callable[[], float] = monotonic,
) -> Generator[T, None, None]:
    """`items`, with a bar that says how far they are.

    `progress=None` shows it after a second, or never with `ESNB_PROGRESS=0` in
    the environment; True at once; False never. No bar is made before it is due:
    in a notebook, merely making one sends messages to the page.
    """
    if not is_wanted(progress):
        yield from items
        return
    remaining = iter(items)
    with sign_of_life(f"reading {unit}"):
        first = list(_next(remaining))
    seen = 0
    with counting(unit, total=total, progress=progress, clock=clock) as reach:
        for part in (first, remaining):
            for item in part:
                reach(seen)
                seen += 1
                yield item
        reach(seen)


@contextmanager
def counting(
    unit: str,
    *,
    total: int | None = None,
    progress: bool | None = None,
    clock: Callable[[], float] = monotonic,
) -> Iterator[Callable[[int], None]]:
    """A function that is told how many are done, and shows the bar of `track` when it is due."""
    if not is_wanted(progress):
        yield lambda seen: None
        return
    counter = _Counter(unit, total, clock, 0.0 if progress else DELAY)
    try:
        yield counter.reach
        counter.finish()
    finally:
        counter.close()


class _Counter:
    """When the bar is made, and when it moves."""

    def __init__(
        self, unit: str, total: int | None, clock: Callable[[], float], delay: float
    ) -> None:
        self._unit, self._total, self._clock = unit, total, clock
        self._due = clock() + delay
        self._seen = 0
        self._bar: _Bar | None = None

    def reach(self, seen: int) -> None:
        self._seen = seen
        now = self._clock()
        if now >= self._due:
            if self._bar is None:
                self._bar = _Bar(self._unit, self._total, seen)
            self._bar.reach(seen)
            self._due = now + INTERVAL

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.reach(self._seen)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class _Bar:
    """What is done, how fast, and how long the rest will take, in tqdm's words."""

    def __init__(self, unit: str, total: int | None, seen: int) -> None:
        self._unit, self._total = unit, total
        self._first, self._begun = seen, monotonic()
        self._line = new_line(forced=True)

    def reach(self, seen: int) -> None:
        if self._line is not None:
            share = seen / self._total if self._total else None
            self._line.show(self._said(seen, self._line.draws_bars and share is not None), share)

    def close(self) -> None:
        if self._line is not None:
            self._line.vanish()

    def _said(self, seen: int, is_drawn: bool) -> str:
        from tqdm.std import tqdm

        text: str = tqdm.format_meter(
            seen,
            self._total,  # type: ignore[arg-type]  # None: not known
            monotonic() - self._begun,
            prefix=self._unit,
            ncols=shutil.get_terminal_size().columns - 1,
            unit=f" {self._unit}",
            initial=self._first,
            bar_format="{n_fmt}/{total_fmt}{unit} [{elapsed}<{remaining}, {rate_fmt}]"
            if is_drawn
            else None,
        )
        return text


def _next(items: Iterator[T]) -> Iterator[T]:
    for item in items:
        yield item
        return
