"""subscriptions: the groups of consumers as a frame."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import OperationalError

import esnb
from esnb.clients.installed import Client, NewEvent, StreamState
from esnb.projections import PersistentRunner
from esnb.sources.groups import replay_parked
from tests.domain.accounts import Bank, an_account
from tests.waiting import until

COLUMNS = {
    "stream": "string",
    "group": "string",
    "status": "string",
    "checkpoint": "Int64",
    "last_known": "Int64",
    "lag": "Int64",
    "in_flight": "Int64",
    "retrying": "Int64",
    "parked": "Int64",
    "events": "Int64",
    "rate_per_s": "Float64",
    "strategy": "string",
    "start_from": "string",
    "message_timeout": "Float64",
    "max_retries": "Int64",
}


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


def dtypes(frame: Any) -> dict[str, str]:
    return {name: str(dtype).partition("[python")[0] for name, dtype in frame.dtypes.items()}


def test_the_columns_also_when_there_are_none(stores: esnb.Stores) -> None:
    frame = esnb.subscriptions(stores)

    assert len(frame) == 0
    assert dtypes(frame) == COLUMNS


@pytest.mark.parametrize(
    ("checkpoint", "last_known", "lag"),
    [
        ("C:20/P:20", "C:10/P:10", 0),  # of events that its filter leaves out there are more
        ("C:10/P:10", "C:10/P:10", 0),
        ("C:10/P:10", "C:20/P:20", None),
        ("", "C:20/P:20", None),
        ("", "", 0),
    ],
)
def test_a_group_over_all_lags_by_what_lies_behind_its_checkpoint(
    stores: esnb.Stores,
    monkeypatch: pytest.MonkeyPatch,
    checkpoint: str,
    last_known: str,
    lag: int | None,
) -> None:
    client = stores.eventstoredb
    client.create_subscription_to_all("audit")
    (info,) = client.list_subscriptions()
    told = replace(
        info,
        last_checkpointed_event_position=checkpoint,
        last_known_event_position=last_known,
    )
    monkeypatch.setattr(client, "list_subscriptions", lambda timeout: [told])

    found = esnb.subscriptions(client)["lag"][0]

    assert pd.isna(found) if lag is None else found == lag


def test_groups_of_streams_and_of_all(stores: esnb.Stores) -> None:
    client = stores.eventstoredb
    client.append_to_stream(
        "order-1",
        current_version=StreamState.NO_STREAM,
        events=[NewEvent(type="Placed", data=b"{}") for _ in range(5)],
    )
    client.create_subscription_to_stream("z-mail", "order-1", max_retry_count=3)
    client.create_subscription_to_all("audit", from_end=True)
    client.create_subscription_to_stream("a-bill", "order-1", message_timeout=12.5)

    subscription = client.read_subscription_to_stream("z-mail", "order-1")
    subscription.nack(next(subscription), "park")

    def parked() -> bool:
        return esnb.subscriptions(stores)["parked"].sum() == 1

    until(parked)
    frame = esnb.subscriptions(stores)
    subscription.stop()

    assert dtypes(frame) == COLUMNS
    assert list(zip(frame["stream"], frame["group"], strict=True)) == [
        ("$all", "audit"),
        ("order-1", "a-bill"),
        ("order-1", "z-mail"),
    ]
    by_group = frame.set_index("group")
    assert by_group.loc["z-mail", "parked"] == 1
    assert by_group.loc["z-mail", "max_retries"] == 3
    assert by_group.loc["z-mail", "last_known"] == 4
    assert by_group.loc["a-bill", "message_timeout"] == 12.5
    assert by_group.loc["audit", "status"] == "Live"
    assert by_group["lag"].notna().all()


def test_an_application_of_esnb_leads_to_its_server(stores: esnb.Stores) -> None:
    app = stores.application(Bank)
    an_account(app)
    stores.eventstoredb.create_subscription_to_all("audit")

    for source in (app, stores, stores.eventstoredb):
        assert esnb.subscriptions(source)["group"].tolist() == ["audit"]


@pytest.mark.parametrize(
    "source", [Application(), 7, esnb.Stores, "log.jsonl"], ids=["popo", "number", "class", "path"]
)
def test_what_has_no_subscriptions(source: Any) -> None:
    with pytest.raises(TypeError, match="no persistent subscriptions"):
        esnb.subscriptions(source)


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esnb.sources.groups.TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=10) as silent:
        client = Client(f"esdb://127.0.0.1:{silent.getsockname()[1]}?Tls=false")

        with pytest.raises(
            OperationalError, match="does not answer: check that it is an EventStoreDB"
        ):
            esnb.subscriptions(client)
        client.close()


def test_the_parked_events_of_a_group_that_is_missing(stores: esnb.Stores) -> None:
    app = stores.application(Bank)
    PersistentRunner(app, "billing", lambda *_: None).replay_parked()  # has none
    assert esnb.subscriptions(stores).empty
    with pytest.raises(LookupError, match=r"no group \$ce-Bank::billing"):
        replay_parked(stores, "$ce-Bank", "billing")
    for source, stream in ((stores.eventstoredb, "orders"), (stores, "$all")):
        with pytest.raises(LookupError, match="it was deleted"):
            replay_parked(source, stream, "billing")
