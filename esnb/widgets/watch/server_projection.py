"""One of EventStoreDB's own projections, as `watch` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from esnb.clients.position import parse_position
from esnb.sources.groups import TIMEOUT
from esnb.threads.question import Question
from esnb.widgets.watch.status_row import StatusRow

_METHODS = {
    "pause": "disable_projection",
    "resume": "enable_projection",
    "rebuild": "reset_projection",
}
_DONE = 100.0
"""Percent of the log: the server's projection has reached its end."""


class ServerProjectionSource:
    """A projection that runs in the server: `$by_category` and the like, or one in JavaScript."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._question = Question[Any](f"EventStoreDB, about its projection {name!r}")
        self.name = name

    def look(self) -> Iterator[StatusRow]:
        told = self._question.put(lambda: self._call("get_projection_statistics"))()
        state = _state(told.status)
        yield StatusRow(
            name=told.name,
            kind="server projection",
            state=state,
            position=parse_position(told.position),
            lag=0 if told.progress >= _DONE else None,
            progress=told.progress,
            done=told.events_processed_after_restart,
            counts=(("processed", told.events_processed_after_restart),)
            if told.events_processed_after_restart
            else (),
            error=told.state_reason or None,
            can=tuple(_METHODS),
            asks=("pause", "rebuild") if state == "running" else ("resume",),
        )

    def ask(self, row: StatusRow, what: str) -> None:
        self._call(_METHODS[what])

    def _call(self, method: str) -> Any:
        from esnb.clients.errors import answered  # brings gRPC, as the client has already
        from esnb.clients.installed import NotFound

        try:
            with answered(self._client):
                return getattr(self._client, method)(name=self.name, timeout=TIMEOUT)
        except NotFound:
            raise LookupError(
                f"the server has no projection {self.name!r}: the standard ones are "
                "$by_category, $by_correlation_id, $by_event_type, $stream_by_category and $streams"
            ) from None


def _state(status: str) -> str:
    """The server's word for it (`Running`, `Aborted/Stopped`, `Faulted (Enabled)`) as one of esnb's."""
    for word, state in (("Faulted", "failed"), ("Stopped", "paused"), ("Running", "running")):
        if word in status:
            return state
    return status.lower() or "unknown"
