"""Given some events, when something is asked of their aggregate, then this happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, NoReturn, Self

from eventsourcing.domain import BaseAggregate

from esnb.folds.fold import ProjectorFunction
from esnb.testing.expected_error import line_of
from esnb.testing.happened import (
    ExpectedEvent,
    as_happened,
    differences,
    field_lines,
    happened,
)
from esnb.values.state import state_of, text_of


def given(*past: Any, projector: ProjectorFunction | None = None) -> CommandTest:
    """The past of one aggregate, to see what comes of a command.

    `given(dog)` takes an aggregate as it is (a copy: it stays as it was, and what
    it has not saved yet belongs to its past); `given(*events)` the events of one,
    which the classes' own `mutate()` applies, or `projector(aggregate, events)`
    for aggregates that are made by a function; `given()` nothing yet. In all of
    them `when(command)` calls `command(aggregate)`, `command()` where there is
    none. What happens are the events that the aggregate then has to save, or
    those that the command returns.

    Then any number of `then(...)`, `then_state(...)`, `then_nothing()`,
    `then_raises(...)`; each raises AssertionError with the difference. An error
    that no `then_raises()` asks for is raised by the first other one.

    >>> from esnb.examples.dog import Dog
    >>> fido = Dog("Fido")
    >>> learns = given(fido).when(lambda dog: dog.add_trick("sit"))
    >>> _ = learns.then(happened(Dog.TrickAdded, trick="sit")).then_state(tricks=["sit"])
    >>> learns.then(happened(Dog.TrickAdded, trick="roll over"))
    Traceback (most recent call last):
    AssertionError: it did not happen as expected
    1. Dog.TrickAdded
       trick: expected 'roll over', was 'sit'
    """
    return CommandTest(past, projector)


class CommandTest:
    """The past of one aggregate, a command, and what came of it; `given()` makes one."""

    def __init__(self, past: Sequence[Any], projector: ProjectorFunction | None) -> None:
        self._projector = projector
        self._past: list[Any] = []
        self._aggregate: Any = None
        self._new: list[Any] | None = None
        self._error: Exception | None = None
        if len(past) == 1 and isinstance(past[0], BaseAggregate):
            self._aggregate = deepcopy(past[0])
            self._aggregate.collect_events()
        else:
            self._past = [_event(each) for each in past]
            self._aggregate = self._apply(None, self._past)

    def when(self, command: Callable[..., Any]) -> Self:
        """Calls the command; once for each `given`."""
        if self._new is not None or self._error is not None:
            raise TypeError("when() was called already: begin again with given()")
        given_one = () if self._aggregate is None else (self._aggregate,)
        try:
            returned = command(*given_one)
        except Exception as error:  # noqa: BLE001 - it is told by the then…() that follows
            self._error = error
        else:
            self._new = self._happened(returned)
        return self

    def then(self, *expected: ExpectedEvent | type[Any] | object) -> Self:
        """These events happened, in this order, and no others.

        `happened(Dog.TrickAdded, trick="sit")` compares all fields of the domain;
        a class alone says only that such an event happened; an event object is
        compared by its fields.
        """
        events = self._events()
        lines = differences(
            events, [_wanted(each, events, index) for index, each in enumerate(expected)]
        )
        if lines:
            _fail("it did not happen as expected", lines)
        return self

    def then_nothing(self) -> Self:
        """No event happened."""
        return self.then()

    def then_state(self, **fields: Any) -> Self:
        """These fields of the state have these values after it; others are not compared."""
        self._events()
        state = state_of(self._aggregate)
        compared = {name: state[name] for name in fields if name in state}
        others = (
            (name, getattr(self._aggregate, name))
            for name in fields
            if name not in state and hasattr(self._aggregate, name)
        )
        lines = list(field_lines(fields, {**compared, **dict(others)}))
        if lines:
            _fail("the state is not as expected", lines)
        return self

    def then_raises(
        self, error: type[BaseException] | tuple[type[BaseException], ...], *, match: str = ""
    ) -> Self:
        """The command raised such an error, with a text in which `match` is found."""
        wanted = error if isinstance(error, tuple) else (error,)
        names = " or ".join(each.__qualname__ for each in wanted)
        if self._error is None:
            events = [f"   {as_happened(each)} happened" for each in self._events()]
            _fail(f"{names} was expected, and no error was raised", events)
        if not isinstance(self._error, wanted) or not re.search(match, str(self._error)):
            about = f" with {match!r}" if match else ""
            raise AssertionError(
                f"{names}{about} was expected, not {line_of(self._error)}"
            ) from self._error
        return self

    @property
    def events(self) -> list[Any]:
        """The events that happened, for asserts of one's own."""
        return list(self._events())

    @property
    def aggregate(self) -> Any:
        """The aggregate as it is after the command."""
        self._events()
        return self._aggregate

    # --- inside ---------------------------------------------------------------------

    def _events(self) -> list[Any]:
        if self._error is not None:
            raise AssertionError(
                f"no error was expected, and the command raised {line_of(self._error)}"
            ) from self._error
        if self._new is None:
            raise TypeError("nothing was asked yet: given(…).when(command).then(…)")
        return self._new

    def _happened(self, returned: Any) -> list[Any]:
        """What the aggregate has to save, else what the command returned."""
        made = returned if isinstance(returned, BaseAggregate) else self._aggregate
        if isinstance(made, BaseAggregate):
            self._aggregate = made
            return list(made.collect_events())
        events = _returned(returned)
        self._aggregate = self._apply(self._aggregate, events)
        return events

    def _apply(self, aggregate: Any, events: list[Any]) -> Any:
        if self._projector is not None and events:
            return self._projector(aggregate, events)
        for each in events:
            mutate = getattr(each, "mutate", None)
            if mutate is None:
                raise TypeError(
                    f"{type(each).__qualname__} has no mutate(): pass the function that makes "
                    "the aggregate of its events, given(…, projector=…)"
                )
            aggregate = mutate(aggregate)
        return aggregate


def _is_event(value: object) -> bool:
    return hasattr(value, "originator_id") and hasattr(value, "originator_version")


def _returned(value: Any) -> list[Any]:
    """The events that a command returned: one, several or none."""
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    events = (
        [] if value is None else [value] if _is_event(value) else list(value) if several else None
    )
    if events is None or not all(map(_is_event, events)):
        raise TypeError(
            f"the command returned {text_of(value)}: where there is no aggregate that has events "
            "to save, it returns an event, several, or None"
        )
    return events


def _event(value: object) -> Any:
    if not _is_event(value):
        raise TypeError(
            f"{text_of(value)} is neither an aggregate nor an event of one: it has no "
            "originator_id and originator_version"
        )
    return value


def _wanted(expected: Any, events: list[Any], index: int) -> ExpectedEvent:
    if isinstance(expected, ExpectedEvent):
        return expected
    if not isinstance(expected, type):
        return as_happened(_event(expected))
    if index < len(events) and type(events[index]) is expected:
        return as_happened(events[index])
    return happened(expected)


def _fail(headline: str, lines: list[str]) -> NoReturn:
    raise AssertionError("\n".join([headline, *lines]))
