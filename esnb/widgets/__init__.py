"""Widgets over frames: what `esnb.frames` reads, drawn. They touch no store themselves."""

from esnb.widgets.explorer import Explorer, explore

__all__ = ["Explorer", "explore"]
