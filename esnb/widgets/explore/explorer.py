"""`explore`: the versions of one aggregate, one at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, overload

from eventsourcing.application import AggregateNotFoundError

from esnb.clients.uri import guarded_argument
from esnb.drawing.html import nothing
from esnb.sources.ids import Identified
from esnb.sources.moments import read_end
from esnb.sources.numbers import whole
from esnb.widgets.explore import html
from esnb.widgets.explore import text as _text
from esnb.widgets.explore.aggregates import Aggregates
from esnb.widgets.explore.history_reader import HistoryReader
from esnb.widgets.explore.picker import Picker
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.live.faces import Faces, wanted_live
from esnb.widgets.live.unread import unread

if TYPE_CHECKING:
    from eventsourcing.application import Application

    from esnb.folds.fold import ProjectorFunction
    from esnb.sources.moments import Moment
    from esnb.sources.redaction import Redact
    from esnb.widgets.explore.panel import ExplorePanel
    from esnb.widgets.explore.waiting_panel import WaitingPanel


_PICK: Final[Any] = object()
"""Instead of an aggregate: any, which is then picked."""


@overload
def explore(
    app: Application[Any],
    *,
    live: bool | None = None,
    times: bool = True,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> Picker: ...


@overload
def explore(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    version: int | None = None,
    live: bool | None = None,
    times: bool = True,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> Explorer: ...


def explore(
    app: Application[Any],
    aggregate_id: Identified = _PICK,
    *,
    version: int | None = None,
    live: bool | None = None,
    times: bool = True,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> Explorer | Picker:
    """The time machine of one aggregate: slider, event list, Action / State / Diff.

    A chart shows one field over time, with the slider as its cursor; the strip
    below it and the legend show the events by type. State says which event set
    each field; Diff compares with any version; What if shows the state beside the
    one without the events that are skipped. It can follow the aggregate.

    `aggregate_id` as in `esnb.history`. Without one, a list of the application's
    aggregates comes first, from which one is picked; the saved view is that list.

    Starts at `version` (by default the newest). `live` is whether there are
    controls: yes, unless `ESNB_LIVE=0` is set. A live explorer is followed by a
    folded "Saved view", because a notebook that is opened without a kernel
    shows nothing where a widget was; with `live=False` the saved view is all
    there is. `times=False` leaves the times out, for documentation that is run
    again and compared. `projector_func` and `redact` as in `esnb.history`.

    Everything is read at once, through `esnb.history` and `esnb.stream`, and
    raises what they raise; the controls then need no store. If the application
    has no events at all, it says so, and has a button to read again.

    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate, event
    >>> class Counter(Aggregate):
    ...     def __init__(self) -> None:
    ...         self.total = 0
    ...
    ...     @event("Added")
    ...     def add(self, number: int) -> None:
    ...         self.total += number
    >>> app, counter = Application(), Counter()
    >>> counter.add(2)
    >>> _ = app.save(counter)
    >>> explore(app, counter.id, live=False).version
    2
    """

    app = guarded_argument(app)
    if aggregate_id is _PICK:
        return _picker(app, version, wanted_live(live), times, projector_func, redact)
    reader = HistoryReader(app, aggregate_id, projector_func, redact)
    timeline = reader.timeline_if_any()
    if timeline is None:
        index = 0
    else:
        number = whole(version, "version")
        index = len(timeline) - 1 if number is None else timeline.exact(number)
    return Explorer(timeline, reader, index=index, live=wanted_live(live), times=times)


def _picker(
    app: Application[Any],
    version: int | None,
    live: bool,
    times: bool,
    projector_func: ProjectorFunction | None,
    redact: Redact | None,
) -> Picker:
    if version is not None:
        raise TypeError(f"version={version!r} is that of an aggregate: pass the aggregate, too")

    def explorer(aggregate: Identified) -> Explorer:
        return explore(
            app, aggregate, live=live, times=times, projector_func=projector_func, redact=redact
        )

    return Picker(Aggregates(app), explorer, live=live, times=times)


class Explorer(Faces):
    """One aggregate's history in three faces: controls, HTML, plain text.

    Made by `explore`. `version` is the one that is shown; set it to move.
    """

    def __init__(
        self,
        timeline: Timeline | None,
        reader: HistoryReader,
        *,
        index: int,
        live: bool,
        times: bool,
    ) -> None:
        self._timeline = timeline
        self._reader = reader
        self._index = index
        self._times = times
        self._panel: ExplorePanel | None = None
        self._waiting: WaitingPanel | None = None
        self.live = live

    @property
    def widget(self) -> Any:
        """The controls, an `ipywidgets.VBox`; made on first use."""
        return self._waits().root if self._is_empty else self._controls().root

    @property
    def versions(self) -> list[int]:
        """The existing versions, oldest first."""
        return [] if self._is_empty else list(self._now().numbers)

    @property
    def version(self) -> int:
        """The version that is shown."""
        return self._now().numbers[self._place()]

    @version.setter
    def version(self, version: int) -> None:
        self._move(self._now().exact(version))

    def jump(self, time: Moment) -> None:
        """Moves to the last version at a time (UTC without an offset).

        A day without a time of day means the end of that day. Raises ValueError for what is not a time, and for a time before the first event.
        """
        self._move(self._now().at(read_end(time, "time")))

    def _move(self, index: int) -> None:
        if self._panel is None:
            self._index = index
        else:
            self._panel.show(index)

    def refresh(self) -> None:
        """Reads the aggregate again. A live explorer shows errors in the widget."""
        if self.live and self._is_empty:
            self._look_again()
        elif self.live:
            self._controls().refresh()
        else:
            at_end = self._is_empty or self._index == len(self._now()) - 1
            self._timeline = self._reader.timeline_if_any()
            if self._timeline is not None and at_end:
                self._index = len(self._timeline) - 1

    @property
    def following(self) -> bool:
        """Whether new versions appear as they are recorded; set it to start or stop that.

        Whoever moves to an older version stays there, and is told how many are new.
        """
        return self._panel is not None and self._panel.following

    @following.setter
    def following(self, wanted: bool) -> None:
        if wanted and not self.live:
            raise ValueError("only a live explorer follows: explore(app, aggregate_id, live=True)")
        if wanted and self._is_empty:
            raise AggregateNotFoundError(self._reader.nothing)
        if self.live and not self._is_empty:
            self._controls().following = wanted

    def close(self) -> None:
        """Stops following and removes the controls; what was read can still be shown as HTML and text."""
        if self._panel is not None:
            self._timeline, self._index = self._panel.timeline, self._panel.index
            self._panel.close()
            self._panel = None
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None
        self.live = False

    def __repr__(self) -> str:
        return f"Explorer({'no events' if self._is_empty else _text.title(self._now())})"

    def __str__(self) -> str:
        if self._is_empty:
            return self._reader.nothing
        return _text.page(self._now(), self._place(), self._times)

    def _repr_html_(self) -> str:
        if self._is_empty:
            return nothing(self._reader.nothing)
        return html.saved(self._now(), self._times)

    def _shown(self) -> None:
        if not self._is_empty:
            self._controls().shown()

    def _controls(self, root: Any = None) -> ExplorePanel:
        if self._panel is None:
            from esnb.widgets.explore.panel import ExplorePanel

            self._panel = ExplorePanel(self._now(), self._index, self._times, self._reader, root)
        return self._panel

    # --- while there is nothing -----------------------------------------------------

    @property
    def _is_empty(self) -> bool:
        return self._panel is None and self._timeline is None

    def _waits(self) -> WaitingPanel:
        if self._waiting is None:
            from esnb.widgets.explore.waiting_panel import WaitingPanel

            self._waiting = WaitingPanel(self._reader.nothing, partial(self._look_again, False))
        return self._waiting

    def _look_again(self, wait: bool = True) -> None:
        waiting = self._waits()

        def failed(error: Exception) -> None:
            waiting.say(unread("The events could not be read", error, kept=""))

        waiting.work.run(
            "Reading the events",
            lambda work: self._reader.timeline_if_any(work.count),
            self._found,
            failed,
            None if wait else waiting.patience,
        )

    def _found(self, timeline: Timeline | None) -> None:
        """Puts the controls where the note was, if there is anything now."""
        waiting = self._waits()
        waiting.say("")
        if timeline is not None:
            self._timeline, self._index = timeline, len(timeline) - 1
            root, self._waiting = waiting.release(), None
            self._controls(root)

    # --- where it is ------------------------------------------------------------------

    def _now(self) -> Timeline:
        found = self._timeline if self._panel is None else self._panel.timeline
        if found is None:
            raise AggregateNotFoundError(self._reader.nothing)
        return found

    def _place(self) -> int:
        return self._index if self._panel is None else self._panel.index
