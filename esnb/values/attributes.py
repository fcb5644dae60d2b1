"""The attributes that an object itself has, whatever kind of object it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def attribute_names(value: object) -> Iterator[str]:
    """The names of an object's fields, slots and instance attributes, in the order of their definition."""
    if isinstance(value, tuple):
        yield from getattr(value, "_fields", ())
    yield from getattr(type(value), "__struct_fields__", ())  # msgspec sorts its slots
    for kind in reversed(type(value).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        yield from ([slots] if isinstance(slots, str) else slots)
    yield from getattr(value, "__dict__", ())


def instance_attributes(value: object) -> Iterator[tuple[str, Any]]:
    """The attributes of an object, slots included, except those that Python reserves."""
    for name in dict.fromkeys(attribute_names(value)):
        if not (name.startswith("__") and name.endswith("__")) and hasattr(value, name):
            yield name, getattr(value, name)
