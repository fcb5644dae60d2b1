"""A consumer group on a server: what it is over, and what is asked of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from esnb.clients.uri import guarded
from esnb.projections.persistent.errors import CategoryNotProjectedError
from esnb.projections.persistent.links import PROJECTION, Links, is_projected
from esnb.projections.persistent.unresolved_links import acknowledge_unresolved

_log = logging.getLogger(__name__)

MOST_CONSUMERS = 100
"""Of one group; the server's own default is 5."""
ACK_DELAY = 0.05
"""Seconds that an acknowledgement waits for others to go with it."""


@dataclass
class ConsumerGroup:
    """A persistent subscription, to a stream or to a part of `$all`.

    It is created from the beginning where it is missing; one that is there
    stays as it is. An application's is to the stream of its category, unless
    there is one to `$all` of the same name, as earlier versions made it.
    """

    client: Any
    name: str
    stream: str | None = None
    """None: `$all`."""
    patterns: Sequence[str] = ()
    """Regular expressions for whole stream names, of `$all`; none: everything
    but system events."""
    category: Any = None
    """Of an application that is to follow its category's stream."""
    strategy: str = "RoundRobin"
    message_timeout: float = 30.0
    retries: int = 10
    is_old: bool = False
    """Whether it was found on `$all`, where an earlier version had made it."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.links: Links | None = None
        if self.category is not None and self.stream is not None:
            self.links = Links(self.category, self.stream)

    @property
    def followed(self) -> str | None:
        """The stream that it is to; None: `$all`."""
        return None if self.is_old else self.stream

    @property
    def title(self) -> str:
        """`stream::group`, as the server calls it."""
        return f"{self.followed or '$all'}::{self.name}"

    @property
    def titles(self) -> Sequence[str]:
        """All that it may be called: an earlier version may have made it on `$all`."""
        others = () if self.category is None else (f"$all::{self.name}",)
        return (self.title, *others)

    @property
    def warning(self) -> str | None:
        """What is to be known of a group on `$all` that is still served."""
        if not self.is_old:
            return None
        return (
            f"group {self.title!r} was made by an earlier version: a real server's groups on $all "
            "lose events that nobody has taken when it restarts or has a new leader. Once all is "
            f"handled, delete that group: {self.stream}::{self.name} is then made in its place, "
            "and handles nothing twice that is remembered"
        )

    def ensure(self) -> bool:
        """Creates the group unless it is there; whether it was created.

        Raises CategoryNotProjectedError where nobody writes the links that it is to follow.
        """
        if self.category is None:
            return self._create()
        self._find()
        if not self.is_old:
            self._check_projection()
        return self._create()

    def _find(self) -> None:
        is_old = self._is_there(None) and not self._is_there(self.stream)
        with self._lock:  # several consumers look
            was_old, self.is_old = self.is_old, is_old
        if is_old and not was_old:
            _log.warning("%s", self.warning)

    def _is_there(self, stream: str | None) -> bool:
        from esnb.clients.installed import NotFound

        try:
            self.client.get_subscription_info(self.name, stream)
        except NotFound:
            return False
        return True

    def _check_projection(self) -> None:
        if is_projected(self.client) is False:
            raise CategoryNotProjectedError(
                f"group {self.title!r} follows stream {self.stream!r}, and the server does not run "
                f"the projection {PROJECTION} that fills it: start the server with "
                "--run-projections=All --start-standard-projections (embedded: system), or enable "
                "the projection; or pass stream= with another stream that has the events, or "
                "stream='$all' for a group that needs no projection, of which a real server loses "
                "events that nobody has taken"
            )

    def _create(self) -> bool:
        from esnb.clients.installed import AlreadyExists
        from esnb.clients.refusal import REFUSED
        from esnb.clients.status import status_of

        options: dict[str, Any] = {
            "consumer_strategy": self.strategy,
            "message_timeout": self.message_timeout,
            "max_retry_count": self.retries,
            "max_subscriber_count": MOST_CONSUMERS,
        }
        try:
            if self.followed is not None:
                self.client.create_subscription_to_stream(
                    self.name, self.followed, resolve_links=True, **options
                )
            else:
                if self.patterns:
                    options |= {"filter_include": self.patterns, "filter_by_stream_name": True}
                self.client.create_subscription_to_all(self.name, **options)
        except AlreadyExists:
            return False
        except Exception as error:
            # Without the right to make groups one may consume those that others have made.
            if status_of(error) not in REFUSED or not self._is_there(self.followed):
                raise
            return False
        return True

    def read(self, buffer: int, on_unresolved: Any) -> Any:
        """The client's subscription: its events, with `ack()`, `nack()` and `stop()`.

        The server sends up to `buffer` events before they are acknowledged.
        Links whose target is gone are acknowledged, and told to `on_unresolved`.
        """
        options = {"event_buffer_size": buffer, "max_ack_delay": ACK_DELAY}
        if self.followed is not None:
            found = self.client.read_subscription_to_stream(self.name, self.followed, **options)
        else:
            found = self.client.read_subscription_to_all(self.name, **options)
        return acknowledge_unresolved(found, on_unresolved)

    def head(self) -> int | None:
        """The last event's place (of `$all`: its commit position; of a stream: its revision).

        None where there is no event. The place of a link counts, not its target's.
        """
        options: dict[str, Any] = {"backwards": True, "limit": 1}
        if self.followed is not None:
            from esnb.clients.installed import NotFound

            events = self.client.read_stream(self.followed, **options)
            try:
                return next((event.stream_position for event in events), None)
            except NotFound:
                return None
        if self.patterns:
            options |= {"filter_include": self.patterns, "filter_by_stream_name": True}
        events = self.client.read_all(**options)
        return next((event.commit_position for event in events), None)

    def end(self, place: int | None) -> tuple[int | None, int | None]:
        """Up to where it is to come, and the same as the server counts for it.

        `place` or, without it, the end of what is recorded now: a notification's
        id, of `$all` a commit position, of a stream a revision. Both None where
        nothing is; the second one None while the log, or the projection that links
        an application's events, has not come so far.
        """
        if self.links is None or self.is_old:
            place = self.head() if place is None else place
            return place, place
        event = self.links.head() if place is None else self.links.up_to(place)
        if event is None:
            return place, None
        return event.commit_position if place is None else place, self.links.revision(event)

    def info(self) -> Any:
        """The client's `SubscriptionInfo`; None where there is no such group.

        Raises OperationalError for a user who may not ask, and may consume all the same.
        """
        from esnb.clients.errors import translate
        from esnb.clients.installed import NotFound
        from esnb.clients.refusal import REFUSED
        from esnb.clients.status import status_of

        try:
            return self.client.get_subscription_info(self.name, self.followed)
        except NotFound:
            return None
        except Exception as error:
            if status_of(error) not in REFUSED:
                raise
            uri = guarded(self.client.connection_spec.uri)
            raise translate(error, f"looking at group {self.title!r}", uri) from error

    def told(self, error: Exception) -> Exception:
        """`error`; where it is the client's word for a server that is away, the library's."""
        from esnb.clients.errors import is_transient, translate

        if not is_transient(error):
            return error
        uri = guarded(self.client.connection_spec.uri)
        return translate(error, f"consuming group {self.title!r}", uri)

    def replay_parked(self) -> None:
        """Has the server deliver its parked events again; a group that is missing has none."""
        from esnb.clients.installed import NotFound

        try:
            self.client.replay_parked_events(self.name, self.followed)
        except NotFound:
            return
        except Exception as error:
            told = self.told(error)
            if told is error:
                raise
            raise told from error
