"""Persistent subscriptions in memory, behind the client's own methods.

For tests of consumers without a server. What it does is what PROTOCOL facts
say of the server: an event is in flight with one consumer until it is
acknowledged; what a consumer leaves behind goes to others.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from esnb.clients.installed import AlreadyExists, NotFound, RecordedEvent, ServiceUnavailable
from esnb.projections import Backoff
from tests.waiting import DEADLINE

QUICK = Backoff(0.001, 0.002, lambda: 0.0)


class Seen:
    """A handler that notes what it is given, and that tests wait on."""

    def __init__(self, before: Callable[[Any, Any], object] = lambda event, recorded: None) -> None:
        self.before = before
        self.all: list[Any] = []
        self.changed = threading.Condition()

    def __call__(self, event: Any, recorded: Any) -> None:
        self.before(event, recorded)
        with self.changed:
            self.all.append(event)
            self.changed.notify_all()

    def wait(self, number: int) -> list[Any]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.all) >= number, DEADLINE), self.all
            return list(self.all)

    def wait_for(self, event: Any) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: event in self.all, DEADLINE), self.all


@dataclass
class _Group:
    options: dict[str, Any]
    read: int = 0
    """Events of the log that the group has taken up."""
    queue: deque[Any] = field(default_factory=deque)
    in_flight: dict[UUID, tuple[Any, Subscription]] = field(default_factory=dict)
    parked: list[Any] = field(default_factory=list)
    acknowledged: list[UUID] = field(default_factory=list)


class Groups:
    """Stands for a client; `log` gives the events that there are."""

    def __init__(self, log: Callable[[dict[str, Any]], Sequence[Any]] | None = None) -> None:
        self.changed = threading.Condition()
        self.groups: dict[tuple[str | None, str], _Group] = {}
        self.subscriptions: list[Subscription] = []
        self.is_down = False
        self.connection_spec = SimpleNamespace(uri="esdb://db.example:2113")
        self._events: list[Any] = []
        self._log = log or (lambda options: self._events)

    # --- the log --------------------------------------------------------------------

    def append(self, data: Any, stream: str = "orders-1", kind: str = "Placed") -> Any:
        recorded = RecordedEvent(
            type=kind,
            data=json.dumps(data).encode(),
            metadata=b"",
            content_type="application/json",
            id=uuid4(),
            stream_name=stream,
            stream_position=len(self._events),
            commit_position=100 * len(self._events) + 100,
            prepare_position=100 * len(self._events) + 100,
        )
        with self.changed:
            self._events.append(recorded)
            self.changed.notify_all()
        return recorded

    # --- the client's methods -------------------------------------------------------

    def create_subscription_to_all(self, group_name: str, **options: Any) -> None:
        self.create_subscription_to_stream(group_name, None, **options)

    def create_subscription_to_stream(
        self, group_name: str, stream_name: str | None, **options: Any
    ) -> None:
        self._check()
        with self.changed:
            if (stream_name, group_name) in self.groups:
                raise AlreadyExists
            self.groups[stream_name, group_name] = _Group(options)

    def read_subscription_to_all(self, group_name: str, **options: Any) -> Subscription:
        return self.read_subscription_to_stream(group_name, None, **options)

    def read_subscription_to_stream(
        self, group_name: str, stream_name: str | None, **options: Any
    ) -> Subscription:
        self._check()
        subscription = Subscription(self, self.group(group_name, stream_name), options)
        with self.changed:
            self.subscriptions.append(subscription)
            self.changed.notify_all()
        return subscription

    def get_subscription_info(self, group_name: str, stream_name: str | None = None) -> Any:
        self._check()
        if (stream_name, group_name) not in self.groups:
            raise NotFound
        group = self.group(group_name, stream_name)
        with self.changed:
            self.fill(group)
            return SimpleNamespace(
                status="Live",
                read_buffer_count=len(group.queue),
                live_buffer_count=group.read,
                retry_buffer_count=0,
                total_in_flight_messages=len(group.in_flight),
                parked_message_count=len(group.parked),
            )

    def replay_parked_events(self, group_name: str, stream_name: str | None = None) -> None:
        self._check()
        if (stream_name, group_name) not in self.groups:
            raise NotFound
        group = self.group(group_name, stream_name)
        with self.changed:
            # Behind a link of its own, by which it is acknowledged.
            group.queue.extend(
                replace(event, link=replace(event, id=uuid4())) for event in group.parked
            )
            group.parked.clear()
            self.changed.notify_all()

    # --- what tests do to it ---------------------------------------------------------

    def group(self, group_name: str, stream_name: str | None = None) -> _Group:
        return self.groups[stream_name, group_name]

    def cut(self, error: BaseException | None = None) -> None:
        """Ends every connection, with an error or as if there were no more events."""
        with self.changed:
            for subscription in self.subscriptions:
                subscription.cut(error)
            self.subscriptions.clear()
            self.changed.notify_all()

    def deliver_again(self, group: _Group, event_id: UUID) -> None:
        """As when a consumer has not answered in time."""
        with self.changed:
            event, _ = group.in_flight.pop(event_id)
            group.queue.appendleft(event)
            self.changed.notify_all()

    # --- inside ------------------------------------------------------------------------

    def _check(self) -> None:
        if self.is_down:
            raise ServiceUnavailable("the server is away")

    def fill(self, group: _Group) -> None:
        events = self._log(group.options)
        group.queue.extend(events[group.read :])
        group.read = len(events)


class Subscription:
    """One consumer's connection."""

    def __init__(self, groups: Groups, group: _Group, options: dict[str, Any]) -> None:
        self._groups = groups
        self._group = group
        self._buffer = options["event_buffer_size"]
        self._is_cut = self.is_stopped = False
        self._error: BaseException | None = None

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Any:
        group = self._group
        with self._groups.changed:
            self._groups.changed.wait_for(lambda: self._is_cut or self._has_event())
            if self._is_cut:
                if self._error is not None:
                    raise self._error
                raise StopIteration
            event = group.queue.popleft()
            group.in_flight[event.ack_id] = event, self
            self._groups.changed.notify_all()
            return event

    def _has_event(self) -> bool:
        self._groups.fill(self._group)
        mine = sum(owner is self for _, owner in self._group.in_flight.values())
        return bool(self._group.queue) and mine < self._buffer

    def ack(self, event: Any) -> None:
        self._settle(event, lambda found: self._group.acknowledged.append(found.id))

    def nack(self, event: Any, action: str) -> None:
        target = {"park": self._group.parked, "retry": self._group.queue}[action]
        self._settle(event, target.append)

    def _settle(self, event: Any, settle: Callable[[Any], None]) -> None:
        with self._groups.changed:
            if not self._is_cut and event.ack_id in self._group.in_flight:
                found, _ = self._group.in_flight.pop(event.ack_id)
                settle(found)
                self._groups.changed.notify_all()

    def stop(self) -> None:
        with self._groups.changed:
            self.is_stopped = True
            self.cut(None)

    def cut(self, error: BaseException | None) -> None:
        if not self._is_cut:
            self._is_cut, self._error = True, error
            for key, (event, owner) in list(self._group.in_flight.items()):
                if owner is self:
                    del self._group.in_flight[key]
                    self._group.queue.append(event)
            self._groups.changed.notify_all()
