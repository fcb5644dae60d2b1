"""Runners that are not esnb's: what they are and can do is inferred from what they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, get_args

from esnb.running.actions import Action, method
from esnb.running.status import CommonStatus

_KINDS = {"published": "publisher", "completed": "worker", "workers": "consumers"}
"""By a field that only statuses of that kind have."""


def method_of(runner: Any, action: str) -> Callable[[], object] | None:
    """The method that does it; a runner without `resume()` is resumed by `start()`."""
    names = ("resume", "start") if action == "resume" else (method(action),)
    return next(filter(callable, (getattr(runner, name, None) for name in names)), None)


def as_ours(status: Any, runner: Any) -> CommonStatus:
    """`status` itself, or what can be inferred where it is not one of esnb's."""
    return status if isinstance(status, CommonStatus) else _Foreign(status, runner)


class _Foreign(CommonStatus):
    _counted = ("waiting", "handled", "published", "completed", "failed", "restarts")
    _troubling: ClassVar[dict[str, str]] = {
        "dead letters": "dead_letters",
        "parked": "parked_in_group",
    }

    def __init__(self, status: Any, runner: Any) -> None:
        self._status = status
        guessed = (word for name, word in _KINDS.items() if hasattr(status, name))
        self.kind = str(getattr(status, "kind", next(guessed, "")))
        self.all_actions = tuple(each for each in get_args(Action) if method_of(runner, each))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._status, name, None)
