"""The whole log of a server, read from any number and in either direction."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

from esnb.clients.errors import is_refused_position
from esnb.clients.installed import CancelledByClient, Client, ClientError, RecordedEvent
from esnb.eventstoredb.positions import BEYOND_EVERY_LOG, Neighbours, Positions, neighbours
from esnb.eventstoredb.reading import whole
from esnb.threads.outside import outside

EventIterator = Generator[RecordedEvent, None, None]

_EVERYTHING: dict[str, Any] = {"filter_exclude": ()}
"""Chooses the server's own events as well: each of them has a position."""


class ServerLog:
    """`$all`, or the events of it that `chosen`, the client's own arguments, lets through.

    The server reads from positions of events only. Usually a number is one, or
    the one after it, which costs one read or two; any other is looked for.
    Raises the client's errors.
    """

    def __init__(self, client: Client, **chosen: Any) -> None:
        self._client = client
        self._chosen = chosen

    @classmethod
    def whole(cls, client: Client) -> Self:
        """All events, the server's own as well."""
        return cls(client, **_EVERYTHING)

    @classmethod
    def of_streams(cls, client: Client, pattern: str) -> Self:
        """The events of the streams whose whole names match `pattern`."""
        return cls(client, filter_include=[pattern], filter_by_stream_name=True)

    def forwards(self, number: int | None = None, *, limit: int | None = None) -> EventIterator:
        """The events at or above `number` (None: all). More than `limit` may come."""
        if number is None or number <= 1:  # every position is above 0
            yield from self._read(limit=limit)
            return
        if number >= BEYOND_EVERY_LOG:
            return
        for position in (number, number - 1):
            events = self._read(position, limit=None if limit is None else limit + 1)
            try:
                first = next(events, None)
            except ClientError as error:
                _require_refused_position(error)
                continue
            if first is not None:
                if position_of(first) >= number:
                    yield first
                yield from events
            return
        following = self._neighbours(number).at_or_above
        if following is not None:
            yield from self._read(following, limit=limit)

    def backwards(self, number: int | None = None, *, limit: int | None = None) -> EventIterator:
        """The events below `number` (None: all), at most `limit`, the last one first."""
        if number is None or number >= BEYOND_EVERY_LOG:
            yield from self._read(backwards=True, limit=limit)
            return
        if number <= 1:
            return
        events = self._read(number, backwards=True, limit=limit)
        try:
            first = next(events, None)
        except ClientError as error:
            _require_refused_position(error)
            following = self._neighbours(number).at_or_above
            yield from self._read(following, backwards=True, limit=limit)
            return
        if first is not None:
            yield first
            yield from events

    def anchor(self, number: int) -> int | None:
        """The position at or below `number` after which to subscribe; None: the log's start."""
        return number if self._is_position(number) else self._neighbours(number).below

    def _neighbours(self, number: int) -> Neighbours:
        """The events of the whole log next to a number at which none begins."""
        is_wanted = True

        def is_position(candidate: int) -> bool:
            if not is_wanted:
                raise CancelledByClient("the search for a position was interrupted")
            return self._is_position(candidate)

        try:
            # One hand-over to another thread for many small reads, rather than one for each.
            return outside(
                lambda: neighbours(
                    number, self._positions, lambda: self._positions(backwards=True), is_position
                )
            )
        finally:
            is_wanted = False

    def _is_position(self, number: int) -> bool:
        """Whether the server reads from `number`."""
        try:
            next(self._positions(number, limit=1), None)
        except ClientError as error:
            _require_refused_position(error)
            return False
        return True

    def _positions(self, start: int | None = None, **bounds: Any) -> Positions:
        """Those of the whole log: the server's own events have one, too."""
        for event in _read(self._client, start, **_EVERYTHING, **bounds):
            yield position_of(event)

    def _read(self, position: int | None = None, **bounds: Any) -> EventIterator:
        return _read(self._client, position, **self._chosen, **bounds)


def _read(
    client: Client, position: int | None, *, limit: int | None = None, **arguments: Any
) -> EventIterator:
    """One read; `position` is an event's, inclusive forwards and exclusive backwards."""
    if limit is not None:
        arguments["limit"] = limit
    return whole(client, client.read_all, commit_position=position, **arguments)


def position_of(event: RecordedEvent) -> int:
    """Servers before 21.10 leave it out of stream reads, never out of `$all`."""
    return event.commit_position or 0


def _require_refused_position(error: Exception) -> None:
    """Raises `error`, unless it may be that the read began at no event's position."""
    if not is_refused_position(error):
        raise error
