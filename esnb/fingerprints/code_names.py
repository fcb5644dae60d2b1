"""What compiled code names outside itself: globals, and what it takes from them by attribute."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

Path = tuple[str, ...]
"""A global's name and the attributes that are taken of it: `rules.price` is `("rules", "price")`."""

_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_CELLS = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_LOCALS = frozenset({"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW"})
_LOCAL_PAIRS = frozenset({"LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST"})
"""From Python 3.13 on: the second of two variables is on top."""
_STORED_ATTRIBUTES = frozenset({"STORE_ATTR", "DELETE_ATTR"})
_STORES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF"})
_CHANGING_ITEMS = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR"})
CHANGING_METHODS = frozenset(
    {
        "__setitem__",
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "setdefault",
        "update",
    }
)


@lru_cache(maxsize=4096)
def global_paths(code: CodeType) -> tuple[Path, ...]:
    """The globals that code, with all the code inside it, reads, in order and each once.

    Names of attributes alone are none of them: `self.name` reads no global `name`.

    >>> global_paths(compile("rules.price(x.rules)", "", "eval"))
    (('rules', 'price'), ('x', 'rules'))
    """
    return tuple(sorted(set(_paths(code))))


@lru_cache(maxsize=4096)
def imported_modules(code: CodeType) -> tuple[str, ...]:
    """The modules that code imports when it runs, as it names them: `rules`, `..rules`."""
    return tuple(sorted(set(_imports(code))))


@lru_cache(maxsize=4096)
def changed_names(code: CodeType) -> frozenset[str]:
    """The globals and variables of outer functions that code changes as it runs.

    They are what it remembers, a cache for instance: assigned names, and
    collections whose items are set or that are changed by a method.

    >>> code = "seen.add(x); cache[x, 1] = rates[x]; counts[x] += 1; del old[x]"
    >>> sorted(changed_names(compile(code, "", "exec")))
    ['cache', 'counts', 'old', 'seen']
    """
    return frozenset(_changed(code))


class ChangedAttribute(NamedTuple):
    """`owner.name` is assigned, or what it holds is changed in place."""

    owner: str
    is_local: bool
    name: str
    in_place: bool


@lru_cache(maxsize=4096)
def changed_attributes(code: CodeType) -> frozenset[ChangedAttribute]:
    """The attributes of its variables that code changes as it runs.

    >>> code = "self.last = x; self.known[x] = 1; p.calls += 1; p.seen.add(x); p.q.r = 2"
    >>> for each in sorted(changed_attributes(compile(code, "", "exec"))):
    ...     print(each.owner, each.name, each.in_place)
    p calls False
    p seen True
    self known True
    self last False
    """
    return frozenset(_attributes_changed(code))


@lru_cache(maxsize=4096)
def attribute_names(code: CodeType) -> frozenset[str]:
    """All names of globals and attributes in code and in the code inside it."""
    return frozenset(code.co_names).union(*map(attribute_names, _inner(code)))


def _paths(code: CodeType) -> Iterator[Path]:
    path: Path = ()
    for instruction in dis.get_instructions(code):
        if path and instruction.opname in _ATTRIBUTES:
            path = (*path, instruction.argval)
            continue
        if path:
            yield path
        path = (instruction.argval,) if instruction.opname in _GLOBALS else ()
    for inner in _inner(code):
        yield from _paths(inner)


def _imports(code: CodeType) -> Iterator[str]:
    before: list[dis.Instruction] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            # How many packages up, and which names of it, each of which may be a module.
            level, names = before[-2].argval, before[-1].argval or ()
            module = f"{'.' * level}{instruction.argval}"
            yield module
            yield from (f"{module}{'' if module.endswith('.') else '.'}{name}" for name in names)
        before.append(instruction)
    for inner in _inner(code):
        yield from _imports(inner)


def _changed(code: CodeType) -> Iterator[str]:
    instructions = list(dis.get_instructions(code))
    for instruction in instructions:
        if instruction.opname in _STORES:
            yield instruction.argval
    for place in _changed_in_place(instructions):
        if instructions[place].opname in _GLOBALS | _CELLS:
            yield instructions[place].argval
    for inner in _inner(code):
        yield from _changed(inner)


def _attributes_changed(code: CodeType) -> Iterator[ChangedAttribute]:
    instructions = list(dis.get_instructions(code))
    stored = [
        (place, False)
        for place, instruction in enumerate(instructions)
        if instruction.opname in _STORED_ATTRIBUTES
    ]
    for place, in_place in [*stored, *((each, True) for each in _changed_in_place(instructions))]:
        attribute = instructions[place]
        if attribute.opname in _STORED_ATTRIBUTES | _ATTRIBUTES:
            owner = _owner(instructions, place)
            if owner is not None:
                yield ChangedAttribute(*owner, attribute.argval, in_place)
    for inner in _inner(code):
        yield from _attributes_changed(inner)


def _owner(instructions: list[dis.Instruction], place: int) -> tuple[str, bool] | None:
    """The variable whose attribute the instruction at `place` sets or loads; whether it is local."""
    before = instructions[place - 1]
    if before.opname == "SWAP":  # as for self.calls += 1: the variable was copied
        while place > 1 and instructions[place].opname != "COPY":
            place -= 1
        before = instructions[place - 1]
    if before.opname in _GLOBALS | _CELLS | _LOCALS:
        return before.argval, before.opname in _LOCALS
    return (before.argval[1], True) if before.opname in _LOCAL_PAIRS else None


def _changed_in_place(instructions: list[dis.Instruction]) -> Iterator[int]:
    """Where a collection is loaded that is then changed in place."""
    for place, instruction in enumerate(instructions):
        if instruction.opname in _ATTRIBUTES and instruction.argval in CHANGING_METHODS:
            yield place - 1
        elif instruction.opname in _CHANGING_ITEMS:
            yield max(0, _before_key(instructions, place))


def _before_key(instructions: list[dis.Instruction], place: int) -> int:
    """Where the collection is loaded of which the instruction at `place` sets an item."""
    if instructions[place - 1].opname == "SWAP":  # as for counts[key] += 1: both were copied
        while [each.opname for each in instructions[place : place + 2]] != ["COPY", "COPY"]:
            place -= 1
    depth = 0
    while depth < 1 and place > 0:
        place -= 1
        depth += dis.stack_effect(instructions[place].opcode, instructions[place].arg)
    return place - 1


def _inner(code: CodeType) -> Iterator[CodeType]:
    return (each for each in code.co_consts if isinstance(each, CodeType))
