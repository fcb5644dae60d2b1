"""A walk through esnb that prints what it shows: to be run twice, and compared."""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd
from eventsourcing.application import Application

import esnb
from esnb.examples.dog import Dog
from esnb.outbox import BullMQPublisher, Outbox
from esnb.projections import CatchUpRunner, PersistentRunner
from esnb.testing import deterministic, expect
from tests.domain.bank import Bank, Deposits, RedisSums, Sums


class Kennel(Application[Any]):
    name = "Kennel"
    is_snapshotting_enabled = True
    snapshotting_intervals = {Dog: 2}  # noqa: RUF012


def show(*values: object) -> None:
    for value in values:
        print(value.to_string() if isinstance(value, pd.DataFrame) else value)


def aggregates(kennel: Application[Any]) -> None:
    with esnb.correlate():
        fido = Dog("Fido")
        fido.add_trick("sit")
        kennel.save(fido)
    rex = Dog("Rex")
    kennel.save(rex)
    stale: Any = kennel.repository.get(rex.id)
    rex.add_trick("beg")
    kennel.save(rex)
    stale.add_trick("roll over")
    with expect(Exception):
        kennel.save(stale)
    show(esnb.events(kennel), esnb.streams(kennel), esnb.history(kennel, fido.id))
    show(esnb.catalog(kennel), esnb.snapshots(kennel))
    show(esnb.explore(kennel, fido.id, live=False), esnb.browse(kennel, live=False))
    show(*esnb.events(kennel)["metadata"])


def followers(bank: Bank, view: type[Any], env: Any) -> None:
    bank.deposit(bank.open(), 1, 2, 3)
    with CatchUpRunner(bank, Deposits, view, env) as runner:
        runner.wait()
        show(esnb.runners(runner), esnb.checkpoints(runner), esnb.watch(runner, live=False))
    show(esnb.read_model(runner.view))


def messages(stores: esnb.Stores, bank: Bank) -> None:
    outbox = Outbox(stores, bank)
    with outbox, BullMQPublisher(outbox, lambda record: "mails") as publisher:
        publisher.wait()
    show(esnb.outbox_records(outbox)[["id", "type", "state", "created"]])
    with PersistentRunner(bank, "billing", lambda event, recorded: None) as runner:
        runner.wait()
    show(esnb.subscriptions(stores.eventstoredb)[["group", "checkpoint", "parked"]])


def main(kind: str, path: str) -> None:
    if kind == "embedded":
        stores = esnb.connect(embedded=True)
        aggregates(stores.application(Kennel))
        bank = stores.application(Bank)
        followers(bank, RedisSums, stores.env)
        messages(stores, bank)
        show(esnb.events(stores.eventstoredb), esnb.streams(stores.eventstoredb))
        stores.close()
        return
    env = {}
    if kind == "sqlite":
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": path}
    aggregates(Kennel(env=env))
    followers(Bank(env=env), Sums, None)


if __name__ == "__main__":
    if sys.argv[3] == "block":
        with deterministic():
            main(*sys.argv[1:3])
    else:
        main(*sys.argv[1:3])
