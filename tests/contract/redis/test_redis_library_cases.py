"""The library's own test cases over Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import uuid4

import eventsourcing.tests.persistence as cases
import eventsourcing.tests.projection as projection_cases
import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    NotSupportedError,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.utils import Environment

from esnb.redis import (
    RedisFactory,
    RedisSnapshotRecorder,
    RedisTrackingRecorder,
    RedisView,
)
from tests.contract.eventcounters_redis import RedisEventCounters
from tests.redis_server import RedisServer


class Redis:
    """Gives the library's test cases, which take no fixtures, their environment."""

    env: Any

    @pytest.fixture(autouse=True)
    def _environment(self, redis_server: RedisServer, client: object) -> None:
        type(self).env = Environment(
            f"case{uuid4().hex}",
            {"PERSISTENCE_MODULE": "esnb.redis", "REDIS_URL": redis_server.url},
        )


class TestRedisTracking(Redis, cases.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return InfrastructureFactory.construct(self.env).tracking_recorder()


class TestRedisEventCounters(Redis, projection_cases.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> projection_cases.EventCountersView:
        factory = InfrastructureFactory[RedisEventCounters].construct(self.env)
        return factory.tracking_recorder(RedisEventCounters)


class OnceOnly(AggregateRecorder):
    """A snapshot recorder as the test case for event recorders wants one.

    Snapshots differ from events by nature in two points: the same version is
    replaced, where the case expects a conflict; and what is read back says
    more than what was stored, where the case compares for equality.
    """

    def __init__(self, snapshots: AggregateRecorder) -> None:
        self._snapshots = snapshots

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        new = {(event.originator_id, event.originator_version) for event in stored_events}
        for identity, version in new:
            if self._snapshots.select_events(identity, gt=version - 1, lte=version):
                raise IntegrityError
        if len(new) < len(stored_events):
            raise IntegrityError
        return self._snapshots.insert_events(stored_events, **kwargs)

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        return [
            StoredEvent(*(getattr(snapshot, field.name) for field in fields(StoredEvent)))
            for snapshot in self._snapshots.select_events(*args, **kwargs)
        ]


class TestRedisSnapshots(Redis, cases.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        factory = InfrastructureFactory.construct(self.env)
        return OnceOnly(factory.aggregate_recorder(purpose="snapshots"))


class TestRedisProjection(Redis, projection_cases.AggregateEventCountersProjectionTestCase):
    """The library's runner over an in-memory application, its view in Redis."""

    view_class = RedisEventCounters

    @pytest.fixture(autouse=True)
    def _projection_environment(self, redis_server: RedisServer, client: object) -> None:
        # The variable with the projection's name leaves the application alone.
        type(self).env = {
            "EVENTCOUNTERS_PERSISTENCE_MODULE": "esnb.redis",
            "REDIS_URL": redis_server.url,
        }


class View(RedisView):
    pass


class TestRedisFactoryCase(Redis, cases.InfrastructureFactoryTestCase[RedisFactory]):
    def expected_factory_class(self) -> type[RedisFactory]:
        return RedisFactory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return RedisSnapshotRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        raise NotImplementedError

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return RedisTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return View

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        raise NotImplementedError

    # Redis holds snapshots, checkpoints and views, not events: three of the
    # case's recorders do not exist, and asking for them says so.

    def test_create_aggregate_recorder(self) -> None:
        recorder = self.factory.aggregate_recorder(purpose="snapshots")
        assert type(recorder) is self.expected_aggregate_recorder_class()
        with pytest.raises(NotSupportedError, match=r"esnb\.eventstoredb"):
            self.factory.aggregate_recorder()

    def test_create_application_recorder(self) -> None:
        with pytest.raises(NotSupportedError, match=r"esnb\.eventstoredb"):
            self.factory.application_recorder()

    def test_create_process_recorder(self) -> None:
        with pytest.raises(NotSupportedError, match=r"esnb\.eventstoredb"):
            self.factory.process_recorder()
