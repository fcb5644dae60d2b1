"""Values as Python source that makes an equal one, with the imports that it needs."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from esnb._text import in_order

_DEEPEST = 50


class NoLiteralError(ValueError):
    """A value that no short piece of source makes."""


class Source:
    """Source that is being written, and the imports that it has come to need."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.names: dict[str, set[str]] = {}
        """By module."""
        self.local: set[str] = set()
        """Names of a notebook, which nothing can be imported from."""

    def name(self, given: Any) -> str:
        """How a class or a function is written; NoLiteralError where it cannot be found again."""
        module, qualified = str(given.__module__), str(given.__qualname__)
        found: Any = sys.modules.get(module)
        for part in qualified.split("."):
            found = getattr(found, part, None)
        if found is not given:
            raise NoLiteralError(f"{module}.{qualified} cannot be imported")
        outer = qualified.partition(".")[0]
        if module == "__main__":
            self.local.add(outer)
        else:
            self.names.setdefault(module, set()).add(outer)
        return qualified

    def imports(self) -> list[str]:
        """The import lines, sorted."""
        lines = [f"import {module}" for module in sorted(self.modules)]
        return lines + [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self.names.items())
        ]

    def literal(self, value: Any, levels: int = _DEEPEST) -> str:
        """Source of an equal value.

        >>> source = Source()
        >>> source.literal({"price": Decimal("1.50"), "tags": {"b", "a"}})
        "{'price': Decimal('1.50'), 'tags': {'a', 'b'}}"
        >>> source.imports()
        ['from decimal import Decimal']
        """
        if not levels:
            raise NoLiteralError("it is nested too deeply")
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes):
            return repr(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f"float('{value}')"
        if isinstance(value, Enum):
            return f"{self.name(kind)}.{value.name}"
        if kind in (Decimal, UUID):
            self.name(kind)
            return repr(value)
        if kind in (datetime, date, time, timedelta):
            return self._moment(value)
        if kind in (list, tuple, dict) or isinstance(value, set | frozenset):
            return self._container(value, levels - 1)
        return self._object(value, levels - 1)

    def _moment(self, value: Any) -> str:
        if isinstance(getattr(value, "tzinfo", None), timezone | None):
            self.modules.add("datetime")
            return repr(value)
        self.modules.add("datetime")
        return f"datetime.{type(value).__name__}.fromisoformat({value.isoformat()!r})"

    def _container(self, value: Any, levels: int) -> str:
        if isinstance(value, dict):
            pairs = (
                f"{self.literal(key, levels)}: {self.literal(inner, levels)}"
                for key, inner in value.items()
            )
            return f"{{{', '.join(pairs)}}}"
        inside = self._all(value if isinstance(value, list | tuple) else in_order(value), levels)
        if isinstance(value, list):
            return f"[{inside}]"
        if isinstance(value, tuple):
            return f"({inside}{',' if len(value) == 1 else ''})"
        if isinstance(value, frozenset):
            return f"frozenset({{{inside}}})" if value else "frozenset()"
        return f"{{{inside}}}" if value else "set()"

    def _all(self, values: Iterable[Any], levels: int) -> str:
        return ", ".join(self.literal(each, levels) for each in values)

    def _object(self, value: Any, levels: int) -> str:
        kind = type(value)
        if is_dataclass(kind):
            names = [each.name for each in fields(kind) if each.init]
        elif hasattr(kind, "_fields") and isinstance(value, tuple):
            names = list(kind._fields)
        else:
            raise NoLiteralError(f"a {kind.__qualname__} has no source")
        parts = ", ".join(f"{name}={self.literal(getattr(value, name), levels)}" for name in names)
        return f"{self.name(kind)}({parts})"
