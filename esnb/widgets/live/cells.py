"""Cells that are run again: what they showed is gone, which not every front end reports.

JupyterLab closes a widget's views with the output that showed them. VS Code
removes the output but keeps its views, so their count only grows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

_shown: dict[str, list[WeakMethod[Callable[[], None]]]] = {}
"""What to call when a cell is run again, by the id of the cell."""


def when_run_again(gone: Callable[[], None]) -> None:
    """Calls a method once, when the running cell is run again, if its object still exists.

    Does nothing where no cell is running, or the front end gives the cell no id.
    """
    from IPython import get_ipython

    shell: Any = get_ipython()
    cell = _running(shell)
    if cell is not None:
        shell.events.register("pre_run_cell", _run)  # takes the same function once
        _shown.setdefault(cell, []).append(WeakMethod(gone))


def _run(_info: object) -> None:
    from IPython import get_ipython

    cell = _running(get_ipython())
    for reference in _shown.pop(cell, ()) if cell is not None else ():
        gone = reference()
        if gone is not None:
            gone()


def _running(shell: Any) -> str | None:
    """The id of the running cell."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None
    cell: str | None = kernel.get_parent("shell").get("metadata", {}).get("cellId")
    return cell
