"""The state of a projection: what its view holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd
from eventsourcing.persistence import TrackingRecorder

from esnb.clients.uri import guarded_argument
from esnb.folds.same import same
from esnb.frames.failures import without_texts
from esnb.frames.schema import build, build_rows
from esnb.projections.views import kind_of
from esnb.sources.columns import Schema
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import describe_source
from esnb.tables.kind import Kind
from esnb.values.state import written

ENTRIES: Schema = {"key": "string", "type": "string", "field": "string", "value": "object"}
ENTRY = Kind("entry", "entries", strong="key", kept=frozenset({"value"}))
ROW = Kind("row")


def read_model(
    runner_or_view: Any, *, table: str | None = None, redact: Redact | None = None
) -> pd.DataFrame:
    """What the view of a projection holds now; pass the view or its runner.

    - A Redis view, and any other whose `rows()` returns entries of four: columns
      `key` (string: without the view's prefix), `type` (string: Redis' own,
      `hash`, `zset` …), `field` (string: a hash's field, a set's member, a
      list's index; missing for a single value), `value` (object).
    - A view with a `rows()` of its own that returns mappings, named tuples or
      dataclass objects: a column for each of their fields, with the narrowest
      dtype that keeps the values.
    - A SQLite view: its table, column by column; `table=` says which one where
      it has created several.
    - A POPO view: its attributes, as `key`, `type` (the Python type), `field`
      (a mapping's key, a sequence's index) and `value`.

    `redact` names columns, keys and fields whose values are shown as
    `[redacted]`, at any depth of the values, even where those are JSON text. Of
    the dead letters of a Redis view only the kind of error is then shown, and no
    traceback; records of an outbox are hidden whole (`outbox_records` reads them).

    Raises TypeError for any other view (give it a `rows()`), and ValueError for
    a table that is not the view's, and for several tables without `table=`.

    >>> import esnb
    >>> from esnb.examples.dog import Tricks
    >>> from eventsourcing.persistence import Tracking
    >>> view = Tricks()
    >>> view.count("roll over", Tracking("Kennel", 1))
    >>> esnb.read_model(view)
    key       type  field      value
    by_trick  dict  roll over      1
    1 entry
    """
    runner_or_view = guarded_argument(runner_or_view)
    view = _view_of(runner_or_view)
    redaction = Redaction(redact)
    found = kind_of(view).rows(table)
    if found.columns is not None:
        return _of_records(found.columns, found.rows, redaction)
    return _of_rows(found.rows, redaction)


def _view_of(runner_or_view: Any) -> Any:
    if isinstance(runner_or_view, type):
        raise TypeError(f"no view: {describe_source(runner_or_view)}")
    if isinstance(runner_or_view, TrackingRecorder):
        return runner_or_view
    view = getattr(runner_or_view, "view", None)
    if view is not None:
        return view
    if callable(getattr(runner_or_view, "rows", None)):
        return runner_or_view
    raise TypeError(
        f"no view: {describe_source(runner_or_view)}; pass a projection's view (a TrackingRecorder) "
        "or its runner"
    )


def _of_rows(rows: Sequence[Any], redaction: Redaction) -> pd.DataFrame:
    records = [_record(row) for row in rows]
    if all(isinstance(record, tuple) and len(record) == len(ENTRIES) for record in records):
        return _of_entries(records, redaction)
    named = [record for record in records if isinstance(record, dict)]
    if len(named) < len(records):
        raise TypeError(
            "rows() must return mappings, named tuples, dataclass objects, or entries of four: "
            "key, type, field, value"
        )
    names = dict.fromkeys(name for record in named for name in record)
    return _of_records(list(names), named, redaction)


def _record(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {written(key): value for key, value in row.items()}
    if hasattr(row, "_asdict"):
        return dict(row._asdict())
    if is_dataclass(row) and not isinstance(row, type):
        return {field.name: getattr(row, field.name) for field in fields(row)}
    return tuple(row) if isinstance(row, Sequence) and not isinstance(row, str) else row


def _of_entries(entries: Iterable[tuple[Any, ...]], redaction: Redaction) -> pd.DataFrame:
    if redaction:
        entries = without_texts(entries, redaction)
    return build_rows(
        ENTRY,
        ENTRIES,
        (
            (key, kind, field, _entry(redaction, key, field, value))
            for key, kind, field, value in entries
        ),
    )


def _entry(redaction: Redaction, key: Any, field: Any, value: Any) -> Any:
    """The value, redacted by the names that lead to it."""
    if not redaction:
        return value
    inner = _readable(value)
    found = redaction.data({key: inner if field is None else {field: inner}})[key]
    if field is not None and isinstance(found, dict):
        found = found[field]
    return _as_it_was(value, inner, found)


def _readable(value: Any) -> Any:
    """What JSON text says; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _as_it_was(value: Any, read: Any, found: Any) -> Any:
    """The value again where nothing of it was hidden; JSON text as text, else."""
    if same(found, read):
        return value
    is_text = isinstance(value, str) and not isinstance(found, str)
    return json.dumps(found, ensure_ascii=False) if is_text else found


def _of_records(
    names: Sequence[str], records: Sequence[Mapping[str, Any]], redaction: Redaction
) -> pd.DataFrame:
    if redaction:
        records = [
            {name: _entry(redaction, name, None, value) for name, value in record.items()}
            for record in records
        ]
    return build(
        ROW, {}, {}, fields={name: [record.get(name) for record in records] for name in names}
    )
