"""A walk through code and all that it names, into one digest."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from types import FunctionType
from typing import Any

from esnb.fingerprints.code_attributes import content, data_attributes
from esnb.fingerprints.code_memory import CodeMemory
from esnb.fingerprints.code_origins import Origins
from esnb.fingerprints.own_modules import is_own
from esnb.values.ordered_repr import safe_repr

_log = logging.getLogger(__name__)

_DEEPEST = 40
"""Values that lie deeper in others are visited later, so that no nesting is too deep."""


class CodeWalk:
    """Collects what a fingerprint covers, each function, class and object once.

    `home` is the module whose project counts as the user's own. `visit_by_kind`
    adds a value to the walk, by what kind of value it is.
    """

    def __init__(
        self,
        home: str,
        visit_by_kind: Callable[[CodeWalk, Any], None],
        *,
        is_within_value: bool = False,
    ) -> None:
        self.home = home
        self.origins = Origins()
        self.memory = CodeMemory()
        self.is_within_value = is_within_value
        """Whether what is visited is part of a library's value, and counts by its content."""
        self._visit_by_kind = visit_by_kind
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: dict[int, Any] = {}
        """By id, and kept alive so that nothing else gets that id."""
        self._pending: deque[Any] = deque()
        self._owners: deque[Any] = deque()
        """Objects, classes and functions whose attributes are still to be visited."""
        self._depth = 0

    def add(self, *parts: object) -> None:
        for part in parts:
            self._hash.update(str(part).encode("utf-8", "surrogatepass"))
            self._hash.update(b"\x00")

    def digest(self) -> str:
        """Visits what visited code has named, and returns the digest of it all.

        Definitions first, then what objects hold: which attributes are memory is
        known only when the code has been seen.
        """
        while self._pending or self._owners:
            if self._pending:
                self.visit(self._pending.pop())
            else:
                self._visit_attributes(self._owners.popleft())
        return self._hash.hexdigest()

    def content_digest(self, value: Any) -> str:
        """The digest of what a library's value consists of."""
        walk = CodeWalk(self.home, self._visit_by_kind, is_within_value=True)
        walk.visit(value)
        return walk.digest()

    def visit(self, value: Any) -> None:
        """Adds a value found as a class attribute, a global or a default."""
        if self._depth >= _DEEPEST:
            self.visit_later(value)
            return
        self._depth += 1
        try:
            self._visit_by_kind(self, value)
        except Exception as error:  # noqa: BLE001  code of the value's class runs here
            self._add_unreadable(value, error)
        finally:
            self._depth -= 1

    def visit_later(self, value: Any) -> None:
        self._pending.append(value)

    def visit_kind_later(self, value: Any) -> None:
        """Has a value's class visited if it is the user's own."""
        if self.is_ours(type(value)):
            self.visit_later(type(value))

    def visit_attributes_later(self, owner: Any) -> None:
        self._owners.append(owner)

    def visit_instance_later(self, value: Any) -> None:
        self.visit_kind_later(value)
        self.visit_attributes_later(value)

    def is_new(self, value: Any) -> bool:
        """Whether a value is met for the first time; notes it."""
        if id(value) in self._seen:
            return False
        self._seen[id(value)] = value
        return True

    def is_ours(self, value: Any) -> bool:
        """Whether a class or function is the user's own code."""
        return is_own(str(value.__module__), self.home)

    def _visit_attributes(self, owner: Any) -> None:
        """Adds the attributes of an object, a class or a function but those it remembers with."""
        try:
            memory = self.memory.attributes_of(owner)
            if not isinstance(owner, type | FunctionType):  # whose sizes are noted already
                self.origins.add_size(getattr(owner, "__dict__", {}))
            attributes = data_attributes(owner)
        except Exception as error:  # noqa: BLE001  code of the object's class runs here
            self._add_unreadable(owner, error)
            return
        for name, value in sorted(attributes.items()):
            if name not in memory:
                self.origins.add_attribute(owner, name, value)
                self.add(name)
                self.visit(content(name, value))

    def _add_unreadable(self, value: Any, error: Exception) -> None:
        kind = type(value)
        self.add("unreadable", kind.__module__, kind.__qualname__)
        _log.info(
            "a value that a fold uses counts by its type alone, %s.%s: %s",
            kind.__module__,
            kind.__qualname__,
            safe_repr(error),
        )
