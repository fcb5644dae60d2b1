"""The publisher's own loop: claim, route, add the jobs, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import redis
from eventsourcing.persistence import NotSupportedError, PersistenceError

from esnb.clients.uri import display_uri
from esnb.outbox.errors import EvictionPolicyError
from esnb.outbox.exchange import Exchange
from esnb.outbox.job_encoder import JobEncoder, ScriptTarget
from esnb.outbox.jobs import async_client, check_single_server, error_text, msgpack
from esnb.outbox.plan import Plan, Planner
from esnb.outbox.view import CLAIM, SETTLE, OutboxView, lanes_of
from esnb.redis.errors import ForeignViewError, may_pass
from esnb.running.backoff import Backoff
from esnb.running.recovery import Recovery
from esnb.running.work import LoopWork, woken

_IDLE = 1.0
"""Seconds after which it looks for work though nothing woke it."""
_ANSWER_SECONDS = 10.0
_HOPELESS = (EvictionPolicyError, ForeignViewError, NotSupportedError)
"""What trying again does not change."""


@dataclass
class Publishing(LoopWork):
    """What a publisher's thread does."""

    view: OutboxView
    planner: Planner
    application_name: str
    url: str
    prefix: str
    batch_size: int
    lease: float
    keep_age: float
    keep_count: int
    held: tuple[str, list[str]] | None = None
    """Token and aggregates of a claim that is not known to be settled; no aggregates as
    long as the claim is not answered."""

    async def _main(self, wake: asyncio.Event) -> None:
        client = async_client(self.url, socket_timeout=_ANSWER_SECONDS)
        self._exchange = Exchange(client)
        self._encoder = JobEncoder(client, self.prefix)
        listener = asyncio.create_task(self._listen(client, wake))
        try:
            await self._publish(client, wake, listener)
            await self._leave()
        finally:
            while not listener.done():
                # redis-py may take a cancellation for a connection that failed.
                listener.cancel()
                await asyncio.wait([listener], timeout=0.1)
            _ = listener.cancelled() or listener.exception()  # else asyncio writes it to stderr
            await self._exchange.close()
            await client.aclose()

    async def _publish(
        self, client: Any, wake: asyncio.Event, listener: asyncio.Task[None]
    ) -> None:
        """Publishes until it is asked to stop; raises what it cannot overcome."""
        say = partial(error_text, url=self.url)
        recovery = Recovery("the outbox's publisher", self.progress, Backoff(0.05, 2.0), say)
        checked = False
        while not self.progress.stop:
            if listener.done():
                listener.result()  # it ends by an error only
            wake.clear()
            try:
                if not checked:
                    await asyncio.to_thread(self.view.check_streams)
                    await self._check_server(client)
                    checked = True
                if self.progress.state == "starting":
                    self.progress.set_state("running")  # before a record is seen to be settled
                pause = await self._turn()
                recovery.reset()
                self.progress.recover("running")
            except _HOPELESS:
                raise
            except (redis.RedisError, PersistenceError, OSError) as error:
                checked = False
                passes = isinstance(error, OSError) or may_pass(error)
                found = recovery.pause_after(error, passes=passes)
                if found is None:
                    raise
                pause = found
            if pause > 0 and not self.progress.stop:
                await woken(wake, pause)

    async def _listen(self, client: Any, wake: asyncio.Event) -> None:
        """Wakes the loop when records come, or are to be tried again."""
        channels = (
            self.view.namespace.channel(self.application_name),
            self.view.wake_channel,
        )
        while True:
            try:
                async with client.pubsub() as messages:
                    await messages.subscribe(*channels)
                    async for _ in messages.listen():
                        wake.set()
            except (redis.RedisError, OSError):
                await asyncio.sleep(0.2)  # the loop itself says that Redis is away

    async def _check_server(self, client: Any) -> None:
        info = await client.info("cluster")
        check_single_server(self.url, is_cluster=bool(info.get("cluster_enabled")))
        policy = (await client.info("memory")).get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise EvictionPolicyError(
                f"Redis at {display_uri(self.url)} has maxmemory-policy {policy!r}, which BullMQ "
                "forbids: jobs and outbox records could be evicted. Nothing was published: set it "
                "to noeviction, then start the publisher again"
            )

    async def _turn(self) -> float:
        """Publishes what is to be published; seconds until there may be more."""
        if self.held is None or self.held[1]:
            await self._give_back()
            self.held = uuid4().hex, []
        # Else the claim may have been made though its answer was lost: the same token gets it.
        token, _ = self.held
        arguments = [token, self.batch_size, int(self.lease * 1000), self._loss()]
        answer = await self._exchange.run(
            CLAIM, self.view.script_keys(token), [str(each).encode() for each in arguments]
        )
        due, *flat = msgpack().unpackb(answer)
        claimed = list(zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True))
        if not claimed:
            self.held = None
            return _IDLE if due < 0 else min(_IDLE, due / 1000 + 0.001)
        lanes = lanes_of(claimed)
        self.held = token, lanes
        plans = self.planner.plan(claimed, self._encoder)
        settled, refusal = await self._settle(token, lanes, plans)
        self.held = None
        if settled > 0:
            self.progress.count("published", settled)
        if refusal:
            raise redis.ResponseError(refusal.decode("utf-8", "backslashreplace"))
        return 0

    def _loss(self) -> str:
        return (
            f"its publisher ended, or took longer than its lease of {self.lease:g} s, while it had "
            "this record alone: fix what the route does with it"
        )

    async def _give_back(self) -> None:
        """Ends a lease of which it is not known whether it was settled."""
        if self.held is not None:
            token, lanes = self.held
            await self._settle(token, lanes, [])
            self.held = None

    async def _leave(self) -> None:
        """Gives back what it has; where Redis is away, the next start does."""
        with suppress(redis.RedisError, OSError):
            await self._give_back()

    async def _settle(
        self, token: str, lanes: Sequence[str], plans: Sequence[Plan]
    ) -> tuple[int, bytes]:
        """Adds the jobs and settles their records, in one step."""
        targets: dict[ScriptTarget, int] = {}
        packed = msgpack().packb(
            [
                token,
                int(self.keep_age * 1000),
                self.keep_count,
                self.view.settled_channel,
                lanes,
                [plan.packed(targets) for plan in plans],
                list(targets),
            ],
            # As Redis' own implementation has it, where texts are bytes.
            use_bin_type=False,
            unicode_errors="surrogatepass",
        )
        script = SETTLE if not targets else self._encoder.script({digest for digest, _ in targets})
        keys = dict.fromkeys(key for _, own in targets for key in own)
        answer = await self._exchange.run(script, self.view.script_keys(token, *keys), [packed])
        settled, refusal = answer
        return settled, refusal
