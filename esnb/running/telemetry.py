"""OpenTelemetry spans and metrics of runners, where `opentelemetry-api` is installed.

Part of the extra `esnb[telemetry]`. Where it is missing nothing is measured;
where there is no SDK, its API does nothing. Nothing of an event's data is
ever part of a span.

Spans: `esnb.apply` for each batch of a `CatchUpRunner` (attributes
`esnb.projection`, `esnb.application`, `esnb.events`, `esnb.first_id`,
`esnb.last_id`), `esnb.handle` for each event of a `PersistentRunner`
(`esnb.group`, `esnb.event_id`, `esnb.event_type`,
`esnb.stream`). Metrics, with these names: counter
`esnb.events`, histogram `esnb.duration` (seconds), and of every running
runner's `status()` the gauges `esnb.position`, `esnb.lag` (events) and the
counter `esnb.restarts`.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any, Protocol

from esnb.clients.uri import masked_error

_NAME = "esnb"
_log = logging.getLogger(__name__)
_watched: weakref.WeakSet[Any] = weakref.WeakSet()


@dataclass
class WorkSpan:
    """What is worked on in a block."""

    events: int
    """How many events; set it lower where not all of them were."""


class Telemetry(Protocol):
    """What a runner tells of its work."""

    def work(self, events: int, **attributes: object) -> AbstractContextManager[WorkSpan]:
        """The block in which so many events are worked on."""


class _Silent:
    def work(self, events: int, **attributes: object) -> AbstractContextManager[WorkSpan]:
        return nullcontext(WorkSpan(events))


class _Told:
    def __init__(self, span: str, attributes: dict[str, str]) -> None:
        self._span = span
        self._attributes = attributes

    @contextmanager
    def work(self, events: int, **attributes: object) -> Iterator[WorkSpan]:
        instruments = _instruments()
        named: dict[str, Any] = {f"esnb.{name}": value for name, value in attributes.items()}
        work, begun = WorkSpan(events), perf_counter()
        # An exception that leaves the block makes the span an error, with its traceback.
        with instruments.tracer.start_as_current_span(
            self._span, attributes={**self._attributes, "esnb.events": events, **named}
        ):
            yield work
        instruments.events.add(work.events, self._attributes)
        instruments.duration.record(perf_counter() - begun, self._attributes)


class _Instruments:
    def __init__(self) -> None:
        from opentelemetry import metrics, trace

        self.tracer = trace.get_tracer(_NAME)
        meter = metrics.get_meter(_NAME)
        self.events = meter.create_counter("esnb.events", unit="{event}")
        self.duration = meter.create_histogram("esnb.duration", unit="s")
        meter.create_observable_gauge("esnb.position", [_reader("position")])
        meter.create_observable_gauge("esnb.lag", [_reader("lag")], unit="{event}")
        meter.create_observable_counter("esnb.restarts", [_reader("restarts")])


@cache
def _instruments() -> _Instruments:
    return _Instruments()


def _reader(field: str) -> Callable[[Any], Iterator[Any]]:
    """Reads one field of every running runner's status, when metrics are collected."""
    from opentelemetry.metrics import Observation

    def read(_options: Any) -> Iterator[Any]:
        for runner in list(_watched):
            try:
                status = runner.status()
            except Exception as error:  # noqa: BLE001 - the others have theirs
                _log.info("no metrics of %r: %s", runner, masked_error(error))
                continue
            value = getattr(status, field, None)
            if value is not None and status.state != "stopped":
                told = {"esnb.projection": status.name}
                if hasattr(status, "application"):
                    told["esnb.application"] = status.application
                yield Observation(value, told)

    return read


def is_installed() -> bool:
    """Whether there is OpenTelemetry's API."""
    try:
        import opentelemetry.metrics
        import opentelemetry.trace  # noqa: F401
    except ImportError:
        return False
    return True


def telemetry(span: str, **attributes: str) -> Telemetry:
    """Tells of work in spans of this name; silent where OpenTelemetry is not installed."""
    if not is_installed():
        return _Silent()
    return _Told(span, {f"esnb.{name}": value for name, value in attributes.items()})


def observe(runner: Any) -> None:
    """Has the metrics show a runner's status from now on, until `unobserve` or its end."""
    if is_installed():
        _instruments()
        _watched.add(runner)


def unobserve(runner: Any) -> None:
    """Has the metrics say no more of a runner that was stopped: asking it takes its stores."""
    _watched.discard(runner)
