"""`flow`: what one correlation id led to, drawn as a tree of causes or in lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from esnb import frames
from esnb.clients.uri import guarded_argument
from esnb.drawing.ids import without_ids
from esnb.widgets.flow import html
from esnb.widgets.flow import text as _flow_text
from esnb.widgets.flow.stations import LAYOUTS, Layout, Station, stations
from esnb.widgets.live.faces import Faces, wanted_live

if TYPE_CHECKING:
    from esnb.sources.redaction import Redact
    from esnb.widgets.flow.panel import FlowPanel


def flow(
    source: Any,
    correlation_id: object,
    *,
    layout: Layout = "tree",
    prefix: str = "bull",
    live: bool | None = None,
    times: bool = True,
    ids: bool = True,
    redact: Redact | None = None,
) -> Flow:
    """One flow through events, outboxes and queues, drawn as a causation tree or in lanes.

    Draws what `esnb.trace` reads of `source`, without scripts, as a list of its
    stations: each says how long after its cause it was, and shows its payload
    when it is clicked. Stations that repeat three times and more are folded
    behind the first. `layout="tree"`: each station below what caused it.
    `layout="lanes"`: in order of time, one lane per stream, outbox and queue,
    with a line from each cause; a consequence never stands before its cause,
    whatever the clocks say, and instead of more than 12 lanes there is one per
    category. `prefix` and `redact` as in `esnb.trace`. `live` is whether there
    are buttons to read it again and to change the layout: yes, unless
    `ESNB_LIVE=0` is set; a "Saved view" follows, closed beside the live one.
    `times=False` leaves times and durations out of the HTML, `ids=False` writes `id-1`, `id-2` and so on for UUIDs, for documentation that
    is run again and compared; plain text has neither.

    Raises ValueError for any other layout, and what `esnb.trace` raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> with esnb.connect(embedded=True) as stores:
    ...     app = stores.application(Application)
    ...     with esnb.correlate("order-17"):
    ...         _ = app.save(Aggregate())
    ...     print(flow(app, "order-17", live=False))
    ...     print(flow(app, "order-17", layout="lanes", live=False))
    flow order-17, 1 station
    Aggregate.Created  ✓ recorded  event id-1 v1
    flow order-17, 1 station
    ┌ event id-1
    ●  Aggregate.Created  ✓ recorded  v1
    """
    source = guarded_argument(source)
    _checked(layout)

    def read() -> list[Station]:
        return stations(frames.trace(source, correlation_id, prefix=prefix, redact=redact))

    return Flow(
        str(correlation_id),
        read(),
        read,
        layout=layout,
        live=wanted_live(live),
        times=times,
        ids=ids,
    )


class Flow(Faces):
    """One flow in three faces: a panel, HTML with an SVG, plain text. Made by `flow`."""

    def __init__(
        self,
        correlation_id: str,
        found: Sequence[Station],
        read: Callable[[], Sequence[Station]],
        *,
        layout: Layout,
        live: bool,
        times: bool,
        ids: bool,
    ) -> None:
        self.correlation_id = correlation_id
        self._layout = layout
        self._found = found
        self._read = read
        self._times = times
        self._ids = ids
        self._panel: FlowPanel | None = None
        self.live = live

    @property
    def widget(self) -> Any:
        """The panel, an `ipywidgets.VBox`; made on first use."""
        return self._controls().root

    @property
    def stations(self) -> list[Station]:
        """What the flow consists of, causes first."""
        return list(self._found if self._panel is None else self._panel.stations)

    @property
    def layout(self) -> Layout:
        """How it is drawn, `tree` or `lanes`; set it to draw it again."""
        return self._layout if self._panel is None else self._panel.layout

    @layout.setter
    def layout(self, layout: Layout) -> None:
        self._layout = _checked(layout)
        if self._panel is not None:
            self._panel.layout = layout

    def refresh(self) -> None:
        """Reads the flow again. A live flow shows errors in the widget."""
        if self.live:
            self._controls().refresh()
        else:
            self._found = self._read()

    def close(self) -> None:
        """Removes the panel; what was read can still be shown as HTML and text."""
        if self._panel is not None:
            self._found, self._layout = self._panel.stations, self._panel.layout
            self._panel.close()
            self._panel = None
        self.live = False

    def __repr__(self) -> str:
        title = _flow_text.title(self.correlation_id, len(self.stations))
        return f"Flow({without_ids(title)})"

    def __str__(self) -> str:
        return _flow_text.page(self.correlation_id, self.stations, self.layout)

    def _repr_html_(self) -> str:
        return html.saved(self.correlation_id, self.stations, self._times, self._ids, self.layout)

    def _controls(self) -> FlowPanel:
        if self._panel is None:
            from esnb.widgets.flow.panel import FlowPanel

            self._panel = FlowPanel(
                self.correlation_id, self._found, self._layout, self._times, self._read
            )
        return self._panel


def _checked(layout: str) -> Layout:
    for known in LAYOUTS:
        if layout == known:
            return known
    raise ValueError(f"layout={layout!r}: pass {' or '.join(map(repr, LAYOUTS))}")
