"""`watch`: many runners at a glance, live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from esnb.clients.uri import guarded_argument
from esnb.drawing.html import folded
from esnb.drawing.values import counted
from esnb.widgets.live.faces import Faces, wanted_live
from esnb.widgets.watch import html
from esnb.widgets.watch import text as _watch_text
from esnb.widgets.watch.board import PATIENCE, Board
from esnb.widgets.watch.sources import board_of
from esnb.widgets.watch.status_row import StatusRow

if TYPE_CHECKING:
    from esnb.sources.redaction import Redact
    from esnb.widgets.watch.panel import WatchPanel

_LIVE = 2.0
"""Seconds that sources have to answer where the panel goes on asking them."""


def watch(
    *runners: Any,
    queues: Iterable[str] = (),
    prefix: str = "bull",
    projections: Iterable[str] = (),
    live: bool | None = None,
    numbers: bool = True,
    redact: Redact | None = None,
) -> Watcher:
    """How runners are doing, a few times a second: state, lag, position, rate, errors.

    Takes, one by one or in a list:

    - whatever has a `status()`: a `CatchUpRunner`, a `PersistentRunner`, an
      outbox, a publisher, a worker;
    - the `Stores` that `esnb.connect()` returns, or an EventStoreDB client, for
      all persistent subscriptions of the server;
    - with the stores (or a redis-py client) `queues`, the names of BullMQ queues
      under `prefix`, whose lag is the number of jobs not yet done;
    - with the stores (or an EventStoreDB client) `projections`, the names of the
      server's own projections (`$by_category`), which report percent of the log.

    What can be paused, resumed, rebuilt, or asked to replay parked events or to
    retry dead records or failed jobs has buttons for it. All are asked at the
    same time: one that does not answer is shown as such, and does not hold up
    the others. The live panel keeps looking as long as a page shows it, and not
    after `close()`. `live` is whether there are controls: yes, unless
    `ESNB_LIVE=0` is set. `numbers=False` leaves positions and rates out, for
    documentation that is run again and compared; plain text never has them.
    With `redact`, the names of fields that are hidden elsewhere, only the kind of
    an error is shown, and no traceback: a handler may have put any value into them.

    Raises TypeError for what cannot be watched, for queues without a Redis, and
    for projections without a server. Rebuilding one of the server's own
    projections resets it: it writes its streams again.

    >>> print(watch(live=False))
    no runners: pass watch() a runner that was started, or the Stores that esnb.connect() returns, \
whose persistent subscriptions are shown as they come; queues= and projections= name others
    """
    runners = tuple(map(guarded_argument, runners))
    return Watcher(
        board_of(runners, queues, prefix, projections, redact),
        live=wanted_live(live),
        numbers=numbers,
    )


class Watcher(Faces):
    """Runners in three faces: controls, HTML, plain text. Made by `watch`."""

    def __init__(self, board: Board, *, live: bool, numbers: bool) -> None:
        self._board = board
        self._numbers = numbers
        self._panel: WatchPanel | None = None
        self.live = live
        # Without numbers it is for documentation that is compared, output by output.
        self._saved_as = f"esnb-watch-{uuid4().hex}" if numbers else None

    @property
    def widget(self) -> Any:
        """The controls, an `ipywidgets.VBox`; made on first use."""
        return self._controls().root

    @property
    def runners(self) -> list[StatusRow]:
        """Each runner now, in the order given."""
        return self._board.look(_LIVE if self.live else PATIENCE)

    def close(self) -> None:
        """Stops looking and removes the controls; runners are left alone."""
        if self._panel is not None:
            self._panel.close()
            self._panel = None
        self.live = False

    def _shown(self) -> None:
        self._controls().shown()

    def _as_saved(self) -> dict[str, str]:
        rows = self.runners  # asked once for both
        return {"text/plain": self._text(rows), "text/html": folded(self._html(rows))}

    def _text(self, rows: Sequence[StatusRow]) -> str:
        return _watch_text.table(rows, len(self._board))

    def _html(self, rows: Sequence[StatusRow]) -> str:
        nothing = _watch_text.nothing(len(self._board))
        return html.saved(rows, self._numbers, nothing, self._board.past)

    def _controls(self) -> WatchPanel:
        if self._panel is None:
            from esnb.widgets.watch.panel import WatchPanel

            save = None if self._saved_as is None else self._save_again
            self._panel = WatchPanel(self._board, self._numbers, save=save)
        return self._panel

    def __str__(self) -> str:
        return self._text(self.runners)

    def __repr__(self) -> str:
        return f"<watch of {counted(len(self._board), 'runner')}>"

    def _repr_html_(self) -> str:
        return self._html(self.runners)
