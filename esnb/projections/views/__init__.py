"""Kinds of view: what a runner and the frames do with a view, by how it is kept.

A kind is a module with a subclass of `ViewKind`, and an entry in `kinds.KINDS`
(or `register()`, for a kind that is not esnb's own).
"""

from esnb.projections.views.kind import ViewKind
from esnb.projections.views.kinds import kind_class, kind_of, register

__all__ = ["ViewKind", "kind_class", "kind_of", "register"]


def __dir__() -> list[str]:
    return __all__
