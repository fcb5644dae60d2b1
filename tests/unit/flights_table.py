"""A small timetable with the columns of the data set, for tests without it."""

from __future__ import annotations

import pandas as pd

COLUMNS = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
]

ROWS = [
    # An ordinary flight over one time zone.
    "2013 1 1 517 515 2 830 819 11 UA 1545 N14228 EWR IAH 227 1400 5 15 2013-01-01T10:00:00Z",
    # Over midnight, westwards.
    "2013 1 1 2343 2330 13 305 240 25 B6 99 N1 JFK LAX 330 2475 23 30 2013-01-02T04:00:00Z",
    # Cancelled, its aircraft unknown.
    "2013 1 1 - 630 - - 815 - AA 791 - LGA DFW - 1389 6 30 2013-01-01T11:00:00Z",
    # Departed, and no arrival recorded.
    "2013 1 1 2016 1930 46 - 2220 - EV 4204 N10 EWR OKC - 1325 19 30 2013-01-02T00:00:00Z",
    # Arrived, and no delay stated.
    "2013 1 1 1525 1530 -5 1934 1805 - MQ 4525 N719MQ LGA XNA - 1147 15 30 2013-01-01T20:00:00Z",
    # In summer, to a place without summer time that no airports table knows.
    "2013 7 4 800 800 0 1145 1140 5 B6 403 N2 JFK SJU 190 1598 8 0 2013-07-04T12:00:00Z",
    # In summer, to a place without summer time.
    "2013 7 4 900 900 0 1130 1130 0 US 50 N3 JFK PHX 300 2153 9 0 2013-07-04T13:00:00Z",
]

FLOATS = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
TEXTS = ["carrier", "tailnum", "origin", "dest", "time_hour"]


def timetable() -> pd.DataFrame:
    table = pd.DataFrame([row.split() for row in ROWS], columns=COLUMNS).replace("-", None)
    for column in COLUMNS:
        if column in FLOATS:
            table[column] = table[column].astype("float64")
        elif column not in TEXTS:
            table[column] = table[column].astype("int64")
    return table


def places() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("EWR", -5, "A"),
            ("IAH", -6, "A"),
            ("LAX", -8, "A"),
            ("DFW", -6, "A"),
            ("OKC", -6, "A"),
            ("XNA", -6, "A"),
            ("PHX", -7, "N"),
        ],
        columns=["faa", "tz", "dst"],
    )
