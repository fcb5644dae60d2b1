"""Redis as a persistence module of the `eventsourcing` library."""

from __future__ import annotations

from typing import NoReturn

from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    NotSupportedError,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic

from esnb.adapters.settings import originator_id_type, snapshot_keep, snapshot_ttl
from esnb.adapters.stream_prefix import stream_prefix
from esnb.clients.uri import guard
from esnb.redis.connection import connection, redis_url
from esnb.redis.namespace import key_prefix
from esnb.redis.snapshots import RedisSnapshotRecorder
from esnb.redis.tracking import RedisTrackingRecorder


class RedisFactory(InfrastructureFactory[TrackingRecorder]):
    """Snapshots, checkpoints and read models in Redis.

    `PERSISTENCE_MODULE=esnb.redis`, as a rule for one projection
    (`<PROJECTION>_PERSISTENCE_MODULE`), beside any event store. Events
    themselves it does not store: those recorders raise NotSupportedError.
    Nothing is to be closed here: the shared client closes its sockets when
    its last recorder is gone.
    """

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        guard(self.env)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """A recorder of snapshots (`purpose="snapshots"`)."""
        if purpose != "snapshots":
            self._refuse("aggregate events")
        return RedisSnapshotRecorder(
            connection(redis_url(self.env)),
            prefix=key_prefix(self.env),
            application_name=self.env.name,
            stream_prefix=stream_prefix(self.env, self.env.name),
            keep=snapshot_keep(self.env),
            ttl=snapshot_ttl(self.env),
            id_type=originator_id_type(self.env),
        )

    def application_recorder(self) -> NoReturn:
        self._refuse("application events")

    def process_recorder(self) -> NoReturn:
        self._refuse("events together with checkpoints")

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        """The view or recorder of the given class, which builds itself.

        Without a class: the one that `TRACKING_RECORDER_TOPIC` names, else a
        `RedisTrackingRecorder`. Raises TypeError for a class of another store.
        """
        if tracking_recorder_class is None:
            topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
            tracking_recorder_class = resolve_topic(topic) if topic else RedisTrackingRecorder
        construct = getattr(tracking_recorder_class, "construct", None)
        if construct is None:
            raise TypeError(
                f"{tracking_recorder_class!r} cannot build itself in Redis: subclass "
                "esnb.redis.RedisView (or give the class a construct(env))"
            )
        recorder = construct(self.env)
        assert isinstance(recorder, TrackingRecorder)
        return recorder

    def _refuse(self, what: str) -> NoReturn:
        raise NotSupportedError(
            f"esnb.redis does not store {what}: set PERSISTENCE_MODULE=esnb.eventstoredb (or "
            "another event store of the library) for the application, and use esnb.redis for "
            "its projections and snapshots"
        )
