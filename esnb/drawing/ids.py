"""UUIDs in texts that are shown: numbered, or cut short."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

UUIDS = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"
)

_CUT_UUIDS = re.compile(r"(?<![.,])\b[0-9a-f]{1,8}(?:-[0-9a-f]{0,12}){0,4}(?=…)")
"""What is left of a UUID in a text that ends in an ellipsis; not the end of a decimal number."""


def without_ids(page: str) -> str:
    """The text with every UUID replaced by its number in order of appearance.

    >>> without_ids("Dog-b7e2a1c4-1000-4000-8000-000000000001: b7e2… paid 49.90…")
    'Dog-id-1: id… paid 49.90…'
    """
    return id_numbers()(page)


def id_numbers() -> Callable[[str], str]:
    """`without_ids` for several texts, in which the same UUID has the same number."""
    seen: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        key = found.group().replace("-", "")
        return seen.setdefault(key, f"id-{len(seen) + 1}")

    return lambda page: _CUT_UUIDS.sub("id", UUIDS.sub(number, page))


def short(name: str) -> str:
    """A stream's name with only the first part of every UUID in it: for lists."""
    return UUIDS.sub(lambda found: f"{found.group()[:8]}…", name)


def shortener(names: Iterable[str]) -> Callable[[str], str]:
    """`short` for several names: as many digits of their UUIDs as tell these apart.

    Where it takes more than a UUID's first half (ids that count up), the last digits are
    shown instead.

    >>> cut = shortener(["b7e2a1c4-0000-4000-8000-000000000001", "b7e2a1c4-1000-4000-8000-000000000001"])
    >>> cut("Dog-b7e2a1c4-0000-4000-8000-000000000001")
    'Dog-b7e2a1c4-0000…'
    """
    found = {id for name in names for id in UUIDS.findall(name)}
    for cut in (*map(_first, (8, 13, 18)), _last):
        if len(set(map(cut, found))) == len(found):
            break
    else:
        return lambda name: name
    return lambda name: UUIDS.sub(lambda found: cut(found.group()), name)


def _first(digits: int) -> Callable[[str], str]:
    return lambda id: f"{id[:digits]}…"


def _last(id: str) -> str:
    return f"…{id[-8:]}"
