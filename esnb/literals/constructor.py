"""What the class of an object takes to make another one like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def arguments(value: Any, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an object as arguments with which its class makes another one.

    What the class does not take, because it is computed or comes from an older
    class, is left out.
    """
    known, aliases = constructor_fields(value), _aliases(type(value))
    return {
        aliases.get(name, name): inner
        for name, inner in attributes.items()
        if known is None or name in known
    }


def constructor_fields(value: Any) -> list[str] | None:
    """The fields that the class of an object takes when it is made; None where it has none."""
    kind = type(value)
    if is_dataclass(kind):
        return [each.name for each in fields(kind) if each.init]
    if hasattr(kind, "__attrs_attrs__"):
        return [each.name for each in kind.__attrs_attrs__ if each.init]
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return list(kind._fields)
    for known in ("__struct_fields__", "model_fields"):  # msgspec's, pydantic's
        if hasattr(kind, known):
            return list(getattr(kind, known))
    return None


def _aliases(kind: type[Any]) -> dict[str, str]:
    """The arguments of a class whose names differ from the fields that they set."""
    if hasattr(kind, "__attrs_attrs__"):
        return {each.name: each.alias or each.name for each in kind.__attrs_attrs__}
    known = getattr(kind, "model_fields", None)
    if not isinstance(known, Mapping):
        return {}
    return {
        name: each.validation_alias
        for name, each in known.items()
        if isinstance(getattr(each, "validation_alias", None), str)
    }
