"""Controls of the panels: named, styled, each with a tooltip, and closed together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets


def button(description: str, icon: str, tooltip: str) -> Any:
    made = widgets.Button(description=description, icon=icon, tooltip=tooltip)
    return named(made, "esnb-button")


def icon_button(icon: str, words: str) -> Any:
    """A button that shows only its icon.

    The words are its description, which the style hides: screen readers would
    read out the icon's glyph for a button without a description.
    """
    made = widgets.Button(icon=icon)
    label(made, words)
    return named(made, "esnb-button", "esnb-icon")


def label(icon: Any, words: str) -> None:
    """Sets an icon button's tooltip and the name that screen readers read out."""
    icon.description = icon.tooltip = words


def field(name: str, example: str, tooltip: str) -> Any:
    made = widgets.Text(description=name, placeholder=example, continuous_update=False)
    if hasattr(made, "tooltip"):  # ipywidgets 7 has none here
        made.tooltip = tooltip
    return named(made, "esnb-field")


def copy_area(name: str) -> Any:
    return named(widgets.Textarea(description=f"{name} to copy", rows=16), "esnb-copy")


def row(name: str, *children: Any) -> Any:
    return named(widgets.HBox(list(children)), name)


def column(name: str, *children: Any) -> Any:
    return named(widgets.VBox(list(children)), "esnb-pane", name)


def named(widget: Any, *names: str) -> Any:
    for name in names:
        widget.add_class(name)
    return widget


def close_all(root: Any) -> None:
    """Closes a widget with everything in it, including layouts and styles."""
    pending = [root]
    while pending:
        widget = pending.pop()
        parts = (getattr(widget, name, None) for name in ("layout", "style"))
        pending += [part for part in parts if part is not None]
        pending += getattr(widget, "children", ())
        widget.close()


def choice(name: str, tooltip: str, options: Sequence[tuple[str, Any]] = ()) -> Any:
    """A list that opens when it is used; its name is for screen readers."""
    made = widgets.Dropdown(description=name, options=options)
    if hasattr(made, "tooltip"):
        made.tooltip = tooltip
    return named(made, "esnb-choice")


class Quiet:
    """Entered while the program sets what people set, too: observers then do nothing."""

    def __init__(self) -> None:
        self._depth = 0

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1

    def __bool__(self) -> bool:
        return self._depth > 0
