"""Payloads side by side: one column per field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from esnb.sources.redaction import FieldPath
from esnb.values.state import written

_DEEPEST = 20
"""Levels that become columns; what lies deeper stays an object in its cell."""


def flatten(payloads: Sequence[Any], taken: Collection[str]) -> dict[str, list[Any]]:
    """One list of values per field, in the order in which fields first appear.

    Objects within objects get dotted names. A name that is taken, by the
    envelope or by another field (a key with a dot in it beside a nested one),
    is prefixed with `data.`, so that nothing is lost. A payload that is
    not an object is the value of the column `data`.

    >>> flatten([{"a": {"b": 1}}, {"a": 2, "type": "x"}], taken=["type"])
    {'a.b': [1, None], 'a': [None, 2], 'data.type': [None, 'x']}
    """
    size = len(payloads)
    columns: dict[FieldPath, list[Any]] = {}

    def put(row: int, path: FieldPath, value: Any) -> None:
        if type(value) is dict and value and len(path) < _DEEPEST:
            for key, inner in value.items():
                put(row, (*path, key if type(key) is str else written(key)), inner)
            return
        column = columns.get(path)
        if column is None:
            columns[path] = column = [None] * size
        column[row] = value

    for row, payload in enumerate(payloads):
        if type(payload) is dict:
            for key, value in payload.items():
                put(row, (key,), value)
        elif payload is not None:
            put(row, (), payload)
    names = _names(list(columns), {*taken, "data"})
    return {names[path]: values for path, values in columns.items()}


def _names(paths: list[FieldPath], taken: Collection[str]) -> dict[FieldPath, str]:
    """A name of its own for each path, whichever order they came in."""
    by_name: dict[str, list[FieldPath]] = defaultdict(list)
    for path in paths:
        by_name[".".join(path)].append(path)
    used = {*taken, *by_name}
    names: dict[FieldPath, str] = {}
    for name, rivals in by_name.items():
        for i, path in enumerate(sorted(rivals, key=lambda path: (len(path), path))):
            if not path:
                names[path] = "data"
                continue
            free = name
            while (i or name in taken) and free in used:
                free = f"data.{free}"
            names[path] = free
            used.add(free)
    return names
