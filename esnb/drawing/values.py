"""Any value as a small tree of texts: safe to show, the same on every run.

Values come from events and aggregates, so nothing about them is trusted: their
`repr` may raise or contain a memory address, they may be a mebibyte long, a
thousand levels deep, or contain characters that reorder the text around them.
Plain text and HTML are made of the same tree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any
from uuid import UUID

from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import has_own_repr, in_order, printable, safe_repr

_MOST_DIGITS = 4000
"""Python refuses to write integers of more than 4,300 digits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How much of a value is shown: characters of one text, entries, levels."""

    characters: int = 2000
    entries: int = 100
    levels: int = 6

    def inner(self) -> Limits:
        return dataclasses.replace(self, levels=self.levels - 1)


@dataclasses.dataclass(frozen=True, slots=True)
class ValueTree:
    """One value: a text of its own, or `entries` between `opening` and `closing`."""

    text: str
    entries: tuple[tuple[str, ValueTree], ...] = ()
    omitted: int = 0
    brackets: tuple[str, str] = ("", "")

    @property
    def size(self) -> int:
        """How many entries the value has, shown or not."""
        return len(self.entries) + self.omitted

    def line(self) -> str:
        """The whole tree on one line, as Python would write it."""
        if not self.entries and not self.omitted:
            return self.text
        parts = [f"{key}: {node.line()}" if key else node.line() for key, node in self.entries]
        if self.omitted:
            parts.append(f"… {self.omitted:,} more")
        opening, closing = self.brackets
        return f"{opening}{', '.join(parts)}{closing}"


def visible(text: object, most: int = 400) -> str:
    """The text, with an escape in place of every character that cannot be seen."""
    whole = text if isinstance(text, str) else safe_repr(text)
    cut = printable(whole[:most])
    return cut if len(whole) <= most else f"{cut}… ({len(whole):,} characters)"


def cut_at_word(text: object, most: int) -> str:
    """The text without invisible characters; a long one ends after a word, in an ellipsis.

    >>> cut_at_word("price: 49.90; description: 'Brass, with a shade'", 40)
    "price: 49.90; description: 'Brass, with…"
    """
    whole = text if isinstance(text, str) else safe_repr(text)
    shown = printable(whole[: most + 1])
    if len(shown) <= most:
        return shown
    head = shown[:most]
    word = head.rpartition(" ")[0].rstrip(" ,;:→")
    # A text without spaces, or with a long word at its end, has no better place.
    return f"{word if len(word) > most // 2 else head[:-1]}…"


def line(value: Any, most: int = 80) -> str:
    """The value on one line of at most `most` characters."""
    text = tree(value, Limits(characters=most, entries=most // 4 + 1, levels=4)).line()
    return text if len(text) <= most else text[: most - 1] + "…"


def fields(data: Mapping[Any, Any], most: int = 80) -> str:
    """The entries of a mapping on one line of at most `most` characters, without its braces.

    >>> fields({"name": "Fido", "tricks": ["sit"]})
    "name: 'Fido', tricks: ['sit']"
    """
    each = most if len(data) == 1 else max(most // 2, 40)
    text = ""
    for key, value in data.items():
        text += f"{', ' if text else ''}{bare(line(key, 40))}: {line(value, each)}"
        if len(text) > most:
            break
    return cut_at_word(text, most)


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number of things, in words.

    >>> counted(1, "event"), counted(2000, "event"), counted(2, "entry", "entries")
    ('1 event', '2,000 events', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def stamp(time: datetime) -> str:
    """A time to the millisecond, in UTC."""
    utc = time.astimezone(UTC) if time.tzinfo else time
    return f"{utc.replace(tzinfo=None).isoformat(' ', 'milliseconds')} UTC"


def bare(key: str) -> str:
    """A mapping's key without its quotes: for tables, where it is a label."""
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] == "'" else key


def tree(value: Any, limits: Limits = Limits()) -> ValueTree:
    """The value as a tree of texts within `limits`."""
    try:
        return _tree(value, limits)
    except Exception as error:  # noqa: BLE001  # a text, a number or a container of the user's own
        return ValueTree(f"<{type(value).__name__}: reading it raises {type(error).__name__}>")


def _tree(value: Any, limits: Limits) -> ValueTree:
    if isinstance(value, str):
        return ValueTree(_string(value, limits.characters))
    if isinstance(value, bytes | bytearray):
        return ValueTree(_bytes(bytes(value[: limits.characters]), len(value), limits.characters))
    scalar = _scalar(value)
    if scalar is not None:
        return ValueTree(visible(scalar, limits.characters))
    found = _entries(value)
    if found is None:
        return ValueTree(visible(safe_repr(value), limits.characters))
    size, pairs, brackets = found
    if not size:
        return ValueTree("".join(brackets), brackets=brackets)
    if limits.levels <= 0:
        return ValueTree(f"{brackets[0]}… {size:,}{brackets[1]}", brackets=brackets)
    inner = limits.inner()
    shown = tuple((key, tree(item, inner)) for key, item in islice(pairs, limits.entries))
    return ValueTree("", shown, size - len(shown), brackets)


def _string(value: str, most: int) -> str:
    text = repr(str(value[:most]))
    return text if len(value) <= most else f"{text}… ({len(value):,} characters)"


def _bytes(head: bytes, size: int, most: int) -> str:
    text = repr(head)
    return text if size <= most else f"{text}… ({size:,} bytes)"


def _scalar(value: Any) -> str | None:
    """The text of a value without parts; None for other values."""
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, int):
        digits = int(value.bit_length() * 0.30103)
        return str(int(value)) if digits < _MOST_DIGITS else f"<integer of {digits:,} digits>"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal | UUID | date | time | timedelta):
        return str(value)
    return None


def _entries(value: Any) -> tuple[int, Iterator[tuple[str, Any]], tuple[str, str]] | None:
    """Size, entries with their keys, and brackets of a container."""
    if isinstance(value, Mapping):
        pairs = ((line(key, 80), item) for key, item in value.items())
        return len(value), pairs, ("{", "}")
    if isinstance(value, list):
        return len(value), _keyless(value), ("[", "]")
    if isinstance(value, tuple):
        return len(value), _keyless(value), ("(", ")")
    if isinstance(value, Set):
        return len(value), _keyless(in_order(value)), ("{", "}")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        pairs = ((name, getattr(value, name)) for name in fields)
        return len(fields), pairs, (f"{type(value).__name__}(", ")")
    if has_own_repr(value) or isinstance(value, type):
        return None
    attributes = list(instance_attributes(value))
    return len(attributes), iter(attributes), (f"{type(value).__name__}(", ")")


def _keyless(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return (("", item) for item in items)
