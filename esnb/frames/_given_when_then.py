"""A history as a test: given some events, when one more happens, then this is the state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application, project_aggregate

from esnb.frames._changes import same
from esnb.frames._fold import ProjectorFunction, Step, fold, projector_for, recorded
from esnb.frames._literal import NoLiteralError, Source
from esnb.frames._numbers import whole
from esnb.frames._redaction import REDACTED, Redact, Redaction
from esnb.frames._sources import application_of
from esnb.frames._state import attributes, state_of, text_of

_FIRST = ("originator_id", "originator_version")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def given_when_then(
    app: Application[Any],
    aggregate_id: UUID | str,
    *,
    version: int | None = None,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> str:
    """The source of a pytest test that holds for an aggregate's history.

    Given are its events before `version` (the last one unless said otherwise),
    when is the event of that version, then are the fields of the state after
    it. Save the text as `test_….py` beside your tests: it needs the modules of
    the aggregate, of its events and of the projector, and no store. What a
    notebook defines is named in a comment, to be imported from where it moves.
    A field that has no source (an open file, an object without fields) becomes
    a comment. `redact` as in `esnb.events`: what it hides is `'[redacted]'` in
    the events, and then are the fields of the state that these give, so that
    the test holds; a hidden field that is computed is a comment, too.

    Raises AggregateNotFoundError for an aggregate or a version that does not
    exist, NoLiteralError for an event that cannot be written as source, a
    projector that cannot be imported or events that cannot be applied without
    what is hidden, and whatever the fold raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.frames._dog import Dog
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
    source = application_of(app, "given_when_then()")
    version = whole(version, "version")
    stored = recorded(source, aggregate_id)
    last = stored[-1].originator_version if version is None else version
    steps = []
    for step in fold(source, stored, projector_func, Redaction(redact)):
        if step.problem is not None:
            raise step.problem
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


def _without(
    steps: Sequence[Step], projector: ProjectorFunction, redaction: Redaction, redact: Any
) -> list[Step]:
    """The steps with events that lack what is hidden, the last one with the state that these give."""
    try:
        events = [
            type(step.event)(**redaction.data(dict(attributes(step.event)))) for step in steps
        ]
        aggregate = projector(None, events)
    except Exception as error:
        raise NoLiteralError(
            f"the events up to version {steps[-1].version} cannot be applied without what "
            f"redact={redact!r} hides: {type(error).__name__}: {error}; hide fewer fields, or "
            "give an earlier version="
        ) from error
    return [
        replace(step, event=event, aggregate=aggregate)
        for step, event in zip(steps, events, strict=True)
    ]


def _written(steps: Sequence[Step], projector: ProjectorFunction, redaction: Redaction) -> str:
    source = Source()
    *before, now = steps
    project = _projector(source, projector)
    given = [f"        {_event(source, step)},\n" for step in before]
    when = _event(source, now)
    kind = type(now.aggregate).__name__ if now.aggregate is not None else "aggregate"
    name = _snake(kind)
    then = _then(source, name, now, redaction)
    title = f"{kind} {now.stored.originator_id}: given {_numbers(before)}, when {now.type}."
    local = (
        [f"# From where they are defined: {', '.join(sorted(source.local))}"]
        if source.local
        else []
    )
    return "\n".join(
        [
            f'"""{title}"""',
            "",
            *source.imports(),
            *local,
            "",
            "",
            f"def test_{name}_{_snake(now.type.rpartition('.')[2])}() -> None:",
            "    # given",
            f"    events = [\n{''.join(given)}    ]" if given else "    events = []",
            "    # when",
            f"    events.append(\n        {when}\n    )",
            f"    {name} = {project}(None, events)",
            "    # then",
            *then,
            "",
        ]
    )


def _numbers(steps: Sequence[Step]) -> str:
    if not steps:
        return "nothing"
    first, last = steps[0].version, steps[-1].version
    return f"version {first}" if first == last else f"versions {first} to {last}"


def _projector(source: Source, projector: ProjectorFunction) -> str:
    if projector is project_aggregate:
        return source.name(project_aggregate)
    try:
        return source.name(projector)
    except (NoLiteralError, AttributeError):
        raise NoLiteralError(
            f"the projector {text_of(projector)} cannot be imported from a module: define it as a "
            "function of one"
        ) from None


def _event(source: Source, step: Step) -> str:
    try:
        fields = dict(attributes(step.event))
        names = sorted(fields, key=lambda name: name not in _FIRST)  # stable: else as they are
        arguments = [f"{name}={source.literal(fields[name])}" for name in names]
        return f"{source.name(type(step.event))}({', '.join(arguments)})"
    except NoLiteralError as error:
        raise NoLiteralError(
            f"version {step.version} ({step.type}) cannot be written as Python source: {error}"
        ) from None


def _then(source: Source, name: str, step: Step, redaction: Redaction) -> list[str]:
    if step.aggregate is None:
        return [f"    assert {name} is None"]
    lines = [f"    assert {name} is not None"]
    state = state_of(step.aggregate)
    shown = redaction.data(state)
    for field, value in state.items():
        if not same(shown[field], value):
            lines.append(f"    # {name}.{field}: {REDACTED}")
            continue
        try:
            literal = source.literal(value)
        except NoLiteralError as error:
            lines.append(f"    # {name}.{field}: {error}")
            continue
        if isinstance(value, float) and value != value:
            lines.append(f"    assert {name}.{field} != {name}.{field}  # not a number")
        else:
            equal = "is" if value is None or isinstance(value, bool) else "=="
            lines.append(f"    assert {name}.{field} {equal} {literal}")
    return lines


def _snake(name: str) -> str:
    """`PriceUpdated` as `price_updated`."""
    return "_".join(_WORDS.findall(name)).lower() or "event"
