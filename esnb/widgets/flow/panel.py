"""The live flow: the drawing, and buttons that read it again and change its layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from esnb.drawing.html import message, style
from esnb.widgets.flow.html import drawing
from esnb.widgets.flow.stations import Layout, Station
from esnb.widgets.live.controls import button, close_all, named, row
from esnb.widgets.live.unread import unread


class FlowPanel:
    """The widgets of one flow; `root` is what is displayed."""

    def __init__(
        self,
        correlation_id: str,
        found: Sequence[Station],
        layout: Layout,
        times: bool,
        read: Callable[[], Sequence[Station]],
    ) -> None:
        self.stations = found
        self._id = correlation_id
        self._times = times
        self._read = read
        self._drawing, self._message = widgets.HTML(), widgets.HTML()
        self._again = button("Read again", "refresh", "Read the flow again")
        self._lanes = widgets.ToggleButton(
            value=layout == "lanes",
            description="Lanes",
            icon="columns",
            tooltip="In order of time, one lane per stream, outbox and queue",
        )
        sheet = widgets.HTML(
            style("drawing/esnb.css", "widgets/live/live.css", "widgets/flow/flow.css")
        )
        bar = row("esnb-moves", self._lanes, self._again, self._message)
        children = [sheet, bar, self._drawing]
        self.root = named(widgets.VBox(children), "esnb", "esnb-live", "esnb-flow-panel")
        self._again.on_click(lambda _: self.refresh())
        self._lanes.observe(lambda _: self._draw(), "value")
        self._draw()

    @property
    def layout(self) -> Layout:
        """What is drawn: a tree, or lanes."""
        return "lanes" if self._lanes.value else "tree"

    @layout.setter
    def layout(self, layout: Layout) -> None:
        self._lanes.value = layout == "lanes"

    def refresh(self) -> None:
        """Reads the flow again; shows errors here."""
        try:
            self.stations = self._read()
        except Exception as error:  # noqa: BLE001  # whatever the stores say, said here
            self._message.value = message(
                unread("The flow could not be read again", error), scrolls=True
            )
        else:
            self._message.value = ""
            self._draw()

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        close_all(self.root)

    def _draw(self) -> None:
        self._drawing.value = drawing(self._id, self.stations, self._times, self.layout)
