"""Whether the running cell has shown anything yet.

What is displayed below a cell stays in the notebook: an update can empty it, but
only clearing all that the cell has shown removes it. So whoever wants to remove
what he displayed must know that there is nothing else. A kernel numbers the
messages that it sends: where none was sent since the cell began, nothing was shown.
"""

from __future__ import annotations

import ast
import sys
from typing import Any

_begun: int | None = None
"""Messages that the kernel had sent when the running cell began; None: not known."""


def notebook_shell() -> Any:
    """The IPython shell of a Jupyter kernel; None in a terminal, a script or a test."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(getattr(shell, "display_pub", None), "session") else None


def watch_cells() -> None:
    """Has the beginning of each cell noted from now on; does nothing outside a kernel."""
    shell = notebook_shell()
    if shell is None:
        return
    shell.events.register("pre_run_cell", _note_beginning)
    if _only_imports_so_far(shell):
        _note_beginning()


def is_untouched() -> bool:
    """Whether the running cell is known to have shown nothing."""
    return _begun is not None and sent() == _begun


def forget(messages: int) -> None:
    """Counts so many out, of which nothing is left below the cell."""
    global _begun
    if _begun is not None:
        _begun += messages


def sent() -> int:
    """How many messages the kernel has sent, with those that were still held back."""
    sys.stdout.flush()
    sys.stderr.flush()
    count: int = notebook_shell().display_pub.session.message_count
    return count


def _note_beginning(*_: object) -> None:
    global _begun
    _begun = sent()


def _only_imports_so_far(shell: Any) -> bool:
    """Whether the running cell has done nothing yet that could have shown something."""
    code = shell.get_parent().get("content", {}).get("code", "")
    try:
        statements = ast.parse(code).body
    except SyntaxError:  # magics, which may show something
        return False
    line = _line_of_cell(shell.user_ns)
    return all(
        isinstance(each, ast.Import | ast.ImportFrom) for each in statements if each.lineno < line
    )


def _line_of_cell(namespace: dict[str, Any]) -> int:
    """The line of the cell that is being run."""
    frame, line = sys._getframe(), 0
    while frame is not None:
        if frame.f_globals is namespace:
            line = frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return line
