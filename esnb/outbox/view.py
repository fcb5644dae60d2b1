"""The outbox in Redis: records that move together with the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from typing import Any, Literal
from uuid import uuid4

from eventsourcing.persistence import Tracking

from esnb.outbox.record import OutboxRecord, from_text, to_text
from esnb.redis import RedisView
from esnb.redis.changes import Change
from esnb.redis.errors import translated
from esnb.redis.scripts import Script, behind_first_line, read

_PACKAGE = "esnb.outbox.scripts"
CLAIM, SETTLE, RESOLVE, LOOK = (
    Script(behind_first_line(read(name, _PACKAGE), read("lanes", _PACKAGE)))
    for name in ("claim", "settle", "resolve", "look")
)

RECORDS = "outbox-records"
"""The key, behind the view's prefix, by which an outbox is told from other views."""
_PAGE = 500
_KEYS = (RECORDS, "status", "queue", "open", "ready", "waiting", "leases")


class OutboxView(RedisView):
    """What an outbox keeps: records, and the aggregates that have some to publish.

    Publishers take aggregates, not records, so that one aggregate's jobs are
    added in its order; `scripts/lanes.lua` says how they lie in Redis.
    """

    @cached_property
    def _additions(self) -> list[tuple[bytes, ...]]:
        """The commands that take a record up, without what is its own."""
        records, queue, opened, ready = (
            self.key(name).encode() for name in (RECORDS, "queue", "open", "ready")
        )
        return [(b"HSET", records), (b"ZADD", queue), (b"ZADD", opened), (b"ZADD", ready, b"NX")]

    def add(self, record: OutboxRecord, tracking: Tracking) -> None:
        """Takes a record up, in one atomic step with the checkpoint past its event."""
        lane, member = place_of(record)
        id, position = record.id.encode(), b"%d" % record.position
        own = (
            (id, to_text(record)),
            (b"0", member.encode()),
            (position, id),
            (position, lane.encode()),
        )
        self._record(Change(tracking, additions=tuple(zip(self._additions, own, strict=True))))

    # --- what it holds ------------------------------------------------------------

    def records(self, ids: Sequence[str] | None = None) -> list[OutboxRecord]:
        """All records in the order of their events, or those of `ids` that are there.

        All are read in one atomic step, those of `ids` 500 at a time.
        """
        if ids is not None:
            return self._with_status(dict(zip(ids, self._texts(ids), strict=True)))
        with translated(self._connection.url), self.redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(self.key(RECORDS))
            pipe.hgetall(self.key("status"))
            pipe.hgetall(self.key("leases"))
            pipe.zrange(self.key("queue"), 0, -1)
            records, status, leases, queue = pipe.execute()
        taken = {lane: int(held.split(" ")[1]) for lane, held in leases.items()}
        publishing = set()
        for member in queue:  # each aggregate's in its order
            lane = member[:-58]
            if taken.get(lane, 0) > 0:
                taken[lane] -= 1
                publishing.add(member[-36:])
        found = [
            from_text(text, status.get(id), publishing=id in publishing)
            for id, text in records.items()
        ]
        return sorted(found, key=lambda record: record.position)

    def outermost(self, count: int, *, newest: bool) -> list[OutboxRecord]:
        """`count` records from the beginning or the end of all, in the order of their events.

        Reads all of them in pages, and holds no more than it returns; what
        publishers do meanwhile may be seen of some.
        """
        kept: dict[str, str] = {}
        heap: list[tuple[int, str]] = []
        for id, text in self.redis.hscan_iter(self.key(RECORDS), count=_PAGE) if count else ():
            if id in kept:
                continue  # a scan may return one twice
            position = int(text.partition(" ")[0])
            kept[id] = text
            heappush(heap, (position if newest else -position, id))
            if len(heap) > count:
                del kept[heappop(heap)[1]]
        return self._with_status(kept)

    def count(self) -> int:
        """How many records there are, settled ones included."""
        return int(self._connection.call("HLEN", self.key(RECORDS)))

    def _texts(self, ids: Sequence[str]) -> list[str | None]:
        found: list[str | None] = []
        with translated(self._connection.url):
            for start in range(0, len(ids), _PAGE):
                part: Any = self.redis.hmget(self.key(RECORDS), list(ids[start : start + _PAGE]))
                found += part
        return found

    def _with_status(self, texts: Mapping[str, str | None]) -> list[OutboxRecord]:
        """The records of these texts, with what is known of them now."""
        present = [(text, from_text(text)) for text in texts.values() if text]
        found: list[OutboxRecord] = []
        with translated(self._connection.url):
            for start in range(0, len(present), _PAGE):
                part = present[start : start + _PAGE]
                arguments = [each for _, record in part for each in place_of(record)]
                answer = LOOK.run(self._connection.binary, self.script_keys("none"), arguments)
                found += [
                    from_text(text, known[0].decode(), publishing=bool(known[1]))
                    for (text, _), known in zip(part, answer, strict=True)
                    if known
                ]
        return sorted(found, key=lambda record: record.position)

    def find(self, ids: Iterable[object]) -> list[OutboxRecord]:
        """The records of these ids; raises ValueError for one that is not there."""
        wanted = [str(id).removeprefix("ev-") for id in ids]
        if not wanted:
            return []
        with translated(self._connection.url), self.redis.pipeline(transaction=True) as pipe:
            pipe.hmget(self.key(RECORDS), wanted)
            pipe.hmget(self.key("status"), wanted)
            texts, statuses = pipe.execute()
        for id, text in zip(wanted, texts, strict=True):
            if text is None:
                raise ValueError(
                    f"outbox {self.namespace.name!r} has no record {id!r}: take ids from "
                    "esnb.outbox_records(outbox); settled records are removed after a time"
                )
        return [from_text(text, status) for text, status in zip(texts, statuses, strict=True)]

    def count_open(self, position: int | None = None) -> int:
        """How many records are neither published nor skipped, up to an event."""
        limit = "+inf" if position is None else position
        return int(self._connection.call("ZCOUNT", self.key("open"), "-inf", limit))

    def oldest_open(self, count: int) -> list[OutboxRecord]:
        """The first records that are neither published nor skipped."""
        ids = self._connection.call("ZRANGE", self.key("open"), 0, count - 1)
        return self.records([id.decode() for id in ids])

    def count_dead(self) -> int:
        """How many records failed for good: each holds its aggregate up, which has one at most."""
        return int(self._connection.call("ZCOUNT", self.key("waiting"), "+inf", "+inf"))

    def dead(self) -> list[str]:
        """Ids of the records that failed for good."""
        found: list[str] = []
        with translated(self._connection.url):
            lanes: Any = self.redis.zrangebyscore(self.key("waiting"), "+inf", "+inf")
            for start in range(0, len(lanes), _PAGE):
                with self.redis.pipeline(transaction=False) as pipe:
                    for lane in lanes[start : start + _PAGE]:
                        pipe.zrangebylex(self.key("queue"), f"[{lane}\0", f"({lane}\1", 0, 1)
                    found += [place[-36:] for places in pipe.execute() for place in places]
        return found

    def is_stuck(self) -> bool:
        """Whether all that is left waits for records that failed for good."""
        with translated(self._connection.url), self.redis.pipeline(transaction=True) as pipe:
            pipe.zcount(self.key("waiting"), "+inf", "+inf")
            pipe.zcount(self.key("waiting"), "-inf", "(+inf")
            pipe.zrange(self.key("ready"), 0, -1)
            pipe.zrangebyscore(self.key("waiting"), "+inf", "+inf")
            dead, due, ready, held = pipe.execute()
        return dead > 0 and due == 0 and set(ready) <= set(held)

    # --- what is done to it ---------------------------------------------------------

    @property
    def wake_channel(self) -> str:
        """Where publishers are told of records that are to be tried again."""
        return f"{self.namespace.root}~wake"

    @property
    def settled_channel(self) -> str:
        """Where those who wait are told of records that were published."""
        return f"{self.namespace.root}~settled"

    def script_keys(self, token: str, *further: str) -> list[str]:
        """The keys of the outbox's scripts, with the lease of that token."""
        return [
            self.namespace.registry,
            *map(self.key, _KEYS),
            self.key("lease", token),
            self.key("done"),
            *further,
        ]

    def resolve(self, how: Literal["retry", "discard"], ids: Iterable[object]) -> int:
        """Has records tried again, or takes them out; how many."""
        # Its own mark: it may be sent twice, when the first answer is lost.
        arguments: list[Any] = [how, self.wake_channel, self.settled_channel, uuid4().hex]
        for record in self.find(ids):
            arguments += place_of(record)
        with translated(self._connection.url):
            keys = self.script_keys("none")
            return int(RESOLVE.run(self._connection.binary, keys, arguments))


def place_of(record: OutboxRecord) -> tuple[str, str]:
    """The aggregate's name in the outbox, and the record's place among its records."""
    lane = record.aggregate_id.replace("\0", "\ufffd")
    return lane, f"{lane}\0{record.version:020d}\0{record.id}"


def lanes_of(claimed: Sequence[Sequence[str]]) -> list[str]:
    """The aggregates of claimed records, each once."""
    return list(dict.fromkeys(lane for lane, *_ in claimed))
