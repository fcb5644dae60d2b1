"""What documents are asked with: places, numbers of documents, ends of a range, ids."""

from __future__ import annotations

from operator import index
from typing import Any, Final

from esnb.values.ordered_repr import short_repr

_MOST: Final = 2**62
"""Redis counts in 64 bits, and adds a place and a number of documents."""


def whole(value: Any, argument: str, least: int) -> int:
    """The argument as an int from `least` on; TypeError or ValueError that names it."""
    try:
        number = None if isinstance(value, bool) else index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{argument}={short_repr(value)} is not a whole number")
    if not least <= number <= _MOST:
        raise ValueError(
            f"{argument}={short_repr(value)}: pass a whole number from {least} to 2**62"
        )
    return number


def end(value: Any, argument: str, open_end: str) -> float | str:
    """One end of a range of numbers; None: `open_end`, as Redis writes it."""
    if value is None:
        return open_end
    try:
        number = float(value)
    except TypeError:
        raise TypeError(_not_an_end(value, argument)) from None
    except (ValueError, OverflowError):
        raise ValueError(_not_an_end(value, argument)) from None
    if number != number:
        raise ValueError(_not_an_end(value, argument))
    return number


def _not_an_end(value: object, argument: str) -> str:
    return (
        f"{argument}={short_repr(value)} is not a number that a float holds, by which Redis puts "
        "documents in order: pass another one, or None for no end"
    )


def encodable(value: object, what: str) -> str:
    """The value as text, which UTF-8 must have: keys and ids are written in it. ValueError."""
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{what} {short_repr(text)} has a lone surrogate, which UTF-8 cannot write: "
            "choose another one"
        ) from None
    return text
