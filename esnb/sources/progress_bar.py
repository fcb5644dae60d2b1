"""A progress bar for reads that take longer than a second, gone when they end."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")

DELAY = 1.0
"""Seconds a read may take before it shows a bar."""
INTERVAL = 0.1
"""Seconds between two movements of the bar."""
VIEW_MIME = "application/vnd.jupyter.widget-view+json"
"""The MIME type by which a page finds the view of a widget."""


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
    if progress is False or (progress is None and os.environ.get("ESNB_PROGRESS") == "0"):
        yield from items
        return
    due = clock() + (0.0 if progress else DELAY)
    bar: _Bar | None = None
    seen = 0
    try:
        for item in items:
            now = clock()
            if now >= due:
                if bar is None:
                    bar = _Bar(unit, total, seen)
                bar.reach(seen)
                due = now + INTERVAL
            seen += 1
            yield item
        if bar is not None:
            bar.reach(seen)
    finally:
        if bar is not None:
            bar.close()


class _Bar:
    """A `tqdm.auto` bar that also removes its output from a notebook."""

    def __init__(self, unit: str, total: int | None, seen: int) -> None:
        self._handle: Any = None
        options: dict[str, Any] = {
            "total": total,
            "initial": seen,
            "unit": f" {unit}",
            "leave": False,
        }
        self._bar: Any
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # without widgets tqdm falls back to text, and says so
                from tqdm.auto import tqdm

                self._bar = tqdm(display=False, **options) if _in_page(tqdm) else tqdm(**options)
        except ImportError:
            from tqdm.std import tqdm as text_bar

            self._bar = text_bar(**options)
        container = getattr(self._bar, "container", None)
        if container is not None:
            from IPython import display

            untyped: Any = display
            handle = untyped.DisplayHandle()
            # The view is named here: `display` of an ipywidgets 7 widget takes no
            # display id, and its output could not be replaced.
            handle.display(
                {
                    "text/plain": str(self._bar),
                    VIEW_MIME: {
                        "version_major": 2,
                        "version_minor": 0,
                        "model_id": container.model_id,
                    },
                },
                raw=True,
            )
            self._handle = handle
            self._bar.displayed = True

    def reach(self, seen: int) -> None:
        self._bar.update(seen - self._bar.n)

    def close(self) -> None:
        self._bar.close()
        if self._handle is not None:
            # Closing removes the widget but not the output that held it.
            self._handle.update({"text/plain": ""}, raw=True)


def _in_page(bar_class: type) -> bool:
    """Whether `bar_class` draws widgets."""
    return any(base.__module__ == "tqdm.notebook" for base in bar_class.__mro__)
