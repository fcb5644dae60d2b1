"""Widgets over frames: what `esnb.frames` reads, drawn. They touch no store themselves."""

from esnb.widgets import first_import as first_import  # first
from esnb.widgets.browse.browser import Browser, browse
from esnb.widgets.explore.explorer import Explorer, explore
from esnb.widgets.flow.flow import Flow, flow
from esnb.widgets.watch.watcher import Watcher, watch

__all__ = ["Browser", "Explorer", "Flow", "Watcher", "browse", "explore", "flow", "watch"]
