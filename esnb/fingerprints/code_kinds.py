"""Which visit is made to a value, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodWrapperType, ModuleType
from typing import Any

from esnb.fingerprints.code_classes import visit_type
from esnb.fingerprints.code_data import visit_collection, visit_member, visit_plain
from esnb.fingerprints.code_functions import visit_builtin, visit_function
from esnb.fingerprints.code_objects import visit_object
from esnb.fingerprints.code_values import COLLECTIONS, PLAIN
from esnb.fingerprints.code_walk import CodeWalk


def visit_by_kind(walk: CodeWalk, value: Any) -> None:
    """Adds a value as the first kind says that its type belongs to."""
    # By type: `isinstance` asks the value, too, and a mock says what it was told to.
    next(visit for kinds, visit in _VISITS if issubclass(type(value), kinds))(walk, value)


def _visit_property(walk: CodeWalk, value: property) -> None:
    for accessor in (value.fget, value.fset, value.fdel):
        walk.visit(accessor)


def _visit_module_name(walk: CodeWalk, module: ModuleType) -> None:
    walk.add(type(module).__name__, module.__name__)


_VISITS: tuple[tuple[tuple[type[Any], ...], Callable[[CodeWalk, Any], None]], ...] = (
    ((Enum,), visit_member),
    (PLAIN, visit_plain),
    (COLLECTIONS, visit_collection),
    ((FunctionType,), visit_function),
    ((type,), visit_type),
    ((property,), _visit_property),
    ((ModuleType,), _visit_module_name),
    ((BuiltinFunctionType, MethodWrapperType), visit_builtin),
    ((object,), visit_object),
)
