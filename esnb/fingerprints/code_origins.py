"""What a fingerprint was made from, to tell whether it may have changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_
from types import CellType, CodeType, FunctionType
from typing import Any, Final

from esnb.fingerprints.code_values import contents

ABSENT: Final = object()


class Origins:
    """Everything that a digest was made from: while all of it is the same, so is the digest.

    It is asked at each use of a snapshot, so it compares identities, not values.
    """

    def __init__(self) -> None:
        self._sizes: dict[int, tuple[Mapping[str, Any], int]] = {}
        self._bindings: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
        self._attributes: list[tuple[Any, str, Any]] = []
        self._functions: list[tuple[FunctionType, CodeType, Any, Any, int]] = []
        self._cells: list[tuple[CellType, Any]] = []
        self._contents: list[tuple[Any, list[Any]]] = []
        self._digests: list[tuple[Callable[[], str], str]] = []

    def add_size(self, names: Mapping[str, Any]) -> None:
        self._sizes[id(names)] = names, len(names)

    def add_binding(self, names: Mapping[str, Any], name: str) -> Any:
        """Notes what a namespace holds under a name, and returns it; ABSENT: nothing."""
        value = names.get(name, ABSENT)
        self._bindings[id(names), name] = names, name, value
        return value

    def add_attribute(self, owner: Any, name: str, value: Any) -> None:
        """Notes what an attribute of an object, a class or a function is."""
        names = getattr(owner, "__dict__", {})
        if name in names:
            self.add_binding(names, name)
        else:
            self._attributes.append((owner, name, value))

    def add_function(self, function: FunctionType) -> None:
        """Notes the code of a function, its defaults, and how many attributes it has."""
        code, attributes = function.__code__, vars(function)
        defaults = function.__defaults__, function.__kwdefaults__
        self._functions.append((function, code, *defaults, len(attributes)))

    def add_cell(self, cell: CellType) -> Any:
        """Notes what a variable of an outer function holds, and returns it."""
        self._cells.append((cell, cell.cell_contents))
        return cell.cell_contents

    def add_contents(self, collection: Any) -> None:
        """Notes a collection that may be changed in place."""
        self._contents.append((collection, contents(collection)))

    def add_digest(self, compute: Callable[[], str]) -> str:
        """Notes a value that can be compared only by reading all of it, and returns its digest."""
        digest = compute()
        self._digests.append((compute, digest))
        return digest

    def still_hold(self) -> bool:
        return (
            all(len(names) == size for names, size in self._sizes.values())
            and all(names.get(name, ABSENT) is at for names, name, at in self._bindings.values())
            and all(getattr(owner, name, ABSENT) is at for owner, name, at in self._attributes)
            and all(cell.cell_contents is value for cell, value in self._cells)
            and all(map(_is_unchanged, self._functions))
            and all(_are_same(contents(collection), then) for collection, then in self._contents)
            and all(compute() == digest for compute, digest in self._digests)
        )


def _is_unchanged(noted: tuple[FunctionType, CodeType, Any, Any, int]) -> bool:
    function, code, defaults, keyword_defaults, size = noted
    return (
        function.__code__ is code
        and function.__defaults__ is defaults
        and function.__kwdefaults__ is keyword_defaults
        and len(function.__dict__) == size
    )


def _are_same(now: list[Any], then: list[Any]) -> bool:
    return len(now) == len(then) and all(map(is_, now, then))
