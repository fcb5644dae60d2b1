"""`esnb.options`: how things show themselves."""

from __future__ import annotations

import os
from typing import Literal, cast

Display = Literal["esnb", "pandas"]

_DISPLAYS = ("esnb", "pandas")
_VARIABLE = "ESNB_DISPLAY"


class Options:
    """What can be set for the whole session.

    `display`: how frames show themselves, "esnb" (short ids, payload first,
    secondary columns folded) or "pandas" (as pandas shows any frame). With
    "pandas", applications, aggregates, recordings and recorded events show
    themselves in IPython as they do without esnb, too. Until it is set, the
    environment variable `ESNB_DISPLAY` counts, else it is "esnb".

    Raises ValueError for any other value, AttributeError for any other name.

    >>> import esnb
    >>> esnb.options.display = "pandas"
    >>> esnb.options
    display = 'pandas'  # how frames show themselves: 'esnb' or 'pandas'
    >>> esnb.options.display = "esnb"
    """

    __slots__ = ("_display",)

    def __init__(self) -> None:
        self._display: Display | None = None

    @property
    def display(self) -> Display:
        """How frames show themselves: "esnb" or "pandas"."""
        if self._display is not None:
            return self._display
        return _checked(_VARIABLE, os.environ.get(_VARIABLE, "").strip().lower() or "esnb")

    @display.setter
    def display(self, value: Display) -> None:
        self._display = _checked("esnb.options.display", value)

    def __setattr__(self, name: str, value: object) -> None:
        if not hasattr(type(self), name):
            raise AttributeError(f"esnb.options has no {name!r}: there is esnb.options.display")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"display = {self.display!r}  # how frames show themselves: 'esnb' or 'pandas'"


def _checked(name: str, value: object) -> Display:
    if value not in _DISPLAYS:
        raise ValueError(f"{name} is {value!r}: set it to 'esnb' or 'pandas'")
    return cast(Display, value)


options = Options()
