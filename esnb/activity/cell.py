"""Whether the running cell has shown anything yet.

What is displayed below a cell stays in the notebook: an update can empty it, but
only clearing all that the cell has shown removes it. So whoever wants to remove
what he displayed must know that there is nothing else. From `import esnb` on, what
the kernel sends is looked at on its way.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from typing import Any

from esnb.activity.shell import ipython_shell

_SHOWN = frozenset({"stream", "display_data", "execute_result", "error"})
"""Types of messages that put something below a cell."""

_cell: str | None = None
"""The id of the request that runs the cell whose messages are known from its beginning."""
_messages: list[str] = []
"""Types of those that have shown something since, in that cell or beside it."""


def notebook_shell() -> Any:
    """The IPython shell of a Jupyter kernel; None in a terminal, a script or a test."""
    shell = ipython_shell()
    return shell if hasattr(getattr(shell, "display_pub", None), "session") else None


def watch_cells() -> None:
    """Has each cell's messages noted from now on; does nothing outside a kernel."""
    shell = notebook_shell()
    if shell is None:
        return
    _look_at_messages(shell.display_pub.session)
    shell.events.register("pre_run_cell", _note_beginning)
    if _only_imports_so_far(shell):
        _note_beginning()


def is_empty(*, but_for: int = 0) -> bool:
    """Whether the running cell is known to have shown nothing, or only so many outputs."""
    sys.stdout.flush()
    sys.stderr.flush()
    return _cell is not None and running_cell() == _cell and len(_messages) == but_for


def forget_one() -> None:
    """Counts an output out that has been removed."""
    _messages.pop()


def running_cell() -> str | None:
    """The id of the request that is being answered."""
    found: str | None = notebook_shell().display_pub.parent_header.get("msg_id")
    return found


def _note_beginning(*_: object) -> None:
    global _cell
    _cell = running_cell()
    _messages.clear()


def _look_at_messages(session: Any) -> None:
    send = session.send

    def sends(stream: Any, message: Any, content: Any = None, *args: Any, **options: Any) -> Any:
        _look_at(message, content)
        return send(stream, message, content, *args, **options)

    session.send = sends


def _look_at(message: Any, content: Any) -> None:
    kind = message if isinstance(message, str) else message["header"]["msg_type"]
    if not isinstance(message, str):
        content = message["content"]
    # An output widget that is told a cell takes what that shows, and would be cleared with it.
    if kind in _SHOWN or (kind == "comm_msg" and _captures(content)):
        _messages.append(kind)


def _captures(content: Mapping[str, Any] | None) -> bool:
    state = ((content or {}).get("data") or {}).get("state") or {}
    return bool(state.get("msg_id"))


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
