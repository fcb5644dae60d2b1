"""Spans and metrics of runners, as OpenTelemetry's own exporters in memory get them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import esnb
from esnb.outbox import BullMQPublisher, Outbox, Worker
from esnb.projections import Backoff, CatchUpRunner, PersistentRunner
from esnb.running.telemetry import _instruments, _watched
from tests.domain.bank import Bank, Deposits, Sums
from tests.persistent_groups import Groups, Seen

pytestmark = pytest.mark.extras


class Exported:
    """What was told, with an SDK of this module's own."""

    def __init__(self) -> None:
        from opentelemetry import metrics, trace
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self._spans))
        trace.set_tracer_provider(traces)
        metrics.set_meter_provider(MeterProvider([self._reader]))
        _instruments.cache_clear()

    def spans(self, name: str) -> list[Any]:
        return [span for span in self._spans.get_finished_spans() if span.name == name]

    def clear(self) -> None:
        self._spans.clear()

    def points(self, name: str) -> dict[str, Any]:
        """The points of one metric, by projection or group."""
        data: Any = self._reader.get_metrics_data()
        return {
            str(point.attributes.get("esnb.projection") or point.attributes["esnb.group"]): point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }


@pytest.fixture(scope="module")
def sdk() -> Exported:
    return Exported()


@pytest.fixture
def exported(sdk: Exported) -> Exported:
    """It, without what earlier tests of this process have left behind."""
    sdk.clear()
    _watched.clear()
    return sdk


def test_a_catch_up_runner_tells_of_batches_and_its_status(exported: Exported) -> None:
    class Telling(Deposits):
        name = "telling"

    app = Bank()
    app.deposit(app.open(), *range(9))
    with CatchUpRunner(app, Telling, Sums, batch_size=4) as runner:
        runner.wait()
        lag, position = exported.points("esnb.lag"), exported.points("esnb.position")
    attributes = [dict(span.attributes) for span in exported.spans("esnb.apply")]
    assert sum(each["esnb.events"] for each in attributes) == 10
    assert attributes[0] == {
        "esnb.projection": "telling",
        "esnb.application": "Bank",
        "esnb.events": 4,
        "esnb.first_id": 1,
        "esnb.last_id": 4,
    }
    assert (lag["telling"].value, position["telling"].value) == (0, 10)
    assert exported.points("esnb.events")["telling"].value == 10
    assert exported.points("esnb.duration")["telling"].count == len(attributes)
    # One that has stopped has no lag to watch, and its stores are not asked.
    assert "telling" not in exported.points("esnb.lag")
    assert runner not in _watched


def test_a_failing_handler_is_an_error_of_its_span(exported: Exported) -> None:
    class Failing(Deposits):
        name = "failing"

        def process_event(self, domain_event: Any, tracking: Any) -> None:
            raise ValueError("unlucky")

    app = Bank()
    app.deposit(app.open(), 1)
    runner = CatchUpRunner(app, Failing, Sums).start()
    with pytest.raises(ValueError, match="unlucky"):
        runner.wait()
    runner.stop()
    (span,) = exported.spans("esnb.apply")
    assert not span.status.is_ok
    assert span.events[0].name == "exception"
    assert "failing" not in exported.points("esnb.events")


def test_a_runner_that_cannot_be_asked_does_not_silence_the_others(exported: Exported) -> None:
    class Broken(CatchUpRunner[Any, Any]):
        def status(self) -> Any:
            raise LookupError("no status")

    class Asked(Deposits):
        name = "asked"

    with Broken(Bank(), Deposits, Sums), CatchUpRunner(Bank(), Asked, Sums) as runner:
        runner.app.deposit(runner.app.open(), 1)
        runner.wait()
        # Whatever else runs in this process has points of its own.
        points = exported.points("esnb.position")
    assert points["asked"].value == 2
    assert "deposits" not in points


def test_consumers_tell_of_each_event(exported: Exported) -> None:
    groups = Groups()
    first = groups.append(1)
    groups.append(2)
    seen = Seen()
    quick = Backoff(0.001, 0.002)
    with PersistentRunner(groups, "billing", seen, remember=0, backoff=quick):
        seen.wait(2)
    spans = exported.spans("esnb.handle")
    assert dict(spans[0].attributes) == {
        "esnb.group": "$all::billing",
        "esnb.events": 1,
        "esnb.event_id": str(first.id),
        "esnb.event_type": "Placed",
        "esnb.stream": "orders-1",
    }
    assert exported.points("esnb.events")["$all::billing"].value == 2


def test_without_opentelemetry_runners_run_as_well() -> None:
    """In an interpreter that cannot import it."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['opentelemetry'] = None\n"
            "from esnb.projections import CatchUpRunner\n"
            "from tests.domain.bank import Bank, Deposits, Sums\n"
            "app = Bank(); app.deposit(app.open(), 1, 2)\n"
            "with CatchUpRunner(app, Deposits, Sums) as runner: runner.wait()\n"
            "print(runner.view.seen())",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("[1, 2]\n", 0), done.stderr


def test_publishers_and_workers_tell_of_their_status(exported: Exported) -> None:
    with esnb.connect(embedded=True) as stores:
        app = Bank()
        app.open()
        outbox = Outbox(stores, app, name="told")
        with outbox, BullMQPublisher(outbox, lambda _: "mails") as publisher:
            worker = Worker(stores, "mails", lambda job: None)
            with worker:
                publisher.wait(timeout=60)
                assert exported.points("esnb.lag")["told → BullMQ"].value == 0
                restarts = exported.points("esnb.restarts")
                assert (restarts["told → BullMQ"].value, restarts["mails"].value) == (0, 0)
            assert worker not in _watched
