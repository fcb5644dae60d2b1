"""Columns: what a frame, or a source for its part of one, has in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Dtype = Literal["string", "Int64", "time", "object", "Float64", "boolean"]
"""`time` is `datetime64[us, UTC]`."""

Schema = Mapping[str, Dtype]
"""The columns of a frame and their dtypes, in order."""
