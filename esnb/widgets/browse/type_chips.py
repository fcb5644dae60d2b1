"""A button for each type of event, which says how many there are, and shows only those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from glob import escape
from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import note
from esnb.drawing.values import counted, visible
from esnb.widgets.browse.words import colour
from esnb.widgets.live.controls import Quiet, named, row

_MOST = 12
"""Types that have a button; the others are found by typing."""


class TypeChips:
    """The widgets of the buttons; `root` is what is displayed. With none pressed all are shown.

    `changed` is called with the patterns of the types that are pressed.
    """

    def __init__(self, changed: Callable[[tuple[str, ...]], None]) -> None:
        self.buttons: list[Any] = []
        self._others = widgets.HTML()
        self.root = row("esnb-chips")
        self._names: list[str] = []
        self._changed = changed
        self._quiet = Quiet()

    def show(self, types: Counter[str], wanted: tuple[str, ...], of_what: str) -> None:
        """Buttons for the most frequent types, pressed where they are among the wanted patterns.

        `of_what` says of which events there are so many, where not of all.
        """
        # In an order that does not change with the counts.
        names = sorted(name for name, _ in types.most_common(_MOST))
        pressed = {each.lower() for each in wanted}  # as the filter compares them
        with self._quiet:
            for _ in range(len(self.buttons), len(names)):
                made = named(widgets.ToggleButton(), "esnb-chip")
                made.observe(self._pressed, "value")
                self.buttons.append(made)
            for made, name in zip(self.buttons, names, strict=False):
                made.description = f"{visible(name, 40)} {types[name]:,}"
                made.tooltip = f"Show only {visible(name, 100)}"
                made.value = escape(name).lower() in pressed
                made.button_style = ""
                _colour(made, colour(name))
            rest = len(types) - len(names)
            others = f"and {counted(rest, 'more type')}" if rest > 0 else ""
            words = " ".join(each for each in (others, of_what) if each and names)
            self._others.value = note(words)
        self._names = names
        shown = [*self.buttons[: len(names)], *([self._others] if words else [])]
        if tuple(shown) != tuple(self.root.children):
            self.root.children = shown

    def close(self) -> None:
        """Closes those that are not displayed, too."""
        for each in (*self.buttons, self._others):
            for part in (each.layout, getattr(each, "style", None), each):
                if part is not None:
                    part.close()

    def _pressed(self, _change: Any) -> None:
        if not self._quiet:
            pairs = zip(self._names, self.buttons, strict=False)
            self._changed(tuple(escape(name) for name, made in pairs if made.value))


def _colour(made: Any, wanted: str) -> None:
    for each in made._dom_classes:
        if each.startswith("esnb-k") and each != wanted:
            made.remove_class(each)
    made.add_class(wanted)
