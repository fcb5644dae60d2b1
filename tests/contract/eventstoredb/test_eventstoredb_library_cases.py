"""The library's own test cases for extension authors, run over EventStoreDB.

Most of them store versions from 0, hence EVENTSTOREDB_FIRST_VERSION=0. Each
test has an application, and so a category, of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import (
    IntegrityError,
    NotSupportedError,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.projection import BaseProjectionRunner
from eventsourcing.tests import application as application_cases
from eventsourcing.tests import persistence as persistence_cases
from eventsourcing.tests import projection as projection_cases
from eventsourcing.utils import Environment

from esnb.eventstoredb import (
    EventStoreDBAggregateRecorder,
    EventStoreDBApplicationRecorder,
    EventStoreDBFactory,
    StreamNotification,
)
from esnb.redis import RedisTrackingRecorder, RedisView
from tests.contract.eventcounters_redis import RedisEventCounters


class OnEventStoreDB:
    """Gives a test case an application of its own on the module's server."""

    first_version = "0"

    @pytest.fixture(autouse=True)
    def _environment(
        self, server_uri: str, redis_url: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        self.settings = {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": server_uri,
            "EVENTSTOREDB_STREAM_PREFIX": name,
            "EVENTSTOREDB_FIRST_VERSION": self.first_version,
            "REDIS_URL": redis_url,
            "REDIS_KEY_PREFIX": name,
        }
        for variable, value in self.settings.items():
            monkeypatch.setenv(variable, value)
        self.env: Any = Environment("Shop", self.settings)
        self.a_factory = EventStoreDBFactory(self.env)
        yield
        self.a_factory.close()


class TestAggregateRecorder(OnEventStoreDB, persistence_cases.AggregateRecorderTestCase):
    INITIAL_VERSION = 0

    def create_recorder(self) -> EventStoreDBAggregateRecorder:
        recorder = self.a_factory.aggregate_recorder()
        assert isinstance(recorder, EventStoreDBAggregateRecorder)
        return recorder


class TestAggregateRecorderWithTextIds(TestAggregateRecorder):
    @pytest.fixture(autouse=True)
    def _text(self, _environment: None) -> None:
        self.a_factory = EventStoreDBFactory({**self.settings, "ORIGINATOR_ID_TYPE": "text"})

    def new_originator_id(self) -> str:
        return f"account-{uuid4()}"


class NumberingRecorder(EventStoreDBApplicationRecorder):
    """Numbers the application's events 1, 2, 3 … instead of by their positions.

    The case for application recorders compares ids with literal numbers, which
    commit positions are not. Everything else of it runs as it is.
    """

    def _positions(self) -> list[int]:
        return [each.id for each in super().select_notifications(None, 1_000_000)]

    def insert_events(self, stored_events: Sequence[Any], **kwargs: Any) -> Sequence[int]:
        inserted = super().insert_events(stored_events, **kwargs)
        positions = self._positions()
        return [positions.index(each) + 1 for each in inserted]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[StreamNotification]:
        positions = self._positions()
        selected = super().select_notifications(
            None if start is None else positions[start - 1],
            limit,
            None if stop is None else positions[stop - 1],
            topics,
            inclusive_of_start=inclusive_of_start,
        )
        return [
            StreamNotification(**{**vars(each), "id": positions.index(each.id) + 1})
            for each in selected
        ]

    def max_notification_id(self) -> int | None:
        return len(self._positions()) or None


class TestApplicationRecorder(
    OnEventStoreDB, persistence_cases.ApplicationRecorderTestCase[EventStoreDBApplicationRecorder]
):
    INITIAL_VERSION = 0
    # Commit positions have gaps.
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False
    recorder_class = EventStoreDBApplicationRecorder

    def create_recorder(self) -> EventStoreDBApplicationRecorder:
        return self.recorder_class(self.a_factory.application_recorder().category)

    def test_insert_select(self) -> None:
        # The literal ids in this case are not positions; see NumberingRecorder.
        self.recorder_class = NumberingRecorder
        super().test_insert_select()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(
    OnEventStoreDB, persistence_cases.NonInterleavingNotificationIDsBaseCase
):
    def create_recorder(self) -> EventStoreDBApplicationRecorder:
        return self.a_factory.application_recorder()


class TestInfrastructureFactory(
    OnEventStoreDB, persistence_cases.InfrastructureFactoryTestCase[EventStoreDBFactory]
):
    def expected_factory_class(self) -> type[EventStoreDBFactory]:
        return EventStoreDBFactory

    def expected_aggregate_recorder_class(self) -> type[EventStoreDBAggregateRecorder]:
        return EventStoreDBAggregateRecorder

    def expected_application_recorder_class(self) -> type[EventStoreDBApplicationRecorder]:
        return EventStoreDBApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return RedisTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return CountingView

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        raise NotImplementedError

    def test_create_process_recorder(self) -> None:
        # EventStoreDB cannot store events and a tracking record atomically.
        with pytest.raises(NotSupportedError, match=r"PERSISTENCE_MODULE=eventsourcing\.sqlite"):
            self.factory.process_recorder()


class CountingView(RedisView):
    """A view class that the factory is given, directly and by topic."""


class TestApplication(OnEventStoreDB, application_cases.ApplicationTestCase):
    first_version = "1"

    def test_save_returns_recording_event(self) -> None:
        # The case saves two aggregates at once, which EventStoreDB cannot do
        # atomically, and expects the ids 1, 2, 3, 4.
        app = Application[UUID]()
        assert app.save() == []
        assert app.save(None) == []
        (first,) = app.save(Aggregate())
        (second,) = app.save(Aggregate())
        assert 0 < first.notification.id < second.notification.id
        with pytest.raises(NotSupportedError, match="one aggregate at a time"):
            app.save(Aggregate(), Aggregate())
        assert app.recorder.max_notification_id() == second.notification.id

    def test_application_with_cached_aggregates_not_fastforward(self) -> None:
        # The case makes a copy by giving a new aggregate the id of another, and so
        # saves the events of two ids at once. Here the copy's first event is dropped.
        app = Application[UUID](
            env={"AGGREGATE_CACHE_MAXSIZE": "10", "AGGREGATE_CACHE_FASTFORWARD": "f"}
        )
        original = Aggregate()
        app.save(original)
        assert app.repository.cache is not None
        assert app.repository.cache.get(original.id) == original

        copy = Aggregate()
        copy.collect_events()
        copy._id = original.id
        copy.trigger_event(Aggregate.Event)
        app.save(copy)
        cached: Aggregate = app.repository.get(original.id)
        assert cached.version == original.version + 1

        cached.trigger_event(Aggregate.Event)
        app.events.put(cached.collect_events())
        stale: Aggregate = app.repository.get(original.id)
        stale.trigger_event(Aggregate.Event)
        with pytest.raises(IntegrityError):
            app.save(stale)


class ExampleApplication(OnEventStoreDB):
    first_version = "1"
    expected_factory_topic = "esnb.eventstoredb.factory:EventStoreDBFactory"
    snapshot_store: str

    @pytest.fixture(autouse=True)
    def _snapshots(self, _environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SNAPSHOT_STORE", self.snapshot_store)


class TestExampleApplicationRedis(ExampleApplication, application_cases.ExampleApplicationTestCase):
    snapshot_store = "redis"


class TestExampleApplicationEventStoreDB(
    ExampleApplication, application_cases.ExampleApplicationTestCase
):
    snapshot_store = "eventstoredb"


class TestExampleApplicationBoth(ExampleApplication, application_cases.ExampleApplicationTestCase):
    snapshot_store = "eventstoredb+redis"


class TestEventCountersView(OnEventStoreDB, projection_cases.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> projection_cases.EventCountersView:
        view = self.a_factory.tracking_recorder(RedisEventCounters)
        assert isinstance(view, RedisEventCounters)
        return view


class TestAggregateEventCountersProjection(
    OnEventStoreDB, projection_cases.AggregateEventCountersProjectionTestCase
):
    first_version = "1"
    view_class = RedisEventCounters


class TestEventSourcedProjection(OnEventStoreDB, projection_cases.EventSourcedProjectionTestCase):
    """An EventStoreDB application, projected by the library's SQL process recorder."""

    first_version = "1"

    @pytest.fixture(autouse=True)
    def _process_recorder(
        self, _environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The case gives no time, and the library's second is short on a loaded machine.
        monkeypatch.setattr(BaseProjectionRunner.wait, "__defaults__", (20.0,))
        monkeypatch.setenv("COUNTERS_PERSISTENCE_MODULE", "eventsourcing.sqlite")
        monkeypatch.setenv("COUNTERS_SQLITE_DBNAME", str(tmp_path / "counters.db"))
