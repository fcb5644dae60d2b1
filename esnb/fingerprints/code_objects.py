"""Objects, which count by their type and by what they consist of."""

from __future__ import annotations

from decimal import Context
from types import SimpleNamespace
from typing import Any

from esnb.fingerprints.code_values import (
    callables_in,
    is_value,
    keeps_content,
    own_attribute,
    parts,
    reduce,
    registry,
)
from esnb.fingerprints.code_walk import CodeWalk
from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import ordered_repr


def visit_object(walk: CodeWalk, value: Any) -> None:
    """A decorator, a descriptor, a partial, a value: by its type and what it consists of.

    Of an object of the user's own that is all its attributes but what its code
    remembers with. Of a library's that compares by its content it is what
    pickle would write; of one that does not (a client, a lock, a logger, an
    iterator) the type, the name and the functions that it holds.
    """
    kind = type(value)
    walk.add(kind.__module__, kind.__qualname__)
    if not walk.is_new(value):
        return
    visit_parts(walk, value)
    if kind.__module__ == "operator":  # itemgetter and its like
        walk.add(ordered_repr(value))
    elif issubclass(kind, SimpleNamespace) or walk.is_ours(kind):
        walk.visit_instance_later(value)
    elif keeps_content(kind) and (walk.is_within_value or is_value(kind)):
        _visit_foreign_value(walk, value)
    else:
        _visit_foreign_object(walk, value)


def _visit_foreign_value(walk: CodeWalk, value: Any) -> None:
    if not walk.is_within_value and type(value).__hash__ is None:
        # It can be changed in its place, which only all of its content shows.
        walk.add(walk.origins.add_digest(lambda: walk.content_digest(value)))
        return
    around, walk.is_within_value = walk.is_within_value, True
    try:
        for part in reduce(value):
            walk.visit(part)
    finally:
        walk.is_within_value = around


def _visit_foreign_object(walk: CodeWalk, value: Any) -> None:
    if isinstance(value, Context):  # without its flags, which calculating sets
        walk.add(value.prec, value.rounding, value.Emin, value.Emax, value.clamp)
    for name in ("__name__", "__objclass__"):
        found = own_attribute(value, name)
        walk.add(found if isinstance(found, str) else getattr(found, "__qualname__", ""))
    for name, inner in callables_in(instance_attributes(value)):
        walk.add(name)
        walk.visit(inner)


def visit_parts(walk: CodeWalk, value: Any) -> None:
    for part in parts(value):
        walk.visit(part)
    if registry(value):
        walk.origins.add_contents(registry(value))
