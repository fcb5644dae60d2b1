"""Widgets over frames: they draw what `esnb.frames` reads, and touch no store themselves."""

from esnb import frames as frames  # first: it imports pandas whole
from esnb.widgets import live as live  # then this, which imports ipywidgets whole
from esnb.widgets.browse.browser import Browser, browse
from esnb.widgets.explore.explorer import Explorer, explore
from esnb.widgets.explore.picker import Picker
from esnb.widgets.flow.flow import Flow, flow
from esnb.widgets.watch.watcher import Watcher, watch

__all__ = ["Browser", "Explorer", "Flow", "Picker", "Watcher", "browse", "explore", "flow", "watch"]
