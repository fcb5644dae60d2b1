"""Where two values differ, as strictly as code that works with them could notice.

`==` is not enough for that: `1 == True == 1.0`, a named tuple equals a tuple, a
`Counter` a dict, an aware datetime the same moment in another zone, and a class
may say what it likes. Here types must be the same at every level, keys of dicts
and elements of sets included, and what was one mutable object in two places
must be one object again.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from operator import eq
from typing import Any, Final, NamedTuple
from uuid import UUID

from esnb.values.attributes import attribute_names
from esnb.values.ordered_repr import ordered_repr

_LONGEST_KEY: Final = 40
_A_KEY: Final = "a key"


class Difference(NamedTuple):
    """The first place at which two values differ."""

    path: str
    """From the outside in: `.lines[2].price`."""
    reason: str
    """Types and counts, never a value: that may be a secret."""

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.')}: {self.reason}" if self.path else self.reason

    @property
    def is_of_keys(self) -> bool:
        """Whether the keys of a dict differ, which may read alike: 7 and "7"."""
        return self.reason.startswith(_A_KEY)

    def within(self, step: str) -> Difference:
        return Difference(f"{step}{self.path}", self.reason)


class Comparison:
    """Compares values that belong together, one pair after the other.

    It remembers which objects it has met: one that stands in two of the values
    must be one object on the other side, too.

    >>> print(Comparison().compare({"sizes": (1, 2)}, {"sizes": [1, 2]}))
    ['sizes']: a tuple comes back as a list
    >>> print(Comparison().compare({7: "tea"}, {"7": "tea"}))
    a key that is an int comes back as a str
    >>> Comparison().compare({7: [1.0]}, {7: [1.0]}) is None
    True
    """

    def __init__(self) -> None:
        self._met: dict[int, tuple[Any, Any]] = {}

    def compare(self, before: Any, after: Any) -> Difference | None:
        """Where `after` differs from `before`; None: nowhere.

        Raises what the values' own code raises when they are hashed or compared.
        """
        if before is after:
            return None
        kind = type(before)
        if type(after) is not kind:
            return _here(f"{_a(before)} comes back as {_a(after)}")
        is_same = _SCALARS.get(kind)
        if is_same is not None:
            return None if is_same(before, after) else _changed(before)
        if not _is_value(kind):
            met = self._met
            if id(before) in met or id(after) in met:
                return _met_again(met.get(id(before)), met.get(id(after)), before)
            # They are kept alive, so that no later object has their ids.
            met[id(before)] = met[id(after)] = (before, after)
        compare = _BUILT_IN.get(kind)
        return self._inside(before, after) if compare is None else compare(self, before, after)

    def _inside(self, before: Any, after: Any) -> Difference | None:
        for kind, compare in _BUILT_IN.items():
            if isinstance(before, kind):
                return compare(self, before, after) or self._attributes(before, after)
        if any(_attributes(before)):
            return self._attributes(before, after)
        return self._opaque(before, after)

    def _attributes(self, before: Any, after: Any) -> Difference | None:
        ours, theirs = dict(_attributes(before)), dict(_attributes(after))
        for name in ours.keys() ^ theirs.keys():
            return _here(f"attribute {name!r} {'is lost' if name in ours else 'is added'}")
        for name, value in ours.items():
            found = self.compare(value, theirs[name])
            if found is not None:
                return found.within(f".{name}")
        return None

    def _opaque(self, before: Any, after: Any) -> Difference | None:
        """An object that shows no attributes: by what pickle would keep of it."""
        found = self._sequence(_reduced(before), _reduced(after))
        return None if found is None else _changed(before)

    def _sequence(self, before: Collection[Any], after: Collection[Any]) -> Difference | None:
        if len(before) != len(after):
            return _here(f"{len(before)} items come back as {len(after)}")
        return self._items(range(len(before)), before, after)

    def _items(
        self, keys: Iterable[Any], before: Iterable[Any], after: Iterable[Any]
    ) -> Difference | None:
        for key, one, other in zip(keys, before, after, strict=True):
            kind = type(one)
            if kind in _ATOMS and type(other) is kind and one == other:
                continue  # most are, and a call for each takes five times as long
            found = self.compare(one, other)
            if found is not None:
                return found.within(f"[{_short(key)}]")
        return None

    def _deque(self, before: deque[Any], after: deque[Any]) -> Difference | None:
        if before.maxlen != after.maxlen:
            return _here("a deque comes back with another maxlen")
        return self._sequence(before, after)

    def _elements(
        self, before: Collection[Any], after: Collection[Any], what: str = "an element"
    ) -> Difference | None:
        theirs = {each: each for each in after}
        for each in before:
            if each not in theirs:
                new = next((other for other in after if other not in before), None)
                return _here(f"{what} that is {_a(each)} comes back as {_a(new)}")
            found = self.compare(each, theirs[each])
            if found is not None:
                return _here(f"{what}: {found}")
        if len(before) != len(after):
            return _here(f"{len(before)} items come back as {len(after)}")
        return None

    def _dict(self, before: dict[Any, Any], after: dict[Any, Any]) -> Difference | None:
        return self._keys(before, after) or self._items(
            before, before.values(), map(after.__getitem__, before)
        )

    def _defaultdict(
        self, before: defaultdict[Any, Any], after: defaultdict[Any, Any]
    ) -> Difference | None:
        if before.default_factory is not after.default_factory:
            return _here("a defaultdict comes back with another default_factory")
        return self._dict(before, after)

    def _keys(self, before: dict[Any, Any], after: dict[Any, Any]) -> Difference | None:
        if isinstance(before, OrderedDict):
            return self._sequence(list(before), list(after))
        if before.keys() == after.keys() and {*map(type, before), *map(type, after)} <= _TEXT:
            return None
        return self._elements(before.keys(), after.keys(), _A_KEY)


def _is_value(kind: type[Any]) -> bool:
    """Whether objects of this class are immutable, judging by its hash: then equal objects are
    interchangeable."""
    own: Any = kind.__hash__
    return own is not None and own is not object.__hash__


def _met_again(
    one: tuple[Any, Any] | None, other: tuple[Any, Any] | None, before: Any
) -> Difference | None:
    if one is other:
        return None
    if one is None:
        return _here(f"two objects, each {_a(before)}, come back as one")
    return _here(f"{_a(before)} that stands in two places comes back as two")


def _here(reason: str) -> Difference:
    return Difference("", reason)


def _changed(value: Any) -> Difference:
    return _here(f"{_a(value)} comes back as a different one")


def _a(value: Any) -> str:
    """The type of a value, with its article."""
    if value is None:
        return "None"
    name = type(value).__qualname__
    return f"{'an' if name[:1] in 'aeioAEIO' else 'a'} {name}"


def _short(key: Any) -> str:
    text = ordered_repr(key)
    return text if len(text) <= _LONGEST_KEY else f"{text[:_LONGEST_KEY]}…"


_RESERVED: Final = frozenset({"__dict__", "__weakref__", "__pydantic_fields_set__"})
"""What says nothing about a value; pydantic's set says which fields were left to their defaults."""


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """An object's own attributes, except those that Python keeps to save work."""
    kind = type(value)
    for name in dict.fromkeys(attribute_names(value)):
        if name in _RESERVED or isinstance(getattr(kind, name, None), cached_property):
            continue
        if hasattr(value, name):
            yield name, getattr(value, name)


