"""Values as Python source that makes an equal one, with the imports that it needs.

Source is made as a syntax tree, never from a value's own text: it consists of
escaped literals, names that were checked to be where they claim to be, and calls
of such names. So nothing that an event holds can run.
"""

from __future__ import annotations

import ast
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID

from esnb.folds.same import same
from esnb.literals.constructor import arguments, constructor_fields
from esnb.literals.imports import Imports, NoLiteralError, is_name
from esnb.values.ordered_repr import in_order, printable
from esnb.values.state import OrderedFrozenset, OrderedSet, attributes

_DEEPEST = 50


class SourceWriter:
    """Source that is being written, and the imports that it needs so far."""

    def __init__(
        self,
        reserved: Iterable[str] = (),
        *,
        describe: Callable[[Any], str] | None = None,
        deepest: int = _DEEPEST,
    ) -> None:
        """`reserved` are names that the source uses for something else.

        With `describe`, a value of any type other than Python's own becomes its
        text, and no other code is imported; without, it is written as a call of
        its class, or refused.
        """
        self.imports = Imports(reserved)
        self._describe = describe
        self._deepest = deepest

    # --- values -----------------------------------------------------------------

    def literal(self, value: Any) -> ast.expr:
        """Source of an equal value; NoLiteralError where there is none.

        Calls of classes other than Python's own are tried, and checked to be equal.

        >>> source = SourceWriter()
        >>> ast.unparse(source.literal({"price": Decimal("1.50"), "tags": {"b", "a"}}))
        "{'price': Decimal('1.50'), 'tags': {'a', 'b'}}"
        >>> source.imports.lines()
        ['from decimal import Decimal']
        """
        with _readable(value):
            return self._node(value, self._deepest)

    def instance(self, value: Any, attributes: Mapping[str, Any]) -> ast.expr:
        """A call of the object's class with its attributes, which was tried."""
        with _readable(value):
            given = arguments(value, attributes)
            return self._tried(self._call(type(value), given, self._deepest), value)

    def made(self, node: ast.expr, **names: Any) -> Any:
        """What a piece of the source makes; raises what its classes raise."""
        whole = ast.fix_missing_locations(ast.Expression(node))
        return eval(compile(whole, "<source>", "eval"), {**self.imports.meanings(), **names})

    def _tried(self, node: ast.expr, value: Any) -> ast.expr:
        kind = printable(type(value).__qualname__)
        try:
            made = self.made(node)
        except Exception as error:
            raise NoLiteralError(
                f"a {kind} cannot be made of its fields: {type(error).__name__}"
            ) from error
        if not _alike(made, value):
            raise NoLiteralError(f"a {kind} made of its fields is not equal to it")
        return node

    def _node(self, value: Any, levels: int) -> ast.expr:
        if not levels:
            if self._describe is None:
                raise NoLiteralError("it is nested too deeply")
            return ast.Constant(f"… deeper than {self._deepest} levels")
        write = _WRITERS.get(type(value))
        if write is not None:
            return write(self, value, levels - 1)
        if self._describe is not None:
            return ast.Constant(self._describe(value))
        if isinstance(value, type):
            return self.imports.name(value)
        return self._tried(self._object(value, levels - 1), value)

    def _object(self, value: Any, levels: int) -> ast.expr:
        """A value of a class that is not one of Python's own."""
        if isinstance(value, Enum):
            return self._member(value, levels)
        named = constructor_fields(value)
        if named is not None:
            fields = {name: getattr(value, name) for name in named}
            return self._call(type(value), arguments(value, fields), levels)
        return self._subclass(value, levels)

    def _member(self, value: Enum, levels: int) -> ast.expr:
        """A member by its name; a combination of flags, which has none, by its value."""
        kind = type(value)
        owner = self.imports.name(kind)
        if kind.__members__.get(value.name) is not value:
            return _call(owner, self._node(value.value, levels))
        if is_name(value.name) and getattr(kind, value.name, None) is value:
            return ast.Attribute(owner, value.name, ast.Load())
        return ast.Subscript(owner, ast.Constant(value.name), ast.Load())

    def _subclass(self, value: Any, levels: int) -> ast.expr:
        """A value of a class that adds to one of Python's own."""
        kind = type(value)
        if isinstance(value, datetime | date | time):
            return _call(
                ast.Attribute(self.imports.name(kind), "fromisoformat", ast.Load()),
                ast.Constant(value.isoformat()),
            )
        for base, plain in _BASES.items():
            if isinstance(value, base):
                return _call(self.imports.name(kind), self._node(plain(value), levels))
        raise NoLiteralError(f"a {printable(kind.__qualname__)} has no source")

    def _call(self, kind: type[Any], given: Mapping[str, Any], levels: int) -> ast.expr:
        """A call of a class by keywords; those that are not names are unpacked."""
        nodes = {name: self._node(inner, levels) for name, inner in given.items()}
        odd = {name: node for name, node in nodes.items() if not is_name(name)}
        keywords = [ast.keyword(name, node) for name, node in nodes.items() if name not in odd]
        if odd:
            keys: list[ast.expr | None] = [ast.Constant(name) for name in odd]
            keywords.append(ast.keyword(None, ast.Dict(keys, list(odd.values()))))
        return ast.Call(self.imports.name(kind), [], keywords)

    # --- Python's own types -------------------------------------------------------

    def _constant(self, value: Any, levels: int) -> ast.expr:
        return ast.Constant(value)

    def _int(self, value: int, levels: int) -> ast.expr:
        digits = sys.get_int_max_str_digits()
        if digits and value.bit_length() > digits * 3.3:  # that many are not read back either
            return _call(self.imports.name(int), ast.Constant(hex(value)), ast.Constant(16))
        return ast.Constant(value)

    def _float(self, value: float, levels: int) -> ast.expr:
        if math.isfinite(value):
            return ast.Constant(value)
        return _call(self.imports.name(float), ast.Constant(str(value)))

    def _complex(self, value: complex, levels: int) -> ast.expr:
        return _call(
            self.imports.name(complex),
            self._float(value.real, levels),
            self._float(value.imag, levels),
        )

    def _by_text(self, value: Any, levels: int) -> ast.expr:
        return _call(self.imports.name(type(value)), ast.Constant(str(value)))

    def _bytearray(self, value: bytearray, levels: int) -> ast.expr:
        return _call(self.imports.name(bytearray), ast.Constant(bytes(value)))

    def _moment(self, value: Any, levels: int) -> ast.expr:
        home = self.imports.module(sys.modules["datetime"])
        if isinstance(getattr(value, "tzinfo", None), timezone | None):
            node = ast.parse(repr(value), mode="eval").body  # of Python's own classes only
            return _Renamed(home).visit(node)  # type: ignore[no-any-return]
        kind = ast.Attribute(home, type(value).__name__, ast.Load())
        return _call(
            ast.Attribute(kind, "fromisoformat", ast.Load()), ast.Constant(value.isoformat())
        )

    def _all(self, values: Iterable[Any], levels: int) -> list[ast.expr]:
        return [self._node(each, levels) for each in values]

    def _list(self, value: Any, levels: int) -> ast.expr:
        return ast.List(self._all(value, levels), ast.Load())

    def _tuple(self, value: Any, levels: int) -> ast.expr:
        return ast.Tuple(self._all(value, levels), ast.Load())

    def _set(self, value: Any, levels: int) -> ast.expr:
        elements = self._all(in_order(value), levels)
        return ast.Set(elements) if elements else _call(self.imports.name(set))

    def _frozenset(self, value: Any, levels: int) -> ast.expr:
        inside = [self._set(value, levels)] if value else []
        return _call(self.imports.name(frozenset), *inside)

    def _dict(self, value: Any, levels: int) -> ast.expr:
        return ast.Dict(
            [self._node(key, levels) for key in value],
            [self._node(inner, levels) for inner in value.values()],
        )

    def _built(self, value: Any, levels: int) -> ast.expr:
        return _call(self.imports.name(type(value)), self._dict(value, levels))

    def _defaultdict(self, value: Any, levels: int) -> ast.expr:
        default = value.default_factory
        factory = ast.Constant(None) if default is None else self.imports.name(default)
        return _call(self.imports.name(defaultdict), factory, self._dict(value, levels))

    def _deque(self, value: Any, levels: int) -> ast.expr:
        limit = [] if value.maxlen is None else [ast.Constant(value.maxlen)]
        return _call(self.imports.name(deque), self._list(value, levels), *limit)


