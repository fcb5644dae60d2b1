"""Widgets over frames: what `esnb.frames` reads, drawn. They touch no store themselves."""

from esnb.widgets.browser import Browser, browse
from esnb.widgets.explorer import Explorer, explore

__all__ = ["Browser", "Explorer", "browse", "explore"]
