"""The three faces that every object of this package has: controls, HTML, plain text."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any

from esnb.drawing.html import folded

VIEW = "application/vnd.jupyter.widget-view+json"
"""The MIME type of a widget's view."""


class Faces(ABC):
    """What IPython asks for: `repr`, `str`, `_repr_html_`, and the widget where it is live."""

    live: bool
    """Whether it is shown with controls."""
    _saved_as: str | None = None
    """The display id of the saved view, where that is brought up to date."""
    _is_emitted: bool = False
    """Whether a cell has a saved view."""

    @property
    @abstractmethod
    def widget(self) -> Any:
        """The controls; made on first use."""

    @abstractmethod
    def _repr_html_(self) -> str: ...

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": str(self), "text/html": self._repr_html_()}
        if self.live:
            bundle[VIEW] = self._view()
        return bundle

    def _ipython_display_(self) -> None:
        """Emits the controls and, below them, the folded saved view.

        Two outputs, because a front end does not show the HTML of an output that
        has a widget. Without controls or without a notebook, `NotImplementedError`
        makes IPython go on to the MIME bundle.
        """
        from IPython import get_ipython
        from IPython.display import publish_display_data

        if not self.live or not hasattr(get_ipython(), "kernel"):
            raise NotImplementedError
        publish: Any = publish_display_data
        publish({"text/plain": repr(self), VIEW: self._view()})
        self._shown()
        known = {} if self._saved_as is None else {"display_id": self._saved_as}
        publish(self._as_saved(), transient=known)
        self._is_emitted = True

    def _save_again(self) -> None:
        """Puts what it shows now in the place of the saved view, where a cell has one."""
        if not self._is_emitted:
            return
        from IPython.display import publish_display_data

        publish: Any = publish_display_data
        publish(self._as_saved(), update=True, transient={"display_id": self._saved_as})

    def _as_saved(self) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": folded(self._repr_html_())}

    def _shown(self) -> None:  # noqa: B027  # most have nothing that goes on
        """Called when a cell shows the controls."""

    def _view(self) -> dict[str, Any]:
        return {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}


def wanted_live(live: bool | None) -> bool:
    """Whether to have controls: as passed, else unless `ESNB_LIVE=0` is set."""
    if live is not None:
        return live
    return os.environ.get("ESNB_LIVE", "1").strip().lower() not in {"0", "false", "no", "off"}
