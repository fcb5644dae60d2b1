"""The names of a piece of source, and the import lines that give them their meaning."""

from __future__ import annotations

import ast
import builtins
import keyword
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from types import MethodType, ModuleType
from typing import Any

from esnb.values.ordered_repr import printable


class NoLiteralError(ValueError):
    """A value that cannot be written as a short piece of source."""


def is_name(text: object) -> bool:
    """Whether `text` can be written as a name, and means itself there.

    >>> [is_name(text) for text in ("price", "größe", "class", "a b", "x\\n", "ﬁ")]
    [True, True, False, False, False, False]
    """
    return (
        isinstance(text, str)
        and text.isidentifier()
        and not keyword.iskeyword(text)
        and unicodedata.normalize("NFKC", text) == text  # as Python reads it
    )


@dataclass(frozen=True, slots=True)
class _Import:
    """What a name of the source stands for: a module, or one of its members."""

    module: str
    member: str | None
    value: Any

    def line(self, name: str) -> str:
        origin = self.module if self.member is None else self.member
        renamed = "" if name == origin else f" as {name}"
        if self.member is None:
            return f"import {self.module}{renamed}"
        return f"{self.member}{renamed}"


class Imports:
    """The imports that the source being written needs so far."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        """`reserved` are names that the source uses for something else."""
        self._imports: dict[str, _Import] = {}
        self._taken = {*reserved, *dir(builtins)}

    def name(self, given: Any) -> ast.expr:
        """How a class or a function is written; NoLiteralError where it cannot be imported."""
        module, qualified = getattr(given, "__module__", None), getattr(given, "__qualname__", "")
        outer, *parts = str(qualified).split(".")
        found = home = sys.modules.get(str(module))
        for part in (outer, *parts):
            found = getattr(found, part, None)
        is_found = found is given or (isinstance(given, MethodType) and found == given)
        if not is_found or not all(map(is_name, (*str(module).split("."), outer, *parts))):
            raise NoLiteralError(
                f"{printable(f'{module}.{qualified}')} cannot be imported: define it at the top of "
                "a module"
            )
        if home is builtins:
            written: ast.expr = ast.Name(outer, ast.Load())
        else:
            written = self._bound(_Import(str(module), outer, getattr(home, outer)))
        for part in parts:
            written = ast.Attribute(written, part, ast.Load())
        return written

    def _bound(self, wanted: _Import) -> ast.expr:
        """A name for what is imported: its own, or another where that is taken."""
        own = wanted.member or wanted.module
        number = 1
        name = f"_{own}" if own.lower().startswith("test") else own  # pytest would collect it
        while self._imports.get(name) != wanted and (name in self._imports or name in self._taken):
            number += 1
            name = f"{own}_{number}"
        self._imports[name] = wanted
        return ast.Name(name, ast.Load())

    def free(self, *wanted: str) -> str:
        """The first of the names, or else of those with a number, that is still free here."""
        number = 1
        names = list(wanted)
        while True:
            for name in names:
                if is_name(name) and name not in self._taken and name not in self._imports:
                    return name
            number += 1
            names = [f"{name}_{number}" for name in wanted]

    def module(self, given: ModuleType) -> ast.expr:
        """How a module is written."""
        return self._bound(_Import(given.__name__, None, given))

    def meanings(self) -> dict[str, Any]:
        """What each name stands for."""
        return {name: each.value for name, each in self._imports.items()}

    def lines(self) -> list[str]:
        """The import lines, sorted."""
        modules = [each.line(name) for name, each in self._imports.items() if each.member is None]
        homes = {each.module for each in self._imports.values() if each.member is not None}
        return sorted(modules) + [
            f"from {home} import {', '.join(self._members(home))}"
            for home in sorted(homes - {"__main__"})
        ]

    def local(self) -> list[str]:
        """Names of a notebook, which nothing can be imported from."""
        return self._members("__main__")

    def _members(self, module: str) -> list[str]:
        return sorted(
            each.line(name)
            for name, each in self._imports.items()
            if each.module == module and each.member is not None
        )
