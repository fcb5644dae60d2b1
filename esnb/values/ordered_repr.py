"""Values as text that is the same in every process.

`repr` writes the memory address of many objects, and the elements of a set in
the order of their hashes, which for text differs from process to process.
"""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SORTABLE = frozenset({bool, int, str, bytes, UUID, date, timedelta})
"""Types whose order is total, so that sorting them always gives the same result."""


def ordered_repr(value: object) -> str:
    """`repr(value)` without memory addresses and with every set in order.

    Raises what the `repr` of the value, or of something in it, raises.

    >>> ordered_repr({"tags": {"new", "hot"}, "sizes": frozenset({10, 9})})
    "{'tags': {'hot', 'new'}, 'sizes': frozenset({9, 10})}"
    """
    text = repr(value)
    if "{" in text:  # nothing else can hold a set of two
        text = _written(value, ())
    return _ADDRESS.sub("", text)


def safe_repr(value: object) -> str:
    """`ordered_repr(value)`; where that raises, a text that says so.

    >>> class Shy:
    ...     def __repr__(self):
    ...         raise ValueError
    >>> safe_repr(Shy())
    '<Shy: its repr raises ValueError>'
    """
    try:
        return ordered_repr(value)
    except RecursionError:
        return f"<{type(value).__qualname__}: nested too deeply>"
    except Exception as error:  # noqa: BLE001  whatever the value's own __repr__ raises
        return f"<{type(value).__qualname__}: its repr raises {type(error).__name__}>"


def short_repr(value: object, most: int = 80) -> str:
    """The same, cut in the middle to `most` characters: for errors and lines."""
    text = safe_repr(value)
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def printable(text: str) -> str:
    """The text with every character that cannot be seen written as an escape.

    >>> printable("one\\ntwo\\u202eowt")
    'one\\\\ntwo\\\\u202eowt'
    """
    return text if text.isprintable() else "".join(map(_seen, text))


def _seen(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def in_order(values: Iterable[Any]) -> list[Any]:
    """The elements of a set, in an order that is the same in every process.

    >>> in_order({"b", "a"}), in_order({10, 9}), in_order({"1", 1})
    (['a', 'b'], [9, 10], ['1', 1])
    """
    found = list(values)
    kinds = set(map(type, found))
    if len(kinds) == 1 and kinds <= _SORTABLE:
        return sorted(found)
    return sorted(found, key=safe_repr)


def _written(value: Any, around: tuple[int, ...]) -> str:
    """The text of a value; `around` are the ids of the containers that it is in."""
    write = _WRITERS.get(type(value).__repr__)
    if write is None:
        write = _generated(value)
        if write is None:
            return repr(value)
    if id(value) in around:
        return "..."
    return write(value, (*around, id(value)))


Write = Callable[[Any, tuple[int, ...]], str]


def _list(value: Any, around: tuple[int, ...]) -> str:
    return f"[{_all(value, around)}]"


def _tuple(value: Any, around: tuple[int, ...]) -> str:
    return f"({_all(value, around)}{',' if len(value) == 1 else ''})"


def _dict(value: Any, around: tuple[int, ...]) -> str:
    pairs = (f"{_written(key, around)}: {_written(inner, around)}" for key, inner in value.items())
    return f"{{{', '.join(pairs)}}}"


def _set(value: Any, around: tuple[int, ...]) -> str:
    name = type(value).__name__
    if not value:
        return f"{name}()"
    inside = f"{{{_all(in_order(value), around)}}}"
    return inside if type(value) is set else f"{name}({inside})"


def _defaultdict(value: Any, around: tuple[int, ...]) -> str:
    return f"{type(value).__name__}({value.default_factory!r}, {_dict(value, around)})"


def _ordered_dict(value: Any, around: tuple[int, ...]) -> str:
    return f"{type(value).__name__}({_dict(value, around)})"


def _deque(value: Any, around: tuple[int, ...]) -> str:
    most = "" if value.maxlen is None else f", maxlen={value.maxlen}"
    return f"{type(value).__name__}({_list(value, around)}{most})"


_WRITERS: dict[Any, Write] = {
    list.__repr__: _list,
    tuple.__repr__: _tuple,
    dict.__repr__: _dict,
    set.__repr__: _set,
    frozenset.__repr__: _set,
    defaultdict.__repr__: _defaultdict,
    OrderedDict.__repr__: _ordered_dict,
    deque.__repr__: _deque,
}
"""By the method that otherwise writes them: a subclass with its own method keeps it."""


def _generated(value: Any) -> Write | None:
    """The writer of a class whose `repr` was generated from its fields."""
    kind = type(value)
    if is_dataclass(kind) and hasattr(kind.__repr__, "__wrapped__"):
        names = [field.name for field in fields(kind) if field.repr]
        return lambda value, around: _named(value, kind.__qualname__, names, around)
    if isinstance(value, tuple) and hasattr(kind, "_fields") and "_make" in dir(kind):
        return lambda value, around: _named(value, kind.__name__, kind._fields, around)
    return None


def _named(value: Any, name: str, names: Iterable[str], around: tuple[int, ...]) -> str:
    pairs = (f"{each}={_written(getattr(value, each), around)}" for each in names)
    return f"{name}({', '.join(pairs)})"


def _all(values: Iterable[Any], around: tuple[int, ...]) -> str:
    return ", ".join(_written(value, around) for value in values)
