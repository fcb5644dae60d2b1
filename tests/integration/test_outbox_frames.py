"""Outboxes, queues and flows as frames."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import OperationalError
from redis import Redis

import esnb
from esnb.outbox import BullMQPublisher, Job, Outbox, OutboxRecord, Route, StuckError, Worker
from esnb.sources import correlated
from esnb.sources.jobs import queue_counts
from esnb.stores import Stores
from tests import worker_command
from tests.domain.bank import Bank
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.extras


def links_are_written(client: Any) -> None:
    """Wait until the projection of correlations has written a link for every event so far."""
    head = client.get_commit_position()
    until(lambda: (correlated._reached(client) or -1) >= head, f"links up to {head}")


def dtypes(frame: Any) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


class TestOutboxRecords:
    def test_a_row_a_record_with_fixed_columns(self, stores: Stores, bank: Bank) -> None:
        outbox = Outbox(stores, bank)
        empty = esnb.outbox_records(outbox)
        with esnb.correlate("order-17"):
            account = bank.open()
        bank.deposit(account, 5)

        def route(record: OutboxRecord) -> str:
            if record.version == 2:
                raise LookupError("no queue")
            return "q"

        with outbox, BullMQPublisher(outbox, route, attempts=1) as publisher:
            with pytest.raises(StuckError):
                publisher.wait(timeout=DEADLINE)
            frame = esnb.outbox_records(publisher)
        assert dtypes(frame) == dtypes(empty)
        assert len(empty) == 0
        assert list(frame["state"]) == ["published", "dead"]
        assert list(frame["attempts"]) == [1, 1]
        assert frame["correlation_id"][0] == "order-17"
        assert frame["queues"][0] == "q"
        assert frame["queues"].isna()[1]
        assert frame["error"][1] == "LookupError: no queue"
        assert frame["payload"][1]["amount"] == 5
        assert (frame["settled"] >= frame["created"].dt.floor("ms")).all()
        assert esnb.outbox_records(outbox.view).equals(frame)

    def test_both_ends_of_many_records(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        bank.deposit(account, *range(1200))
        outbox = Outbox(stores, bank)
        with outbox:
            outbox.wait(timeout=DEADLINE)
        whole = esnb.outbox_records(outbox)
        oldest, newest = esnb.outbox_records(outbox, limit=3), esnb.outbox_records(outbox, last=3)
        assert list(oldest["version"]) == [1, 2, 3]
        assert list(newest["version"]) == [1199, 1200, 1201]
        assert oldest.attrs["truncated"] is newest.attrs["truncated"] is True
        assert dtypes(oldest) == dtypes(whole)
        every = esnb.outbox_records(outbox, last=1201)
        assert every.equals(whole)
        assert "truncated" not in every.attrs
        assert len(esnb.outbox_records(outbox, limit=0)) == 0
        with pytest.raises(ValueError, match="limit=1 and last=2: pass one"):
            esnb.outbox_records(outbox, limit=1, last=2)

    def test_records_in_a_publishers_hands_are_told_in_a_part_of_them_too(
        self, stores: Stores, bank: Bank
    ) -> None:
        from esnb.outbox.view import CLAIM

        account = bank.open()
        bank.deposit(account, 1, 2)
        outbox = Outbox(stores, bank)
        with outbox:
            outbox.wait(timeout=DEADLINE)
        CLAIM.run(stores.redis, outbox.view.script_keys("held"), ["held", 2, 60_000, "lost"])
        expected = ["publishing", "publishing", "pending"]
        assert list(esnb.outbox_records(outbox)["state"]) == expected
        assert list(esnb.outbox_records(outbox, last=5)["state"]) == expected

    def test_fields_that_must_not_be_shown_are_hidden(self, stores: Stores, bank: Bank) -> None:
        amount = 31_415_926_535_897  # longer than any part of an id: found in none by accident
        bank.deposit(bank.open(), amount)
        outbox = Outbox(stores, bank)
        with outbox, BullMQPublisher(outbox, lambda _: "q") as publisher:
            publisher.wait(timeout=DEADLINE)
        hidden = esnb.outbox_records(outbox, redact="amount")
        assert hidden["payload"][1]["amount"] == "[redacted]"
        assert esnb.outbox_records(outbox)["payload"][1]["amount"] == amount
        assert hidden.drop(columns="payload").equals(
            esnb.outbox_records(outbox).drop(columns="payload")
        )
        for path in ("amount", "payload.amount"):
            assert str(amount) not in str(list(esnb.queue(stores, "q", redact=path)["data"]))
        assert str(amount) in str(list(esnb.queue(stores, "q")["data"]))
        whole = esnb.queue(stores, "q", redact=["data", "payload"])["data"]
        assert [data["payload"] for data in whole] == ["[redacted]"] * 2

    def test_what_has_no_records_is_refused(self, stores: Stores, bank: Bank) -> None:
        with pytest.raises(TypeError, match="no outbox: tests"):
            esnb.outbox_records(bank)


class TestQueue:
    def test_an_unknown_queue_is_an_empty_frame_of_the_same_columns(self, stores: Stores) -> None:
        stores.redis.hset("bull:q:ev-1", mapping={"name": "A", "data": "{}", "timestamp": 1000})
        stores.redis.lpush("bull:q:wait", "ev-1")
        unknown, known = esnb.queue(stores, "nowhere"), esnb.queue(stores, "q")
        assert dtypes(unknown) == dtypes(known)
        assert (len(unknown), len(known)) == (0, 1)

    def test_every_state_of_bullmq_is_told(self, stores: Stores) -> None:
        import asyncio

        import bullmq

        async def fill() -> None:
            client: Any = esnb.outbox.jobs.async_client(stores.env["REDIS_URL"], socket_timeout=9)
            queue = bullmq.Queue("q", {"connection": client})
            done = {"finished": asyncio.Event(), "begun": asyncio.Event()}

            async def process(job: Any, token: str) -> Any:
                if job.name == "fails":
                    raise ValueError("out of paper")
                if job.name == "stays":
                    done["begun"].set()
                    await done["finished"].wait()
                return {"pages": 2}

            for name in ("succeeds", "fails"):
                await queue.add(name, {"n": 1}, {"jobId": name})
            await queue.add("stays", {}, {"jobId": "stays"})
            worker = bullmq.Worker("q", process, {"connection": client})
            await asyncio.wait_for(done["begun"].wait(), DEADLINE)
            for name, options in {
                "waits": {},
                "later": {"delay": 3_600_000},
                "urgent": {"priority": 2},
            }.items():
                await queue.add(name, {}, {"jobId": name, **options})
            flow = bullmq.FlowProducer({"connection": client})
            await flow.add(
                {
                    "name": "parent",
                    "queueName": "q",
                    "opts": {"jobId": "parent"},
                    "children": [{"name": "child", "queueName": "elsewhere", "data": {}}],
                }
            )
            frames.append(esnb.queue(stores, "q"))
            await queue.pause()
            frames.append(esnb.queue(stores, "q"))
            done["finished"].set()
            await worker.close()
            await client.aclose()

        frames: list[Any] = []
        asyncio.run(fill())
        before, paused = (dict(zip(frame["id"], frame["state"], strict=True)) for frame in frames)
        assert before == {
            "stays": "active",
            "waits": "waiting",
            "urgent": "prioritized",
            "later": "delayed",
            "parent": "waiting-children",
            "fails": "failed",
            "succeeds": "completed",
        }
        assert paused == {**before, "waits": "paused"}
        rows = frames[0].set_index("id")
        assert rows.loc["fails", "reason"] == "out of paper"
        assert rows.loc["fails", "attempts"] == 1
        assert rows.loc["succeeds", "result"] == {"pages": 2}
        assert rows.loc["succeeds", "data"] == {"n": 1}
        assert rows.loc["urgent", "priority"] == 2
        wait = (rows.loc["later", "due"] - rows.loc["later", "added"]).total_seconds()
        assert round(wait) == 3600
        assert (rows["age_seconds"] >= 0).all()

    @pytest.mark.parametrize(
        "ends", [{}, {"limit": 99}, {"last": 99}], ids=["all", "first", "last"]
    )
    def test_jobs_that_leave_while_it_is_read_are_left_out(
        self, stores: Stores, ends: dict[str, Any]
    ) -> None:
        stores.redis.lpush("bull:q:wait", "leaves", "stays", "0:1")
        stores.redis.hset("bull:q:stays", mapping={"name": "A", "data": "not json"})

        class Meanwhile:
            """The client, with a worker that is quick: the job has ended as its data are read."""

            def __getattr__(self, name: str) -> Any:
                return getattr(stores.redis, name)

            def pipeline(self, transaction: bool) -> Any:
                if not transaction:
                    stores.redis.lrem("bull:q:wait", 1, "leaves")
                return stores.redis.pipeline(transaction=transaction)

        frame = esnb.queue(Meanwhile(), "q", **ends)
        assert list(frame["id"]) == ["stays"]
        assert frame["data"][0] == "not json"
        assert frame["added"].isna()[0]

    @pytest.mark.parametrize(
        "ends", [{}, {"limit": 99}, {"last": 99}], ids=["all", "first", "last"]
    )
    def test_jobs_whose_data_are_gone_are_rows_with_what_is_known(
        self, stores: Stores, ends: dict[str, Any]
    ) -> None:
        for key in ("active", "wait"):
            stores.redis.lpush(f"bull:q:{key}", key, f"{key}-there")
            stores.redis.hset(f"bull:q:{key}-there", "name", "A")
        sets = ("prioritized", "delayed", "waiting-children", "failed", "completed")
        for key in sets:
            stores.redis.zadd(
                f"bull:q:{key}", {key: 4096 * 1_700_000_000_000, f"{key}-there": 2**53}
            )
            stores.redis.hset(f"bull:q:{key}-there", "name", "A")
        stores.redis.rpush("bull:q:wait", "0:7")  # which is no job
        frame = esnb.queue(stores, "q", **ends).set_index("id")
        gone = frame.loc[["active", "wait", *sets]]
        assert list(gone["state"]) == ["active", "waiting", *sets]
        known = gone.drop(columns=["state", "due"])
        assert known.isna().all(axis=None)
        assert list(gone["due"].notna()) == [key == "delayed" for key in gone.index]
        assert frame.loc["wait-there", "attempts"] == 0
        counts = queue_counts(stores, "q")
        assert counts == {**frame["state"].value_counts().to_dict(), "paused": 0}

    def test_counts_and_rows_of_a_paused_queue_agree(self, stores: Stores) -> None:
        stores.redis.hset("bull:q:meta", "paused", 1)
        stores.redis.lpush("bull:q:wait", "a", "b")
        stores.redis.lpush("bull:q:paused", "c")
        assert list(esnb.queue(stores, "q")["state"]) == ["paused"] * 3
        counts = queue_counts(stores, "q")
        assert (counts["paused"], counts["waiting"]) == (3, 0)
        assert str(esnb.watch(stores, queues=["q"], live=False)) == "q (queue)  paused  3 jobs left"

    def test_both_ends_of_many_jobs(self, stores: Stores) -> None:
        with stores.redis.pipeline() as pipe:
            for number in range(1200):
                id = f"job-{number}"
                pipe.hset(f"bull:q:{id}", mapping={"name": "A", "data": "{}", "timestamp": number})
                if number < 5:
                    pipe.lpush("bull:q:active", id)
                elif number < 700:
                    pipe.lpush("bull:q:wait", id)
                else:
                    pipe.zadd("bull:q:completed", {id: number})
            pipe.execute()
        whole = esnb.queue(stores, "q")
        assert len(whole) == 1200
        for size in (3, 600, 1199):
            first, last = esnb.queue(stores, "q", limit=size), esnb.queue(stores, "q", last=size)
            assert list(first["id"]) == list(whole["id"][:size])
            assert list(last["id"]) == list(whole["id"][-size:])
            assert first.attrs["truncated"] is last.attrs["truncated"] is True
            assert dtypes(first) == dtypes(whole)
        every = esnb.queue(stores, "q", limit=1200)
        assert list(every["id"]) == list(whole["id"])
        assert "truncated" not in every.attrs
        with pytest.raises(ValueError, match="limit=-1"):
            esnb.queue(stores, "q", limit=-1)

    def test_what_has_no_queues_is_refused(self, bank: Bank) -> None:
        with pytest.raises(TypeError, match="no queues"):
            esnb.queue(bank, "q")
        with pytest.raises(TypeError, match="named by text"):
            esnb.queue(bank, 17)  # type: ignore[arg-type]


class TestTrace:
    def test_events_records_and_jobs_make_one_tree(self, stores: Stores, bank: Bank) -> None:
        letters = stores.application(Letters)

        def handle(job: Job) -> None:
            letters.save(Letter())

        with esnb.correlate("order-17"):
            account = bank.open()
        bank.deposit(account, 1)
        outbox = Outbox(stores, bank)
        worker = Worker(stores, "mails", handle)
        with outbox, BullMQPublisher(outbox, lambda record: "mails") as publisher, worker:
            publisher.wait(timeout=DEADLINE)
            worker.wait(2, timeout=DEADLINE)
        frame = esnb.trace(stores, "order-17")
        assert frame[["tree", "kind", "place", "state"]].to_numpy().tolist() == [
            ["Account.Created", "event", f"Bank-{account}", "recorded"],
            ["└─ Account.Created", "outbox", "Bank-outbox", "published"],
            ["   └─ Account.Created", "job", "mails", "completed"],
            ["      └─ Letter.Created", "event", frame["place"][3], "recorded"],
        ]
        assert frame["place"][3].startswith("Letters-")
        assert list(frame["depth"]) == [0, 1, 2, 3]
        assert list(frame["parent"][1:]) == [
            frame["id"][0],
            frame["id"][1],
            f"ev-{frame['id'][0]}",
        ]
        assert set(frame["correlation_id"]) == {"order-17"}

    def test_an_event_without_a_correlation_begins_a_flow_of_its_own(
        self, stores: Stores, bank: Bank
    ) -> None:
        bank.open()
        outbox = Outbox(stores, bank)
        with outbox:
            outbox.wait(timeout=DEADLINE)
        [record] = outbox.records()
        frame = esnb.trace(stores, record.headers["correlation_id"])
        assert list(frame["kind"]) == ["event", "outbox"]
        assert list(frame["state"]) == ["recorded", "pending"]

    def test_a_job_that_was_removed_is_gone(self, stores: Stores, bank: Bank) -> None:
        with esnb.correlate("x"):
            bank.open()
        outbox = Outbox(stores, bank)
        route = lambda record: Route("q", removeOnComplete=True)  # noqa: E731
        worker = Worker(stores, "q", lambda job: None)
        with outbox, BullMQPublisher(outbox, route) as publisher, worker:
            publisher.wait(timeout=DEADLINE)
            worker.wait(1, timeout=DEADLINE)
        assert list(esnb.trace(stores, "x")["state"]) == ["recorded", "published", "gone"]

    def test_a_server_with_links_is_not_read_as_a_whole(
        self, stores: Stores, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(50):
            with esnb.correlate("order-17" if number == 20 else f"other-{number}"):
                bank.open()
        expected = esnb.trace(stores, "order-17")
        links_are_written(stores.eventstoredb)
        from esnb.sources.server import ServerSource

        seen: list[str] = []
        original: Any = ServerSource._record

        def counts(self: ServerSource, event: Any) -> Any:
            seen.append(event.type)
            return original(self, event)

        monkeypatch.setattr(ServerSource, "_record", counts)
        assert esnb.trace(stores, "order-17").equals(expected)
        assert len(expected) == 1
        assert len(seen) < 10

    def test_links_that_lag_or_are_not_written_change_nothing(
        self, stores: Stores, bank: Bank
    ) -> None:
        client = stores.eventstoredb
        with esnb.correlate("order-17"):
            account = bank.open()
            client.disable_projection(name="$by_correlation_id")
            bank.deposit(account, 1)
        assert list(esnb.trace(stores, "order-17")["type"]) == [
            "Account.Created",
            "Account.Deposited",
        ]

    def test_a_flow_that_began_with_its_own_id_is_whole(self, stores: Stores, bank: Bank) -> None:
        account = bank.open()
        [event] = bank.recorder.select_events(account)
        first = str(event.event_id)  # type: ignore[attr-defined]
        with esnb.correlate(first, causation_id=first):
            bank.deposit(account, 1)
        frame = esnb.trace(stores, first)
        assert list(frame["tree"]) == ["Account.Created", "└─ Account.Deposited"]

    def test_a_long_flow_is_cut_at_the_limit(self, stores: Stores, bank: Bank) -> None:
        with esnb.correlate("x"):
            bank.deposit(bank.open(), 1, 2, 3)
        frame = esnb.trace(stores, "x", limit=2)
        assert list(frame["version"]) == [1, 2]
        assert frame.attrs["truncated"] is True
        assert "truncated" not in esnb.trace(stores, "x", limit=4).attrs

    def test_an_unknown_id_is_an_empty_frame_of_the_same_columns(
        self, stores: Stores, bank: Bank
    ) -> None:
        with esnb.correlate("known"):
            bank.open()
        assert dtypes(esnb.trace(stores, "unknown")) == dtypes(esnb.trace(stores, "known"))
        assert len(esnb.trace(stores, "unknown")) == 0
        assert len(esnb.trace(bank, "known")) == 1

    def test_causes_that_go_round_in_a_circle_are_shown(self, stores: Stores, bank: Bank) -> None:
        from esnb.clients.installed import NewEvent

        first, second = (
            NewEvent(type=name, data=b"{}", metadata=b"") for name in ("First", "Second")
        )
        for event, cause in ((first, second), (second, first)):
            metadata = json.dumps({"$correlationId": "ring", "$causationId": str(cause.id)})
            stores.eventstoredb.append_to_stream(
                "ring-1",
                current_version=esnb.clients.installed.StreamState.ANY,
                events=[
                    NewEvent(id=event.id, type=event.type, data=b"{}", metadata=metadata.encode())
                ],
            )
        assert sorted(esnb.trace(stores, "ring")["type"]) == ["First", "Second"]


class Letter(Aggregate):
    pass


class Letters(Bank):
    name = "Letters"


HANDLER = """
def shout(job):
    return job.payload["owner"].upper()
