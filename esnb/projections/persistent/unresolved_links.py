"""Links whose target is gone: the client passes over them, and nobody acknowledges them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from esnb.clients.links import is_unresolved


def acknowledge_unresolved(subscription: Any, on_unresolved: Callable[[], object]) -> Any:
    """Has `subscription` acknowledge links to events that no longer exist.

    The server delivers such a link with no event. Both clients drop it
    silently, so the server would deliver it again until it is parked.
    """
    answers = getattr(subscription, "_read_resps", None)
    if answers is not None:
        subscription._read_resps = _WatchedAnswers(answers, subscription, on_unresolved)
    return subscription


class _WatchedAnswers:
    """The answers of the server, of which nothing is taken away."""

    def __init__(
        self, answers: Any, subscription: Any, on_unresolved: Callable[[], object]
    ) -> None:
        self._answers = answers
        self._subscription = subscription
        self._on_unresolved = on_unresolved

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        answer = next(self._answers)
        if is_unresolved(answer):
            self._subscription.ack(UUID(answer.event.link.id.string))
            self._on_unresolved()
        return answer

    def cancel(self) -> None:
        self._answers.cancel()
