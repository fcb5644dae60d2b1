"""`browse`: streams, their events, one event: of any source, however long it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from esnb.clients.uri import guarded_argument
from esnb.drawing.ids import without_ids
from esnb.sources.ids import Identified
from esnb.sources.moments import Moment, read_end, read_moment
from esnb.sources.names import listed
from esnb.sources.page import Filter
from esnb.widgets.browse import html
from esnb.widgets.browse import text as _event_text
from esnb.widgets.browse.copy import as_json, as_python, envelope
from esnb.widgets.browse.visit import At, Visit
from esnb.widgets.live.faces import Faces, wanted_live

if TYPE_CHECKING:
    from collections.abc import Callable

    from esnb.sources.redaction import Redact
    from esnb.widgets.browse.panel import BrowsePanel


def browse(
    source: Any,
    at: At | None = None,
    *,
    rows: int = 20,
    live: bool | None = None,
    times: bool = True,
    ids: bool = True,
    redact: Redact | None = None,
) -> Browser:
    """Streams, their events, one event: search, filter, page, follow live.

    `source` is whatever `esnb.events` reads. It begins with the newest events,
    or `at` a time (a datetime, or text such as `"2026-03-01 12:00"`; UTC where
    there is no offset; a day begins with its first event), a stream (a UUID or a
    value of a `stream` column), a position, or one event: a tuple of a stream and a
    version, as the widget's link has it. A page has `rows` events. A log of millions is read page by page
    and never as a whole: a filter looks at 10,000 events at most before it
    shows what it found and asks whether to go on, and streams are found in the
    newest 20,000 events, then further back on request.

    `live` is whether there are controls: yes, unless `ESNB_LIVE=0` is set; a
    folded "Saved view" follows them, for those who open the notebook without a
    kernel. `times=False` leaves times out, `ids=False` writes `id-1`, `id-2` and
    so on for UUIDs, for documentation that is run again and compared. `redact` as
    in `esnb.events`: hidden fields are not searched either.

    What takes longer than a second shows a bar, or in the widget how far it is and a
    button that stops it; an interrupt of the kernel stops it as well.

    Raises TypeError for any other source, LookupError for a stream without
    events, ValueError for a time that cannot be read, and the store's own errors.
    Later errors are shown in the widget.

    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> app = Application()
    >>> _ = app.save(Aggregate())
    >>> print(browse(app, live=False, times=False, ids=False))
    application 'Application', all events
    showing 1 event
    <BLANKLINE>
    →     1  Created  id-1
    <BLANKLINE>
    Aggregate.Created, version 1
      stream: id-1
    Data
      originator_topic: 'eventsourcing.domain:Aggregate'
    <BLANKLINE>
    Streams (1)
      id-1  Aggregate  1 event
    """
    source = guarded_argument(source)
    if isinstance(rows, bool) or not isinstance(rows, int):
        raise TypeError(f"rows={rows!r}: pass a whole number")
    if not 1 <= rows <= 1000:
        raise ValueError(f"rows={rows} is out of range: a page has 1 to 1,000 events")
    visit = Visit(source, rows, redact)
    with visit.reporting():
        visit.begin(at)
        visit.index.look()
    return Browser(visit, live=wanted_live(live), times=times, ids=ids)


class Browser(Faces):
    """A source's streams and events in three faces: controls, HTML, plain text.

    Made by `browse`. Its methods do what the controls do; where it is live they
    move the controls, and show errors in the widget.
    """

    def __init__(self, visit: Visit, *, live: bool, times: bool, ids: bool) -> None:
        self._visit = visit
        self._times = times
        self._ids = ids
        self._panel: BrowsePanel | None = None
        self.live = live

    @property
    def widget(self) -> Any:
        """The controls, an `ipywidgets.VBox`; made on first use."""
        return self._controls().root

    # --- what is seen -----------------------------------------------------------------

    @property
    def stream(self) -> str | None:
        """The stream that is shown; None for the whole log."""
        return self._visit.here.stream

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the page, oldest first, each with the keys of an `esnb.events` row."""
        return [envelope(event) for event in self._visit.page.events]

    @property
    def event(self) -> dict[str, Any] | None:
        """The event that is shown in full, None on an empty page."""
        return None if self._visit.event is None else envelope(self._visit.event)

    @property
    def json(self) -> str:
        """That event as JSON; "null" on an empty page."""
        return "null\n" if self._visit.event is None else as_json(self._visit.event)

    @property
    def python(self) -> str:
        """That event as Python that runs."""
        return "event = None\n" if self._visit.event is None else as_python(self._visit.event)

    @property
    def link(self) -> str:
        """Code that shows that event again, in another kernel too: `esnb.browse(app, at=…)`.

        The name of the source is the one that the notebook has for it, if any.
        """
        return self._visit.link

    # --- where to -----------------------------------------------------------------------

    def open(self, stream: Identified) -> None:
        """One stream's events."""
        self._do(lambda: self._visit.open(self._visit.named(stream)))

    def correlated(self, correlation_id: UUID | str | None = None) -> None:
        """All events with a correlation id: the one passed, or that of the event shown."""
        name = None if correlation_id is None else str(correlation_id)
        self._do(lambda: self._visit.correlated(name))

    def cause(self) -> None:
        """The event that caused the one shown, by `$causationId` of its metadata."""
        self._do(self._visit.cause)

    def effects(self) -> None:
        """The events that the one shown caused, by `$causationId` of theirs."""
        self._do(self._visit.effects)

    def filter(
        self,
        *,
        types: str | Iterable[str] = (),
        text: str = "",
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> None:
        """Only events of these types (names or patterns), with this text, between these times.

        Both times are inclusive; `until` a day without a time of day includes all of it.
        """
        if not isinstance(text, str):
            raise TypeError(f"text={text!r}: pass text")
        problem = f"types={types!r}: pass names of types, or patterns for them"
        names = tuple(listed(types, str, problem))
        start = None if since is None else read_moment(since, "since")
        end = None if until is None else read_end(until, "until")
        wanted = Filter(names, text, start, end)
        self._do(lambda: self._visit.filtered(wanted))

    def start(self, time: Moment) -> None:
        """Goes to the first event at or after `time`; of a day, to that day's first event."""
        moment = read_moment(time, "time")
        self._do(lambda: self._visit.start(moment))

    def back(self) -> None:
        """Returns to the previous place."""
        self._do(self._visit.back)

    def earlier(self) -> None:
        """The page before this one."""
        self._do(self._visit.earlier)

    def later(self) -> None:
        """The page after this one."""
        self._do(self._visit.later)

    def go_on(self) -> None:
        """Looks at the next 10,000 events, where a search has stopped after so many."""
        self._do(self._visit.go_on)

    def previous(self) -> None:
        """The event before the one that is shown."""
        self._do(lambda: self._visit.step(-1))

    def next(self) -> None:
        """The event after the one that is shown."""
        self._do(lambda: self._visit.step(1))

    def refresh(self) -> None:
        """Reads the page again."""
        self._do(self._visit.refresh)

    @property
    def following(self) -> bool:
        """Whether new events are shown as they are recorded; set it to start or stop that.

        Whoever goes to an event pauses it: new ones are then counted ("12 new ↓") until
        a click, or setting this to True, goes on.
        """
        return self._panel is not None and self._panel.following

    @following.setter
    def following(self, wanted: bool) -> None:
        if wanted and not self.live:
            raise ValueError("only a live browser follows: browse(source, live=True)")
        if self.live:
            self._controls().following = wanted

    def close(self) -> None:
        """Stops following and removes the controls; what was read can still be shown."""
        if self._panel is not None:
            self._panel.close()
            self._panel = None
        self.live = False

    # --- faces ----------------------------------------------------------------------------

    def __repr__(self) -> str:
        title = _event_text.title(self._visit)
        return f"Browser({title if self._ids else without_ids(title)})"

    def __str__(self) -> str:
        return _event_text.page(self._visit, self._times, self._ids)

    def _repr_html_(self) -> str:
        return html.saved(self._visit, self._times, self._ids)

    def _shown(self) -> None:
        self._controls().shown()

    def _controls(self) -> BrowsePanel:
        if self._panel is None:
            from esnb.widgets.browse.panel import BrowsePanel

            self._panel = BrowsePanel(self._visit, self._times)
        return self._panel

    def _do(self, step: Callable[[], object]) -> None:
        if self.live:
            self._controls().do(step)
        else:
            with self._visit.reporting():
                step()
