"""Fingerprints of the code that folds an aggregate's events into its state.

A snapshot is the fold of some events. When the code of the fold has changed
since, the snapshot shows what the old code made of them, so it is applied only
while the fingerprint of its class is the one that it was stored with.

The fingerprint covers the aggregate class and its bases outside the library
(methods, event classes, decorated functions, class attributes), and what their
code names in its modules: functions, classes and constants. It is made from
compiled code, not from source files: a class defined in a notebook has one,
and moving a definition does not change it. Another version of Python may
compile the same source to other code; its snapshots then count as stale, which
costs a replay.
"""

from __future__ import annotations

import datetime
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import BuiltinFunctionType, CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Any
from uuid import UUID

from esnb._text import in_order, ordered_repr

_IGNORED = frozenset(
    {
        "__abstractmethods__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__qualname__",
        "__slotnames__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)
"""What says nothing of the code; some of it appears when the class is first used or copied."""
_NO_ANNOTATIONS: tuple[str, dict[str, Any]] = ("__annotations__", {})
"""Made by whoever first asks a class that has none."""
_PLAIN = (
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
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
)
_COLLECTIONS = (tuple, list, set, frozenset, dict, MappingProxyType)
_MOST_ITEMS = 1000
"""Of a larger collection only the size counts: it is data, not code."""


def fingerprint(cls: type[Any]) -> str:
    """The fingerprint of an aggregate class: 32 hexadecimal digits.

    Equal for equal code, also in another process. It is remembered for as long
    as the class and what its code names are the same objects.

    >>> class Dog:
    ...     def bark(self): return 1
    >>> before = fingerprint(Dog)
    >>> Dog.bark = lambda self: 2
    >>> fingerprint(Dog) == before
    False
    """
    return _digest(cls, lambda walk: walk.visit_class(cls), home=cls.__module__)


def module_fingerprint(name: str) -> str:
    """The fingerprint of everything that the module `name` defines.

    For aggregates that are folded by functions, where the class of the state
    does not name its fold.
    """
    return _digest(name, lambda walk: walk.visit_module(name), home=name)


def function_fingerprint(function: Callable[..., Any]) -> str:
    """The fingerprint of a function and of what its code names."""
    walk = _Walk(home=getattr(function, "__module__", None) or "")
    walk.visit(function)
    walk.follow()
    return walk.digest()


@dataclass(frozen=True)
class _Remembered:
    """A fingerprint and what it was made from."""

    digest: str
    sizes: list[tuple[Mapping[str, Any], int]]
    bindings: list[tuple[Mapping[str, Any], str, Any]]

    def still_holds(self) -> bool:
        return all(len(names) == size for names, size in self.sizes) and all(
            names.get(name) is value for names, name, value in self.bindings
        )


_remembered: dict[type[Any] | str, _Remembered] = {}
_MOST_REMEMBERED = 256


def _digest(subject: type[Any] | str, begin: Callable[[_Walk], None], *, home: str) -> str:
    remembered = _remembered.get(subject)
    if remembered is not None and remembered.still_holds():
        return remembered.digest
    walk = _Walk(home)
    begin(walk)
    walk.follow()
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[subject] = _Remembered(walk.digest(), walk.sizes, walk.bindings)
    return walk.digest()


class _Walk:
    """Collects what a fingerprint covers, each function and class once."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._package = home.partition(".")[0]
        self.sizes: list[tuple[Mapping[str, Any], int]] = []
        self.bindings: list[tuple[Mapping[str, Any], str, Any]] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: set[int] = set()
        self._pending: list[Any] = []

    def add(self, *parts: object) -> None:
        for part in parts:
            self._hash.update(str(part).encode("utf-8", "surrogatepass"))
            self._hash.update(b"\x00")

    def digest(self) -> str:
        return self._hash.hexdigest()

    def follow(self) -> None:
        """Visits the functions and classes that visited code has named."""
        while self._pending:
            self.visit(self._pending.pop())

    def visit(self, value: Any) -> None:
        """Adds a value found as a class attribute, a global or a default."""
        if isinstance(value, Enum):
            self.add(type(value).__qualname__, value.name, ordered_repr(value.value))
        elif isinstance(value, _PLAIN):
            self.add(type(value).__name__, repr(value))
        elif isinstance(value, _COLLECTIONS) and len(value) > _MOST_ITEMS:
            self.add(type(value).__name__, len(value))
        elif isinstance(value, FunctionType):
            self._visit_function(value)
        elif isinstance(value, type):
            if self._is_ours(value):
                self.visit_class(value)
            else:
                self.add("class", value.__module__, value.__qualname__)
        elif isinstance(value, property):
            for accessor in (value.fget, value.fset, value.fdel):
                self.visit(accessor)
        elif isinstance(value, tuple | list):
            self.add(type(value).__name__, len(value))
            for item in value:
                self.visit(item)
        elif isinstance(value, set | frozenset):
            self.add(type(value).__name__, len(value))
            for item in in_order(value):
                self.visit(item)
        elif isinstance(value, dict | MappingProxyType):
            self._visit_mapping(value)
        elif isinstance(value, ModuleType | BuiltinFunctionType):
            self.add(type(value).__name__, value.__name__)
        else:
            self._visit_object(value)

    def visit_module(self, name: str) -> None:
        """Adds what a module defines."""
        module = sys.modules.get(name)
        names = vars(module) if module else {}
        self.bindings.append((sys.modules, name, module))
        self.sizes.append((names, len(names)))
        for key, value in sorted(names.items()):
            if getattr(value, "__module__", None) == name:
                self.bindings.append((names, key, value))
                self.add("defines", key)
                self.visit(value)

    def visit_class(self, cls: type[Any]) -> None:
        """Adds a class: its own attributes, and its bases as far as they are not a library's."""
        for each in cls.__mro__:
            if not self._is_ours(each) and each is not cls:
                self.add("base", each.__module__, each.__qualname__)
            elif self._is_new(each):
                self.add("class", each.__qualname__)
                attributes = vars(each)
                self.sizes.append((attributes, len(attributes)))
                for name, value in sorted(attributes.items()):
                    if name not in _IGNORED and (name, value) != _NO_ANNOTATIONS:
                        self.bindings.append((attributes, name, value))
                        self.add(name)
                        self.visit(value)

    def _visit_function(self, function: FunctionType) -> None:
        if not self._is_new(function):
            return
        self._visit_code(function.__code__)
        self.visit(function.__defaults__)
        self.visit(function.__kwdefaults__)
        if hasattr(function, "registry"):  # a dispatcher, whose cells change as it is used
            self._visit_parts(function)
            return
        for cell in function.__closure__ or ():
            try:
                self._pending.append(cell.cell_contents)
            except ValueError:  # not yet bound, as in a recursive definition under way
                self.add("unbound")
        for name in sorted(_names(function.__code__)):
            if name in function.__globals__:
                value = function.__globals__[name]
                self.bindings.append((function.__globals__, name, value))
                self._visit_global(name, value)

    def _visit_code(self, code: CodeType) -> None:
        self.add(code.co_code.hex(), *code.co_names, "|", *code.co_varnames)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._visit_code(constant)
            else:
                self.visit(constant)

    def _visit_global(self, name: str, value: Any) -> None:
        """Code names it: constants count by value, definitions of our own are followed."""
        if isinstance(value, FunctionType | type):
            if self._is_ours(value):
                self._pending.append(value)
        elif isinstance(value, (*_PLAIN, *_COLLECTIONS, Enum)):
            self.add(name)
            self.visit(value)

    def _visit_mapping(self, mapping: Mapping[Any, Any]) -> None:
        self.add(type(mapping).__name__)
        for key in in_order(mapping):
            self.visit(key)
            self.visit(mapping[key])

    def _visit_object(self, value: Any) -> None:
        """A decorator, a descriptor, a partial: by its type and the functions in it."""
        self.add(type(value).__module__, type(value).__qualname__)
        if self._is_new(value):
            self._visit_parts(value)

    def _visit_parts(self, value: Any) -> None:
        for part in _parts(value):
            self.visit(part)

    def _is_new(self, value: Any) -> bool:
        if id(value) in self._seen:
            return False
        self._seen.add(id(value))
        return True

    def _is_ours(self, value: Any) -> bool:
        module = str(value.__module__)
        if module in (self._home, "__main__"):
            return True
        package = module.partition(".")[0]
        return package == self._package and package != "eventsourcing"


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _parts(value: Any) -> Iterator[Any]:
    """The functions within a static or class method, `@event`, a dispatcher, a partial."""
    for name in ("__func__", "__wrapped__", "func", "decorated_func", "args", "keywords"):
        part = getattr(value, name, None)
        if part is not None:
            yield part
    dispatcher = getattr(value, "dispatcher", value)
    registry = getattr(dispatcher, "registry", None)
    if isinstance(registry, Mapping):
        yield {
            f"{cls.__module__}:{cls.__qualname__}": function for cls, function in registry.items()
        }
    yield from getattr(value, "deferred_registrations", ())
