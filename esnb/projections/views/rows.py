"""What a view holds, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Rows(NamedTuple):
    """Mappings, named tuples, dataclass objects, or entries of key, type, field and value."""

    rows: Sequence[Any]
    columns: Sequence[str] | None = None
    """Of a table, which has them without a row, too."""
