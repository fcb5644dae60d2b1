"""The state of a projection: what its view holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd
from eventsourcing.persistence import TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.sqlite import SQLiteRecorder, SQLiteTrackingRecorder

from esnb.clients.uri import guarded_argument
from esnb.folds.changes import same
from esnb.frames.failures import without_texts
from esnb.frames.schema import build, build_rows
from esnb.sources.columns import Schema
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import describe_source
from esnb.values.state import kept, written

ENTRIES: Schema = {"key": "string", "type": "string", "field": "string", "value": "object"}

_CREATED_TABLE = re.compile(
    r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"'`\[]?(\w+)", re.IGNORECASE
)


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
            key  type      field value
    0  by_trick  dict  roll over     1
    """
    runner_or_view = guarded_argument(runner_or_view)
    view = _view_of(runner_or_view)
    redaction = Redaction(redact)
    own = getattr(view, "rows", None)
    if callable(own):
        return _of_rows(list(own()), redaction)
    if isinstance(view, SQLiteTrackingRecorder):
        return _of_records(*_rows_of_table(view, table), redaction)
    if isinstance(view, POPOTrackingRecorder):
        return _of_entries(_attributes(view), redaction)
    raise TypeError(
        f"{describe_source(view)} does not show its state: give the view class a method rows() that "
        "returns its rows as dicts (Redis, SQLite and POPO views are shown as they are)"
    )


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
    return build({}, {}, fields={name: [record.get(name) for record in records] for name in names})


def _rows_of_table(
    view: SQLiteTrackingRecorder, table: str | None
) -> tuple[list[str], list[dict[str, Any]]]:
    """Its columns, and its rows by them."""
    tables = _own_tables(view)
    if table is None and len(tables) == 1:
        table = tables[0]
    if table is None or table not in tables:
        raise ValueError(
            f"{describe_source(view)} has the tables {', '.join(tables) or '(none of its own)'}: "
            "say which with table="
        )
    with view.datastore.transaction(commit=False) as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        rows: Iterable[Any] = cursor.fetchall()
        names = [column[0] for column in cursor.sqlite_cursor.description]
    return names, [dict(zip(names, tuple(row), strict=True)) for row in rows]


def _own_tables(view: SQLiteRecorder) -> list[str]:
    """The tables that the view's class creates, except that of the checkpoints."""
    found = (_CREATED_TABLE.search(statement) for statement in view.create_table_statements)
    names = dict.fromkeys(match[1] for match in found if match)
    return [name for name in names if name != "tracking"]


def _attributes(view: POPOTrackingRecorder) -> Iterator[tuple[Any, ...]]:
    bookkeeping = vars(POPOTrackingRecorder())
    return (
        (name, type(value).__name__, field, kept(entry))
        for name, value in vars(view).items()
        if name not in bookkeeping
        for field, entry in _entries(value)
    )


def _entries(value: Any) -> list[tuple[str | None, Any]]:
    if isinstance(value, Mapping):
        return [(written(key), entry) for key, entry in value.items()]
    if isinstance(value, list | tuple):
        return [(str(index), entry) for index, entry in enumerate(value)]
    return [(None, value)]
