"""The live flow: the drawing, and a button that reads it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from esnb.widgets._controls import button, close_all, named
from esnb.widgets._flow_html import drawing
from esnb.widgets._html import message, style
from esnb.widgets._stations import Station


class FlowPanel:
    """The widgets of one flow; `root` is what is displayed."""

    def __init__(
        self,
        correlation_id: str,
        found: Sequence[Station],
        times: bool,
        read: Callable[[], Sequence[Station]],
    ) -> None:
        self.stations = found
        self._id = correlation_id
        self._times = times
        self._read = read
        self._drawing, self._message = widgets.HTML(), widgets.HTML()
        self._again = button("Read again", "refresh", "Read the flow again")
        sheet = widgets.HTML(style("esnb.css", "live.css", "flow.css"))
        children = [sheet, self._drawing, self._message, self._again]
        self.root = named(widgets.VBox(children), "esnb", "esnb-live", "esnb-flow-panel")
        self._again.on_click(lambda _: self.refresh())
        self._draw()

    def refresh(self) -> None:
        """Reads the flow again; says here what goes wrong."""
        try:
            self.stations = self._read()
        except Exception as error:  # noqa: BLE001  # whatever the stores say, said here
            self._message.value = message(
                f"The flow could not be read again: {type(error).__name__}: {error}\n"
                "What was read before is still shown. Check the connection, then try again."
            )
        else:
            self._message.value = ""
            self._draw()

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        close_all(self.root)

    def _draw(self) -> None:
        self._drawing.value = drawing(self._id, self.stations, self._times)
