"""What compiled code does, without how its source was written."""

from __future__ import annotations

import dis
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

_FILLING = frozenset({"NOP", "CACHE"})
"""Kept by the compiler for a line that does nothing, or to be filled in as code runs."""
_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})
_NAMES = frozenset({*dis.hasname, *dis.haslocal, *dis.hasfree})
_PAIRS = {
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
_KINDS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""The flags for *args, **kwargs, generators and coroutines. Others tell of docstrings and futures."""


@lru_cache(maxsize=4096)
def instructions(code: CodeType) -> tuple[str, tuple[Any, ...]]:
    """The instructions of code as text, and the constants that they load, in order.

    Docstrings, comments, formatting, `pass` and line numbers leave them equal: constants
    and names stand for themselves, not for their places in the code's tables, and
    jumps go to the number of an instruction.

    >>> plain = compile("x = f(1, y)", "", "exec")
    >>> instructions(plain) == instructions(compile("x = f(\\n    1, y\\n)", "", "exec"))
    True
    """
    kept = [each for each in dis.get_instructions(code) if each.opname not in _FILLING]
    steps = [(each.offset, *step) for each in kept for step in _steps(each)]
    offsets = [offset for offset, *_ in steps]
    lines = [
        f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}",
        f"{code.co_flags & _KINDS} {code.co_varnames[: _arguments(code)]} {code.co_freevars}",
        *(f"{name} {_place(argument, offsets)}" for _, name, argument in steps),
        *_handlers(code, offsets),
    ]
    constants = tuple(each.argval for each in kept if each.opcode in dis.hasconst)
    return "\n".join(lines), constants


class _Target(int):
    """The offset that a jump goes to."""


def _steps(instruction: dis.Instruction) -> Iterator[tuple[str, object]]:
    """What an instruction does and to what; two steps where Python 3.13 joins two of a line."""
    name, argument = instruction.opname, instruction.argval
    if name in _PAIRS:
        yield from zip(_PAIRS[name], argument, strict=True)
    elif instruction.opcode in dis.hasconst:
        yield name, ""
    elif instruction.opcode in _JUMPS:
        yield name, _Target(argument)
    else:
        yield name, argument if instruction.opcode in _NAMES else instruction.arg


def _place(argument: object, offsets: list[int]) -> object:
    return bisect_left(offsets, argument) if isinstance(argument, _Target) else argument


def _arguments(code: CodeType) -> int:
    starred = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    return code.co_argcount + code.co_kwonlyargcount + starred


def _handlers(code: CodeType, offsets: list[int]) -> Iterator[str]:
    """Which instructions are tried, and where an exception of theirs goes."""
    for entry in dis.Bytecode(code).exception_entries:  # type: ignore[attr-defined]
        start, end, target = (
            bisect_left(offsets, offset) for offset in (entry.start, entry.end, entry.target)
        )
        if start < end:
            yield f"{start}-{end}: {target} {entry.depth} {entry.lasti}"
