"""How runners are doing, as plain data, and what one can ask of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ASKS = ("pause", "resume", "rebuild")
"""Methods of runners that have a button."""


@dataclass(frozen=True)
class Seen:
    """One runner at one moment; None where it does not tell."""

    name: str
    state: str
    application: str = ""
    position: int | None = None
    head: int | None = None
    lag: int | None = None
    lag_seconds: float | None = None
    rate: float | None = None
    error: str | None = None
    event: str | None = None
    """The event that is at fault."""
    handler: str | None = None
    asks: tuple[str, ...] = ()
    """Those of `ASKS` that it has, and that make sense in its state."""

    @property
    def ago(self) -> str:
        """Its lag in words."""
        if self.lag == 0:
            return "caught up"
        events = "lag unknown" if self.lag is None else f"{self.lag:,} event{'s'[: self.lag != 1]}"
        behind = "" if self.lag is None else " behind"
        return f"{events}{behind}"


class Watched:
    """Some runners, looked at together."""

    def __init__(self, runners: tuple[Any, ...]) -> None:
        for runner in runners:
            if isinstance(runner, type) or not callable(getattr(runner, "status", None)):
                raise TypeError(
                    f"no runner: {type(runner).__qualname__}; give runners that have a status(), "
                    "such as esnb.projections.CatchUpRunner"
                )
        self._runners = runners

    def __len__(self) -> int:
        return len(self._runners)

    def look(self) -> list[Seen]:
        """Each of them now; one that cannot tell is `unknown`, with its error."""
        return [_seen(runner) for runner in self._runners]

    def ask(self, index: int, what: str) -> None:
        """Calls `pause()`, `resume()` or `rebuild()`; raises what that raises."""
        if what not in ASKS:
            raise ValueError(f"cannot ask a runner to {what!r}, only {', '.join(ASKS)}")
        method: Callable[[], object] = getattr(self._runners[index], what)
        method()


def _seen(runner: Any) -> Seen:
    try:
        status = runner.status()
    except Exception as error:  # noqa: BLE001  # shown in its row
        name = getattr(runner, "name", None) or type(runner).__qualname__
        return Seen(name=str(name), state="unknown", error=f"{type(error).__name__}: {error}")
    state = str(status.state)
    found = {
        name: getattr(status, name, None)
        for name in ("position", "head", "lag", "lag_seconds", "error", "event", "handler")
    }
    return Seen(
        name=str(status.name),
        application=str(getattr(status, "application", "")),
        state=state,
        rate=getattr(status, "rate_per_s", None),
        asks=tuple(
            ask
            for ask in ASKS
            if callable(getattr(runner, ask, None)) and (ask == "resume") == (state == "paused")
        ),
        **found,
    )
