"""A walk through code and all that it names, into one digest."""

from __future__ import annotations

import datetime
import hashlib
import inspect
import re
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from importlib.util import resolve_name
from itertools import chain
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from esnb.fingerprints.code_names import Path, changed_names, global_paths, imported_modules
from esnb.fingerprints.own_modules import is_own
from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import in_order, ordered_repr

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
        "_value2member_map_",
    }
)
"""What says nothing of the code; some of it appears when the class is first used or copied."""
_PYDANTIC = "__pydantic_"
_PYDANTIC_FIELDS = "__pydantic_fields__"
"""Of what pydantic makes of a model (schemas with addresses, validators), this says it all."""
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
    ZoneInfo,
    range,
    slice,
)
_COLLECTIONS = (tuple, list, set, frozenset, dict, deque, MappingProxyType)
_MOST_ITEMS = 1000
"""Of a larger collection only the size counts: it is data, not code."""


_ABSENT: Final = object()


@dataclass
class Origins:
    """What a digest was made from: while all of it is the same, so is the digest."""

    sizes: list[tuple[Mapping[str, Any], int]] = field(default_factory=list)
    bindings: list[tuple[Mapping[str, Any], str, Any]] = field(default_factory=list)
    contents: list[tuple[Any, str]] = field(default_factory=list)
    """Collections that may be changed in their place, with their text."""

    def still_hold(self) -> bool:
        return (
            all(len(names) == size for names, size in self.sizes)
            and all(names.get(name, _ABSENT) is value for names, name, value in self.bindings)
            and all(repr(value) == text for value, text in self.contents)
        )


