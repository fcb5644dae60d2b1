"""Data, which counts by its content: members of an Enum, plain values, collections."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from esnb.fingerprints.code_values import (
    COLLECTIONS,
    PLAIN,
    UNCHANGING,
    atoms_text,
    base_among,
    contents,
    plain_text,
)
from esnb.fingerprints.code_walk import CodeWalk
from esnb.values.ordered_repr import in_order


def visit_member(walk: CodeWalk, member: Enum) -> None:
    walk.add(type(member).__qualname__, member.name)
    if not walk.is_new(member):
        return
    walk.visit(member.value)
    walk.visit_instance_later(member)


def visit_plain(walk: CodeWalk, value: Any) -> None:
    kind = type(value)
    is_ours = kind not in PLAIN and walk.is_ours(kind)
    walk.add(kind.__name__, plain_text(value, base_among(PLAIN, value) if is_ours else kind))
    if is_ours and walk.is_new(value):
        walk.visit_instance_later(value)


def visit_collection(walk: CodeWalk, value: Any) -> None:
    kind = type(value)
    if kind not in UNCHANGING and not walk.is_new(value):
        walk.add(kind.__name__)
        return
    items = contents(value)
    walk.add(kind.__name__, len(items))
    if not issubclass(kind, UNCHANGING):
        walk.origins.add_contents(value)
        walk.visit(getattr(value, "default_factory", None))
        walk.add(getattr(value, "maxlen", None))
    _visit_items(walk, in_order(items) if issubclass(kind, set | frozenset) else items)
    if kind not in COLLECTIONS and walk.is_ours(kind):
        walk.visit_instance_later(value)


def _visit_items(walk: CodeWalk, items: Iterable[Any]) -> None:
    found = list(items)
    text = atoms_text(found)
    if text is not None:
        walk.add(text)
        return
    for item in found:
        walk.visit(item)
