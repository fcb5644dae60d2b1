"""Links whose event is gone: both clients drop them silently from a read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LINK = "$>"
"""The type of a link; its data are `revision@stream`."""


def is_unresolved(answer: Any) -> bool:
    """Whether a server's answer is a link to an event that no longer exists: a link alone."""
    if answer.WhichOneof("content") != "event":
        return False
    found = answer.event
    return not found.event.id.string and bool(found.link.id.string)


def on_unresolved_links(response: Any, act: Callable[[Any], object]) -> Any:
    """Has `act` called with each answer of `response` that is a link alone.

    Before the client takes it, which would drop it: `act` may change it.
    """
    answers = getattr(response, "_read_resps", None)
    if answers is not None:
        response._read_resps = _WatchedAnswers(answers, act)
    return response


def keep_unresolved_links(response: Any) -> Any:
    """Makes a read that resolves links return those that lead to nothing as they are.

    They come as events of type `$>` without a link; resolved ones have one.
    """
    return on_unresolved_links(response, _make_event_of_link)


def _make_event_of_link(answer: Any) -> None:
    answer.event.event.CopyFrom(answer.event.link)
    answer.event.ClearField("link")


class _WatchedAnswers:
    """The answers of the server, of which nothing is taken away."""

    def __init__(self, answers: Any, act: Callable[[Any], object]) -> None:
        self._answers = answers
        self._act = act

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        answer = next(self._answers)
        if is_unresolved(answer):
            self._act(answer)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers, name)
