"""What code remembers from one call to the next: caches and counters, which are not the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any

from esnb.fingerprints.code_names import ChangedAttribute, attribute_names, changed_attributes

_SETTING_UP = frozenset(
    {
        "__delattr__",
        "__delitem__",
        "__init__",
        "__init_subclass__",
        "__new__",
        "__post_init__",
        "__set_name__",
        "__setattr__",
        "__setitem__",
        "__setstate__",
    }
)
"""Methods that make an object what it is, or that the user changes it with."""


class CodeMemory:
    """Collects code, and tells which attributes that code changes as it runs.

    A method counts only if some code names it: with one that nothing calls, a
    setter or a registration, the user changes what the fold does.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._changing: list[tuple[FunctionType, ChangedAttribute]] = []
        self._methods: dict[int, str] = {}
        self._by_class: dict[type[Any], list[tuple[str, FunctionType, bool]]] = {}

    def note_code(self, code: CodeType) -> None:
        self._names |= attribute_names(code)

    def note_function(self, function: FunctionType) -> None:
        self._changing += [(function, each) for each in changed_attributes(function.__code__)]

    def note_class(self, cls: type[Any]) -> None:
        self._methods |= {id(function): name for name, function, _ in _methods(cls)}

    def attributes_of(self, value: Any) -> frozenset[str]:
        """The names of those attributes of an object, a function or a class that are memory."""
        by_name = {
            each.name
            for function, each in self._changing
            if self._runs(function) and _owner(function, each) is value
        }
        if isinstance(value, FunctionType):
            return frozenset(by_name)
        if isinstance(value, type):
            return self._changed_of_class(value).union(by_name)
        return self._changed_by_methods(type(value)).union(by_name, _cached_properties(type(value)))

    def _methods_of(self, cls: type[Any]) -> list[tuple[str, FunctionType, bool]]:
        if cls not in self._by_class:
            self._by_class[cls] = [
                each for each in _methods(cls) if any(_of_first_argument(each[1]))
            ]
        return self._by_class[cls]

    def _changed_by_methods(self, cls: type[Any]) -> frozenset[str]:
        return frozenset(
            each.name
            for name, function, _ in self._methods_of(cls)
            if self._is_called(name)
            for each in _of_first_argument(function)
        )

    def _changed_of_class(self, cls: type[Any]) -> frozenset[str]:
        return frozenset(
            each.name
            for name, function, is_of_class in self._methods_of(cls)
            if self._is_called(name)
            for each in _of_first_argument(function)
            if is_of_class or each.in_place
        )

    def _runs(self, function: FunctionType) -> bool:
        name = self._methods.get(id(function))
        return name is None or self._is_called(name)

    def _is_called(self, name: str) -> bool:
        is_reserved = name.startswith("__") and name.endswith("__")
        return name in self._names or (is_reserved and name not in _SETTING_UP)


def _cached_properties(cls: type[Any]) -> Iterator[str]:
    for each in cls.__mro__:
        yield from (n for n, value in vars(each).items() if isinstance(value, cached_property))


def _methods(cls: type[Any]) -> Iterator[tuple[str, FunctionType, bool]]:
    """The names and functions of a class's methods, and whether each is a class method."""
    for each in cls.__mro__:
        for name, value in vars(each).items():
            function = getattr(value, "fget", None) if isinstance(value, property) else value
            if isinstance(value, staticmethod | classmethod):
                function = value.__func__
            if isinstance(function, FunctionType):
                yield name, _innermost(function), isinstance(value, classmethod)


def _innermost(function: FunctionType) -> FunctionType:
    """The function that others, which were made with `functools.wraps`, are around."""
    try:
        found = inspect.unwrap(function)
    except ValueError:  # they are around each other
        return function
    return found if isinstance(found, FunctionType) else function


def _of_first_argument(function: FunctionType) -> Iterator[ChangedAttribute]:
    code = function.__code__
    if code.co_argcount:
        yield from (e for e in changed_attributes(code) if e.owner == code.co_varnames[0])


def _owner(function: FunctionType, changed: ChangedAttribute) -> Any:
    """The object that the variable of an outer function, or the global, now holds."""
    if changed.is_local:
        return None
    if changed.owner in function.__code__.co_freevars and function.__closure__:
        cell = function.__closure__[function.__code__.co_freevars.index(changed.owner)]
        try:
            return cell.cell_contents
        except ValueError:  # not yet bound
            return None
    return function.__globals__.get(changed.owner)
