"""`explore(app)` without an id: the application's aggregates, one of which is then explored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from esnb.drawing.html import heading, note, saved, table, text, when
from esnb.drawing.values import counted, stamp, visible
from esnb.values.ordered_repr import printable
from esnb.widgets.explore.aggregates import Aggregates, beginning
from esnb.widgets.live.faces import Faces

if TYPE_CHECKING:
    from esnb.sources.ids import Identified
    from esnb.sources.known_streams import StreamRow
    from esnb.widgets.explore.explorer import Explorer
    from esnb.widgets.explore.picker_panel import PickerPanel

_IN_TEXT = 20


class Picker(Faces):
    """Aggregates in three faces: a list to pick from, HTML, plain text.

    Made by `explore(app)`. `explorer` is that of the aggregate that was picked.
    """

    def __init__(
        self,
        aggregates: Aggregates,
        open_explorer: Callable[[Identified], Explorer],
        *,
        live: bool,
        times: bool,
    ) -> None:
        self._aggregates = aggregates
        self._open = open_explorer
        self._times = times
        self._panel: PickerPanel | None = None
        self.explorer: Explorer | None = None
        self.live = live

    @property
    def widget(self) -> Any:
        """The controls, an `ipywidgets.VBox`; made on first use."""
        if self._panel is None:
            from esnb.widgets.explore.picker_panel import PickerPanel

            self._panel = PickerPanel(self._aggregates, self._explored)
        return self._panel.root

    @property
    def ids(self) -> list[str]:
        """The aggregates that are listed, those with the newest events first."""
        return [row.name for row in self._aggregates.found()[0]]

    def pick(self, aggregate: Identified) -> Explorer:
        """Explores an aggregate, which is named as `esnb.explore` has it."""
        explorer = self._explored(aggregate)
        if self._panel is not None:
            self._panel.show(explorer.widget)
        return explorer

    def close(self) -> None:
        """Removes the controls, those of the explorer too; the list can still be shown."""
        if self.explorer is not None:
            self.explorer.close()
        if self._panel is not None:
            self._panel.close()
            self._panel = None
        self.live = False

    def _explored(self, aggregate: Identified) -> Explorer:
        explorer = self._open(aggregate)
        before, self.explorer = self.explorer, explorer
        if before is not None:
            before.close()
        return explorer

    # --- faces ----------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Picker({self._aggregates.name}, {counted(len(self._aggregates), 'aggregate')})"

    def __str__(self) -> str:
        rows, count = self._aggregates.found(most=_IN_TEXT)
        lines = [
            f"{visible(self._aggregates.name, 80)}, {self._aggregates.words(len(rows), count)}"
        ]
        lines += [f"  {line}" for line in map(self._line, rows)]
        return "\n".join([*lines, *(["", _how(rows)] if rows else [])])

    def _line(self, row: StreamRow) -> str:
        words = [visible(row.name, 80), visible(row.category, 40), counted(row.events, "event")]
        words.append(visible(row.last_type, 60))
        if self._times and row.last_time is not None:
            words.append(stamp(row.last_time))
        return "  ".join(filter(None, words))

    def _repr_html_(self) -> str:
        rows, count = self._aggregates.found()
        title = heading(
            text(self._aggregates.name, 80), "", counted(len(self._aggregates), "aggregate")
        )
        words = note(self._aggregates.words(len(rows), count))
        if not rows:
            return saved(title + words)
        head = "<tr><th>id</th><th>class</th><th>events</th><th>last event</th></tr>"
        body = "".join(map(self._row, rows))
        listed = table("Aggregates", "the newest events first", "esnb-aggregates", body, head)
        return saved(f"{title}{words}\n{listed}\n{note(_how(rows))}")

    def _row(self, row: StreamRow) -> str:
        cells = (text(row.category, 40), f"{row.events:,}", text(row.last_type, 60))
        last = when(row.last_time, self._times)
        return (
            f"<tr><td><code>{text(row.name, 80)}</code></td> "
            f"<td>{'</td> <td>'.join(cells)}{last}</td></tr>"
        )


def _how(rows: Sequence[StreamRow]) -> str:
    """How the first one is explored by code."""
    name = printable(beginning(rows[0], rows))
    return f"Explore one by its id, or by eight digits of it: esnb.explore(app, {name!r})"
