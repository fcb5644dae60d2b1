"""A walk through code and all that it names, into one digest."""

from __future__ import annotations

import hashlib
import inspect
import logging
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Context
from enum import Enum
from importlib.util import resolve_name
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodWrapperType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from esnb.fingerprints.code_instructions import instructions
from esnb.fingerprints.code_memory import CodeMemory
from esnb.fingerprints.code_names import (
    CHANGING_METHODS,
    Path,
    changed_names,
    global_paths,
    imported_modules,
)
from esnb.fingerprints.code_origins import ABSENT, Origins
from esnb.fingerprints.code_values import (
    COLLECTIONS,
    PLAIN,
    UNCHANGING,
    atoms_text,
    base_among,
    callables_in,
    contents,
    is_value,
    keeps_content,
    own_attribute,
    parts,
    plain_text,
    reduce,
    registry,
)
from esnb.fingerprints.own_modules import is_own
from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import in_order, ordered_repr, safe_repr

_log = logging.getLogger(__name__)

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
_DEFINITIONS = (FunctionType, type, ModuleType, BuiltinFunctionType)
_FIELDS = (
    "__dataclass_fields__",
    "__attrs_attrs__",
    "__struct_fields__",
    _PYDANTIC_FIELDS,
    "_fields",
)
"""By these a class shows that its annotations are its fields, which libraries convert by."""
_COPIED = frozenset({"__wrapped__", "__isabstractmethod__"})
"""Attributes of a function that are visited otherwise, or say nothing of its code."""
_DEEPEST = 40
"""Values that lie deeper in others are visited later, so that no nesting is too deep."""


