"""A process that forks again and again, and tells how each child and the parent fared.

`python -m tests.integration.forked_uses os._exit|sys.exit` prints one JSON
object per use of something inherited: what the child got, and how many events
the parent read afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking

import esnb
from esnb.clients.installed import NewEvent, StreamState
from tests.domain.counting import Counting, Total


class Shop(Application[UUID]):
    name = "Shop"


HANG = 60
"""Seconds after which a child counts as hanging."""


def uses(stores: esnb.Stores, shop: Shop, dog: Aggregate, runner: Any) -> dict[str, Any]:
    client = stores.eventstoredb
    env = dict(stores.env)
    client.create_subscription_to_stream("answering", f"Shop-{dog.id}")
    delivering = client.read_subscription_to_stream("answering", f"Shop-{dog.id}")
    delivered = next(delivering)
    worker = esnb.projections.PersistentRunner(shop, "group", lambda *_: None)
    event = NewEvent(type="Happened", data=b"{}")
    return {
        "repository.get": lambda: shop.repository.get(dog.id),
        "save": lambda: shop.save(Aggregate()),
        "events(app)": lambda: esnb.events(shop),
        "events(client)": lambda: esnb.events(client),
        "events(stores)": lambda: esnb.events(stores),
        "history": lambda: esnb.history(shop, dog.id),
        "explore": lambda: esnb.explore(shop, dog.id),
        "browse": lambda: esnb.browse(shop),
        "client read": lambda: list(client.read_all()),
        "client subscription": lambda: client.subscribe_to_all(),
        "ack": lambda: delivering.ack(delivered),
        "ack by id": lambda: delivering.ack(delivered.ack_id),
        "nack": lambda: delivering.nack(delivered, "park"),
        "client append": lambda: client.append_to_stream(
            "a", current_version=StreamState.ANY, events=[event]
        ),
        "app subscription": lambda: shop.recorder.subscribe(),
        "new app on the old settings": lambda: Shop(env=env).save(Aggregate()),
        "env": lambda: stores.env,
        "stores.redis": lambda: stores.redis,
        "stores.eventstoredb": lambda: stores.eventstoredb,
        "application": lambda: stores.application(Shop),
        "reset": stores.reset,
        "view": lambda: runner.view.max_tracking_id("Shop"),
        "read_model": lambda: esnb.read_model(runner),
        "view commit": lambda: runner.view.add(Tracking("Shop", 10**9)),
        "wait": lambda: runner.wait(timeout=HANG),
        "start": runner.start,
        "rebuild": runner.rebuild,
        "status": runner.status,
        "runners": lambda: esnb.runners(runner),
        "persistent runner": worker.start,
        "connect": lambda: esnb.connect(embedded=True),
        "connect elsewhere": lambda: esnb.connect(tempfile.mkdtemp()),
        "connect attached": lambda: esnb.connect(env["EVENTSTOREDB_URI"], redis=env["REDIS_URL"]),
        # Nothing happens: they end what is the parent's.
        "close": stores.close,
        "close client": client.close,
        "close app": shop.close,
        "stop": runner.stop,
        "stop subscription": delivering.stop,
        "leave": lambda: stores.__exit__(None, None, None),
    }


def in_child(use: Callable[[], Any], leave: Callable[[int], Any]) -> str:
    """What `use` came to in a forked process that then leaves by `leave`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(HANG)
        try:
            told = f"ok {type(use()).__name__}"
        except BaseException as error:  # noqa: BLE001  told to the test
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        leave(7)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return told if status == 7 else f"{told} and left with {status}"


def follow(shop: Shop, followed: SimpleQueue[int]) -> None:
    """Another thread takes what comes: nothing else would notice that it is cut off."""

    def run() -> None:
        for notification in shop.recorder.subscribe():
            followed.put(notification.id)

    threading.Thread(target=run, daemon=True).start()


def main(leave: Callable[[int], Any]) -> None:
    stores = esnb.connect(embedded=True)
    shop = stores.application(Shop)
    dog = Aggregate()
    shop.save(dog)
    runner = esnb.projections.CatchUpRunner(Shop, Counting, Total, env=stores.env).start()
    runner.wait(timeout=HANG)
    subscription = stores.eventstoredb.subscribe_to_all()
    next(subscription)
    followed: SimpleQueue[int] = SimpleQueue()
    follow(shop, followed)
    followed.get(timeout=HANG)
    for number, (name, use) in enumerate(uses(stores, shop, dog, runner).items(), start=2):
        told = in_child(use, leave)
        shop.save(Aggregate())
        next(subscription)
        followed.get(timeout=HANG)
        runner.wait(timeout=HANG)
        restarts = runner.status().restarts
        seen = len(esnb.events(shop))
        print(json.dumps([name, told, seen == number, restarts]), flush=True)
    stores.close()


if __name__ == "__main__":
    leaves: dict[str, Callable[[int], Any]] = {"os._exit": os._exit, "sys.exit": sys.exit}
    main(leaves[sys.argv[1]])
