"""An application's groups: to the stream of its category, which the server's projection fills."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.projections import CategoryNotProjectedError, PersistentRunner
from esnb.projections.persistent.group import ConsumerGroup
from tests.domain.bank import Bank
from tests.embedded_process import EmbeddedProcess
from tests.persistent_groups import QUICK, Seen
from tests.waiting import DEADLINE


def amounts(seen: Seen) -> list[int]:
    return [event.amount for event in seen.all if hasattr(event, "amount")]


def groups(stores: esnb.Stores) -> list[str]:
    found = esnb.subscriptions(stores)
    return [f"{row.stream}::{row.group}" for row in found.itertuples()]


def old_group(stores: esnb.Stores, bank: Bank, name: str = "billing") -> ConsumerGroup:
    """As versions before made it."""
    recorder: Any = bank.recorder
    group = ConsumerGroup(stores.eventstoredb, name, None, [recorder.category.naming.pattern])
    group.ensure()
    return group


def test_it_is_made_on_the_category(stores: esnb.Stores, bank: Bank) -> None:
    bank.deposit(bank.open(), 1, 2)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen) as runner:
        runner.wait(timeout=DEADLINE)
        status = runner.status()
    assert amounts(seen) == [1, 2]
    assert groups(stores) == ["$ce-Bank::billing"]
    assert (status.lag, status.warning, status.parked) == (0, None, 0)
    assert status.position == bank.recorder.max_notification_id()


def test_notification_ids_are_what_one_waits_for(bank: Bank) -> None:
    first = bank.deposit(bank.open(), 1)
    last = bank.deposit(bank.open(), *range(2, 30))
    seen = Seen()
    with PersistentRunner(bank, "billing", seen) as runner:
        runner.wait(first, timeout=DEADLINE)
        assert 1 in amounts(seen)
        runner.wait(last, timeout=DEADLINE)
        assert sorted(amounts(seen)) == list(range(1, 30))
        with pytest.raises(TimeoutError, match="is not done with the events up to"):
            runner.wait(last + 1, timeout=0.2)


def test_what_is_not_handled_is_no_lag_of_zero(bank: Bank) -> None:
    bank.deposit(bank.open(), 1)
    with PersistentRunner(bank, "billing", Seen()) as runner:
        runner.wait(timeout=DEADLINE)
    bank.deposit(bank.open(), 2)
    assert runner.status().lag is None


def test_streams_of_others_in_the_category_are_passed_over(stores: esnb.Stores, bank: Bank) -> None:
    account = bank.open()
    for stream in ("Bank-notes", "Bank2-1", f"Bank-{account}-x", "Banking-1"):
        stores.eventstoredb.append_to_stream(
            stream, current_version=StreamState.ANY, events=[NewEvent("Printed", b"{}")]
        )
    bank.deposit(account, 3)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen) as runner:
        runner.wait(timeout=DEADLINE)
        status = runner.status()
    assert len(seen.all) == 2
    assert (status.lag, status.parked_in_group, status.failed) == (0, 0, 0)


@pytest.mark.parametrize("deletes", ["delete_stream", "tombstone_stream"])
def test_what_a_deleted_stream_leaves_is_acknowledged(
    stores: esnb.Stores, bank: Bank, deletes: str
) -> None:
    kept, lost = bank.open("kept"), bank.open("lost")
    with PersistentRunner(bank, "other", Seen()) as runner:
        runner.wait(timeout=DEADLINE)  # the links are there
    delete = getattr(stores.eventstoredb, deletes)
    delete(f"Bank-{lost}", current_version=StreamState.ANY)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen) as runner:
        runner.wait(timeout=DEADLINE)
        assert [event.originator_id for event in seen.all] == [kept]
        bank.deposit(kept, 5)
        runner.wait(timeout=DEADLINE)
        status = runner.status()
    assert (status.lag, status.parked_in_group) == (0, 0)


@pytest.mark.parametrize("prefix", ["north", "a.b", "a b", "Bänke"])
def test_another_prefix_is_another_category(stores: esnb.Stores, prefix: str) -> None:
    bank = Bank({**stores.env, "EVENTSTOREDB_STREAM_PREFIX": prefix})
    bank.deposit(bank.open(), 1)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen, env=stores.env) as runner:
        runner.wait(timeout=DEADLINE)
    assert amounts(seen) == [1]
    assert groups(stores) == [f"$ce-{prefix}::billing"]


def test_two_applications_may_have_groups_of_one_name(stores: esnb.Stores, bank: Bank) -> None:
    other = Bank({**stores.env, "EVENTSTOREDB_STREAM_PREFIX": "Other"})
    bank.deposit(bank.open(), 1)
    other.deposit(other.open(), 2)
    for app, amount in ((bank, 1), (other, 2)):
        seen = Seen()
        with PersistentRunner(app, "billing", seen) as runner:
            runner.wait(timeout=DEADLINE)
        assert amounts(seen) == [amount]


def test_streams_without_a_prefix_have_no_category(stores: esnb.Stores) -> None:
    bank = Bank({**stores.env, "EVENTSTOREDB_STREAM_PREFIX": ""})
    bank.deposit(bank.open(), 1)
    with pytest.raises(ValueError, match=r"no prefix.*stream='\$all'"):
        PersistentRunner(bank, "billing", Seen())
    seen = Seen()
    with PersistentRunner(bank, "billing", seen, stream="$all") as runner:
        runner.wait(timeout=DEADLINE)
    assert amounts(seen) == [1]


def test_a_group_on_all_is_made_when_it_is_asked_for(stores: esnb.Stores, bank: Bank) -> None:
    bank.deposit(bank.open(), 1)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen, stream="$all") as runner:
        runner.wait(bank.recorder.max_notification_id(), timeout=DEADLINE)
        assert runner.status().warning is None
    assert amounts(seen) == [1]
    assert groups(stores) == ["$all::billing"]


def test_an_application_may_have_another_stream_followed(stores: esnb.Stores, bank: Bank) -> None:
    account = bank.open()
    bank.deposit(account, 1)
    bank.deposit(bank.open(), 2)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen, stream=f"Bank-{account}") as runner:
        runner.wait(timeout=DEADLINE)
    assert amounts(seen) == [1]


def test_a_group_that_an_earlier_version_made_is_served(
    stores: esnb.Stores, bank: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    old_group(stores, bank)
    bank.deposit(bank.open(), 1)
    seen = Seen()
    with (
        caplog.at_level(logging.WARNING, "esnb"),
        PersistentRunner(bank, "billing", seen, workers=3) as runner,
    ):
        runner.wait(timeout=DEADLINE)
        runner.pause()
        runner.resume()
        bank.deposit(bank.open(), 2)
        runner.wait(timeout=DEADLINE)
        assert "$all::billing" in (runner.status().warning or "")
    assert sorted(amounts(seen)) == [1, 2]
    assert groups(stores) == ["$all::billing"]
    assert sum("earlier version" in record.message for record in caplog.records) == 1


def test_what_is_remembered_goes_on_when_the_group_is_made_anew(
    stores: esnb.Stores, bank: Bank
) -> None:
    old_group(stores, bank)
    bank.deposit(bank.open(), 1)
    seen = Seen()
    with PersistentRunner(bank, "billing", seen) as runner:
        runner.wait(timeout=DEADLINE)
    stores.eventstoredb.delete_subscription("billing")
    bank.deposit(bank.open(), 2)
    with PersistentRunner(bank, "billing", seen) as runner:
        runner.wait(timeout=DEADLINE)
        status = runner.status()
    assert amounts(seen) == [1, 2]
    assert (status.repeated, status.warning) == (2, None)
    assert groups(stores) == ["$ce-Bank::billing"]


@pytest.fixture
def without_projections() -> Iterator[dict[str, str]]:
    with EmbeddedProcess(None, "--run-projections", "none") as server:
        yield {"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": server.uri}


def test_without_the_projection_it_says_so(without_projections: dict[str, str]) -> None:
    bank = Bank(without_projections)
    bank.deposit(bank.open(), 1)
    runner = PersistentRunner(bank, "billing", Seen(), remember=0, backoff=QUICK).start()
    with pytest.raises(CategoryNotProjectedError, match=r"\$by_category.*stream='\$all'"):
        runner.wait(timeout=DEADLINE)
    assert "$by_category" in (runner.status().error or "")
    runner.stop()
    seen = Seen()
    with PersistentRunner(bank, "billing", seen, remember=0, stream="$all") as runner:
        runner.wait(timeout=DEADLINE)
    assert amounts(seen) == [1]


def test_a_projection_that_was_stopped_is_said(stores: esnb.Stores, bank: Bank) -> None:
    bank.open()
    stores.eventstoredb.disable_projection(name="$by_category")
    runner = PersistentRunner(bank, "billing", Seen(), backoff=QUICK).start()
    with pytest.raises(CategoryNotProjectedError, match="enable"):
        runner.wait(timeout=DEADLINE)
    stores.eventstoredb.enable_projection(name="$by_category")
    runner.resume()
    runner.wait(timeout=DEADLINE)
    assert runner.status().handled == 1
    runner.stop()
