"""A consumer group on a server: what it is over, and what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from esnb._uri import guarded
from esnb.projections.persistent.gone import watch_gone

MOST_CONSUMERS = 100
"""Of one group; the server's own default is 5."""
ACK_DELAY = 0.05
"""Seconds that an acknowledgement waits for others to go with it."""


@dataclass(frozen=True)
class Group:
    """A persistent subscription, to a stream or to a part of `$all`.

    It is created from the beginning where it is missing; one that is there
    stays as it is.
    """

    client: Any
    name: str
    stream: str | None = None
    """None: `$all`."""
    patterns: Sequence[str] = ()
    """Regular expressions for whole stream names, of `$all`; none: everything
    but system events."""
    strategy: str = "RoundRobin"
    message_timeout: float = 30.0
    retries: int = 10

    @property
    def title(self) -> str:
        """`stream::group`, as the server calls it."""
        return f"{self.stream or '$all'}::{self.name}"

    def ensure(self) -> bool:
        """Creates the group unless it is there; whether it was created."""
        from esnb._client import AlreadyExists

        options: dict[str, Any] = {
            "consumer_strategy": self.strategy,
            "message_timeout": self.message_timeout,
            "max_retry_count": self.retries,
            "max_subscriber_count": MOST_CONSUMERS,
        }
        try:
            if self.stream is not None:
                self.client.create_subscription_to_stream(
                    self.name, self.stream, resolve_links=True, **options
                )
            else:
                if self.patterns:
                    options |= {"filter_include": self.patterns, "filter_by_stream_name": True}
                self.client.create_subscription_to_all(self.name, **options)
        except AlreadyExists:
            return False
        return True

    def read(self, buffer: int, on_gone: Any) -> Any:
        """The client's subscription: its events, with `ack()`, `nack()` and `stop()`.

        The server sends up to `buffer` events before they are acknowledged.
        Links whose target is gone are acknowledged, and told to `on_gone`.
        """
        options = {"event_buffer_size": buffer, "max_ack_delay": ACK_DELAY}
        if self.stream is not None:
            found = self.client.read_subscription_to_stream(self.name, self.stream, **options)
        else:
            found = self.client.read_subscription_to_all(self.name, **options)
        return watch_gone(found, on_gone)

    def head(self) -> int | None:
        """The last event's place (of `$all`: its commit position; of a stream: its revision).

        None where there is no event. The place of a link counts, not its target's.
        """
        options: dict[str, Any] = {"backwards": True, "limit": 1}
        if self.stream is not None:
            from esnb._client import NotFound

            events = self.client.read_stream(self.stream, **options)
            try:
                return next((event.stream_position for event in events), None)
            except NotFound:
                return None
        if self.patterns:
            options |= {"filter_include": self.patterns, "filter_by_stream_name": True}
        events = self.client.read_all(**options)
        return next((event.commit_position for event in events), None)

    def info(self) -> Any:
        """The client's `SubscriptionInfo`; None where there is no such group.

        Raises OperationalError for a user who may not ask, and may consume all the same.
        """
        from esnb._client import NotFound
        from esnb.clients.refusal import REFUSED
        from esnb.clients.status import status_of
        from esnb.eventstoredb.errors import translate

        try:
            return self.client.get_subscription_info(self.name, self.stream)
        except NotFound:
            return None
        except Exception as error:
            if status_of(error) not in REFUSED:
                raise
            uri = guarded(self.client.connection_spec.uri)
            raise translate(error, f"looking at group {self.title!r}", uri) from error

    def told(self, error: Exception) -> Exception:
        """`error`; where it is the client's word for a server that is away, the library's."""
        from esnb.eventstoredb.errors import is_transient, translate

        if not is_transient(error):
            return error
        uri = guarded(self.client.connection_spec.uri)
        return translate(error, f"consuming group {self.title!r}", uri)

    def replay_parked(self) -> None:
        """Has the server deliver its parked events again; a group that is missing has none."""
        from esnb._client import NotFound

        try:
            self.client.replay_parked_events(self.name, self.stream)
        except NotFound:
            return
        except Exception as error:
            told = self.told(error)
            if told is error:
                raise
            raise told from error
