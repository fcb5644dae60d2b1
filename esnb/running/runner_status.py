"""The status of a runner, also of one that is not esnb's and may not return."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from esnb.threads.question import Question, UnansweredError, not_known_since

_questions: WeakKeyDictionary[Any, Question[Any]] = WeakKeyDictionary()
"""To each runner of somebody else's that was asked."""


def name_of(runner: Any) -> str:
    """What a runner is called: by itself, by its projection, or else by its class."""
    named = (runner, getattr(runner, "projection", None))
    names = (getattr(each, "name", None) for each in named)
    return str(next(filter(None, names), type(runner).__qualname__))


def status_of(runner: Any) -> Any:
    """What `runner.status()` returns.

    One of esnb's keeps its time by itself. Any other is waited for no longer
    than a second; then raises UnansweredError, which says since when its status
    is not known.
    """
    if any(base.__module__.partition(".")[0] == "esnb" for base in type(runner).__mro__):
        return runner.status()
    question = _question(runner)
    answer = question.put(runner.status)
    try:
        return answer()
    except UnansweredError as error:
        raise UnansweredError(f"{error}; its status is {not_known_since(question.since)}") from None


def _question(runner: Any) -> Question[Any]:
    what = f"the status of runner {name_of(runner)!r}"
    try:
        return _questions.setdefault(runner, Question(what))
    except TypeError:  # it can be neither hashed nor referred to weakly
        return Question(what)
