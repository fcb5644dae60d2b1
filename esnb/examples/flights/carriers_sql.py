"""Punctuality by carrier, as tables of a relational database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from eventsourcing.persistence import Tracking
from eventsourcing_sqlalchemy.recorders import SQLAlchemyTrackingRecorder
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text, update

from esnb.examples.flights.carriers import CarrierPunctuality

COUNTS = (
    "scheduled",
    "departed",
    "arrived",
    "cancelled",
    "departures_timed",
    "departure_delay",
    "arrivals_timed",
    "arrival_delay",
)
_REPORT = """
SELECT carrier, scheduled, cancelled,
       1.0 * cancelled / scheduled AS cancelled_share,
       1.0 * arrival_delay / NULLIF(arrivals_timed, 0) AS mean_arrival_delay,
       RANK() OVER (ORDER BY 1.0 * arrival_delay / NULLIF(arrivals_timed, 0)) AS place
FROM {table}
WHERE arrivals_timed >= :least
ORDER BY place, carrier
"""


class FlightsPerCarrierTables(SQLAlchemyTrackingRecorder):
    """What `FlightsPerCarrier` keeps in Redis, in SQLite or PostgreSQL.

    For the same projection, `FlightsPerCarrierProjection`. Configured as
    eventsourcing-sqlalchemy has it:
    `FLIGHTS_PER_CARRIER_PERSISTENCE_MODULE=eventsourcing_sqlalchemy` and
    `FLIGHTS_PER_CARRIER_SQLALCHEMY_URL`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.tracking_table_name.removesuffix("_tracking")
        schema = MetaData()
        self.per_carrier = Table(
            f"{name}_counts",
            schema,
            Column("carrier", String(8), primary_key=True),
            *(Column(each, Integer, nullable=False, default=0) for each in COUNTS),
        )
        self.days_loaded = Table(
            f"{name}_days",
            schema,
            Column("day", Integer, primary_key=True),
            Column("flights", Integer, nullable=False),
        )
        self.tables += [self.per_carrier, self.days_loaded]

    def count(
        self,
        carrier: str,
        what: str,
        tracking: Tracking,
        *,
        timed: str | None = None,
        delay: int | None = None,
    ) -> None:
        """One more flight of `carrier` that was `what`; its delay, where `timed` says of what."""
        more = {what: 1}
        if timed is not None and delay is not None:
            more |= {f"{timed}s_timed": 1, f"{timed}_delay": delay}
        table = self.per_carrier
        with self.transaction(commit=True) as session:
            self._insert_tracking(session, tracking)
            added = session.execute(
                update(table)
                .where(table.c.carrier == carrier)
                .values({name: table.c[name] + number for name, number in more.items()})
                .returning(table.c.carrier)
            )
            if added.first() is None:
                session.execute(insert(table).values(carrier=carrier, **more))

    def complete_day(self, flights: int, tracking: Tracking) -> None:
        """One more day is loaded to its end."""
        with self.transaction(commit=True) as session:
            self._insert_tracking(session, tracking)
            session.execute(insert(self.days_loaded).values(flights=flights))

    def carriers(self) -> list[CarrierPunctuality]:
        """One entry a carrier, by code."""
        table = self.per_carrier
        with self.transaction(commit=False) as session:
            rows = session.execute(select(table).order_by(table.c.carrier)).mappings().all()
        return [CarrierPunctuality(**row) for row in rows]

    def days(self) -> int:
        """Days that are loaded to their end."""
        with self.transaction(commit=False) as session:
            return len(session.execute(select(self.days_loaded.c.day)).all())

    def rows(self) -> Sequence[CarrierPunctuality]:
        """What `esnb.read_model()` shows."""
        return self.carriers()

    def report(self, least: int = 1) -> pd.DataFrame:
        """The most punctual carriers of at least so many arrivals, by mean delay on arrival.

        Columns: `carrier` (string), `scheduled`, `cancelled` (Int64),
        `cancelled_share` (Float64: of those scheduled), `mean_arrival_delay`
        (Float64: minutes), `place` (Int64: equals share one).
        """
        query = text(_REPORT.format(table=self.per_carrier.name))
        with self.datastore.get_connection() as connection:
            found = pd.read_sql(query, connection, params={"least": least})
        return found.astype(
            {
                "carrier": "string",
                "scheduled": "Int64",
                "cancelled": "Int64",
                "cancelled_share": "Float64",
                "mean_arrival_delay": "Float64",
                "place": "Int64",
            }
        )
