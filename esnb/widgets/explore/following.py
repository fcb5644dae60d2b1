"""Following an aggregate: new versions appear, and move on whoever is at the last one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.values import counted
from esnb.widgets.live.controls import button, named
from esnb.widgets.live.follow import WhileSeen


class FollowPanel:
    """The switch, and the button that goes to what is new meanwhile; `widgets` in this order.

    `begin` is called when it is switched on, and says whether that may be; `look`
    a few times a second from then on.
    Whoever is not at the last version stays where they are, and is told how many
    versions are new.
    """

    def __init__(
        self,
        root: Any,
        *,
        begin: Callable[[], bool],
        look: Callable[[], bool],
        last: Callable[[], None],
    ) -> None:
        self.switch = named(
            widgets.ToggleButton(
                description="Follow", icon="rss", tooltip="Show new versions as they are recorded"
            ),
            "esnb-follow",
        )
        self.new = named(button("", "arrow-down", "Go on to the last version"), "esnb-new")
        self._looking = WhileSeen(root, look)
        self._begin = begin
        self._unseen, self._at_end = 0, True
        self.switch.observe(self._switched, "value")
        self.new.on_click(lambda _: last())
        self._draw()

    @property
    def widgets(self) -> list[Any]:
        return [self.switch, self.new]

    @property
    def on(self) -> bool:
        """Whether it follows, paused or not."""
        return bool(self.switch.value)

    def show(self, unseen: int, at_end: bool) -> None:
        """Says how many versions are new, and whether following is paused."""
        self._unseen, self._at_end = unseen, at_end
        self._draw()

    def shown(self) -> None:
        """Notes that the running cell shows it."""
        self._looking.shown()

    def stop(self) -> None:
        """Follows no longer; a look may call it."""
        self.switch.value = False

    def close(self) -> None:
        """Ends for good."""
        self._looking.close()

    def join(self, timeout: float) -> None:
        """Waits until no look goes on."""
        self._looking.join(timeout)

    def _switched(self, change: Any) -> None:
        if not change["new"]:
            self._looking.stop()
        elif self._begin():
            self._looking.start()
        else:
            self.switch.value = False
        self._draw()

    def _draw(self) -> None:
        unseen, paused = self._unseen, self.on and not self._at_end
        self.switch.description = "Paused" if paused else "Following" if self.on else "Follow"
        self.switch.icon = "pause" if paused else "rss"
        self.new.description = f"{unseen:,} new"
        tooltip = f"Go on to the last version: {counted(unseen, 'version')} came since"
        self.new.tooltip = tooltip
        # Its room stays, so that nothing moves when it comes.
        self.new.layout.visibility = "visible" if unseen else "hidden"
