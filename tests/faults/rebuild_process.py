"""What a process that is killed in the middle of a rebuild runs.

`main()` takes its settings as JSON in the first argument; it says `holding`
where it is to be killed, and waits.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from eventsourcing.persistence import Tracking, TrackingRecorder

from esnb.projections import CatchUpRunner
from tests.domain.bank import Bank, Deposits
from tests.faults.projections_process import Ledger


class Noted(Deposits):
    """Notes what it is given in the file $NOTES; holds at the amount $HOLDS_AT."""

    name = "noted"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        with Path(os.environ["NOTES"]).open("a") as notes:
            print(domain_event.amount, file=notes)
        if str(domain_event.amount) == os.environ.get("HOLDS_AT"):
            print("holding", flush=True)
            sys.stdin.read()
        self.view.add(domain_event.amount, tracking)


def runner_of(kind: str, env: dict[str, str]) -> CatchUpRunner[Bank, Any]:
    """From SQLite into a view of this kind, event by event."""
    view_class: type[TrackingRecorder] = Ledger
    if kind == "sql":
        from tests.contract.amounts_sql import Amounts

        view_class = Amounts
    return CatchUpRunner(Bank, Noted, view_class, env, batch_size=1)


def main() -> None:
    settings = json.loads(sys.argv[1])
    runner = runner_of(settings["kind"], settings["env"])
    runner.rebuild()
    runner.run_forever()