@contextmanager
def _readable(value: Any) -> Iterator[None]:
    """Turns whatever reading a value raises into a NoLiteralError."""
    try:
        yield
    except NoLiteralError:
        raise
    except Exception as error:
        raise NoLiteralError(
            f"a {printable(type(value).__qualname__)} cannot be read: {type(error).__name__}"
        ) from error


def _call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


class _Renamed(ast.NodeTransformer):
    """The repr of a time, with the module `datetime` by the name that it has here."""

    def __init__(self, home: ast.expr) -> None:
        self._home = home

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._home


def _alike(made: Any, value: Any) -> bool:
    """Whether the two are equal, or have equal attributes, and are of one type."""
    if isinstance(value, OrderedSet | OrderedFrozenset):
        return same(made, value)
    if type(made) is not type(value):
        return False
    parts = dict(attributes(value))
    return same(made, value) or (bool(parts) and same(dict(attributes(made)), parts))


_Write = Callable[[SourceWriter, Any, int], ast.expr]

_WRITERS: dict[type, _Write] = {
    **dict.fromkeys((type(None), bool, str, bytes, type(...)), SourceWriter._constant),
    **dict.fromkeys((Decimal, UUID, Fraction), SourceWriter._by_text),
    **dict.fromkeys((datetime, date, time, timedelta, timezone), SourceWriter._moment),
    **dict.fromkeys((set, OrderedSet), SourceWriter._set),
    **dict.fromkeys((frozenset, OrderedFrozenset), SourceWriter._frozenset),
    **dict.fromkeys((Counter, OrderedDict), SourceWriter._built),
    int: SourceWriter._int,
    float: SourceWriter._float,
    complex: SourceWriter._complex,
    bytearray: SourceWriter._bytearray,
    list: SourceWriter._list,
    tuple: SourceWriter._tuple,
    dict: SourceWriter._dict,
    defaultdict: SourceWriter._defaultdict,
    deque: SourceWriter._deque,
}
"""By the exact type: what a subclass says of itself is not taken for granted."""

_BASES: dict[type, Callable[[Any], Any]] = {
    str: lambda value: str.__str__(value),
    bytes: lambda value: bytes(value),
    int: lambda value: int.__index__(value),
    float: lambda value: float.__float__(value),
    Decimal: str,
    UUID: str,
    list: lambda value: list(value),
    tuple: lambda value: tuple(value),
    dict: lambda value: dict(value),
    set: lambda value: set(value),
    frozenset: lambda value: frozenset(value),
}
"""How a value of a subclass is read as one of the class above."""
