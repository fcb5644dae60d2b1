"""Values as a fingerprint sees them: plain values, collections, and what an object consists of."""

from __future__ import annotations

import copyreg
import datetime
import inspect
import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial
from types import FunctionType, MappingProxyType, MethodType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

PLAIN = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    type(None),
    type(...),
    Decimal,
    Fraction,
    UUID,
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    ZoneInfo,
    range,
    slice,
)
COLLECTIONS = (tuple, list, set, frozenset, dict, deque, MappingProxyType)
MAPPINGS = (dict, MappingProxyType)
UNCHANGING = (tuple, frozenset)
"""The collections that cannot be changed in place."""
_ATOMS = frozenset({bool, int, float, str, bytes, type(None)})
"""Types whose `repr` says everything and is fast."""
_FLEETING = frozenset({"weakref", "_weakref", "_weakrefset", "unittest.mock"})
"""Modules of objects that lose items by themselves, or make attributes up."""
_CALLABLES = (FunctionType, MethodType, partial)


def base_among(kinds: tuple[type[Any], ...], value: Any) -> type[Any]:
    """The one of the kinds that a value's type is, or is derived from."""
    return next(kind for kind in kinds if issubclass(type(value), kind))


def plain_text(value: Any, base: Any) -> str:
    """A plain value as text, whatever `repr` a class derived from its type has."""
    try:
        return str(base.__repr__(value))
    except ValueError:  # a number of more digits than Python writes
        return pickle.dumps(_as_base(value, base), protocol=4).hex()


def _as_base(value: Any, base: type[Any]) -> Any:
    return int(value) if base is int else value


def contents(collection: Any) -> list[Any]:
    """What a collection holds, in its order; of a mapping the keys, then the values."""
    base = base_among(COLLECTIONS, collection)
    if base in MAPPINGS:
        return [*base.keys(collection), *base.values(collection)]
    return list(base.__iter__(collection))


def atoms_text(values: list[Any]) -> str | None:
    """The text of many numbers and texts at once; None: there are other values among them."""
    if not _ATOMS.issuperset(map(type, values)):
        return None
    try:
        return repr(values)
    except ValueError:  # a number of more digits than Python writes
        return None


def is_value(kind: Any) -> bool:
    """Whether objects of a type are compared by their content."""
    return kind.__eq__ is not object.__eq__


def keeps_content(kind: type[Any]) -> bool:
    """Whether objects of a type hold what they were given, neither losing nor inventing any."""
    return kind.__module__ not in _FLEETING


def reduce(value: Any) -> tuple[Any, ...]:
    """What pickle would write of an object: a function, its arguments, the state, the items.

    Raises whatever an object raises that cannot be pickled.
    """
    reduce = copyreg.dispatch_table.get(type(value))
    found = reduce(value) if reduce else value.__reduce_ex__(4)
    if isinstance(found, str):
        return (found,)
    return tuple(list(part) if isinstance(part, Iterator) else part for part in found)


def callables_in(attributes: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Those attributes that are functions, or functions with arguments."""
    return ((name, value) for name, value in attributes if isinstance(value, _CALLABLES))


def parts(value: Any) -> Iterator[Any]:
    """The functions within a static or class method, `@event`, a dispatcher, a partial."""
    for name in ("__func__", "__wrapped__", "func", "decorated_func", "args", "keywords"):
        part = own_attribute(value, name)
        if part is not None:
            yield part
    if isinstance(value, MethodType):
        yield value.__self__
    registered = {f"{cls.__module__}:{cls.__qualname__}": f for cls, f in registry(value).items()}
    if registered:
        yield dict(sorted(registered.items()))
    yield from own_attribute(value, "deferred_registrations") or ()


def registry(value: Any) -> Mapping[type[Any], Any]:
    """The functions of a dispatcher, by type; none of anything else."""
    found = own_attribute(own_attribute(value, "dispatcher") or value, "registry")
    return found if isinstance(found, COLLECTIONS) and isinstance(found, Mapping) else {}


def own_attribute(value: Any, name: str) -> Any:
    """An attribute that an object has; None also where it makes up any that it is asked for."""
    found = inspect.getattr_static(value, name, None)
    return None if found is None else getattr(value, name, None)
