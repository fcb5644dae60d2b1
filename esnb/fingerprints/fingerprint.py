"""Fingerprints of the code that folds an aggregate's events into its state.

A snapshot is the fold of some events. When the code of the fold has changed
since, the snapshot shows what the old code made of them, so it is applied only
while the fingerprint of its class is the one that it was stored with.

The fingerprint covers the aggregate class, its bases outside the library and its
metaclass (methods, event classes, decorated functions, class attributes), and
what their code names: functions with their defaults and attributes, classes,
constants and objects, in all modules of the user's own (`own_modules`), by their
names or as attributes of a module. It is made from compiled code, not from source
files: a class defined in a notebook has one. Moving a definition, docstrings,
comments, formatting and the annotations of functions do not change it; the types
of a class's fields do, since libraries convert by them. Another version of Python
may compile the same source to other code; its snapshots then count as stale,
which costs a replay.

Values count by their content, whatever their size: also the order of a dict, a
numpy array, a pandas frame. What code itself changes as it runs (a cache, a counter)
does not. A library's object counts by what pickle would write if it is compared by
its content, else (a client, a lock, a logger) by its type, its name and the
functions that it holds. So does what cannot be read at all, by its type: that is
logged, and `class_version` is then the way to say that the fold has changed. A
value that differs in every process, a random one for instance, makes snapshots of
other processes stale, since the fold differs, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esnb.fingerprints.code_classes import visit_class
from esnb.fingerprints.code_kinds import visit_by_kind
from esnb.fingerprints.code_modules import visit_module
from esnb.fingerprints.code_origins import Origins
from esnb.fingerprints.code_walk import CodeWalk


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
    return _digest(cls, lambda walk: visit_class(walk, cls), home=cls.__module__)


def module_fingerprint(name: str) -> str:
    """The fingerprint of everything that the module `name` defines.

    For aggregates that are folded by functions, where the class of the state
    does not name its fold.
    """
    return _digest(name, lambda walk: visit_module(walk, name), home=name)


def function_fingerprint(function: Callable[..., Any]) -> str:
    """The fingerprint of a function and of what its code names."""
    home = getattr(function, "__module__", None) or ""
    return _digest(function, lambda walk: walk.visit(function), home=home)


_remembered: dict[int | str, tuple[Any, str, Origins]] = {}
"""By the subject's id, since it need not be hashable; kept, so that nothing else gets that id."""
_MOST_REMEMBERED = 256


def _digest(subject: Any, begin: Callable[[CodeWalk], None], *, home: str) -> str:
    key = subject if isinstance(subject, str) else id(subject)
    _, digest, origins = _remembered.get(key, (None, "", None))
    if origins is not None and origins.still_hold():
        return digest
    walk = CodeWalk(home, visit_by_kind)
    begin(walk)
    digest = walk.digest()
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[key] = subject, digest, walk.origins
    return digest