"""


class TestCommandLine:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "shouting.py").write_text(HANDLER)
        return tmp_path

    def test_it_works_until_it_is_told_to_end(
        self, stores: Stores, bank: Bank, folder: Path
    ) -> None:
        bank.open("Ann")
        url = stores.env["REDIS_URL"]
        with worker_command.working(folder, "q", "shouting:shout", "--redis", url) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "working on queue 'q' with shouting:shout\n"
            outbox = Outbox(stores, bank)
            with outbox, BullMQPublisher(outbox, lambda record: "q") as publisher:
                publisher.wait(timeout=DEADLINE)
            messages = stores.redis.xread({"bull:q:events": "0"}, block=100)
            while b"completed" not in str(messages).encode() and process.poll() is None:
                messages = stores.redis.xread({"bull:q:events": "0"}, block=100)
            out, err = worker_command.ended(process)
        assert process.returncode == 0, err
        assert "1 jobs completed, 0 attempts failed" in out
        assert list(esnb.queue(stores, "q")["result"]) == ["ANN"]

    @pytest.mark.parametrize(
        ("function", "url", "said"),
        [
            ("shouting", "redis://localhost:1", "pass module:function"),
            ("shouting:whisper", "redis://localhost:1", "shouting has no 'whisper'"),
            ("json:__name__", "redis://localhost:1", "names a str, not a function"),
            ("nowhere:shout", "redis://localhost:1", "No module named 'nowhere'"),
            ("shouting:shout", "http://localhost", "must begin with redis://"),
        ],
        ids=["form", "function", "callable", "module", "url"],
    )
    def test_wrong_arguments_are_said(
        self, folder: Path, function: str, url: str, said: str
    ) -> None:
        process = worker_command.started(folder, "q", function, "--redis", url)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert err.startswith("esnb worker: ")
        assert said in err


def test_frames_over_stores_name_a_redis_that_is_away(stores: Stores, bank: Bank) -> None:
    with esnb.correlate("order-17"):
        bank.open()
    env = {**stores.env, "REDIS_URL": "redis://:sesame@127.0.0.1:9"}
    half = SimpleNamespace(
        env=env, redis=Redis.from_url(env["REDIS_URL"]), eventstoredb=stores.eventstoredb
    )

    for ask in (esnb.checkpoints, lambda each: esnb.trace(each, "order-17")):
        with pytest.raises(OperationalError, match=r"Redis at redis://127\.0\.0\.1:9/0 cannot be"):
            ask(half)
