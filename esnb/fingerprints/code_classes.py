"""Classes: what their bodies define, and the types of their fields."""

from __future__ import annotations

import inspect
from typing import Any

from esnb.fingerprints.code_attributes import FIELDS, definitions
from esnb.fingerprints.code_walk import CodeWalk
from esnb.values.ordered_repr import safe_repr


def visit_class(walk: CodeWalk, cls: type[Any]) -> None:
    """Adds a class: its own attributes, and its bases as far as they are not a library's."""
    for each in cls.__mro__:
        if not walk.is_ours(each) and each is not cls:
            walk.add("base", each.__module__, each.__qualname__)
        elif walk.is_new(each):
            walk.add("class", each.__qualname__)
            walk.memory.note_class(each)
            _visit_definitions(walk, each)
    walk.add("metaclass", type(cls).__qualname__)
    walk.visit_kind_later(cls)


def visit_type(walk: CodeWalk, cls: type[Any]) -> None:
    if walk.is_ours(cls):
        visit_class(walk, cls)
    else:
        walk.add("class", cls.__module__, cls.__qualname__)


def _visit_definitions(walk: CodeWalk, cls: type[Any]) -> None:
    attributes = vars(cls)
    walk.origins.add_size(attributes)
    for name, value in sorted(definitions(cls).items()):
        walk.origins.add_binding(attributes, name)
        walk.add(name)
        walk.visit(value)
    if any(name in attributes for name in FIELDS) or hasattr(cls, "__struct_fields__"):
        _visit_fields(walk, cls)
    walk.visit_attributes_later(cls)


def _visit_fields(walk: CodeWalk, cls: type[Any]) -> None:
    """The types of the fields, which libraries convert by, and what msgspec keeps aside."""
    for name, annotation in inspect.get_annotations(cls).items():
        walk.add(name)
        if isinstance(annotation, type):
            walk.add(annotation.__name__)
            walk.visit_later(annotation)
        else:
            walk.visit(annotation)
    if hasattr(cls, "__struct_defaults__"):
        walk.visit(cls.__struct_encode_fields__)
        walk.add(safe_repr(cls.__struct_config__))
        for default in cls.__struct_defaults__:
            walk.visit(getattr(default, "factory", default))
