"""Which commands a commit may hold, and what can be said of them beforehand.

A script that Redis stops in the middle is not rolled back. So a commit takes
only commands whose every failure can be foreseen: the form of the arguments
here, when they are queued; the types and numbers they meet in
`scripts/commit.lua`, before anything is written.
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


def _store(command: Arguments) -> Arguments:
    _count(command, 2)
    return command[1:]


def _set(command: Arguments) -> Arguments:
    _count(command, 2)
    rest = [option.upper() for option in command[3:]]
    position = 0
    expiry = condition = 0
    while position < len(rest):
        option = rest[position]
        if option in (b"NX", b"XX"):
            condition += 1
        elif option == b"KEEPTTL":
            expiry += 1
        elif option in (b"EX", b"PX") and position + 1 < len(rest):
            expiry += 1
            position += 1
            _integer(command, rest[position], 1, _MAX_SECONDS)
        else:
            raise ProgrammingError(
                f"SET cannot be queued with {_text(option)}: of its options, EX, PX, KEEPTTL, "
                "NX and XX can be checked beforehand (a time to live until a date: expireat)"
            )
        position += 1
    if expiry > 1 or condition > 1:
        raise ProgrammingError("SET is queued with options that exclude each other")
    return command[1:2]


def _setex(command: Arguments) -> Arguments:
    _count(command, 3, 3)
    _integer(command, command[2], 1, _MAX_SECONDS)
    return command[1:2]


def _mset(command: Arguments) -> Arguments:
    _count(command, 2, step=2)
    return command[1::2]


def _by_integer(position: int, count: int) -> Check:
    def check(command: Arguments) -> Arguments:
        _count(command, count, count)
        _integer(command, command[position])
        return command[1:2]

    return check


def _decrby(command: Arguments) -> Arguments:
    _count(command, 2, 2)
    _integer(command, command[2], INT64_MIN + 1)
    return command[1:2]


def _by_float(position: int, count: int) -> Check:
    def check(command: Arguments) -> Arguments:
        _count(command, count, count)
        _finite(command, command[position])
        return command[1:2]

    return check


def _zadd(command: Arguments) -> Arguments:
    _count(command, 3)
    position = 2
    flags: set[bytes] = set()
    while position < len(command) and command[position].upper() in (
        b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR",
    ):  # fmt: skip
        flags.add(command[position].upper())
        position += 1
    pairs = command[position:]
    if not pairs or len(pairs) % 2:
        raise ProgrammingError("ZADD takes one score and one member, or several such pairs")
    exclusive = flags & {b"NX", b"GT", b"LT"}
    if len(exclusive) > 1 or {b"NX", b"XX"} <= flags or (b"INCR" in flags and len(pairs) > 2):
        raise ProgrammingError("ZADD is queued with options that exclude each other")
    for score in pairs[::2]:
        # Adding up infinities gives NaN, which Redis refuses.
        (_finite if b"INCR" in flags else _score)(command, score)
    return command[1:2]


def _zpop(command: Arguments) -> Arguments:
    _count(command, 1, 2)
    if len(command) == 3:
        _integer(command, command[2], 0)
    return command[1:2]


def _zrank_range(command: Arguments) -> Arguments:
    _count(command, 3, 3)
    _integer(command, command[2])
    _integer(command, command[3])
    return command[1:2]


def _zscore_range(command: Arguments) -> Arguments:
    _count(command, 3, 3)
    for bound in command[2:]:
        _score(command, bound.removeprefix(b"("))
    return command[1:2]


def _zlex_range(command: Arguments) -> Arguments:
    _count(command, 3, 3)
    for bound in command[2:]:
        if bound not in (b"-", b"+") and bound[:1] not in (b"(", b"["):
            raise ProgrammingError(
                f"{_name(command)} takes '-', '+', '[member' or '(member', not {_text(bound)}"
            )
    return command[1:2]


def _pop(command: Arguments) -> Arguments:
    _count(command, 1, 2)
    if len(command) == 3:
        _integer(command, command[2], 0)
    return command[1:2]


def _linsert(command: Arguments) -> Arguments:
    _count(command, 4, 4)
    if command[2].upper() not in (b"BEFORE", b"AFTER"):
        raise ProgrammingError(f"LINSERT takes BEFORE or AFTER, not {_text(command[2])}")
    return command[1:2]


def _expire(command: Arguments) -> Arguments:
    _count(command, 2, 3)
    _integer(command, command[2], -_MAX_SECONDS, _MAX_SECONDS)
    if len(command) == 4 and command[3].upper() not in (b"NX", b"XX", b"GT", b"LT"):
        raise ProgrammingError(f"{_name(command)} takes NX, XX, GT or LT, not {_text(command[3])}")
    return command[1:2]


CHECKABLE: Final[dict[bytes, Check]] = {
    # Any type
    b"DEL": _all_keys,
    b"UNLINK": _all_keys,
    b"EXPIRE": _expire,
    b"PEXPIRE": _expire,
    b"EXPIREAT": _expire,
    b"PEXPIREAT": _expire,
    b"PERSIST": _first(1, 1),
    # Strings and counters
    b"SET": _set,
    b"SETNX": _first(2, 2),
    b"SETEX": _setex,
    b"PSETEX": _setex,
    b"MSET": _mset,
    b"INCR": _first(1, 1),
    b"DECR": _first(1, 1),
    b"INCRBY": _by_integer(2, 2),
    b"DECRBY": _decrby,
    b"INCRBYFLOAT": _by_float(2, 2),
    # Hashes
    b"HSET": _first(3, step=2),
    b"HMSET": _first(3, step=2),
    b"HSETNX": _first(3, 3),
    b"HDEL": _first(2),
    b"HINCRBY": _by_integer(3, 3),
    b"HINCRBYFLOAT": _by_float(3, 3),
    # Sets
    b"SADD": _first(2),
    b"SREM": _first(2),
    b"SINTERSTORE": _store,
    b"SUNIONSTORE": _store,
    b"SDIFFSTORE": _store,
    # Sorted sets
    b"ZADD": _zadd,
    b"ZINCRBY": _by_float(2, 3),
    b"ZREM": _first(2),
    b"ZREMRANGEBYRANK": _zrank_range,
    b"ZREMRANGEBYSCORE": _zscore_range,
    b"ZREMRANGEBYLEX": _zlex_range,
    b"ZPOPMIN": _zpop,
    b"ZPOPMAX": _zpop,
    # Lists
    b"LPUSH": _first(2),
    b"RPUSH": _first(2),
    b"LPUSHX": _first(2),
    b"RPUSHX": _first(2),
    b"LINSERT": _linsert,
    b"LPOP": _pop,
    b"RPOP": _pop,
    b"LREM": _by_integer(2, 3),
    b"LTRIM": _zrank_range,
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
            "every command must be checked before the first is applied. Read through "
            f"view.redis; to write, use one of {names}"
        )
    if len(command) > MAX_ARGUMENTS:
        raise ProgrammingError(
            f"{_name(command)} is queued with {len(command) - 1} arguments: queue it in "
            f"parts of at most {MAX_ARGUMENTS - 1}"
        )
    return check(command)
