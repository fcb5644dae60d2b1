"""Pictures of events, fields and runners: static SVG, with the same as text below it."""

from esnb.plot.events import events
from esnb.plot.field import field
from esnb.plot.lag import lag
from esnb.plot.picture import Picture
from esnb.plot.types import types

__all__ = ["Picture", "events", "field", "lag", "types"]


def __dir__() -> list[str]:
    return __all__
