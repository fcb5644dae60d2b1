"""Runners of every kind in one frame, on embedded stores."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import esnb
from esnb.outbox import BullMQPublisher, Outbox
from esnb.projections import CatchUpRunner, PersistentRunner
from tests.domain.bank import Bank, Deposits, RedisSums
from tests.waiting import DEADLINE

pytestmark = pytest.mark.extras

DTYPES = {
    "name": "string",
    "state": "string",
    "position": "Int64",
    "head": "Int64",
    "lag": "Int64",
    "lag_seconds": "Float64",
    "rate_per_s": "Float64",
    "error": "string",
}


def test_runners_of_every_kind_stand_in_one_frame() -> None:
    handled = threading.Event()

    def pay(domain_event: Any, recorded: Any) -> None:
        if getattr(domain_event, "amount", None) == 3:
            handled.set()

    with esnb.connect(embedded=True) as stores:
        bank = stores.application(Bank)
        account = bank.open()
        last = bank.deposit(account, 1, 2, 3)
        catch_up = CatchUpRunner(bank, Deposits, RedisSums, stores.env)
        persistent = PersistentRunner(bank, "payments", pay, env=stores.env)
        outbox = Outbox(stores, bank)
        publisher = BullMQPublisher(outbox, lambda record: "payments")
        together = (catch_up, persistent, outbox, publisher)
        before = esnb.runners(*together)
        with catch_up, persistent, outbox, publisher:
            catch_up.wait(timeout=DEADLINE)
            persistent.wait(timeout=DEADLINE)
            publisher.wait(timeout=DEADLINE)
            assert handled.is_set()
            running = esnb.runners(*together)
        after = esnb.runners(*together)

    names = ["deposits", "payments", outbox.name, f"{outbox.name} → BullMQ"]
    for frame in (before, running, after, esnb.runners()):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    for frame in (before, running, after):
        assert frame["name"].tolist() == names
        assert frame["error"].isna().all()
        assert list(frame.index) == [0, 1, 2, 3]
    assert set(before["state"]) == set(after["state"]) == {"stopped"}
    assert running["state"].tolist() == ["running"] * 4
    assert running["lag"].tolist() == [0, 0, 0, 0]
    # A publisher counts records: the log's ids are the business of its outbox.
    assert running.loc[[0, 2], "position"].tolist() == [last, last]
    assert running.loc[[0, 2], "head"].tolist() == [last, last]
    assert (before.loc[0, "lag"], before.loc[2, "lag"]) == (4, 4)
