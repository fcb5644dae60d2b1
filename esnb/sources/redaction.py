"""Redaction: fields that must not be shown, written or passed on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any

from esnb.sources.names import listed
from esnb.sources.record import Origin
from esnb.values.ordered_repr import ordered_repr
from esnb.values.state import ATOMS, AggregateState, attributes

REDACTED = "[redacted]"

FieldPath = tuple[str, ...]
"""The names that lead from a payload's top to a field."""

Redact = str | Iterable[str]
"""Names of fields, at any depth, or dotted paths from the top (`customer.email`)."""

# As `Kind: message`. In any other text nobody knows where a value begins.
_KIND = re.compile(r"((?:[A-Za-z_]\w*\.)*\w*(?:Error|Exception))(?=: |$)")
_OWN_WORDS = re.compile(r"(?s)(discarded)(?:, after: (.*))?")
"""What an outbox says of a record that was taken out, before what it had failed with."""


class Redacted(str):
    """What stands for a value of a state: it shows whether the value changed, not what it was."""

    __slots__ = ("_digest",)
    _digest: bytes

    def __new__(cls, digest: bytes) -> Redacted:
        made = super().__new__(cls, REDACTED)
        made._digest = digest
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Redacted):
            return self._digest == other._digest
        return str(self) == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(REDACTED)

    def __repr__(self) -> str:
        return REDACTED

    def __reduce__(self) -> tuple[Any, ...]:
        return Redacted, (self._digest,)


