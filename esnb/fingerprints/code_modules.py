"""What code names in modules of the user's own: globals, imports, all that a module defines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import resolve_name
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from esnb.fingerprints.code_names import Path
from esnb.fingerprints.code_origins import ABSENT
from esnb.fingerprints.code_walk import CodeWalk
from esnb.fingerprints.own_modules import is_own

_DEFINITIONS = (FunctionType, type, ModuleType, BuiltinFunctionType)


def visit_module(walk: CodeWalk, name: str) -> None:
    """Adds what a module defines."""
    module = walk.origins.add_binding(sys.modules, name)
    names = {} if module is ABSENT else vars(module)
    walk.origins.add_size(names)
    for key, value in sorted(names.items()):
        if getattr(value, "__module__", None) == name:
            walk.origins.add_binding(names, key)
            walk.add("defines", key)
            walk.visit(value)


def visit_path(walk: CodeWalk, names: Mapping[str, Any], path: Path) -> None:
    """Adds what a global is, or what is taken from a module of the user's own."""
    for place, name in enumerate(path):
        value = walk.origins.add_binding(names, name)
        if not isinstance(value, ModuleType):
            if value is not ABSENT:
                _visit_named(walk, name, value)
            return
        if not is_own(value.__name__, walk.home):
            walk.add(value.__name__, *path[place:])
            return
        names = vars(value)
    _visit_own_module(walk, value.__name__)


def visit_import(walk: CodeWalk, name: str, package: str | None) -> None:
    """Adds a module that code imports as it runs; it is not imported for that."""
    try:
        module = resolve_name(name, package)
    except ImportError:
        return
    is_loaded = walk.origins.add_binding(sys.modules, module) is not ABSENT
    if is_loaded and is_own(module, walk.home):
        _visit_own_module(walk, module)


def _visit_own_module(walk: CodeWalk, name: str) -> None:
    """All of it: what is taken of the module is not known."""
    module = sys.modules.get(name)
    if module is None or not walk.is_new(module):
        return
    visit_module(walk, name)
    for key, value in sorted(vars(module).items()):
        if not key.startswith("__") and not isinstance(value, _DEFINITIONS):
            visit_path(walk, vars(module), (key,))


def _visit_named(walk: CodeWalk, name: str, value: Any) -> None:
    walk.add(name)
    if issubclass(type(value), FunctionType | type):
        walk.add(value.__qualname__)
        walk.visit_later(value)
    else:
        walk.visit(value)
