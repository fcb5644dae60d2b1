"""Widgets over frames: what `esnb.frames` reads, drawn. They touch no store themselves."""

from esnb.widgets import _ipywidgets as _ipywidgets  # first
from esnb.widgets.browser import Browser, browse
from esnb.widgets.explorer import Explorer, explore
from esnb.widgets.flow import Flow, flow
from esnb.widgets.watcher import Watcher, watch

__all__ = ["Browser", "Explorer", "Flow", "Watcher", "browse", "explore", "flow", "watch"]
