"""Open widgets whose stores go away: closed, or killed; what they then say to do."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest

import esnb
from esnb.examples.product import Catalogue, CatalogueProjection, ProductApplication
from esnb.projections import CatchUpRunner, PersistentRunner
from esnb.widgets.watch.sources import board_of
from esnb.widgets.watch.text import faults
from tests.domain.accounts import Bank, an_account
from tests.embedded_process import EmbeddedProcess
from tests.unit.widget_pages import Outline
from tests.waiting import until


def kill(stores: esnb.Stores, server: str) -> None:
    """Ends one of the embedded servers as an accident would."""
    pair = stores._pair
    assert pair is not None
    process = {"EventStoreDB": pair._eventstoredb, "Redis": pair._redis}[server]
    assert process is not None
    os.kill(process.state["pid"], signal.SIGKILL)
    until(pair.dead)


def opened_over(stores: esnb.Stores) -> list[Any]:
    app = stores.application(Bank)
    account = an_account(app)
    return [
        esnb.browse(stores.eventstoredb, live=True),
        esnb.browse(app, live=True),
        esnb.explore(app, account, live=True),
        esnb.flow(app, "order-17", live=True),
    ]


def said_by(shown: list[Any]) -> list[str]:
    """What each says that was told to read again; then it is closed."""
    texts = []
    for each in shown:
        each.refresh()
        texts.append(Outline(each._controls()._message.value).text)
        each.close()
    return texts


def test_of_closed_stores_they_say_to_connect_again_and_nothing_else(stores: esnb.Stores) -> None:
    shown = opened_over(stores)
    stores.close()
    for text in said_by(shown):
        assert text.count("again,") == 1
        assert "are closed: call esnb.connect() again, and make the application" in text
        assert "Make this widget again after that." in text
        assert "connection" not in text


def test_of_a_killed_embedded_server_they_say_that_nobody_starts_it_again(
    stores: esnb.Stores,
) -> None:
    shown = opened_over(stores)
    kill(stores, "EventStoreDB")
    for text in said_by(shown):
        assert "the embedded EventStoreDB has ended: call esnb.connect() again" in text
        assert "Make this widget again after that." in text
        assert "refused" not in text
        assert "127.0.0.1" not in text


# --- under `watch` --------------------------------------------------------------------


class Watching:
    """Everything that can be watched, over an application with one product."""

    def __init__(self, stores: esnb.Stores, stack: ExitStack) -> None:
        from esnb.outbox import BullMQPublisher, Outbox, Worker

        app = stores.application(ProductApplication)
        app.create_product(
            name="Desk lamp",
            description="Brass",
            price=Decimal("49.90"),
            category="lighting",
            sku="LAMP-1",
        )
        runner = CatchUpRunner(app, CatalogueProjection, Catalogue, env=stores.env)
        consumers = PersistentRunner(app, "mailing", lambda *_: None)
        outbox = Outbox(stores, app, name="mails")
        publisher = BullMQPublisher(outbox, lambda _: None)
        worker = Worker(stores, "letters", lambda _: None)
        runners: list[Any] = [runner, consumers, outbox, publisher, worker]
        for each in runners:
            stack.enter_context(each)
        runner.wait(timeout=60)
        publisher.wait(timeout=60)
        consumers.wait(timeout=60)
        self.board = board_of([*runners, stores], queues="orders", projections="$by_category")

    def states(self) -> dict[str, str]:
        return {title(each): each.state for each in self.board.look()}


def title(seen: Any) -> str:
    return f"{seen.name}, {seen.kind}"


def said_of(seen: Any) -> str:
    return "; ".join(f"{what}: {text}" for what, text in faults(seen))


@pytest.mark.extras
@pytest.mark.parametrize(
    ("server", "unconcerned"),
    [
        ("EventStoreDB", {"mails → BullMQ, publisher", "letters, worker", "orders, queue"}),
        (
            "Redis",
            {
                "mailing, persistent subscription",
                "$by_category, server projection",
            },
        ),
    ],
)
def test_what_is_watched_is_never_running_on_a_killed_server(
    stores: esnb.Stores,
    server: str,
    unconcerned: set[str],
) -> None:
    with ExitStack() as stack:
        watching = Watching(stores, stack)
        until(lambda: "starting" not in watching.states().values())
        before = watching.states()
        assert not {"retrying", "unknown", "failed"} & set(before.values())
        kill(stores, server)

        def once_all_know() -> list[Any]:
            """What an attempt met while the server was dying is said until the next one."""
            found = watching.board.look()
            concerned = [each for each in found if title(each) not in unconcerned]
            return found if all("has ended" in said_of(each) for each in concerned) else []

        found = until(once_all_know)
    for each in found:
        name = title(each)
        if name in unconcerned:
            assert each.state == before[name]
            continue
        assert each.state in ("retrying", "unknown"), name
        assert each.name in " ".join([*before, "persistent subscriptions"]), name
        said = said_of(each)
        assert f"the embedded {server} has ended: call esnb.connect() again" in said, name
        assert "what to do: Make " in said, name
        for never in ("refused", "127.0.0.1", "redis.sock", "by itself"):
            assert never not in said, name


def test_a_runner_says_that_it_goes_on_when_a_server_is_back(
    stores: esnb.Stores,
) -> None:
    with EmbeddedProcess() as server:
        app = ProductApplication(env={**stores.env, "EVENTSTOREDB_URI": server.uri})
        with CatchUpRunner(app, CatalogueProjection, Catalogue, env=stores.env) as runner:
            runner.wait(timeout=60)
            server.kill()
            (seen,) = board_of([runner]).look()
    assert seen.state == "retrying"
    assert server.uri in str(seen.error)
    assert dict(faults(seen))["what to do"] == (
        "Check the server: the runner goes on by itself once it answers."
    )
