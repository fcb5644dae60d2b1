"""A history as a test: given some events, when one more happens, then this is the state."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, NoReturn

from eventsourcing.application import AggregateNotFoundError, Application

from esnb.clients.uri import guarded_argument
from esnb.folds.fold import ProjectorFunction, Step, fold, projector_for, recorded
from esnb.folds.same import same
from esnb.literals.constructor import arguments
from esnb.literals.imports import NoLiteralError, is_name
from esnb.literals.layout import written
from esnb.literals.literal import SourceWriter
from esnb.sources.ids import Identified, find_id
from esnb.sources.numbers import whole
from esnb.sources.redaction import REDACTED, Redact, Redaction
from esnb.sources.source import application_of
from esnb.values.ordered_repr import printable
from esnb.values.state import attributes, state_of, text_of

_FIRST = ("originator_id", "originator_version")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def given_when_then(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    version: int | None = None,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> str:
    """The source of a pytest test that holds for an aggregate's history.

    "Given" are its events before `version` (by default the last one), "when" is
    the event of that version, and "then" are the fields of the state after it.
    Save the text as `test_….py` beside your tests: it needs the modules of the
    aggregate, of its events and of the projector, and no store. What a notebook
    defines is named in a comment, to be imported from wherever you move it. Each
    line is tried first: a field that cannot be written as source (an open file,
    an object without fields), or that is not equal when the events are applied
    again, becomes a comment. Whatever ids, names and values hold, only escaped
    literals and names of classes and functions that can be imported are written.
    `redact` as in `esnb.events`: what it hides is `'[redacted]'` in the events,
    and "then" are the fields of the state that these events make, so that the
    test passes; a hidden field that is computed becomes a comment, too.

    Raises AggregateNotFoundError for an aggregate or a version that does not
    exist, NoLiteralError for an event that cannot be written as source, for a
    class or projector that cannot be imported and for events that cannot be
    applied again, or not without what is hidden, and whatever the fold raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> print(esnb.given_when_then(app, dog.id).rstrip())  # doctest: +ELLIPSIS
    \"\"\"Dog ...: given version 1, when Dog.TrickAdded.\"\"\"
    ...
        # then
        assert dog is not None
        assert dog.name == 'Fido'
        assert dog.tricks == ['roll over']
    """
    app = guarded_argument(app)
    source = application_of(app, "given_when_then()")
    version = whole(version, "version")
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    last = stored[-1].originator_version if version is None else version
    steps = []
    for step in fold(source, stored, projector_func, Redaction(redact)):
        if step.problem is not None:
            _raise(step.problem, step, redact)
        steps.append(step)
        if step.version >= last:
            break
    if not steps or steps[-1].version != last:
        raise AggregateNotFoundError(
            f"{source.name} has no version {last} of aggregate {str(aggregate_id)!r}: it has "
            f"{stored[0].originator_version} to {stored[-1].originator_version}"
        )
    projector = projector_func or projector_for(app, steps[0].event)
    redaction = Redaction(redact)
    if redaction:
        steps = _without(steps, projector, redaction, redact)
    return _written(steps, projector, redaction)


def _raise(problem: Exception, step: Step, redact: Redact | None) -> NoReturn:
    """The domain's own error, unless its text may say what is hidden."""
    if not Redaction(redact):
        raise problem
    raise NoLiteralError(
        f"version {step.version} ({printable(step.type)}) cannot be applied: {type(problem).__name__}, whose "
        f"text may hold what redact={redact!r} hides"
    ) from None


def _without(
    steps: Sequence[Step], projector: ProjectorFunction, redaction: Redaction, redact: Any
) -> list[Step]:
    """The steps with events that lack what is hidden, the last one with the state that these give."""
    try:
        events = [
            type(step.event)(**arguments(step.event, redaction.data(dict(attributes(step.event)))))
            for step in steps
        ]
        aggregate = projector(None, events)
    except Exception as error:
        raise NoLiteralError(
            f"the events up to version {steps[-1].version} cannot be applied without what "
            f"redact={redact!r} hides: {type(error).__name__}: {error}; hide fewer fields, or "
            "pass an earlier version="
        ) from error
    return [
        replace(step, event=event, aggregate=aggregate)
        for step, event in zip(steps, events, strict=True)
    ]


def _written(steps: Sequence[Step], projector: ProjectorFunction, redaction: Redaction) -> str:
    source = SourceWriter(["events"])
    *before, now = steps
    project = _projector(source, projector)
    events = [_event(source, step) for step in steps]
    again = _again(source, projector, events)
    kind = type(now.aggregate).__name__ if now.aggregate is not None else "aggregate"
    words = _snake(kind)
    given = [f"        {written(each)},\n" for each in events[:-1]]
    name, then = _then(source, words, now, again, redaction)
    title = f"{kind} {now.stored.originator_id}: given {_numbers(before)}, when {now.type}."
    local = source.imports.local()
    notebook = [f"# From where they are defined: {', '.join(local)}"] if local else []
    return "\n".join(
        [
            _docstring(title),
            "",
            *source.imports.lines(),
            *notebook,
            "",
            "",
            f"def test_{words}_{_snake(now.type.rpartition('.')[2])}() -> None:",
            "    # given",
            f"    events = [\n{''.join(given)}    ]" if given else "    events = []",
            "    # when",
            f"    events.append(\n        {written(events[-1])}\n    )",
            f"    {name} = {written(project)}(None, events)",
            "    # then",
            *then,
            "",
        ]
    )


