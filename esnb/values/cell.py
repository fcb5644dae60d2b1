"""Cells: values as a frame can hold and show them, whatever code they bring with them.

pandas writes a cell with the value's own `str` and `repr`, in the middle of a
table: one that raises there breaks the whole table, and so does a lone surrogate
when the table is sent on, as text or HTML in UTF-8. Such a value, or such a part
of a list or a dict, stands in the frame as a text; all others as they are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pandas.io.formats.printing import (  # type: ignore[import-not-found]  # no stubs
    pprint_thing,
)

from esnb.values.state import ATOMS, OrderedFrozenset, OrderedSet, text_of

_SAFE = ATOMS - {str, int, Decimal}
_CONTAINERS = frozenset({dict, list, tuple, set, frozenset, OrderedSet, OrderedFrozenset})
_DEEPEST = 200
"""Levels of lists and dicts: `repr` ends at about a thousand, wherever it is called from."""
_PLAIN_LEVELS = 8
_SURE = 10**300
"""Python writes integers at least up to here; it refuses those of more than 4,300 digits."""


def as_cell(value: Any) -> Any:
    """The value, with a text in place of whatever in it cannot be shown."""
    kind = type(value)
    if kind is str:
        return encodable(value)
    if kind in _SAFE or (kind in (dict, list) and _is_plain(value, _PLAIN_LEVELS)):
        return value
    return _shown(value, {}, _DEEPEST)


def encodable(text: str) -> str:
    """A text with lone surrogates, which no encoding has, written as escapes.

    >>> encodable("cut \\ud83d here")
    'cut \\\\ud83d here'
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _is_plain(value: Any, levels: int) -> bool:
    """Whether a dict or a list holds only plain values, as most payloads do: a quick check."""
    if type(value) is dict:
        if not all(type(key) is str and encodable(key) is key for key in value):
            return False
        value = value.values()
    for inner in value:
        kind = type(inner)
        if kind is str:
            if encodable(inner) is not inner:
                return False
        elif kind is int:
            if not -_SURE <= inner <= _SURE:
                return False
        elif kind is dict or kind is list:
            if not (levels and _is_plain(inner, levels - 1)):
                return False
        elif kind not in _SAFE:
            return False
    return True


def _shown(value: Any, seen: dict[int, Any], levels: int) -> Any:
    kind = type(value)
    if kind is str:
        return encodable(value)
    if kind in _SAFE or (kind is int and -_SURE <= value <= _SURE):
        return value
    if kind is Decimal:  # pandas compares it with itself, which this one refuses
        return str(value) if value.is_snan() else value
    if kind not in _CONTAINERS:
        return _object(value)
    if id(value) not in seen:  # what is in itself is left as it is, as Python writes it: [...]
        seen[id(value)] = value
        seen[id(value)] = _container(value, seen, levels - 1) if levels else _too_deep(value)
    return seen[id(value)]


def _container(value: Any, seen: dict[int, Any], levels: int) -> Any:
    if type(value) is dict:
        pairs = [
            (key, _shown(key, seen, levels), inner, _shown(inner, seen, levels))
            for key, inner in value.items()
        ]
        if all(key is shown and inner is cell for key, shown, inner, cell in pairs):
            return value
        return {shown: cell for _, shown, _, cell in pairs}
    items = list(value)
    cells = [_shown(item, seen, levels) for item in items]
    if all(item is cell for item, cell in zip(items, cells, strict=True)):
        return value
    return type(value)(cells)


def _object(value: Any) -> Any:
    """A value of any other class, once it has shown that it can be written."""
    try:
        for text in (pprint_thing(value), str(value), repr(value)):
            text.encode()
    except Exception:  # noqa: BLE001  whatever its own methods raise, or a lone surrogate
        return encodable(text_of(value))
    return value


def _too_deep(value: Any) -> str:
    return f"<{type(value).__name__}: nested too deeply>"