class Redaction:
    """Which fields are hidden.

    >>> hidden = Redaction(["email", "card.number"])
    >>> hidden.data({"email": "a@b.c", "card": {"number": 42, "name": "A"}, "number": 1})
    {'email': '[redacted]', 'card': {'number': '[redacted]', 'name': 'A'}, 'number': 1}
    """

    _names: frozenset[str]
    _key: bytes
    _longest: int
    """Parts of the longest dotted path among the names."""
    _by_position: bool = False
    """Whether a list may be an object whose fields are known by their position."""

    def __init__(self, redact: Redact | Redaction | None) -> None:
        """That of another redaction, so that what both hide can be compared."""
        if isinstance(redact, Redaction):
            self._names, self._key = redact._names, redact._key
            self._longest, self._by_position = redact._longest, redact._by_position
            return
        problem = (
            f"redact={redact!r}: pass names of fields, or dotted paths such as 'customer.email'"
        )
        names = listed(() if redact is None else redact, str, problem)
        if not all(names):
            raise TypeError(problem)
        self._names = frozenset(names)
        self._longest = max((name.count(".") + 1 for name in names), default=0)
        self._key = os.urandom(16)  # so that nobody finds a value by trying values

    def __bool__(self) -> bool:
        return bool(self._names)

    def of_payloads(self, origin: Origin) -> Redaction:
        """The same one for the payloads of a source, in which a list may be an object without names."""
        if not (self._names and origin.by_position):
            return self
        found = Redaction(self)
        found._by_position = True
        return found

    def data(self, value: Any) -> Any:
        """A payload or metadata without what is hidden.

        What has no names, or cannot be read, may be anything, and is hidden
        whole: bytes, a text or number alone, values by their position. So is a
        value without names from which a dotted path would lead on.

        >>> Redaction("email").data(["a@b.c", 42])
        '[redacted]'
        >>> Redaction("contact.email").data({"contact": ["a@b.c", 42], "tags": ["new"]})
        {'contact': '[redacted]', 'tags': ['new']}
        """
        if not self._names or value is None:
            return value
        return REDACTED if _is_nameless(value) else self._without(value, (), plain=True)

    def result(self, value: Any) -> Any:
        """Like `data()`, but keeps numbers that stand alone: they say how far a job has come."""
        return value if isinstance(value, int | float) else self.data(value)

    def message(self, text: str | None) -> str | None:
        """What something failed with; only the kind of error where fields are hidden.

        The text may contain any value, or a part of one.

        >>> Redaction("email").message("LookupError: no mailbox for a@b.c")
        'LookupError: [redacted]'
        """
        if text is None or not self._names:
            return text
        discarded = _OWN_WORDS.fullmatch(text)
        if discarded:
            before = self.message(discarded[2])
            return "discarded" if before is None else f"discarded, after: {before}"
        kind = _KIND.match(text)
        return REDACTED if kind is None else f"{kind[1]}: {REDACTED}"

    def state(self, state: AggregateState) -> AggregateState:
        """A state without what is hidden; a change of it still shows as one."""
        if not self._names:
            return state
        hidden: AggregateState = self._without(state, (), plain=False)
        return hidden

    def error(self, error: Exception) -> Exception:
        """An error that may be shown: of the same kind, and without its text where fields are hidden.

        Its text may contain any value, changed or not, so nothing of it is kept:
        neither notes nor causes.
        """
        return _without_text(error) if self._names else error

    def reason(self, text: str | None) -> str | None:
        """Why a payload could not be read, which may quote it."""
        return text if text is None or not self._names else f"payload not readable: {REDACTED}"

    def _hides(self, path: FieldPath) -> bool:
        return path[-1] in self._names or ".".join(path) in self._names

    def _leads_on(self, path: FieldPath) -> bool:
        """Whether a dotted path names something within what is here."""
        begin = ".".join(path) + "."
        return bool(path) and any(name.startswith(begin) for name in self._names)

    def _is_nameless_part(self, value: Any, path: FieldPath) -> bool:
        """Whether a value within a named one may be what is hidden, without its name."""
        if isinstance(value, dict) or value is None or isinstance(value, bool):
            return False
        if type(value) in (list, tuple):
            may_be = self._by_position or self._leads_on(path)
            return may_be and any(not isinstance(each, dict | list | tuple) for each in value)
        return type(value) in ATOMS and self._leads_on(path)

    def _mark(self, value: Any, plain: bool) -> str:
        if plain:
            return REDACTED
        try:
            text = ordered_repr(value)
        except Exception:  # noqa: BLE001  whatever its own __repr__ raises
            text = type(value).__qualname__
        return Redacted(blake2b(text.encode("utf-8", "surrogatepass"), key=self._key).digest())

    def _without(
        self, value: Any, path: FieldPath, plain: bool, around: frozenset[int] = frozenset()
    ) -> Any:
        """The value without what is hidden; `around` are the ids of what it stands in."""
        if type(value) in ATOMS or isinstance(value, Enum):
            return value
        if id(value) in around:
            return self._mark(value, plain)
        try:
            return self._parts(value, path, plain, around | {id(value)})
        except Exception:  # noqa: BLE001  a container of the user's own: nobody knows what it holds
            return self._mark(value, plain)

    def _parts(self, value: Any, path: FieldPath, plain: bool, around: frozenset[int]) -> Any:
        if isinstance(value, dict):
            return {
                key: self._mark(inner, plain)
                if self._hides((*path, str(key)))
                or self._is_nameless_part(inner, _within(value, path, key))
                else self._without(inner, _within(value, path, key), plain, around)
                for key, inner in value.items()
            }
        if type(value) in (list, tuple):
            if self._is_nameless_part(value, path):
                return self._mark(value, plain)
            return type(value)(self._without(inner, path, plain, around) for inner in value)
        return self._mark(value, plain) if self._is_in(value, path, 20, set()) else value

    def _is_in(
        self, value: Any, path: FieldPath, levels: int, seen: set[tuple[int, FieldPath | None]]
    ) -> bool:
        """Whether an object, of which no part can be replaced, holds something hidden.

        `seen` is what was looked into: objects may lead to each other in many ways.
        """
        if type(value) in ATOMS or isinstance(value, Enum):
            return False
        if not levels:
            return True
        key = id(value), path if len(path) < self._longest else None
        if key in seen:
            return False
        seen.add(key)
        if isinstance(value, set | frozenset | list | tuple) and not hasattr(value, "_fields"):
            return any(self._is_in(inner, path, levels - 1, seen) for inner in value)
        if not (isinstance(value, Mapping) or is_dataclass(value) or dict(attributes(value))):
            return False
        return any(
            self._hides((*path, name)) or self._is_in(inner, (*path, name), levels - 1, seen)
            for name, inner in attributes(value)
        )


NOTHING = Redaction(None)
"""Hides nothing."""


def _is_transcoding(value: Any) -> bool:
    """Whether it is a value as the library's transcoder writes it, together with its type."""
    return isinstance(value, dict) and value.keys() == {"_type_", "_data_"}


def _within(whole: dict[Any, Any], path: FieldPath, key: Any) -> FieldPath:
    """The path to what is under `key`; what a transcoder adds is not part of it."""
    return path if key == "_data_" and _is_transcoding(whole) else (*path, str(key))


def _is_nameless(value: Any) -> bool:
    if _is_transcoding(value):
        return _is_nameless(value["_data_"])
    plain = type(value) in ATOMS or isinstance(value, Enum | str | bytes | set | frozenset)
    return plain or (isinstance(value, list | tuple) and not hasattr(value, "_fields"))


def _without_text(error: Exception) -> Exception:
    kind = type(error)
    try:
        bare = kind.__new__(kind, REDACTED)
        if REDACTED in str(bare):
            return bare
    except Exception:  # noqa: BLE001, S110  a class that cannot be made, or shown, without more
        pass
    return RuntimeError(f"{kind.__qualname__}: {REDACTED}")
