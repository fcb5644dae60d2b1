"""Given some events, what does a projection make of another one?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import Projection
from eventsourcing.utils import get_topic

from esnb.testing.happened import field_lines
from esnb.values.state import text_of

APPLICATION = "Application"
"""The name of the application that the events are said to be of."""


def projecting(
    projection: type[Projection[Any]] | Projection[Any],
    view_class: type[TrackingRecorder] | None = None,
    *,
    application: str = APPLICATION,
) -> ProjectionTest:
    """A projection, to see what becomes of its view.

    `projecting(CountTricks, Tricks)` makes an empty view of a class whose views
    are objects in memory; `projecting(CountTricks(view))` takes a projection with
    its view, wherever that is kept. `given(*events)` and `when(*events)` pass
    events to it as a runner does, one after another, each with the next position
    in the events of `application`; those that are not among its `topics` it does
    not see. Then any number of `then_rows(...)` and
    `then(...)`; each raises AssertionError with the difference. What the
    projection raises is raised by `given` and `when`.

    >>> from eventsourcing.projection import Projection
    >>> from esnb.examples.dog import Dog, Tricks
    >>> class CountTricks(Projection[Tricks]):
    ...     def process_event(self, domain_event, tracking):
    ...         if isinstance(domain_event, Dog.TrickAdded):
    ...             self.view.count(domain_event.trick, tracking)
    >>> fido = Dog("Fido")
    >>> fido.add_trick("sit")
    >>> test = projecting(CountTricks, Tricks).given(*fido.pending_events)
    >>> _ = test.then(lambda view: view.by_trick, {"sit": 1})
    >>> _ = test.then_rows({"key": "by_trick", "type": "dict", "field": "sit", "value": 1})
    """
    if isinstance(projection, Projection):
        if view_class is not None:
            raise TypeError(
                f"{type(projection).__qualname__} has its view already: pass its class, or no "
                "view_class"
            )
        return ProjectionTest(projection, application)
    if not (isinstance(projection, type) and issubclass(projection, Projection)):
        raise TypeError(f"{text_of(projection)} is not a projection, nor a class of projections")
    if not (isinstance(view_class, type) and issubclass(view_class, POPOTrackingRecorder)):
        raise TypeError(
            f"{text_of(view_class)} is not a class of views in memory: pass a subclass of "
            f"POPOTrackingRecorder, or the projection with its view, {projection.__name__}(view)"
        )
    return ProjectionTest(projection(view=view_class()), application)


class ProjectionTest:
    """A projection and the events that it was given; `projecting()` makes one."""

    def __init__(self, projection: Projection[Any], application: str) -> None:
        self._projection = projection
        self._application = application
        self.view = projection.view
        """For asserts of one's own."""
        self._position = self.view.max_tracking_id(application) or 0

    def given(self, *events: Any) -> Self:
        """These happened before."""
        wanted = self._projection.topics
        for each in events:
            self._position += 1
            if not wanted or get_topic(type(each)) in wanted:
                self._projection.process_event(each, Tracking(self._application, self._position))
        return self

    def when(self, *events: Any) -> Self:
        """These happen now."""
        return self.given(*events)

    def then(self, read: Any, expected: Any) -> Self:
        """`read(view)` returns a value equal to `expected`."""
        lines = list(field_lines({"view": expected}, {"view": read(self.view)}))
        if lines:
            raise AssertionError("\n".join(["the view is not as expected", *lines]))
        return self

    def then_rows(self, *expected: Mapping[str, Any]) -> Self:
        """The view has these rows, in any order, and no others.

        Rows are dicts with the columns of `esnb.read_model`; cells that are missing
        there are left out here.
        """
        from esnb import frames  # brings pandas

        found = [_row(each) for each in frames.read_model(self.view).to_dict("records")]
        missing, surplus = [_row(each) for each in expected], []
        for row in found:
            if row in missing:
                missing.remove(row)
            else:
                surplus.append(row)
        if missing or surplus:
            raise AssertionError(
                "\n".join(
                    ["the rows are not as expected", *_signed("-", missing), *_signed("+", surplus)]
                )
            )
        return self


def _row(cells: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in cells.items() if not _is_missing(value)}


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (value != value) is True


def _signed(sign: str, rows: Iterable[dict[str, Any]]) -> list[str]:
    """Lines of a difference: `-` was expected, `+` was found."""
    return [f"   {sign} {text_of(row)}" for row in rows]