def _docstring(text: str) -> str:
    """The text, visible throughout (Python 3.13 refuses lone surrogates in a docstring)."""
    shown = printable(text)
    return repr(shown) if set(shown) & {'"', "\\"} else f'"""{shown}"""'


def _numbers(steps: Sequence[Step]) -> str:
    if not steps:
        return "nothing"
    first, last = steps[0].version, steps[-1].version
    return f"version {first}" if first == last else f"versions {first} to {last}"


def _projector(source: SourceWriter, projector: ProjectorFunction) -> ast.expr:
    try:
        return source.imports.name(projector)
    except NoLiteralError:
        raise NoLiteralError(
            f"the projector {printable(text_of(projector))} cannot be imported: define it "
            "as a function of a module"
        ) from None


def _event(source: SourceWriter, step: Step) -> ast.expr:
    fields = dict(attributes(step.event))
    names = sorted(fields, key=lambda name: name not in _FIRST)  # stable: else as they are
    try:
        return source.instance(step.event, {name: fields[name] for name in names})
    except NoLiteralError as error:
        raise NoLiteralError(
            f"version {step.version} ({printable(step.type)}) cannot be written as Python source: {error}"
        ) from error


def _again(source: SourceWriter, projector: ProjectorFunction, events: Sequence[ast.expr]) -> Any:
    """The aggregate as the test will have it, with which each of its lines is tried."""
    try:
        return projector(None, [source.made(each) for each in events])
    except Exception as error:
        raise NoLiteralError(
            "the events cannot be applied a second time, as the test would: "
            f"{type(error).__name__}; the aggregate depends on something outside its events"
        ) from error


def _then(
    source: SourceWriter, words: str, step: Step, again: Any, redaction: Redaction
) -> tuple[str, list[str]]:
    """The name of the aggregate in the test, and the lines about it."""
    if (step.aggregate is None) != (again is None):
        raise NoLiteralError(
            f"the projector returns {type(step.aggregate).__name__} after one event at a time and "
            f"{type(again).__name__} after all at once: no test of it can pass"
        )
    found = list(_expected(source, step.aggregate, redaction))
    name = source.imports.free(words, f"{words}_", "aggregate")  # known now: what is imported
    if step.aggregate is None:
        return name, [f"    assert {name} is None"]
    lines = [_line(source, name, each, again) for each in found]
    return name, [f"    assert {name} is not None", *lines]


@dataclass(frozen=True, slots=True)
class _Expectation:
    """A part of the state and what it is, or why that cannot be written."""

    part: Callable[[ast.expr], ast.expr]
    """Of the aggregate."""
    value: ast.expr | None
    why_not: str = ""
    operator: type[ast.cmpop] = ast.Eq


def _expected(source: SourceWriter, aggregate: Any, redaction: Redaction) -> Iterator[_Expectation]:
    state = state_of(aggregate)
    if not state and aggregate is not None:
        yield _expectation(source, lambda whole: whole, aggregate)
    shown = redaction.data(state)
    parts = _entries(source, aggregate) if isinstance(aggregate, Mapping) else {}
    for field, value in state.items():
        part = parts[field] if field in parts else partial(_attribute, field=field)
        if not same(shown[field], value):
            yield _Expectation(part, None, REDACTED)
        else:
            yield _expectation(source, part, value)


def _expectation(
    source: SourceWriter, part: Callable[[ast.expr], ast.expr], value: Any
) -> _Expectation:
    try:
        literal = source.literal(value)
    except NoLiteralError as error:
        return _Expectation(part, None, str(error))
    if (isinstance(value, float) and value != value) or (
        isinstance(value, Decimal) and value.is_qnan()
    ):
        return _Expectation(part, literal, "not a number", ast.NotEq)
    is_one = value is None or isinstance(value, bool)
    return _Expectation(part, literal, operator=ast.Is if is_one else ast.Eq)


def _attribute(whole: ast.expr, field: str) -> ast.expr:
    if is_name(field):
        return ast.Attribute(whole, field, ast.Load())
    return ast.Call(ast.Name("getattr", ast.Load()), [whole, ast.Constant(field)], [])


def _entries(
    source: SourceWriter, aggregate: Mapping[Any, Any]
) -> dict[str, Callable[[ast.expr], ast.expr]]:
    """How the entries of an aggregate that is a mapping are read, by the texts of their keys."""
    found: dict[str, Callable[[ast.expr], ast.expr]] = {}
    for key in aggregate:
        with suppress(NoLiteralError):
            found[str(key)] = partial(_entry, key=source.literal(key))
    return found


def _entry(whole: ast.expr, key: ast.expr) -> ast.expr:
    return ast.Subscript(whole, key, ast.Load())


def _line(source: SourceWriter, name: str, expected: _Expectation, again: Any) -> str:
    part = expected.part(ast.Name(name, ast.Load()))
    if expected.value is None:
        return _comment(part, expected.why_not)
    right = part if expected.operator is ast.NotEq else expected.value
    holds = ast.Compare(part, [expected.operator()], [right])
    try:
        is_held = bool(source.made(holds, **{name: again}))
    except Exception:  # noqa: BLE001  whatever an attribute or an equality of the domain raises
        is_held = False
    if not is_held:
        return _comment(part, "not equal when the events are applied again")
    remark = f"  # {expected.why_not}" if expected.why_not else ""
    return f"    assert {written(holds)}{remark}"


def _comment(part: ast.expr, words: str) -> str:
    return f"    # {written(part)}: {printable(words)}"


def _snake(name: str) -> str:
    """`PriceUpdated` as `price_updated`."""
    return "_".join(_WORDS.findall(name)).lower() or "event"
