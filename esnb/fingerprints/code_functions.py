"""Functions: their code, their defaults, and what they name outside themselves."""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import Any

from esnb.fingerprints.code_instructions import instructions
from esnb.fingerprints.code_modules import visit_import, visit_path
from esnb.fingerprints.code_names import (
    CHANGING_METHODS,
    changed_names,
    global_paths,
    imported_modules,
)
from esnb.fingerprints.code_objects import visit_parts
from esnb.fingerprints.code_walk import CodeWalk


def visit_function(walk: CodeWalk, function: FunctionType) -> None:
    if not walk.is_new(function):
        return
    is_dispatcher = hasattr(function, "registry")  # whose cells change as it is used
    if walk.is_ours(function):
        _visit_own_code(walk, function)
        if vars(function) and not is_dispatcher:
            walk.visit_attributes_later(function)
    else:
        walk.add("function", function.__module__, function.__qualname__)
    if is_dispatcher:
        visit_parts(walk, function)
    else:
        _visit_cells(walk, function)


def _visit_cells(walk: CodeWalk, function: FunctionType) -> None:
    changed = changed_names(function.__code__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            if name not in changed:
                walk.visit_later(walk.origins.add_cell(cell))
        except ValueError:  # not yet bound, as in a recursive definition under way
            walk.add("unbound")


def _visit_own_code(walk: CodeWalk, function: FunctionType) -> None:
    walk.origins.add_function(function)
    walk.memory.note_code(function.__code__)
    walk.memory.note_function(function)
    _visit_code(walk, function.__code__)
    walk.visit(function.__defaults__)
    walk.visit(function.__kwdefaults__)
    changed = changed_names(function.__code__)
    for path in global_paths(function.__code__):
        if path[0] not in changed:  # else it is what the code remembers, not what it is
            visit_path(walk, function.__globals__, path)
    for module in imported_modules(function.__code__):
        visit_import(walk, module, function.__globals__.get("__package__"))


def _visit_code(walk: CodeWalk, code: CodeType) -> None:
    text, constants = instructions(code)
    walk.add(text)
    for constant in constants:
        if isinstance(constant, CodeType):
            _visit_code(walk, constant)
        else:
            walk.visit(constant)


def visit_builtin(walk: CodeWalk, function: Any) -> None:
    """A function of a library written in C, or a method that is bound to some object."""
    walk.add(type(function).__name__, getattr(function, "__module__", ""), function.__name__)
    bound_to = function.__self__
    # A bound `append` is how code remembers, not what it is.
    if not isinstance(bound_to, ModuleType) and function.__name__ not in CHANGING_METHODS:
        walk.visit(bound_to)
