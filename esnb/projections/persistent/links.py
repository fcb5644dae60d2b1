"""Where an application's events stand in the stream of its category, which a server's projection fills."""

from __future__ import annotations

from typing import Any

from esnb.clients.deadlines import ANSWER

CATEGORY = "$ce-"
"""Begins the names of the streams in which `$by_category` links all events of a category."""
PROJECTION = "$by_category"
_AT_A_TIME = 500
"""Links of one read; the one that is looked for is mostly among the last."""


class Links:
    """Finds the link to an application's event, once the projection has written it."""

    def __init__(self, category: Any, stream: str) -> None:
        """`category` is the application's, `stream` the one that has the links."""
        self._category = category
        self._stream = stream
        self._missed: tuple[bytes, int] = (b"", -1)
        """The link that was looked for in vain, and the last revision there was then."""

    def head(self) -> Any | None:
        """The application's last event; None when it has none."""
        return self._last_before(None)

    def up_to(self, position: int) -> Any | None:
        """Its last event at or below a commit position, once the log has come so far.

        None before that.
        """
        head = self.head()
        if head is None or head.commit_position < position:
            return None
        return head if head.commit_position == position else self._last_before(position + 1)

    def revision(self, event: Any) -> int | None:
        """That of the link to `event`; None while it is not there."""
        data = f"{event.stream_position}@{event.stream_name}".encode()
        # What was looked through for this event before need not be again.
        looked_for, done = self._missed
        after = done if looked_for == data else -1
        newest: int | None = None
        before: int | None = None
        while before is None or before > after:
            links = self._before(before)
            for link in links:
                revision: int = link.stream_position
                if revision <= after:
                    break
                if link.data == data:
                    return revision
            newest = links[0].stream_position if newest is None and links else newest
            before = links[-1].stream_position - 1 if links else -1
        self._missed = data, after if newest is None else newest
        return None

    def _before(self, revision: int | None) -> list[Any]:
        """Links up to a revision, the last one first."""
        from esnb.clients.installed import NotFound

        try:
            return list(
                self._category.client.read_stream(
                    self._stream, stream_position=revision, backwards=True, limit=_AT_A_TIME
                )
            )
        except NotFound:
            return []

    def _last_before(self, position: int | None) -> Any | None:
        for event in self._category.log(self._category.client).backwards(position):
            if self._category.notification(event) is not None:
                return event
        return None


def is_projected(client: Any) -> bool | None:
    """Whether `$by_category` runs; None when the server may not or cannot say it now.

    It cannot while it is starting.
    """
    from esnb.clients.errors import is_transient
    from esnb.clients.installed import AccessDenied, ClientError, NotFound

    try:
        status = client.get_projection_statistics(name=PROJECTION, timeout=ANSWER).status
    except NotFound:
        return False
    except AccessDenied:
        return None
    except ClientError as error:
        if is_transient(error):
            raise
        return False
    if any(word in status for word in ("Stopped", "Faulted", "Aborted", "Completed")):
        return False
    return True if "Running" in status else None
