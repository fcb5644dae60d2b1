"""Persistent subscriptions, whose events a forked process must not answer for its parent."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final

from esnb.threads.forks import Birth

READING: Final = ("read_subscription_to_all", "read_subscription_to_stream")
"""The methods of the two clients that return such a subscription."""


def in_one_process(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, whose subscription raises ForkedError where a forked process answers.

    The client only queues an answer, for a thread that a forked process does not have.
    """

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        subscription = method(*args, **kwargs)
        # Not a wrapper: whoever drops the subscription ends it by its own `__del__`.
        kind: Any = type(subscription)
        subscription.__class__ = _of_one_process(kind)
        subscription._birth = Birth()
        return subscription

    return call


@cache
def _of_one_process(kind: Any) -> Any:
    class OfOneProcess(kind):  # type: ignore[misc]
        def ack(self, *args: Any, **kwargs: Any) -> None:
            self._birth.check("persistent subscriptions")
            super().ack(*args, **kwargs)

        def nack(self, *args: Any, **kwargs: Any) -> None:
            self._birth.check("persistent subscriptions")
            super().nack(*args, **kwargs)

        def stop(self, *args: Any, **kwargs: Any) -> None:
            # In a forked process it is the parent's, and the client would wait for the thread
            # that answers, for seconds, whenever such a process ends.
            if self._birth.is_here:
                super().stop(*args, **kwargs)

    OfOneProcess.__name__, OfOneProcess.__qualname__ = kind.__name__, kind.__qualname__
    return OfOneProcess
