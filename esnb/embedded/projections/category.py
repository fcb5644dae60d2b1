"""Categories: what a stream's name says before (or up to the last) separator."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

_REMEMBERED = 100_000

CategoryOf = Callable[[str], str | None]
"""The category of a stream, None for one that has none."""


class BadCategoryQuery(ValueError):
    """The query of a projection by category does not say how names are split."""


def category_of(query: str) -> CategoryOf:
    """How the query of `$by_category` splits names: `first` or `last`, and the separator.

    Two lines, as EventStoreDB has them (`first`, then `-`). System streams and
    names that begin with the separator have no category.

    >>> category_of("first\\n-")("order-2024-17")
    'order'
    >>> category_of("last\\n-")("order-2024-17")
    'order-2024'
    """
    lines = query.split("\n")
    which, separator = lines if len(lines) == 2 else (query.strip(), "")
    which, separator = which.strip().lower(), separator.strip("\r")
    if which not in ("first", "last") or len(separator) != 1:
        raise BadCategoryQuery(
            f"{query!r} does not say how streams are put into categories: "
            "two lines are needed, 'first' or 'last', then the separator"
        )
    find = str.find if which == "first" else str.rfind

    @lru_cache(_REMEMBERED)
    def category(stream: str) -> str | None:
        if stream.startswith("$"):
            return None
        end = find(stream, separator)
        return stream[:end] if end > 0 else None

    return category
