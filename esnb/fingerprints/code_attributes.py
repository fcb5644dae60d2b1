"""Which attributes of a class, a function or an object say what its code does."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import FunctionType
from typing import Any

from esnb.fingerprints.code_values import COLLECTIONS, PLAIN
from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import safe_repr

_IGNORED = frozenset(
    {
        "__abstractmethods__",
        "__annotations__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__qualname__",
        "__signature__",
        "__slotnames__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
        "_value2member_map_",
    }
)
"""What says nothing of the code; some of it appears when the class is first used or copied."""
_PYDANTIC = "__pydantic_"
_PYDANTIC_FIELDS = "__pydantic_fields__"
"""Of what pydantic makes of a model (schemas with addresses, validators), this says it all."""
_DATA = (Enum, *PLAIN, *COLLECTIONS)
"""What a class attribute holds that is data, and may be changed by the class's code."""
_FIELDS = "__pydantic_fields__"
"""Of what pydantic makes of a model (schemas with addresses, validators), this says it all."""
_DATA = (Enum, *PLAIN, *COLLECTIONS)
"""What a class attribute holds that is data, and may be changed by the class's code."""
FIELDS = (
    "__dataclass_fields__",
    "__attrs_attrs__",
    "__struct_fields__",
    _PYDANTIC_FIELDS,
    "_fields",
)
"""By these a class shows that its annotations are its fields, which libraries convert by."""
_COPIED = frozenset({"__wrapped__", "__isabstractmethod__"})
"""Attributes of a function that are visited otherwise, or say nothing of its code."""


def definitions(cls: type[Any]) -> dict[str, Any]:
    """What the body of a class defines: methods, classes, descriptors."""
    return {
        name: value
        for name, value in vars(cls).items()
        if not (name in _IGNORED or name.startswith(_PYDANTIC) or _is_data(value))
    }


def data_attributes(owner: Any) -> dict[str, Any]:
    """The data that a class, a function or an object holds as attributes."""
    if isinstance(owner, type):
        return {name: each for name, each in vars(owner).items() if _is_class_data(name, each)}
    if isinstance(owner, FunctionType):
        return {name: each for name, each in vars(owner).items() if name not in _COPIED}
    return dict(instance_attributes(owner))


def content(name: str, value: Any) -> Any:
    """What an attribute's value says: of pydantic's descriptions of fields a part."""
    return _field_parts(value) if name == _PYDANTIC_FIELDS else value


def _is_class_data(name: str, value: Any) -> bool:
    """Whether a class attribute is data, and says something."""
    if name in _IGNORED or (name.startswith(_PYDANTIC) and name != _PYDANTIC_FIELDS):
        return False
    return _is_data(value)


def _is_data(value: Any) -> bool:
    return issubclass(type(value), _DATA)


def _field_parts(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """What pydantic's descriptions of fields say, and the functions in them."""
    return tuple(
        (name, safe_repr(each), tuple(each.metadata), each.default_factory)
        for name, each in fields.items()
    )