class CodeWalk:
    """Collects what a fingerprint covers, each function, class and object once.

    `home` is the module whose project counts as the user's own.
    """

    def __init__(self, home: str, *, is_within_value: bool = False) -> None:
        self.origins = Origins()
        self._home = home
        self._is_within_value = is_within_value
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: dict[int, Any] = {}
        """By id, and kept alive so that nothing else gets that id."""
        self._pending: deque[Any] = deque()
        self._owners: deque[Any] = deque()
        """Objects, classes and functions whose attributes are still to be visited."""
        self._memory = CodeMemory()
        self._depth = 0

    def add(self, *parts: object) -> None:
        for part in parts:
            self._hash.update(str(part).encode("utf-8", "surrogatepass"))
            self._hash.update(b"\x00")

    def digest(self) -> str:
        return self._hash.hexdigest()

    def follow(self) -> None:
        """Visits what visited code has named: definitions first, then what objects hold.

        Which attributes are memory is known only when the code has been seen.
        """
        while self._pending or self._owners:
            if self._pending:
                self.visit(self._pending.pop())
            else:
                self._visit_data(self._owners.popleft())

    def visit(self, value: Any) -> None:
        """Adds a value found as a class attribute, a global or a default."""
        if self._depth >= _DEEPEST:
            self._pending.append(value)
            return
        self._depth += 1
        try:
            self._visit(value)
        except Exception as error:  # noqa: BLE001  code of the value's class runs here
            self._visit_unreadable(value, error)
        finally:
            self._depth -= 1

    def _visit(self, value: Any) -> None:
        # By type: `isinstance` asks the value, too, and a mock says what it was told to.
        kind = type(value)
        if issubclass(kind, Enum):
            self._visit_member(value)
        elif issubclass(kind, PLAIN):
            self._visit_plain(value)
        elif issubclass(kind, COLLECTIONS):
            self._visit_collection(value)
        elif issubclass(kind, FunctionType):
            self._visit_function(value)
        elif issubclass(kind, type):
            self._visit_type(value)
        elif issubclass(kind, property):
            for accessor in (value.fget, value.fset, value.fdel):
                self.visit(accessor)
        elif issubclass(kind, ModuleType):
            self.add(kind.__name__, value.__name__)
        elif issubclass(kind, BuiltinFunctionType | MethodWrapperType):
            self._visit_builtin(value)
        else:
            self._visit_object(value)

    def _visit_unreadable(self, value: Any, error: Exception) -> None:
        kind = type(value)
        self.add("unreadable", kind.__module__, kind.__qualname__)
        _log.info(
            "a value that a fold uses counts by its type alone, %s.%s: %s",
            kind.__module__,
            kind.__qualname__,
            safe_repr(error),
        )

    # --- definitions ------------------------------------------------------------------

    def visit_module(self, name: str) -> None:
        """Adds what a module defines."""
        module = self.origins.add_binding(sys.modules, name)
        names = {} if module is ABSENT else vars(module)
        self.origins.add_size(names)
        for key, value in sorted(names.items()):
            if getattr(value, "__module__", None) == name:
                self.origins.add_binding(names, key)
                self.add("defines", key)
                self.visit(value)

    def visit_class(self, cls: type[Any]) -> None:
        """Adds a class: its own attributes, and its bases as far as they are not a library's."""
        for each in cls.__mro__:
            if not self._is_ours(each) and each is not cls:
                self.add("base", each.__module__, each.__qualname__)
            elif self._is_new(each):
                self.add("class", each.__qualname__)
                self._memory.note_class(each)
                self._visit_definitions(each)
        self.add("metaclass", type(cls).__qualname__)
        if self._is_ours(type(cls)):
            self._pending.append(type(cls))

    def _visit_definitions(self, cls: type[Any]) -> None:
        attributes = vars(cls)
        self.origins.add_size(attributes)
        for name, value in sorted(attributes.items()):
            if name in _IGNORED or name.startswith(_PYDANTIC) or issubclass(type(value), _DATA):
                continue
            self.origins.add_binding(attributes, name)
            self.add(name)
            self.visit(value)
        if any(name in attributes for name in _FIELDS) or hasattr(cls, "__struct_fields__"):
            self._visit_fields(cls)
        self._owners.append(cls)

    def _visit_fields(self, cls: type[Any]) -> None:
        """The types of the fields, which libraries convert by, and what msgspec keeps aside."""
        for name, annotation in inspect.get_annotations(cls).items():
            self.add(name)
            if isinstance(annotation, type):
                self.add(annotation.__name__)
                self._pending.append(annotation)
            else:
                self.visit(annotation)
        if hasattr(cls, "__struct_defaults__"):
            self.visit(cls.__struct_encode_fields__)
            self.add(safe_repr(cls.__struct_config__))
            for default in cls.__struct_defaults__:
                self.visit(getattr(default, "factory", default))

    def _visit_type(self, cls: type[Any]) -> None:
        if self._is_ours(cls):
            self.visit_class(cls)
        else:
            self.add("class", cls.__module__, cls.__qualname__)

    def _visit_function(self, function: FunctionType) -> None:
        if not self._is_new(function):
            return
        is_dispatcher = hasattr(function, "registry")  # whose cells change as it is used
        if self._is_ours(function):
            self._visit_own_code(function)
            if vars(function) and not is_dispatcher:
                self._owners.append(function)
        else:
            self.add("function", function.__module__, function.__qualname__)
        if is_dispatcher:
            self._visit_parts(function)
        else:
            self._visit_cells(function)

    def _visit_cells(self, function: FunctionType) -> None:
        changed = changed_names(function.__code__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                if name not in changed:
                    self._pending.append(self.origins.add_cell(cell))
            except ValueError:  # not yet bound, as in a recursive definition under way
                self.add("unbound")

    def _visit_own_code(self, function: FunctionType) -> None:
        self.origins.add_function(function)
        self._memory.note_code(function.__code__)
        self._memory.note_function(function)
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
        text, constants = instructions(code)
        self.add(text)
        for constant in constants:
            if isinstance(constant, CodeType):
                self._visit_code(constant)
            else:
                self.visit(constant)

    # --- what code names --------------------------------------------------------------

    def _visit_path(self, names: Mapping[str, Any], path: Path) -> None:
        """Adds what a global is, or what is taken from a module of the user's own."""
        for place, name in enumerate(path):
            value = self.origins.add_binding(names, name)
            if not isinstance(value, ModuleType):
                if value is not ABSENT:
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
        is_loaded = self.origins.add_binding(sys.modules, module) is not ABSENT
        if is_loaded and is_own(module, self._home):
            self._visit_own_module(module)

    def _visit_own_module(self, name: str) -> None:
        """All of it: what is taken of the module is not known."""
        module = sys.modules.get(name)
        if module is None or not self._is_new(module):
            return
        self.visit_module(name)
        for key, value in sorted(vars(module).items()):
            if not key.startswith("__") and not isinstance(value, _DEFINITIONS):
                self._visit_path(vars(module), (key,))

    def _visit_named(self, name: str, value: Any) -> None:
        self.add(name)
        if issubclass(type(value), FunctionType | type):
            self.add(value.__qualname__)
            self._pending.append(value)
        else:
            self.visit(value)

    # --- values -------------------------------------------------------------------------

    def _visit_member(self, member: Enum) -> None:
        self.add(type(member).__qualname__, member.name)
        if not self._is_new(member):
            return
        self.visit(member.value)
        self._visit_own_kind(member)

    def _visit_plain(self, value: Any) -> None:
        kind = type(value)
        is_ours = kind not in PLAIN and self._is_ours(kind)
        self.add(kind.__name__, plain_text(value, base_among(PLAIN, value) if is_ours else kind))
        if is_ours and self._is_new(value):
            self._visit_own_kind(value)

    def _visit_collection(self, value: Any) -> None:
        kind = type(value)
        if kind not in UNCHANGING and not self._is_new(value):
            self.add(kind.__name__)
            return
        items = contents(value)
        self.add(kind.__name__, len(items))
        if not issubclass(kind, UNCHANGING):
            self.origins.add_contents(value)
            self.visit(getattr(value, "default_factory", None))
            self.add(getattr(value, "maxlen", None))
        self._visit_items(in_order(items) if issubclass(kind, set | frozenset) else items)
        if kind not in COLLECTIONS and self._is_ours(kind):
            self._visit_own_kind(value)

    def _visit_items(self, items: Iterable[Any]) -> None:
        found = list(items)
        text = atoms_text(found)
        if text is not None:
            self.add(text)
            return
        for item in found:
            self.visit(item)

    def _visit_builtin(self, function: Any) -> None:
        """A function of a library written in C, or a method that is bound to some object."""
        self.add(type(function).__name__, getattr(function, "__module__", ""), function.__name__)
        bound_to = function.__self__
        # A bound `append` is how code remembers, not what it is.
        if not isinstance(bound_to, ModuleType) and function.__name__ not in CHANGING_METHODS:
            self.visit(bound_to)

    def _visit_object(self, value: Any) -> None:
        """A decorator, a descriptor, a partial, a value: by its type and what it consists of.

        Of an object of the user's own that is all its attributes but what its code
        remembers with. Of a library's that compares by its content it is what
        pickle would write; of one that does not (a client, a lock, a logger, an
        iterator) the type, the name and the functions that it holds.
        """
        kind = type(value)
        self.add(kind.__module__, kind.__qualname__)
        if not self._is_new(value):
            return
        self._visit_parts(value)
        if kind.__module__ == "operator":  # itemgetter and its like
            self.add(ordered_repr(value))
        elif issubclass(kind, SimpleNamespace) or self._is_ours(kind):
            self._visit_own_kind(value)
        elif keeps_content(kind) and (self._is_within_value or is_value(kind)):
            self._visit_foreign_value(value)
        else:
            self._visit_foreign_object(value)

    def _visit_own_kind(self, value: Any) -> None:
        if self._is_ours(type(value)):
            self._pending.append(type(value))
        self._owners.append(value)

    def _visit_foreign_value(self, value: Any) -> None:
        if not self._is_within_value and type(value).__hash__ is None:
            # It can be changed in its place, which only all of its content shows.
            self.add(self.origins.add_digest(lambda: _content_digest(value, self._home)))
            return
        around, self._is_within_value = self._is_within_value, True
        try:
            for part in reduce(value):
                self.visit(part)
        finally:
            self._is_within_value = around

    def _visit_foreign_object(self, value: Any) -> None:
        if isinstance(value, Context):  # without its flags, which calculating sets
            self.add(value.prec, value.rounding, value.Emin, value.Emax, value.clamp)
        for name in ("__name__", "__objclass__"):
            found = own_attribute(value, name)
            self.add(found if isinstance(found, str) else getattr(found, "__qualname__", ""))
        for name, inner in callables_in(instance_attributes(value)):
            self.add(name)
            self.visit(inner)

    def _visit_parts(self, value: Any) -> None:
        for part in parts(value):
            self.visit(part)
        if registry(value):
            self.origins.add_contents(registry(value))

    # --- attributes ---------------------------------------------------------------------

    def _visit_data(self, owner: Any) -> None:
        """Adds the attributes of an object, a class or a function but those it remembers with."""
        try:
            memory = self._memory.attributes_of(owner)
            attributes = self._data_of(owner)
        except Exception as error:  # noqa: BLE001  code of the object's class runs here
            self._visit_unreadable(owner, error)
            return
        for name, value in sorted(attributes.items()):
            if name not in memory:
                self._note_attribute(owner, name, value)
                self.add(name)
                self.visit(_field_parts(value) if name == _PYDANTIC_FIELDS else value)

    def _data_of(self, owner: Any) -> dict[str, Any]:
        if isinstance(owner, type):
            return {name: each for name, each in vars(owner).items() if _is_data(name, each)}
        if isinstance(owner, FunctionType):
            return {name: each for name, each in vars(owner).items() if name not in _COPIED}
        self.origins.add_size(getattr(owner, "__dict__", {}))
        return dict(instance_attributes(owner))

    def _note_attribute(self, owner: Any, name: str, value: Any) -> None:
        names = getattr(owner, "__dict__", {})
        if name in names:
            self.origins.add_binding(names, name)
        else:
            self.origins.add_attribute(owner, name, value)

    def _is_new(self, value: Any) -> bool:
        if id(value) in self._seen:
            return False
        self._seen[id(value)] = value
        return True

    def _is_ours(self, value: Any) -> bool:
        return is_own(str(value.__module__), self._home)


def _content_digest(value: Any, home: str) -> str:
    """The digest of what a library's value consists of; raises what reading it raises."""
    walk = CodeWalk(home, is_within_value=True)
    walk.visit(value)
    walk.follow()
    return walk.digest()


def _field_parts(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """What pydantic's descriptions of fields say, and the functions in them."""
    return tuple(
        (name, safe_repr(each), tuple(each.metadata), each.default_factory)
        for name, each in fields.items()
    )


def _is_data(name: str, value: Any) -> bool:
    """Whether a class attribute is data, and says something."""
    if name in _IGNORED or (name.startswith(_PYDANTIC) and name != _PYDANTIC_FIELDS):
        return False
    return issubclass(type(value), _DATA)
