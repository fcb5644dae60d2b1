"""An outbox on embedded stores: from the saved event to the finished job."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from asyncio import CancelledError
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import NotSupportedError, ProgrammingError

import esnb
from esnb.correlation import current_correlation
from esnb.outbox import (
    BullMQPublisher,
    Job,
    Outbox,
    OutboxRecord,
    Route,
    StuckError,
    Worker,
)
from esnb.running.exits import ExitError
from esnb.stores import Stores
from tests.domain.bank import Account, Bank
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.extras


SIGNS = (SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError, StopIteration)
"""What means something to whoever runs a thread, a task or a generator."""


def waiting(stores: Stores, queue: str) -> list[str]:
    """Ids of the jobs that wait in a queue, oldest first."""
    found: Any = stores.redis.lrange(f"bull:{queue}:wait", 0, -1)
    return [id.decode() for id in reversed(found)]


def states(outbox: Outbox[Bank]) -> list[tuple[str, str]]:
    return [(record.type, record.state) for record in outbox.records()]


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*given: object) -> None:
        raise error

    return raises


def to(queue: str | None) -> Callable[[OutboxRecord], str | None]:
    return lambda record: queue


class TestPublishing:
    def test_each_event_becomes_one_job_with_its_id_name_and_data(
        self, stores: Stores, bank: Bank
    ) -> None:
        with esnb.correlate("order-17", causation_id="click-3"):
            account = bank.open("Änne")
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to("mails")) as publisher:
            publisher.wait(timeout=DEADLINE)
        [record] = outbox.records()
        [event] = bank.recorder.select_events(account)
        assert record.id == str(event.event_id)  # type: ignore[attr-defined]
        assert record.state == "published"
        assert record.queues == ("mails",)
        assert record.attempts == 1
        assert waiting(stores, "mails") == [f"ev-{record.id}"]
        job: Any = stores.redis.hgetall(f"bull:mails:ev-{record.id}")
        assert job[b"name"] == b"Account.Created"
        data = json.loads(job[b"data"])
        assert list(data) == ["id", "aggregate_id", "version", "topic", "payload", "headers"]
        assert data["id"] == record.id
        assert data["aggregate_id"] == str(account)
        assert data["version"] == 1
        assert data["payload"]["owner"] == "Änne"
        assert data["headers"] == {
            "correlation_id": "order-17",
            "causation_id": "click-3",
            "application": "Bank",
        }

    def test_jobs_of_one_aggregate_are_added_in_its_order(self, stores: Stores, bank: Bank) -> None:
        accounts = [bank.open() for _ in range(3)]
        for _ in range(4):
            for account in accounts:
                bank.deposit(account, 1)
        outbox = Outbox(stores, bank, batch_size=2)
        with outbox, BullMQPublisher(outbox, to("q"), batch_size=4) as publisher:
            publisher.wait(timeout=DEADLINE)
        by_job = {record.job_id: record for record in outbox.records()}
        order = [by_job[id] for id in waiting(stores, "q")]
        for account in accounts:
            versions = [each.version for each in order if each.aggregate_id == str(account)]
            assert versions == [1, 2, 3, 4, 5]

    def test_what_comes_later_is_published_without_being_asked(
        self, stores: Stores, bank: Bank
    ) -> None:
        account = bank.open()
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to("q")) as publisher:
            publisher.wait(timeout=DEADLINE)
            bank.deposit(account, 1)
            publisher.wait(timeout=DEADLINE)
            assert len(waiting(stores, "q")) == 2

    def test_none_means_deliberately_not_sent(self, stores: Stores, bank: Bank) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to(None)) as publisher:
            publisher.wait(timeout=DEADLINE)
        assert states(outbox) == [("Account.Created", "skipped")]
        assert list(stores.redis.scan_iter("bull:*")) == []

    def test_topics_choose_events_by_class_or_text(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        bank.deposit(account, 1)
        bank.rename(account, "Bob")
        topic = f"{Account.__module__}:Account.Renamed"
        by_class = Outbox(stores, bank, name="deposits", topics=[Account.Deposited])  # type: ignore[attr-defined]
        by_text = Outbox(stores, bank, name="renames", topics=[topic])
        with by_class, by_text:
            by_class.wait(timeout=DEADLINE)
            by_text.wait(timeout=DEADLINE)
        assert states(by_class) == [("Account.Deposited", "pending")]
        assert states(by_text) == [("Account.Renamed", "pending")]
        assert by_class.status().lag == 0

    def test_two_outboxes_of_one_application_do_not_share_a_checkpoint(
        self, stores: Stores, bank: Bank
    ) -> None:
        bank.open()
        first, second = Outbox(stores, bank, name="first"), Outbox(stores, bank, name="second")
        with first:
            first.wait(timeout=DEADLINE)
        assert second.view.max_tracking_id("Bank") is None
        with second:
            second.wait(timeout=DEADLINE)
        assert first.records()[0].id == second.records()[0].id

    def test_options_come_from_the_publisher_and_the_route(
        self, stores: Stores, bank: Bank
    ) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        route = lambda record: [  # noqa: E731
            Route("slow", delay=60_000, attempts=7),
            Route("urgent", priority=3, removeOnComplete=True),
        ]
        with outbox, BullMQPublisher(outbox, route, options={"attempts": 2}) as publisher:
            publisher.wait(timeout=DEADLINE)
        job_id = outbox.records()[0].job_id
        slow: Any = stores.redis.hget(f"bull:slow:{job_id}", "opts")
        urgent: Any = stores.redis.hget(f"bull:urgent:{job_id}", "opts")
        assert json.loads(slow)["attempts"] == 7
        assert json.loads(urgent)["attempts"] == 2
        assert stores.redis.zcard("bull:slow:delayed") == 1
        assert stores.redis.zcard("bull:urgent:prioritized") == 1

    def test_events_of_another_store_get_ids_of_their_own(self, stores: Stores) -> None:
        memory = Bank()
        account = memory.open()
        outbox = Outbox(stores, memory, name="from-memory")
        with outbox, BullMQPublisher(outbox, to("q")) as publisher:
            publisher.wait(timeout=DEADLINE)
        again = Outbox(stores, memory, name="again")
        with again:
            again.wait(timeout=DEADLINE)
        assert outbox.records()[0].id == again.records()[0].id
        assert outbox.records()[0].aggregate_id == str(account)

    def test_stopping_and_starting_again_loses_nothing(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        outbox = Outbox(stores, bank)
        publisher = BullMQPublisher(outbox, to("q"), batch_size=3)
        for _ in range(5):
            bank.deposit(account, *range(20))
            outbox.start()
            publisher.start()
            publisher.stop()
            outbox.stop()
        with outbox, publisher:
            publisher.wait(timeout=DEADLINE)
        assert [record.version for record in outbox.records()] == list(range(1, 102))
        assert waiting(stores, "q") == [record.job_id for record in outbox.records()]


class TestTrouble:
    @pytest.mark.parametrize("kind", SIGNS)
    def test_a_route_that_exits_has_failed(
        self,
        kind: type[BaseException],
        stores: Stores,
        bank: Bank,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        bank.open()
        is_mended = threading.Event()

        def route(record: OutboxRecord) -> str:
            if not is_mended.is_set():
                raise kind("enough")
            return "q"

        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, route, attempts=2, shortest=0.02) as publisher:
            with pytest.raises(StuckError, match=f"{kind.__name__}: enough was raised"):
                publisher.wait(timeout=DEADLINE)
            [record] = outbox.records()
            assert (record.state, record.attempts) == ("dead", 2)
            assert publisher.status().state == "running"
            is_mended.set()
            outbox.retry(record.id)
            publisher.wait(timeout=DEADLINE)
        assert states(outbox) == [("Account.Created", "published")]
        assert capfd.readouterr() == ("", "")

    def test_an_exit_elsewhere_in_the_thread_is_the_publishers_failure(
        self, stores: Stores, bank: Bank, capfd: pytest.CaptureFixture[str]
    ) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        publisher = BullMQPublisher(outbox, to("q"))
        publisher._planner = SimpleNamespace(plan=raising(KeyboardInterrupt("enough")))  # type: ignore[assignment]
        with outbox, pytest.raises(ExitError, match="KeyboardInterrupt: enough"):
            publisher.start().wait(timeout=DEADLINE)
        assert publisher.status().state == "failed"
        assert capfd.readouterr() == ("", "")

    def test_a_record_that_cannot_be_routed_holds_up_its_aggregate_only(
        self, stores: Stores, bank: Bank
    ) -> None:
        broken, sound = bank.open("broken"), bank.open("sound")
        bank.deposit(broken, 1)
        bank.deposit(sound, 1)
        is_mended = threading.Event()

        def route(record: OutboxRecord) -> str:
            if record.aggregate_id == str(broken) and not is_mended.is_set():
                raise LookupError("no queue for broken accounts")
            return "q"

        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, route, attempts=2, shortest=0.02) as publisher:
            with pytest.raises(StuckError, match="no queue for broken accounts") as raised:
                publisher.wait(timeout=DEADLINE)
            assert isinstance(raised.value, TimeoutError)
            of = {(each.aggregate_id, each.version): each for each in outbox.records()}
            dead = of[str(broken), 1]
            assert (dead.state, dead.attempts) == ("dead", 2)
            assert dead.error == "LookupError: no queue for broken accounts"
            assert of[str(broken), 2].state == "pending"
            assert of[str(sound), 2].state == "published"

            is_mended.set()
            assert outbox.retry(dead.id) == 1
            publisher.wait(timeout=DEADLINE)
            assert {state for _, state in states(outbox)} == {"published"}
            assert [id[3:] for id in waiting(stores, "q")][2:] == [
                of[str(broken), 1].id,
                of[str(broken), 2].id,
            ]

    def test_a_failed_record_is_tried_again_by_itself(self, stores: Stores, bank: Bank) -> None:
        bank.open()
        calls: list[int] = []

        def route(record: OutboxRecord) -> str:
            calls.append(record.attempts)
            if len(calls) < 4:
                raise ConnectionError("the address book is away")
            return "q"

        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, route, shortest=0.01, longest=0.02) as publisher:
            publisher.wait(timeout=DEADLINE)
        assert calls == [0, 1, 2, 3]
        [record] = outbox.records()
        assert (record.state, record.attempts, record.error) == ("published", 4, None)

    def test_a_failed_record_tells_when_it_is_tried_again(self, stores: Stores, bank: Bank) -> None:
        bank.open()

        def route(record: OutboxRecord) -> str:
            raise ConnectionError("away")

        outbox = Outbox(stores, bank)
        publisher = BullMQPublisher(outbox, route, shortest=3600, chance=lambda: 1.0)
        left = r"1 record is left.*Account\.Created.*away"
        with outbox, publisher:
            until(lambda: states(outbox) == [("Account.Created", "failed")])
            with pytest.raises(TimeoutError, match=left):
                publisher.wait(timeout=0.1)
        [record] = outbox.records()
        assert record.state == "failed"
        assert record.settled is not None
        assert record.next_attempt is not None
        assert round((record.next_attempt - record.settled).total_seconds()) == 300

    def test_a_publisher_that_can_no_longer_listen_says_so(
        self, stores: Stores, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fails(*_: Any) -> None:
            raise RuntimeError("no such channel")

        monkeypatch.setattr("esnb.outbox.publishing.Publishing._listen", fails)
        outbox = Outbox(stores, bank)
        publisher = BullMQPublisher(outbox, to("q")).start()
        assert publisher._tasks[0].ended.wait(DEADLINE)
        assert publisher.status().state == "failed"
        assert publisher.status().error == "RuntimeError: no such channel"
        monkeypatch.undo()
        bank.open()
        with outbox, publisher:
            publisher.wait(timeout=DEADLINE)

    def test_an_outbox_is_read_whatever_a_route_says(self, stores: Stores, bank: Bank) -> None:
        bank.open()

        def route(record: OutboxRecord) -> str:
            raise ValueError("half of a pair: \ud800")

        outbox = Outbox(stores, bank)
        with (
            outbox,
            BullMQPublisher(outbox, route, attempts=1) as publisher,
            pytest.raises(StuckError, match="half of a pair"),
        ):
            publisher.wait(timeout=DEADLINE)
        assert outbox.records()[0].error == r"ValueError: half of a pair: \ud800"

    def test_discarded_records_let_those_behind_them_go(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        bank.deposit(account, 1)

        def route(record: OutboxRecord) -> str:
            if record.version == 1:
                raise LookupError("unknown")
            return "q"

        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, route, attempts=1) as publisher:
            with pytest.raises(StuckError):
                publisher.wait(timeout=DEADLINE)
            assert outbox.discard([outbox.records()[0].id]) == 1
            publisher.wait(timeout=DEADLINE)
        assert states(outbox) == [
            ("Account.Created", "skipped"),
            ("Account.Deposited", "published"),
        ]
        assert outbox.records()[0].error == "discarded, after: LookupError: unknown"

    def test_a_payload_that_is_not_json_is_dead_at_once(self, stores: Stores) -> None:
        app = stores.application(Bank, env={"COMPRESSOR_TOPIC": "zlib"})
        account = app.open()
        plain = Bank(env={**stores.env})  # reads what it cannot decompress
        outbox = Outbox(stores, plain)
        with outbox, BullMQPublisher(outbox, to("q")) as publisher:
            with pytest.raises(StuckError, match="payload is not JSON"):
                publisher.wait(timeout=DEADLINE)
            [record] = outbox.records()
            assert (record.state, record.aggregate_id) == ("dead", str(account))
            assert record.payload is None
            outbox.discard(record.id)
            publisher.wait(timeout=DEADLINE)
        plain.close()

    @pytest.mark.parametrize("answer", [17, ["q", "q"], "a:b", "", ["q", None]])
    def test_a_route_that_gives_no_queue_is_a_failure(
        self, stores: Stores, bank: Bank, answer: Any
    ) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        route: Any = lambda record: answer  # noqa: E731
        publisher = BullMQPublisher(outbox, route, attempts=1)
        with outbox, publisher, pytest.raises(StuckError, match="RouteError"):
            publisher.wait(timeout=DEADLINE)
        assert outbox.records()[0].state == "dead"
        assert list(stores.redis.scan_iter("bull:*")) == []

    def test_a_paused_queue_takes_jobs_and_keeps_them(self, stores: Stores, bank: Bank) -> None:
        stores.redis.hset("bull:q:meta", "paused", "1")
        bank.open()
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to("q")) as publisher:
            publisher.wait(timeout=DEADLINE)
        assert outbox.records()[0].state == "published"
        assert waiting(stores, "q") == [outbox.records()[0].job_id]

    def test_an_eviction_policy_that_bullmq_forbids_stops_the_publisher(
        self, stores: Stores, bank: Bank
    ) -> None:
        bank.open()
        stores.redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            outbox = Outbox(stores, bank)
            publisher = BullMQPublisher(outbox, to("q"))
            with outbox:
                publisher.start()
                with pytest.raises(esnb.outbox.EvictionPolicyError, match="allkeys-lru"):
                    publisher.wait(timeout=DEADLINE)
                assert publisher.status().state == "failed"
                assert outbox.records()[0].state == "pending"
                stores.redis.config_set("maxmemory-policy", "noeviction")
                publisher.start()
                publisher.wait(timeout=DEADLINE)
                publisher.stop()
        finally:
            stores.redis.config_set("maxmemory-policy", "noeviction")
        assert outbox.records()[0].state == "published"

    def test_a_full_redis_is_said_and_waited_for(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        bank.deposit(account, *range(30))
        outbox = Outbox(stores, bank)
        with outbox:
            outbox.wait(timeout=DEADLINE)
            stores.redis.config_set("maxmemory", "1mb")
            try:
                with BullMQPublisher(outbox, to("q")) as publisher:
                    until(lambda: publisher.status().state == "retrying")
                    with pytest.raises(TimeoutError, match="out of memory"):
                        publisher.wait(timeout=0.1)
                    assert publisher.status().state == "retrying"
                    assert {state for _, state in states(outbox)} <= {"pending", "publishing"}
                    stores.redis.config_set("maxmemory", "0")
                    publisher.wait(timeout=DEADLINE)
            finally:
                stores.redis.config_set("maxmemory", "0")
        assert waiting(stores, "q") == [record.job_id for record in outbox.records()]

    def test_unknown_ids_are_named(self, stores: Stores, bank: Bank) -> None:
        outbox = Outbox(stores, bank)
        unknown = uuid4()
        with pytest.raises(ValueError, match=str(unknown)):
            outbox.retry([unknown])
        with pytest.raises(ValueError, match=str(unknown)):
            outbox.discard(unknown)

    def test_an_outbox_is_not_rebuilt(self, stores: Stores, bank: Bank) -> None:
        with pytest.raises(NotSupportedError, match="reach its queue again"):
            Outbox(stores, bank).rebuild()

    def test_waiting_for_what_was_not_started_is_refused(self, stores: Stores, bank: Bank) -> None:
        publisher = BullMQPublisher(Outbox(stores, bank), to("q"))
        with pytest.raises(ProgrammingError, match="not started"):
            publisher.wait()


class TestSharing:
    def test_what_a_dead_publisher_had_leased_returns(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        bank.deposit(account, 1)
        outbox = Outbox(stores, bank)
        with outbox:
            outbox.wait(timeout=DEADLINE)
        import msgpack

        from esnb.outbox.view import CLAIM

        claimed: Any = CLAIM.run(
            stores.redis, outbox.view.script_keys("dead"), ["dead", "1", "300", "lost"]
        )
        assert len(msgpack.unpackb(claimed)) == 5
        assert [record.state for record in outbox.records()] == ["publishing", "pending"]
        with BullMQPublisher(outbox, to("q")) as publisher:
            publisher.wait(timeout=DEADLINE)
        assert waiting(stores, "q") == [record.job_id for record in outbox.records()]

    def test_a_publisher_that_lost_its_lease_adds_nothing(self, stores: Stores, bank: Bank) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        is_slow, goes_on = threading.Event(), threading.Event()

        def slow(record: OutboxRecord) -> Route:
            is_slow.set()
            assert goes_on.wait(DEADLINE)
            return Route("q", removeOnComplete=True)

        with outbox:
            outbox.wait(timeout=DEADLINE)
            with BullMQPublisher(outbox, slow, lease=0.2) as sleeper:
                assert is_slow.wait(DEADLINE)
                with BullMQPublisher(outbox, to("q")) as other:
                    other.wait(timeout=DEADLINE)
                # The job is done and gone: its id protects it no longer.
                for key in list(stores.redis.scan_iter("bull:*")):
                    stores.redis.delete(key)
                goes_on.set()
                sleeper.wait(timeout=DEADLINE)
        assert list(stores.redis.scan_iter("bull:*")) == []

    def test_several_publishers_share_the_work(self, stores: Stores, bank: Bank) -> None:
        accounts = [bank.open() for _ in range(20)]
        for account in accounts:
            bank.deposit(account, 1, 2, 3)
        outbox = Outbox(stores, bank)
        publishers = [BullMQPublisher(outbox, to("q"), batch_size=5) for _ in range(3)]
        with outbox:
            for publisher in publishers:
                publisher.start()
            for publisher in publishers:
                publisher.wait(timeout=DEADLINE)
            for publisher in publishers:
                publisher.stop()
        found = waiting(stores, "q")
        assert sorted(found) == sorted(record.job_id for record in outbox.records())
        by_job = {record.job_id: record for record in outbox.records()}
        for account in accounts:
            own = [by_job[id].version for id in found if by_job[id].aggregate_id == str(account)]
            assert own == [1, 2, 3, 4]


class TestRoutesThatEndTheirProcess:
    """`tests/faults/outbox_process.py` with a route that ends the process at one record."""

    def dies(self, stores: Stores, deadly: UUID, attempts: int) -> int:
        """The exit code of a publisher that publishes what it can."""
        settings = {"env": dict(stores.env), "deadly": str(deadly), "attempts": attempts}
        process = subprocess.run(
            [sys.executable, "-m", "tests.faults.outbox_process", json.dumps(settings)],
            cwd=Path(__file__).parents[2],
            timeout=240,
            check=False,
        )
        return process.returncode

    def test_the_record_is_dead_after_its_attempts_and_its_neighbours_are_published(
        self, stores: Stores, bank: Bank
    ) -> None:
        deadly = bank.open("deadly")
        accounts = [bank.open(), deadly, bank.open()]
        for account in accounts:
            bank.deposit(account, 1)
        with Outbox(stores, bank) as outbox:
            outbox.wait(timeout=DEADLINE)  # so that the first to come finds them all
        # Once with the others in its batch, which says nothing of it yet, then alone.
        codes = [self.dies(stores, deadly, attempts=2) for _ in range(4)]
        assert codes == [9, 9, 9, 0]
        of = {(each.aggregate_id, each.version): each for each in outbox.records()}
        dead = of.pop((str(deadly), 1))
        assert (dead.state, dead.attempts) == ("dead", 2)
        assert dead.error is not None
        assert "ended, or took longer than its lease of 0.3 s, while it had this record alone" in (
            dead.error
        )
        assert of.pop((str(deadly), 2)).state == "pending"
        assert {each.state for each in of.values()} == {"published"}
        assert {each.attempts for each in of.values()} == {1}

        outbox.retry(dead.id)
        with outbox, BullMQPublisher(outbox, to("jobs")) as publisher:
            publisher.wait(timeout=DEADLINE)
        assert {state for _, state in states(outbox)} == {"published"}
        added = waiting(stores, "jobs")
        assert len(added) == len(set(added)) == 6


class TestRetention:
    def test_settled_records_are_kept_by_count(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        bank.deposit(account, *range(9))
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to("q"), keep_count=3) as publisher:
            publisher.wait(timeout=DEADLINE)
            assert len(outbox.records()) == 3
            bank.deposit(account, 10)
            publisher.wait(timeout=DEADLINE)
        assert [record.version for record in outbox.records()] == [9, 10, 11]
        assert len(waiting(stores, "q")) == 11

    def test_settled_records_are_kept_by_age(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to("q"), keep_age=0) as publisher:
            publisher.wait(timeout=DEADLINE)
            bank.deposit(account, 1)
            publisher.wait(timeout=DEADLINE)
        assert len(outbox.records()) <= 1
        assert len(waiting(stores, "q")) == 2


class TestWorkers:
    def test_a_worker_runs_its_function_with_progress_retries_and_a_result(
        self, stores: Stores, bank: Bank
    ) -> None:
        with esnb.correlate("order-17"):
            account = bank.open()
        seen: list[tuple[int, str, str | None]] = []

        def handle(job: Job) -> dict[str, Any]:
            job.progress(50)
            correlation = current_correlation()
            assert correlation is not None
            seen.append((job.attempt, correlation.correlation_id, correlation.causation_id))
            if job.attempt == 1:
                raise ValueError("the printer is out of paper")
            return {"owner": job.payload["owner"]}

        outbox = Outbox(stores, bank)
        route = lambda record: Route("mails", attempts=2, backoff=10)  # noqa: E731
        worker = Worker(stores, "mails", handle)
        with outbox, BullMQPublisher(outbox, route) as publisher, worker:
            publisher.wait(timeout=DEADLINE)
            worker.wait(1, timeout=DEADLINE)
            assert (worker.status().completed, worker.status().failed) == (1, 1)
        job_id = outbox.records()[0].job_id
        assert seen == [(1, "order-17", job_id), (2, "order-17", job_id)]
        job: Any = stores.redis.hgetall(f"bull:mails:{job_id}")
        assert json.loads(job[b"returnvalue"]) == {"owner": "Ann"}
        assert job[b"progress"] == b"50"
        assert isinstance(account, UUID)

    def test_stopping_lets_the_job_at_hand_end(self, stores: Stores, bank: Bank) -> None:
        bank.open()
        begun, ends = threading.Event(), threading.Event()

        def handle(job: Job) -> str:
            begun.set()
            assert ends.wait(DEADLINE)
            return "done"

        outbox = Outbox(stores, bank)
        worker = Worker(stores, "q", handle).start()
        with outbox, BullMQPublisher(outbox, to("q")) as publisher:
            publisher.wait(timeout=DEADLINE)
            assert begun.wait(DEADLINE)
            worker.ask_to_stop()
            ends.set()
            worker.stop()
        assert worker.status().state == "stopped"
        assert stores.redis.zcard("bull:q:completed") == 1
        assert stores.redis.llen("bull:q:active") == 0

    def test_a_result_that_is_no_json_fails_the_job(self, stores: Stores, bank: Bank) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        worker = Worker(stores, "q", lambda job: {1, 2})
        with outbox, BullMQPublisher(outbox, to("q")) as publisher, worker:
            publisher.wait(timeout=DEADLINE)
            until(lambda: worker.status().failed)
            with pytest.raises(TimeoutError, match="returned set, which is not JSON"):
                worker.wait(1, timeout=0.1)
        assert stores.redis.zcard("bull:q:failed") == 1

    @pytest.mark.parametrize("is_async", [False, True], ids=["function", "async"])
    @pytest.mark.parametrize("kind", SIGNS)
    def test_a_function_that_exits_fails_the_attempt(
        self,
        kind: type[BaseException],
        is_async: bool,
        stores: Stores,
        bank: Bank,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        bank.open()

        def handle(job: Job) -> int:
            if job.attempt == 1:
                raise kind("enough")
            return job.attempt

        async def handle_async(job: Job) -> int:
            return handle(job)

        outbox = Outbox(stores, bank)
        route = lambda record: Route("q", attempts=2, backoff=10)  # noqa: E731
        worker = Worker(stores, "q", handle_async if is_async else handle)
        with outbox, BullMQPublisher(outbox, route) as publisher, worker:
            publisher.wait(timeout=DEADLINE)
            worker.wait(1, timeout=DEADLINE)
            status = worker.status()
        assert (status.state, status.completed, status.failed) == ("running", 1, 1)
        job: Any = stores.redis.hgetall(f"bull:q:{outbox.records()[0].job_id}")
        assert job[b"returnvalue"] == b"2"
        assert f"{kind.__name__}: enough" in job[b"stacktrace"].decode()
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, CancelledError])
    def test_an_exit_elsewhere_in_the_thread_is_the_workers_failure(
        self,
        kind: type[BaseException],
        stores: Stores,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        worker = Worker(stores, "q", lambda job: None)
        monkeypatch.setattr("esnb.outbox.working.bullmq", raising(kind("enough")))
        with pytest.raises(ExitError, match=f"{kind.__name__}: enough"):
            worker.start().wait(timeout=DEADLINE)
        assert worker.status().state == "failed"
        assert capfd.readouterr() == ("", "")

    def test_an_async_function_is_awaited(self, stores: Stores, bank: Bank) -> None:
        bank.open()

        async def handle(job: Job) -> str:
            await job.report({"half": True})
            return job.name

        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, to("q")), Worker(stores, "q", handle) as worker:
            worker.wait(1, timeout=DEADLINE)
        job: Any = stores.redis.hgetall(f"bull:q:{outbox.records()[0].job_id}")
        assert job[b"returnvalue"] == b'"Account.Created"'
        assert job[b"progress"] == b'{"half":true}'


def test_everything_ends_with_the_stores() -> None:
    stores = esnb.connect(embedded=True)
    app = stores.application(Bank)
    app.save(Aggregate())
    outbox = Outbox(stores, app)
    publisher = BullMQPublisher(outbox, to("q")).start()
    worker = Worker(stores, "q", lambda job: None).start()
    outbox.start()
    stores.close()
    assert outbox.status().state == "stopped"
    assert publisher.status().state == "stopped"
    assert worker.status().state == "stopped"
