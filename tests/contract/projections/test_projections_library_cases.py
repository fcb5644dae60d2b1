"""The library's own test cases of projections, run by esnb's runner."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import eventsourcing.tests.projection as cases
import pytest
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.sqlite import SQLiteTrackingRecorder

from esnb.projections import CatchUpRunner
from esnb.redis import RedisTrackingRecorder
from tests.contract.eventcounters_redis import RedisEventCounters


class PatientRunner(CatchUpRunner[Any, Any]):
    """Gives its failure more than the cases' five seconds."""

    def run_forever(self, timeout: float | None = None) -> None:
        super().run_forever(None if timeout is None else max(timeout, 60))


@pytest.fixture(autouse=True)
def _esnb_runs_them(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "ProjectionRunner", PatientRunner)
    if request.node.name == "test_event_counters_projection":
        # The others await that it does not come about: they keep the library's second.
        for recorder in (TrackingRecorder, RedisTrackingRecorder):
            monkeypatch.setattr(recorder.wait, "__defaults__", (60.0, None))


class POPOEventCounters(POPOTrackingRecorder, cases.EventCountersView):
    def __init__(self) -> None:
        super().__init__()
        self._counts = {"created": 0, "subsequent": 0}

    def get_created_event_counter(self) -> int:
        return self._counts["created"]

    def get_subsequent_event_counter(self) -> int:
        return self._counts["subsequent"]

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _increment(self, name: str, tracking: Tracking) -> None:
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self._counts[name] += 1


class SQLiteEventCounters(SQLiteTrackingRecorder, cases.EventCountersView):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER)"
        )

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _count(self, name: str) -> int:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT value FROM counters WHERE name = ?", (name,))
            row = cursor.fetchone()
            return int(row["value"]) if row else 0

    def _increment(self, name: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO counters VALUES (?, 1) "
                "ON CONFLICT (name) DO UPDATE SET value = value + 1",
                (name,),
            )


class TestOverPOPO(cases.AggregateEventCountersProjectionTestCase):
    view_class = POPOEventCounters


class TestOverSQLite(cases.AggregateEventCountersProjectionTestCase):
    """Which the library's own runner cannot follow: its recorder has no subscriptions."""

    view_class = SQLiteEventCounters

    @pytest.fixture(autouse=True)
    def _in_a_file(self, tmp_path: Path) -> None:
        type(self).env = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(tmp_path / "counters.db"),
        }


class TestOverPOPOIntoRedis(cases.AggregateEventCountersProjectionTestCase):
    view_class = RedisEventCounters

    @pytest.fixture(autouse=True)
    def _with_redis(self, stores_env: dict[str, str]) -> None:
        type(self).env = {
            "EVENTCOUNTERS_PERSISTENCE_MODULE": "esnb.redis",
            "REDIS_URL": stores_env["REDIS_URL"],
            "REDIS_KEY_PREFIX": f"case{uuid4().hex}",
        }


class TestOverEventStoreDBIntoRedis(cases.AggregateEventCountersProjectionTestCase):
    view_class = RedisEventCounters

    @pytest.fixture(autouse=True)
    def _with_both(self, stores_env: dict[str, str]) -> None:
        case = f"Case{uuid4().hex[:12]}"
        type(self).env = {
            **stores_env,
            "EVENTSTOREDB_STREAM_PREFIX": case,
            "REDIS_KEY_PREFIX": case,
        }
