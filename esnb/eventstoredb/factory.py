"""EventStoreDB as a persistence module of the `eventsourcing` library."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NoReturn

from eventsourcing.persistence import (
    AggregateRecorder,
    EventStore,
    InfrastructureFactory,
    InfrastructureFactoryError,
    Mapper,
    NotSupportedError,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic

from esnb.clients.uri import guard
from esnb.eventstoredb import settings
from esnb.eventstoredb.category import Category
from esnb.eventstoredb.connection import Address, Lease
from esnb.eventstoredb.event_store import AggregateEventStore
from esnb.eventstoredb.naming import StreamNaming, application_prefix
from esnb.eventstoredb.recorders import (
    NO_TRACKING,
    EventStoreDBAggregateRecorder,
    EventStoreDBApplicationRecorder,
)
from esnb.eventstoredb.revisions import VersionMap
from esnb.eventstoredb.snapshot_stores import SNAPSHOT_STORES
from esnb.eventstoredb.snapshots import EventStoreDBSnapshotRecorder
from esnb.snapshotting.store import SnapshotStore
from esnb.snapshotting.stored import SnapshotRecorder

_REDIS_MODULE = "esnb.redis"
"""Reached by topic: the two adapters do not import each other."""


class EventStoreDBFactory(InfrastructureFactory[TrackingRecorder]):
    """Events in EventStoreDB, snapshots there or in Redis, views as they build themselves.

    `PERSISTENCE_MODULE=esnb.eventstoredb`. Raises InfrastructureFactoryError
    for a variable that is missing or has a value that it cannot have. The
    server is contacted by the first recorder that needs it; recorders keep
    their hold on the shared connection beyond the factory's life.

    >>> factory = EventStoreDBFactory({"EVENTSTOREDB_URI": "esdb://localhost:2113?Tls=false"})
    >>> factory.settings.first_version, factory.settings.snapshot_store
    (1, 'eventstoredb')
    """

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        del env  # it may be shown in a traceback
        guard(self.env)
        self.settings = settings.read(self.env)
        self._address = Address(self.settings.uri, self.settings.root_certificates)
        self._leases: list[Lease] = []
        self._redis: InfrastructureFactory[Any] | None = None
        self._events: AggregateEventStore | None = None

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """A recorder of events; with `purpose="snapshots"` the store that SNAPSHOT_STORE names."""
        if purpose != "snapshots":
            return self._events_recorder()
        return SNAPSHOT_STORES[self.settings.snapshot_store].recorder(self)

    def eventstoredb_snapshots(self) -> EventStoreDBSnapshotRecorder:
        """Snapshots in streams beside the events."""
        return EventStoreDBSnapshotRecorder(
            self._lease(),
            application=self.settings.application,
            naming=self._naming,
            keep=self.settings.snapshot_keep,
        )

    def redis_snapshots(self) -> SnapshotRecorder:
        """Snapshots in Redis."""
        recorder = self._redis_factory.aggregate_recorder("snapshots")
        assert isinstance(recorder, SnapshotRecorder)
        return recorder

    def application_recorder(self) -> EventStoreDBApplicationRecorder:
        """A recorder of the application's events, or a subclass that APPLICATION_RECORDER_TOPIC names."""
        topic = self.env.get(self.APPLICATION_RECORDER_TOPIC)
        recorder_class = resolve_topic(topic) if topic else EventStoreDBApplicationRecorder
        recorder = recorder_class(self._category())
        assert isinstance(recorder, EventStoreDBApplicationRecorder)
        return recorder

    def event_store(
        self, mapper: Mapper[Any] | None = None, recorder: AggregateRecorder | None = None
    ) -> EventStore[Any]:
        """An event store; for a recorder of snapshots one that checks what it hands out."""
        mapper = mapper or self.mapper()
        if recorder is not None and isinstance(recorder, SnapshotRecorder):
            events = self._events or AggregateEventStore(mapper, self._events_recorder())
            return SnapshotStore(mapper, recorder, self.settings.application, events)
        if recorder is None or isinstance(recorder, EventStoreDBAggregateRecorder):
            # Known to the snapshots' store, which is made after it.
            self._events = AggregateEventStore(mapper, recorder or self.application_recorder())
            return self._events
        return super().event_store(mapper, recorder)

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        """The view of the given class, which builds itself; without a class, Redis's recorder."""
        if tracking_recorder_class is None:
            topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
            if not topic:
                default: TrackingRecorder = self._redis_factory.tracking_recorder()
                return default
            tracking_recorder_class = resolve_topic(topic)
        construct = getattr(tracking_recorder_class, "construct", None)
        if construct is None:
            variable = self.env.create_keys(self.PERSISTENCE_MODULE)[0]
            raise InfrastructureFactoryError(
                f"{tracking_recorder_class!r} cannot build itself from the environment: subclass "
                f"esnb.redis.RedisView, or set {variable} to the persistence module of its store"
            )
        recorder = construct(self.env)
        assert isinstance(recorder, TrackingRecorder)
        return recorder

    def process_recorder(self) -> NoReturn:
        """Raises NotSupportedError, which names the ways out."""
        raise NotSupportedError(NO_TRACKING)

    def close(self) -> None:
        """Returns the shared connection; its last user closes it."""
        leases, self._leases = self._leases, []
        for lease in leases:
            lease.release()
        redis, self._redis = self._redis, None
        if redis is not None:
            redis.close()
            self.__dict__.pop("_redis_factory", None)

    def _events_recorder(self) -> EventStoreDBAggregateRecorder:
        return EventStoreDBAggregateRecorder(self._category())

    def _category(self) -> Category:
        return Category(
            self._lease(),
            application=self.settings.application,
            naming=self._naming,
            versions=VersionMap(self.settings.first_version),
        )

    def _lease(self) -> Lease:
        lease = Lease(self._address)
        self._leases.append(lease)
        return lease

    @cached_property
    def _naming(self) -> StreamNaming:
        # Not at construction: a projection's view has a factory too, and any name.
        prefix = application_prefix(self.settings.application, self.settings.stream_prefix)
        return StreamNaming(prefix, self.settings.originator_id_type)

    @cached_property
    def _redis_factory(self) -> InfrastructureFactory[Any]:
        env = Environment(self.env.name, {**self.env, self.PERSISTENCE_MODULE: _REDIS_MODULE})
        for key in self.env.create_keys(self.PERSISTENCE_MODULE):
            env[key] = _REDIS_MODULE
        self._redis = InfrastructureFactory.construct(env)
        return self._redis
