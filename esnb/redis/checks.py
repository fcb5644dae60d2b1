"""Which commands a commit may hold, and what can be checked of them beforehand.

A script that Redis stops in the middle is not rolled back. So a commit takes
only commands whose every failure can be foreseen: the form of the arguments
here, when they are queued; the types and numbers they meet in
`scripts/commit.lua`, before anything is written. They are those that read models
use. What a conditional one leaves behind is not modelled: the projection can read
and decide. Of them HSETNX alone is here, whose field the script knows anyway: "the
first one counts" without a read, which would end a batch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final

from eventsourcing.persistence import DataError, NotSupportedError, ProgrammingError

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
# Lua's unpack() takes fewer than 8,000 values.
MAX_ARGUMENTS: Final = 7_900
# Expiry: Redis refuses what overflows milliseconds since 1970.
_MAX_SECONDS: Final = 10**14

Arguments = Sequence[bytes]
"""A command as it goes over the wire, its name included."""
Check = Callable[[Arguments], Arguments]
"""Returns the keys of a command, or raises what Redis would say of its form."""

_INTEGER = re.compile(rb"0|-?[1-9][0-9]*")
_FLOAT = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INFINITE = re.compile(rb"[+-]?inf(inity)?", re.IGNORECASE)


def _text(value: bytes) -> str:
    return repr(value.decode("utf-8", "backslashreplace"))


def _name(command: Arguments) -> str:
    return command[0].decode()


def _integer(command: Arguments, value: bytes, low: int = INT64_MIN, high: int = INT64_MAX) -> int:
    if not _INTEGER.fullmatch(value) or not low <= (number := int(value)) <= high:
        raise DataError(
            f"{_name(command)} takes an integer between {low} and {high}, not {_text(value)}"
        )
    return number


def _finite(command: Arguments, value: bytes) -> None:
    if not _FLOAT.fullmatch(value) or abs(float(value)) > 1e300:
        raise DataError(f"{_name(command)} takes a finite number, not {_text(value)}")


def _score(command: Arguments, value: bytes) -> None:
    if _INFINITE.fullmatch(value):
        return
    if not _FLOAT.fullmatch(value) or math.isinf(float(value)):
        raise DataError(f"{_name(command)} takes a number as score, not {_text(value)}")


def _count(command: Arguments, least: int, most: int | None = None, step: int = 1) -> None:
    given = len(command) - 1
    if given < least or (most is not None and given > most) or (given - least) % step:
        raise ProgrammingError(
            f"{_name(command)} is queued with {given} arguments, which Redis does not take"
        )


def _first(least: int, most: int | None = None, step: int = 1) -> Check:
    """The first argument is the key, the rest data."""

    def check(command: Arguments) -> Arguments:
        _count(command, least, most, step)
        return command[1:2]

    return check


def _all_keys(command: Arguments) -> Arguments:
    _count(command, 1)
    return command[1:]


def _refuse_options(command: Arguments, options: Arguments) -> None:
    if options:
        raise NotSupportedError(
            f"{_name(command)} cannot be queued with {_text(options[0])}: what it does depends on "
            "what Redis holds by then. Read through view.redis and decide in the projection"
        )


def _set(command: Arguments) -> Arguments:
    _count(command, 2)
    options = command[3:]
    if options and options[0].upper() in (b"EX", b"PX"):
        _count(command, 4)
        _integer(command, options[1], 1, _MAX_SECONDS)
        options = options[2:]
    _refuse_options(command, options)
    return command[1:2]


def _by_integer(position: int, count: int, low: int = INT64_MIN) -> Check:
    def check(command: Arguments) -> Arguments:
        _count(command, count, count)
        _integer(command, command[position], low)
        return command[1:2]

    return check


def _by_float(position: int, count: int) -> Check:
    def check(command: Arguments) -> Arguments:
        _count(command, count, count)
        _finite(command, command[position])
        return command[1:2]

    return check


def _zadd(command: Arguments) -> Arguments:
    _count(command, 3)
    if command[2].upper() in (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"):
        _refuse_options(command, command[2:])
    _count(command, 3, step=2)
    for score in command[2::2]:
        _score(command, score)
    return command[1:2]


def _rank_range(command: Arguments) -> Arguments:
    _count(command, 3, 3)
    _integer(command, command[2])
    _integer(command, command[3])
    return command[1:2]


def _score_range(command: Arguments) -> Arguments:
    _count(command, 3, 3)
    for bound in command[2:]:
        _score(command, bound.removeprefix(b"("))
    return command[1:2]


def _expire(command: Arguments) -> Arguments:
    _count(command, 2, 3)
    _refuse_options(command, command[3:])
    _integer(command, command[2], 1, _MAX_SECONDS)
    return command[1:2]


CHECKABLE: Final[dict[bytes, Check]] = {
    # Any type
    b"DEL": _all_keys,
    b"UNLINK": _all_keys,
    b"EXPIRE": _expire,
    # Strings and counters
    b"SET": _set,
    b"INCRBY": _by_integer(2, 2),
    b"DECRBY": _by_integer(2, 2, low=INT64_MIN + 1),
    b"INCRBYFLOAT": _by_float(2, 2),
    # Hashes
    b"HSET": _first(3, step=2),
    b"HSETNX": _first(3, 3),
    b"HDEL": _first(2),
    b"HINCRBY": _by_integer(3, 3),
    b"HINCRBYFLOAT": _by_float(3, 3),
    # Sets
    b"SADD": _first(2),
    b"SREM": _first(2),
    # Sorted sets
    b"ZADD": _zadd,
    b"ZINCRBY": _by_float(2, 3),
    b"ZREM": _first(2),
    b"ZREMRANGEBYRANK": _rank_range,
    b"ZREMRANGEBYSCORE": _score_range,
    # Lists
    b"LPUSH": _first(2),
    b"RPUSH": _first(2),
    b"LREM": _by_integer(2, 3),
    b"LTRIM": _rank_range,
}


def keys_of(command: Arguments) -> Arguments:
    """The keys of a command that a commit may hold.

    Raises NotSupportedError for one that cannot be checked beforehand, and
    ProgrammingError or DataError for arguments that Redis would refuse.
    """
    check = CHECKABLE.get(command[0])
    if check is None:
        names = ", ".join(sorted(name.decode() for name in CHECKABLE))
        raise NotSupportedError(
            f"{_name(command)} cannot be queued in a commit, where nothing can be read and "
            "every command must be checked before the first is applied. Read through view.redis "
            f"and decide in the projection; to write, use one of {names}"
        )
    if len(command) > MAX_ARGUMENTS:
        raise ProgrammingError(
            f"{_name(command)} is queued with {len(command) - 1} arguments: queue it in "
            f"parts of at most {MAX_ARGUMENTS - 1}"
        )
    return check(command)