def _reduced(value: Any) -> tuple[Any, ...]:
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return (reduced,)
    return tuple(list(part) if isinstance(part, Iterator) else part for part in reduced)


def _same_text(before: object, after: object) -> bool:
    """NaN and -0.0, and the digits of a Decimal: all are in the text."""
    return repr(before) == repr(after)


def _same_moment(before: datetime, after: datetime) -> bool:
    """Whether the zone is the same, too: in another zone, or with its offset alone, later times differ."""
    return _clock(before) == _clock(after)


def _clock(moment: datetime) -> tuple[object, ...]:
    return moment.replace(tzinfo=None), moment.fold, moment.utcoffset(), moment.tzname()


_TEXT: Final = frozenset({str})
_ATOMS: Final = frozenset({type(None), bool, int, str, bytes})
_SCALARS: Final[dict[type[Any], Callable[[Any, Any], bool]]] = {
    **dict.fromkeys((*_ATOMS, UUID), eq),
    **dict.fromkeys((float, complex, Decimal, date, time, timedelta), _same_text),
    datetime: _same_moment,
}
_BUILT_IN: Final[dict[type[Any], Callable[[Comparison, Any, Any], Difference | None]]] = {
    defaultdict: Comparison._defaultdict,
    dict: Comparison._dict,
    list: Comparison._sequence,
    tuple: Comparison._sequence,
    set: Comparison._elements,
    frozenset: Comparison._elements,
    deque: Comparison._deque,
}
