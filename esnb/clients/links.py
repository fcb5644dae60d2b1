"""Links whose event is gone: both clients drop them silently from a read."""

from __future__ import annotations

from typing import Any

LINK = "$>"
"""The type of a link; its data are `revision@stream`."""


def is_unresolved(answer: Any) -> bool:
    """Whether a server's answer is a link to an event that no longer exists: a link alone."""
    if answer.WhichOneof("content") != "event":
        return False
    found = answer.event
    return not found.event.id.string and bool(found.link.id.string)


def keep_unresolved_links(response: Any) -> Any:
    """Makes a read that resolves links return those that lead to nothing as they are.

    They come as events of type `$>` without a link; resolved ones have one.
    """
    answers = getattr(response, "_read_resps", None)
    if answers is not None:
        response._read_resps = _Kept(answers)
    return response


class _Kept:
    """The answers of the server, a link alone as the event that it is itself."""

    def __init__(self, answers: Any) -> None:
        self._answers = answers

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        answer = next(self._answers)
        if is_unresolved(answer):
            answer.event.event.CopyFrom(answer.event.link)
            answer.event.ClearField("link")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers, name)
