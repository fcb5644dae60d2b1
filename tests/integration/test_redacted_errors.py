"""Where fields are hidden, their values do not come out of the texts of errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from eventsourcing.persistence import Tracking

import esnb
from esnb.outbox import BullMQPublisher, Job, Outbox, OutboxRecord, StuckError, Worker
from esnb.projections import CatchUpRunner, PersistentRunner
from esnb.redis import RedisView
from esnb.sources.redaction import Redaction
from esnb.stores import Stores
from esnb.widgets.watch.panel import WatchPanel
from esnb.widgets.watch.sources import board_of
from tests.domain.bank import Bank, Deposits, Sums
from tests.persistent_groups import Groups
from tests.waiting import DEADLINE, until

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"LookupError: no mailbox for {SECRET}", "LookupError: [redacted]"),
        (f"library.errors.HttpError: {SECRET}", "library.errors.HttpError: [redacted]"),
        ("LookupError", "LookupError: [redacted]"),
        (f"no mailbox for {SECRET}", "[redacted]"),
        (f"{SECRET}: no mailbox", "[redacted]"),
        (f"Error in {SECRET}", "[redacted]"),
        ("discarded", "discarded"),
        (f"discarded, after: ValueError: {SECRET}\n{SECRET}", "discarded, after: ValueError: [redacted]"),
        (f"discarded, after: {SECRET}", "discarded, after: [redacted]"),
        ("", "[redacted]"),
    ],
)  # fmt: skip
def test_of_an_error_its_kind_stays(text: str, shown: str) -> None:
    assert Redaction("email").message(text) == shown
    assert Redaction(None).message(text) == text
    assert Redaction("email").message(None) is None


def texts(*frames: Any) -> str:
    return "\n".join(repr(frame.to_dict("records")) for frame in frames)


@pytest.fixture
def bank(stores: Stores) -> Bank:
    with esnb.correlate("flow"):
        bank = stores.application(Bank)
        bank.open(SECRET)
    return bank


def refuses(record: OutboxRecord) -> str:
    raise LookupError(f"no mailbox for {record.payload['owner']!r}")


@pytest.mark.extras
def test_records_that_no_route_takes(stores: Stores, bank: Bank) -> None:
    outbox = Outbox(stores, bank)
    with outbox, BullMQPublisher(outbox, refuses, attempts=1) as publisher:
        with pytest.raises(StuckError):
            publisher.wait(timeout=DEADLINE)
        for given in (outbox, publisher, outbox.view):
            for ends in ({}, {"limit": 1}, {"last": 1}):
                hidden = esnb.outbox_records(given, redact="owner", **ends)
                assert hidden["error"][0] == "LookupError: [redacted]"
                assert SECRET not in texts(hidden)
        for given in (outbox, outbox.view):
            kept = esnb.read_model(given, redact="owner")
            assert SECRET not in texts(kept)
            assert "LookupError: [redacted]" in texts(kept)
        trace = esnb.trace(stores, "flow", redact=["owner"])
        assert SECRET not in texts(trace)
        assert "LookupError: [redacted]" in list(trace["error"].dropna())
        flow = esnb.flow(stores, "flow", live=False, redact="owner")
        assert SECRET not in str(flow) + flow._repr_html_()
        outbox.discard(outbox.records()[0].id)
    assert "discarded, after: LookupError: [redacted]" in texts(
        esnb.read_model(outbox.view, redact="owner")
    )
    assert SECRET in texts(esnb.read_model(outbox.view))
    hidden = esnb.outbox_records(outbox, redact="owner")
    assert hidden["error"][0] == "discarded, after: LookupError: [redacted]"
    assert SECRET in texts(esnb.outbox_records(outbox))


@pytest.mark.extras
def test_jobs_that_fail_and_jobs_that_tell(stores: Stores, bank: Bank) -> None:
    def works(job: Job) -> str:
        owner = job.payload["owner"]
        job.progress({"step": 1, "owner": owner})
        if worked.append(job.id) or len(worked) == 1:
            raise LookupError(f"{owner}: no such mailbox")
        return f"mailed to {owner}"

    worked: list[str] = []
    outbox = Outbox(stores, bank)
    with (
        outbox,
        BullMQPublisher(outbox, lambda record: ["a", "b"]) as publisher,
        Worker(stores, "a", works) as failing,
    ):
        publisher.wait(timeout=DEADLINE)
        assert failing._progress.wait(DEADLINE, lambda: failing._progress.counts["failed"] > 0)
        with Worker(stores, "b", works) as worker:
            worker.wait(1, timeout=DEADLINE)
        every: tuple[dict[str, Any], ...] = ({}, {"limit": 1}, {"last": 1})
        for ends in every:
            failed = esnb.queue(stores, "a", redact="owner", **ends)
            done = esnb.queue(stores, "b", redact="owner", **ends)
            assert SECRET not in texts(failed, done)
            assert list(failed["reason"]) == ["[redacted]"]
            assert list(done["result"]) == ["[redacted]"]
            assert done["progress"][0] == {"step": 1, "owner": "[redacted]"}
        assert SECRET not in texts(esnb.trace(stores, "flow", redact="owner"))
        assert SECRET in texts(esnb.queue(stores, "a"), esnb.queue(stores, "b"))
        shown = esnb.watch(failing, publisher, stores, queues=["a"], live=False, redact="owner")
        assert SECRET not in str(shown) + shown._repr_html_()


@pytest.mark.extras
def test_data_that_cannot_be_read(stores: Stores) -> None:
    stores.redis.lpush("bull:q:wait", "1")
    stores.redis.hset("bull:q:1", mapping={"data": f"no JSON: {SECRET}", "progress": SECRET})
    hidden = esnb.queue(stores, "q", redact="owner")
    assert (hidden["data"][0], hidden["progress"][0]) == ("[redacted]", "[redacted]")


class Failing(Deposits):
    def process_event(self, domain_event: Any, tracking: Any) -> None:
        raise ValueError(f"no such customer: {SECRET}")


class Kept(RedisView):
    """Of which only the dead letters are looked at."""


@pytest.mark.parametrize("redact", ["owner", ["amount", "x.y"], "originator_id"])
def test_dead_letters_in_a_read_model(stores: Stores, bank: Bank, redact: Any) -> None:
    with CatchUpRunner(bank, Failing, Kept, stores.env, on_error="dead-letter") as runner:
        bank.deposit(bank.open(), 1)
        runner.wait()
        for given in (runner, runner.view):
            frame = esnb.read_model(given, redact=redact)
            assert SECRET not in texts(frame)
            letter = json.loads(frame["value"][0])
            assert letter["error"] == "ValueError: [redacted]"
            assert letter["traceback"] == "[redacted]"
            assert letter["handler"] == runner.dead_letters()[0].handler
        assert json.loads(esnb.read_model(runner)["value"][0])["error"].endswith(SECRET)


def test_dead_letters_that_somebody_else_wrote(stores: Stores) -> None:
    view = CatchUpRunner(Bank(), Failing, Kept, stores.env).view
    with view.commit(Tracking("Bank", 1)) as commands:
        commands.rpush(view.key("~dead-letters"), SECRET, "{}", f'["{SECRET}"]')
    assert SECRET not in texts(esnb.read_model(view, redact="owner"))


@pytest.fixture
def failed() -> Iterator[CatchUpRunner[Bank, Sums]]:
    bank = Bank()
    bank.deposit(bank.open(), 1)
    with CatchUpRunner(bank, Failing, Sums) as runner:
        with pytest.raises(ValueError, match="no such customer"):
            runner.wait()
        yield runner


@pytest.fixture
def parked() -> PersistentRunner:
    groups = Groups()
    groups.append("bad", stream="of): all-1")

    def fails(event: Any, recorded: Any) -> None:
        if event == "bad":
            raise ValueError(f"no such customer: {SECRET}")

    with PersistentRunner(groups, "g", fails, remember=0, retries=0) as runner:
        until(lambda: runner.status().last_parked)
        groups.append("good")
        until(lambda: runner.status().error is None)
    return runner


def test_runners_in_a_frame_and_in_a_panel(
    failed: CatchUpRunner[Bank, Sums], parked: PersistentRunner
) -> None:
    frame = esnb.runners(failed, parked, redact="owner")
    assert frame["error"][0] == "ValueError: [redacted]"
    shown = esnb.watch(failed, parked, live=False, redact="owner")
    for face in (str(shown), shown._repr_html_(), repr(shown.runners), texts(frame)):
        assert SECRET not in face
    assert "error: ValueError: [redacted]" in str(shown)
    assert "handler: " in str(shown)
    assert "last parked: event " in str(shown)
    plain = esnb.watch(failed, parked, live=False)
    assert str(plain).count(SECRET) == 2
    assert SECRET in texts(esnb.runners(failed))


def test_what_a_panel_says_that_was_asked_for_something() -> None:
    class Refusing:
        name = "refusing"

        def status(self) -> Any:
            raise ConnectionError(f"at {SECRET}")

        def pause(self) -> None:
            raise ValueError(f"not {SECRET}")

    panel = WatchPanel(board_of([Refusing()], redact="owner"), numbers=True, patience=60)
    try:
        (seen,) = panel._board.look()
        assert seen.error == "ConnectionError: [redacted]"
        panel.press(seen.key, "pause").join(60)
        assert "ValueError: [redacted]" in panel._message.value
    finally:
        panel.close()
