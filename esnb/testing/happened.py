"""What a test expects to have happened, and how that differs from what has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from esnb.folds.changes import changes
from esnb.folds.same import ABSENT
from esnb.values.ordered_repr import printable
from esnb.values.state import attributes, text_of

_BOOKKEEPING = frozenset({"originator_id", "originator_version", "timestamp", "originator_topic"})
"""What every event of the library has: it says whose event it is, and when."""


class ExpectedEvent:
    """An event of a class with these fields; `happened()` makes one."""

    def __init__(self, event_class: type[Any], fields: Mapping[str, Any]) -> None:
        self.event_class = event_class
        self.fields = fields

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={text_of(value)}" for name, value in self.fields.items())
        return f"{self.event_class.__qualname__}({printable(fields)})"


def happened(event_class: type[Any], /, **fields: Any) -> ExpectedEvent:
    """An event of a class, with all the fields that its domain gave it.

    What the library adds (`originator_id`, `originator_version`, `timestamp`,
    `originator_topic`) is compared only where it is named.

    >>> from esnb.examples.dog import Dog
    >>> happened(Dog.TrickAdded, trick="sit")
    Dog.TrickAdded(trick='sit')
    """
    if not isinstance(event_class, type):
        raise TypeError(
            f"{text_of(event_class)} is not a class of events: happened(Dog.TrickAdded, trick='sit')"
        )
    return ExpectedEvent(event_class, fields)


def as_happened(event: object) -> ExpectedEvent:
    """An event as what a test would expect: its class, and its domain's own fields."""
    return ExpectedEvent(type(event), own_fields(event))


def own_fields(event: object) -> dict[str, Any]:
    """The fields of an event that are not the library's."""
    return {name: value for name, value in attributes(event) if name not in _BOOKKEEPING}


def differences(events: Sequence[object], expected: Sequence[ExpectedEvent]) -> list[str]:
    """The lines that say how events differ from the expected ones; none where they do not.

    Events are compared in order; a class counts as it is, not its subclasses.
    """
    found: list[str] = []
    for number, (event, wanted) in enumerate(zip_longest(events, expected), 1):
        if wanted is None:
            found.append(f"{number}. {as_happened(event)} happened, and was not expected")
        elif event is None:
            found.append(f"{number}. {wanted} was expected, and no more events happened")
        elif type(event) is not wanted.event_class:
            found.append(f"{number}. {wanted} was expected, and {as_happened(event)} happened")
        else:
            lines = list(field_lines(wanted.fields, _compared(event, wanted)))
            if lines:
                found += [f"{number}. {wanted.event_class.__qualname__}", *lines]
    return found


def field_lines(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[str]:
    """A line for each field that differs.

    >>> print(*field_lines({"trick": "sit", "at": 1}, {"trick": "roll", "by": "Ben"}), sep="\\n")
       trick: expected 'sit', was 'roll'
       by: not expected, was 'Ben'
       at: expected 1, was missing
    """
    for field, wanted, value in changes(expected, actual):
        if wanted is ABSENT:
            told = f"not expected, was {text_of(value)}"
        elif value is ABSENT:
            told = f"expected {text_of(wanted)}, was missing"
        else:
            told = f"expected {text_of(wanted)}, was {text_of(value)}"
        yield f"   {field}: {printable(told)}"


def _compared(event: object, wanted: ExpectedEvent) -> dict[str, Any]:
    """The event's own fields, and of the others those that are expected."""
    return {
        name: value
        for name, value in attributes(event)
        if name not in _BOOKKEEPING or name in wanted.fields
    }