class CodeWalk:
    """Collects what a fingerprint covers, each function, class and object once.

    `home` is the module whose project counts as the user's own.
    """

    def __init__(self, home: str) -> None:
        self.origins = Origins()
        self._home = home
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: dict[int, Any] = {}
        """By id, and kept alive so that nothing else gets that id."""
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
            self._visit_member(value)
        elif isinstance(value, _PLAIN):
            self.add(type(value).__name__, repr(value))
        elif isinstance(value, _COLLECTIONS):
            self._visit_collection(value)
        elif isinstance(value, FunctionType):
            self._visit_function(value)
        elif isinstance(value, type):
            self._visit_type(value)
        elif isinstance(value, property):
            for accessor in (value.fget, value.fset, value.fdel):
                self.visit(accessor)
        elif isinstance(value, ModuleType | BuiltinFunctionType):
            self.add(type(value).__name__, value.__name__)
        else:
            self._visit_object(value)

    # --- definitions ------------------------------------------------------------------

    def visit_module(self, name: str) -> None:
        """Adds what a module defines."""
        module = sys.modules.get(name)
        names = vars(module) if module else {}
        self.origins.bindings.append((sys.modules, name, module or _ABSENT))
        self.origins.sizes.append((names, len(names)))
        for key, value in sorted(names.items()):
            if getattr(value, "__module__", None) == name:
                self.origins.bindings.append((names, key, value))
                self.add("defines", key)
                self.visit(value)

    def visit_class(self, cls: type[Any]) -> None:
        """Adds a class: its own attributes, and its bases as far as they are not a library's."""
        for each in cls.__mro__:
            if not self._is_ours(each) and each is not cls:
                self.add("base", each.__module__, each.__qualname__)
            elif self._is_new(each):
                self.add("class", each.__qualname__)
                self._visit_attributes(vars(each))

    def _visit_attributes(self, attributes: Mapping[str, Any]) -> None:
        self.origins.sizes.append((attributes, len(attributes)))
        for name, value in sorted(attributes.items()):
            if name in _IGNORED or (name, value) == _NO_ANNOTATIONS:
                continue
            self.origins.bindings.append((attributes, name, value))
            self.add(name)
            if name.startswith(_PYDANTIC):
                self.add(ordered_repr(value) if name == _PYDANTIC_FIELDS else "")
            else:
                self.visit(value)

    def _visit_type(self, cls: type[Any]) -> None:
        if self._is_ours(cls):
            self.visit_class(cls)
        else:
            self.add("class", cls.__module__, cls.__qualname__)

    def _visit_function(self, function: FunctionType) -> None:
        if not self._is_new(function):
            return
        if self._is_ours(function):
            self._visit_own_code(function)
        else:
            self.add("function", function.__module__, function.__qualname__)
        if hasattr(function, "registry"):  # a dispatcher, whose cells change as it is used
            self._visit_parts(function)
            return
        changed = changed_names(function.__code__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                if name not in changed:
                    self._pending.append(cell.cell_contents)
            except ValueError:  # not yet bound, as in a recursive definition under way
                self.add("unbound")

    def _visit_own_code(self, function: FunctionType) -> None:
        self._visit_code(function.__code__)
        self.visit(function.__defaults__)
        self.visit(function.__kwdefaults__)
        changed = changed_names(function.__code__)
        for path in global_paths(function.__code__):
            if path[0] not in changed:  # else it is what the code remembers, not what it is
                self._visit_path(function.__globals__, path)
        for module in imported_modules(function.__code__):
            self._visit_import(module, function.__globals__.get("__package__"))

    def _visit_code(self, code: CodeType) -> None:
        self.add(code.co_code.hex(), code.co_exceptiontable.hex(), code.co_flags)
        self.add(code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        self.add(*code.co_names, "|", *code.co_varnames, "|", *code.co_freevars)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._visit_code(constant)
            else:
                self.visit(constant)

    # --- what code names --------------------------------------------------------------

    def _visit_path(self, names: Mapping[str, Any], path: Path) -> None:
        """Adds what a global is, or what is taken from a module of the user's own."""
        for place, name in enumerate(path):
            value = names.get(name, _ABSENT)
            self.origins.bindings.append((names, name, value))
            if not isinstance(value, ModuleType):
                if value is not _ABSENT:
                    self._visit_named(name, value)
                return
            if not is_own(value.__name__, self._home):
                self.add(value.__name__, *path[place:])
                return
            names = vars(value)
        self._visit_own_module(value.__name__)

    def _visit_import(self, name: str, package: str | None) -> None:
        """Adds a module that code imports as it runs; it is not imported for that."""
        try:
            module = resolve_name(name, package)
        except ImportError:
            return
        self.origins.bindings.append((sys.modules, module, sys.modules.get(module, _ABSENT)))
        if module in sys.modules and is_own(module, self._home):
            self._visit_own_module(module)

    def _visit_own_module(self, name: str) -> None:
        """All of it: what is taken of the module is not known."""
        module = sys.modules.get(name)
        if module is None or not self._is_new(module):
            return
        self.visit_module(name)
        for key, value in sorted(vars(module).items()):
            if not key.startswith("__") and isinstance(value, (*_PLAIN, *_COLLECTIONS)):
                self._visit_path(vars(module), (key,))

    def _visit_named(self, name: str, value: Any) -> None:
        self.add(name)
        if isinstance(value, FunctionType | type):
            self.add(value.__qualname__)
            self._pending.append(value)
        else:
            self.visit(value)

    # --- values -------------------------------------------------------------------------

    def _visit_member(self, member: Enum) -> None:
        self.add(type(member).__qualname__, member.name, ordered_repr(member.value))
        if self._is_ours(type(member)):
            self._pending.append(type(member))

    def _visit_collection(self, value: Any) -> None:
        self.add(type(value).__name__, len(value))
        if len(value) > _MOST_ITEMS:
            return
        if isinstance(value, list | set | dict | deque):
            if not self._is_new(value):
                return
            if _is_plain(value):
                self.origins.contents.append((value, repr(value)))
        if isinstance(value, dict | MappingProxyType):
            for key in in_order(value):
                self.visit(key)
                self.visit(value[key])
        else:
            for item in in_order(value) if isinstance(value, set | frozenset) else value:
                self.visit(item)

    def _visit_object(self, value: Any) -> None:
        """A decorator, a descriptor, a partial: by its type and the functions in it.

        Of an object of the user's own also what makes it the value that it is.
        """
        kind = type(value)
        self.add(kind.__module__, kind.__qualname__)
        if not self._is_new(value):
            return
        self._visit_parts(value)
        if isinstance(value, re.Pattern):
            self.add(value.pattern, value.flags)
        elif kind.__module__ == "operator":  # itemgetter and its like
            self.add(ordered_repr(value))
        elif self._is_ours(kind) or isinstance(value, SimpleNamespace):
            self._pending.append(kind)
            self._visit_state(value)

    def _visit_state(self, value: Any) -> None:
        """The fields of a value object. Others hold what changes as they are used."""
        attributes = dict(instance_attributes(value))
        if not (is_dataclass(value) or all(map(_is_plain, attributes.values()))):
            return
        for name, inner in sorted(attributes.items()):
            if name in getattr(value, "__dict__", ()):
                self.origins.bindings.append((vars(value), name, inner))
            self.add(name)
            self.visit(inner)

    def _visit_parts(self, value: Any) -> None:
        for part in _parts(value):
            self.visit(part)

    def _is_new(self, value: Any) -> bool:
        if id(value) in self._seen:
            return False
        self._seen[id(value)] = value
        return True

    def _is_ours(self, value: Any) -> bool:
        return is_own(str(value.__module__), self._home)


def _is_plain(value: Any, levels: int = 8) -> bool:
    """Whether a value is data through and through, as far down as one looks."""
    if isinstance(value, _COLLECTIONS):
        items = chain(value, value.values()) if isinstance(value, Mapping) else value
        return levels > 0 and all(_is_plain(each, levels - 1) for each in items)
    return isinstance(value, (*_PLAIN, Enum))


def _parts(value: Any) -> Iterator[Any]:
    """The functions within a static or class method, `@event`, a dispatcher, a partial."""
    for name in ("__func__", "__wrapped__", "func", "decorated_func", "args", "keywords"):
        part = _own(value, name)
        if part is not None:
            yield part
    if isinstance(value, MethodType):
        yield value.__self__
    registry = _own(_own(value, "dispatcher") or value, "registry")
    if isinstance(registry, Mapping):
        yield {
            f"{cls.__module__}:{cls.__qualname__}": function for cls, function in registry.items()
        }
    yield from _own(value, "deferred_registrations") or ()


def _own(value: Any, name: str) -> Any:
    """An attribute that an object has; None also where it makes up any that it is asked for."""
    found = inspect.getattr_static(value, name, None)
    return None if found is None else getattr(value, name, None)
