"""The one place where frames are built: fixed dtypes, whatever pandas infers.

Left to itself pandas turns whole numbers with a gap into floats, mixed offsets
into objects and an empty frame into objects throughout. Here each column says
its dtype, or, for the fields of a payload or a state, gets the narrowest one
that keeps every value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Real
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from esnb.sources.columns import Dtype, Schema
from esnb.tables.frame import Frame, as_frame
from esnb.tables.kind import Kind
from esnb.values.cell import as_cell, encodable
from esnb.values.state import written

_STRING = pd.StringDtype("python")
_INT64 = np.iinfo(np.int64)
_EXACT_IN_FLOAT = 2**53
_NOT_A_TIME = int(_INT64.min)  # as numpy has it
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = (
    (limit.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND for limit in (datetime.min, datetime.max)
)


def build(
    kind: Kind,
    schema: Schema,
    columns: Mapping[str, Sequence[Any]],
    fields: Mapping[str, Sequence[Any]] | None = None,
    *,
    floats: bool = False,
) -> Frame:
    """A frame of `columns` as `schema` has them, then `fields` with inferred dtypes.

    With `floats`, fields that hold only numbers are float64. A column that
    `columns` lacks is missing throughout. The index is a plain RangeIndex. `kind`
    is how the frame shows itself.
    """
    size = max((len(values) for values in (*columns.values(), *(fields or {}).values())), default=0)
    built = {name: typed(columns.get(name, [None] * size), dtype) for name, dtype in schema.items()}
    for name, values in (fields or {}).items():
        numbers = as_floats(values) if floats else None
        built[encodable(name)] = inferred(values) if numbers is None else numbers
    frame = pd.DataFrame(built, index=pd.RangeIndex(size), columns=pd.Index(list(built), dtype=str))
    return as_frame(frame, replace(kind, columns=tuple(schema) or tuple(built)))


def build_rows(kind: Kind, schema: Schema, rows: Iterable[Sequence[Any]]) -> Frame:
    """A frame of `rows`, each with a value for every column of `schema`."""
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for row in rows:
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return build(kind, schema, columns)


def typed(values: Sequence[Any], dtype: Dtype) -> Any:
    """`values` as an array of `dtype`, None and NA meaning missing."""
    match dtype:
        case "string":
            return pd.array([_text(value) for value in values], dtype=_STRING)
        case "Int64":
            return _integers(values)
        case "time":
            return _times(values)
        case "boolean":
            return pd.array(values, dtype="boolean")
        case "Float64":
            return pd.array(values, dtype="Float64")
        case "object":
            return _objects(values)


def inferred(values: Sequence[Any]) -> Any:
    """`values` as the narrowest array that keeps every one of them.

    Whole numbers are `Int64` (objects beyond 64 bits), text and UUIDs `string`,
    times `datetime64[us, UTC]`, truth `boolean`, numbers `float64`; anything
    else, and any mixture in which a value would change, stays an object.
    """
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {int}:
        known = [value for value in values if value is not None]
        if _INT64.min <= min(known) and max(known) <= _INT64.max:
            return _integers(values)
    elif kinds == {str} or kinds == {UUID}:
        return typed(values, "string")
    elif kinds == {bool}:
        return pd.array(values, dtype="boolean")
    elif kinds == {float} or (kinds == {int, float} and _exact_as_floats(values)):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    elif kinds and all(issubclass(kind, datetime) for kind in kinds):
        times = _times(values)
        if times.isna().sum() == list(values).count(None):
            return times
    return _objects(values)


def as_floats(values: Sequence[Any]) -> Any:
    """`values` as a float64 array, None and NA being NaN; None where not all of them are numbers.

    What is beyond the largest float is infinite.
    """
    known = [value for value in values if value is not None and value is not pd.NA]
    if not known or not all(map(_is_number, known)):
        return None
    return np.array([_float(value) for value in values], dtype=float)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool | Enum)


def _float(value: Any) -> float:
    if value is None or value is pd.NA or (isinstance(value, Decimal) and value.is_nan()):
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _text(value: Any) -> str | None:
    if value is None or value is pd.NA:
        return None
    return encodable(value if type(value) is str else written(value))


def _integers(values: Sequence[Any]) -> Any:
    missing = np.fromiter((value is None or value is pd.NA for value in values), bool, len(values))
    numbers = np.fromiter(
        (0 if value is None or value is pd.NA else value for value in values), np.int64, len(values)
    )
    return pd.arrays.IntegerArray(numbers, missing)


def _times(values: Sequence[Any]) -> Any:
    # By whole microseconds: exact from year 1 to 9999 where pandas 2 goes by way
    # of nanoseconds, which end in 2262, and nine times as fast as numpy's reading
    # of datetimes.
    moments = np.fromiter(map(_microseconds, values), np.int64, len(values))
    return pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC").array


def _microseconds(value: Any) -> int:
    """Since 1970; NaT for a missing value, and for what UTC has outside the years 1 to 9999."""
    if value is None or value is pd.NA or value is pd.NaT:
        return _NOT_A_TIME
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    since = (value - _EPOCH) // _MICROSECOND
    return since if _FIRST <= since <= _LAST else _NOT_A_TIME


def _objects(values: Sequence[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):  # numpy would make lists into dimensions
        array[i] = as_cell(value)
    return array


def _exact_as_floats(values: Sequence[Any]) -> bool:
    return all(abs(value) <= _EXACT_IN_FLOAT for value in values if type(value) is int)
