"""Fingerprints of the code that folds an aggregate's events into its state.

A snapshot is the fold of some events. When the code of the fold has changed
since, the snapshot shows what the old code made of them, so it is applied only
while the fingerprint of its class is the one that it was stored with.

The fingerprint covers the aggregate class and its bases outside the library
(methods, event classes, decorated functions, class attributes), and what their
code names: functions, classes, constants and value objects, in all modules of
the user's own (`own_modules`), by their names or as attributes of a module. It
is made from compiled code, not from source files: a class defined in a notebook
has one, and moving a definition does not change it. Another version of Python
may compile the same source to other code; its snapshots then count as stale,
which costs a replay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esnb.fingerprints.code_walk import CodeWalk, Origins


def fingerprint(cls: type[Any]) -> str:
    """The fingerprint of an aggregate class: 32 hexadecimal digits.

    Equal for equal code, also in another process. It is remembered for as long
    as the class and what its code names are the same objects with the same content.

    >>> class Dog:
    ...     def bark(self): return 1
    >>> before = fingerprint(Dog)
    >>> Dog.bark = lambda self: 2
    >>> fingerprint(Dog) == before
    False
    """
    return _digest(cls, lambda walk: walk.visit_class(cls), home=cls.__module__)


def module_fingerprint(name: str) -> str:
    """The fingerprint of everything that the module `name` defines.

    For aggregates that are folded by functions, where the class of the state
    does not name its fold.
    """
    return _digest(name, lambda walk: walk.visit_module(name), home=name)


def function_fingerprint(function: Callable[..., Any]) -> str:
    """The fingerprint of a function and of what its code names."""
    walk = CodeWalk(home=getattr(function, "__module__", None) or "")
    walk.visit(function)
    walk.follow()
    return walk.digest()


_remembered: dict[type[Any] | str, tuple[str, Origins]] = {}
_MOST_REMEMBERED = 256


def _digest(subject: type[Any] | str, begin: Callable[[CodeWalk], None], *, home: str) -> str:
    digest, origins = _remembered.get(subject, ("", None))
    if origins is not None and origins.still_hold():
        return digest
    walk = CodeWalk(home)
    begin(walk)
    walk.follow()
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[subject] = walk.digest(), walk.origins
    return walk.digest()
