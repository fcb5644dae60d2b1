"""Values as text that is the same in every process.

`repr` writes the memory address of many objects, and the elements of a set in
the order of their hashes, which for text differs from process to process.
"""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from esnb.values.attributes import instance_attributes

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
        text = _written(value, _Walk())
    return _ADDRESS.sub("", text)


def attributed_repr(value: object) -> str:
    """`safe_repr(value)`, in which objects without a `__repr__` show their attributes.

    For states only: other objects may have attributes that are secret.

    >>> class Line:
    ...     def __init__(self, sku):
    ...         self.sku = sku
    >>> attributed_repr({"tea": Line("tea")})
    "{'tea': Line(sku='tea')}"
    """
    try:
        text = repr(value)
        if "{" in text or _ADDRESS.search(text):
            text = _written(value, _Walk(opens_objects=True))
        return _ADDRESS.sub("", text)
    except Exception:  # noqa: BLE001  whatever the value's own __repr__ raises
        return safe_repr(value)


def without_addresses(value: Any, levels: int = 20) -> Any:
    """The value, with the text of each object in it that would show its address instead.

    >>> class Line:
    ...     def __init__(self, sku):
    ...         self.sku = sku
    >>> without_addresses({"tea": Line("tea"), "jam": [1]})
    {'tea': "Line(sku='tea')", 'jam': [1]}
    """
    try:
        if not _ADDRESS.search(repr(value)):
            return value
    except Exception:  # noqa: BLE001  whatever the value's own __repr__ raises: a frame says so
        return value
    if levels and type(value) is dict:
        return {key: without_addresses(inner, levels - 1) for key, inner in value.items()}
    if levels and type(value) in (list, tuple):
        return type(value)(without_addresses(inner, levels - 1) for inner in value)
    return attributed_repr(value)


def has_own_repr(value: object) -> bool:
    """Whether the value says more of itself than its class and its address."""
    return type(value).__repr__ is not object.__repr__


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


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where the writing of a value has come to."""

    around: tuple[int, ...] = ()
    """The ids of the containers that the value is in."""
    opens_objects: bool = False
    """Whether objects without a `__repr__` are written with their attributes."""

    def into(self, value: Any) -> _Walk:
        return _Walk((*self.around, id(value)), self.opens_objects)


def _written(value: Any, walk: _Walk) -> str:
    write = _WRITERS.get(type(value).__repr__) or _generated(value)
    if write is None and walk.opens_objects and not has_own_repr(value):
        write = _opened(value)
    if write is None:
        return repr(value)
    if id(value) in walk.around:
        return "..."
    return write(value, walk.into(value))


Write = Callable[[Any, _Walk], str]


def _list(value: Any, walk: _Walk) -> str:
    return f"[{_all(value, walk)}]"


def _tuple(value: Any, walk: _Walk) -> str:
    return f"({_all(value, walk)}{',' if len(value) == 1 else ''})"


def _dict(value: Any, walk: _Walk) -> str:
    pairs = (f"{_written(key, walk)}: {_written(inner, walk)}" for key, inner in value.items())
    return f"{{{', '.join(pairs)}}}"


def _set(value: Any, walk: _Walk) -> str:
    name = type(value).__name__
    if not value:
        return f"{name}()"
    inside = f"{{{_all(in_order(value), walk)}}}"
    return inside if type(value) is set else f"{name}({inside})"


def _defaultdict(value: Any, walk: _Walk) -> str:
    return f"{type(value).__name__}({value.default_factory!r}, {_dict(value, walk)})"


def _ordered_dict(value: Any, walk: _Walk) -> str:
    return f"{type(value).__name__}({_dict(value, walk)})"


def _deque(value: Any, walk: _Walk) -> str:
    most = "" if value.maxlen is None else f", maxlen={value.maxlen}"
    return f"{type(value).__name__}({_list(value, walk)}{most})"


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
        return lambda value, walk: _named(value, kind.__qualname__, names, walk)
    if isinstance(value, tuple) and hasattr(kind, "_fields") and "_make" in dir(kind):
        return lambda value, walk: _named(value, kind.__name__, kind._fields, walk)
    return None


def _opened(value: Any) -> Write | None:
    """The writer of an object without a `__repr__`, if it has attributes."""
    names = [name for name, _ in instance_attributes(value)]
    if not names:
        return None
    return lambda value, walk: _named(value, type(value).__name__, names, walk)


def _named(value: Any, name: str, names: Iterable[str], walk: _Walk) -> str:
    pairs = (f"{each}={_written(getattr(value, each), walk)}" for each in names)
    return f"{name}({', '.join(pairs)})"


def _all(values: Iterable[Any], walk: _Walk) -> str:
    return ", ".join(_written(value, walk) for value in values)
