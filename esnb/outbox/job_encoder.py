"""BullMQ's own way of adding a job, taken as one step with the outbox's own.

`scripts.addJob(job, pipe)` of the package `bullmq` passes a pipeline one of its
Lua scripts, with keys and arguments. Here they are gathered instead of sent:
`scripts/settle.lua` then calls the very same Lua as a function.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from esnb.outbox.jobs import bullmq, msgpack
from esnb.outbox.view import SETTLE
from esnb.redis.scripts import Script, behind_first_line

ScriptTarget = tuple[str, tuple[str, ...]]
"""Digest of one of BullMQ's scripts, and the keys that it takes."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What one of BullMQ's scripts needs to add a job."""

    target: ScriptTarget
    arguments: list[bytes]


class JobEncoder:
    """Makes the additions of jobs. `client` is not used, but BullMQ's classes require one."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._queues: dict[str, Any] = {}
        self._sources: dict[str, str] = {}
        self._templates: dict[tuple[str, str, bytes], JobTemplate | None] = {}
        self._pack = msgpack().packb

    def __call__(
        self, queue: str, name: str, id: str, data: str, options: Mapping[str, Any]
    ) -> Addition:
        """The addition of a job whose data are that JSON text.

        Raises what BullMQ does for options that have no place in a job.
        """
        now = round(time.time() * 1000)
        place = queue, name, self._pack(options)
        try:
            template = self._templates[place]
        except KeyError:
            if len(self._templates) >= _MOST_TEMPLATES:
                self._templates.clear()
            template = self._templates[place] = self._template(queue, name, options)
        if template is None:
            return self._gather(queue, name, id, json.loads(data), options, now)
        return template.addition(id, data, now)

    def script(self, digests: Iterable[str]) -> Script:
        """`scripts/settle.lua` with BullMQ's scripts of these digests in front of it."""
        return _join_scripts(tuple((digest, self._sources[digest]) for digest in sorted(digests)))

    def _gather(
        self, queue: str, name: str, id: str, data: Any, options: Mapping[str, Any], now: int
    ) -> Addition:
        """What BullMQ itself makes of a job."""
        found = self._queues.get(queue) or self._open(queue)
        job = bullmq().Job(found, name, data, {**options, "jobId": id})
        job.timestamp = now
        gathered = _Gathered()
        _run_to_end(found.scripts.addJob(job, gathered))
        if gathered.addition is None:
            raise RuntimeError("BullMQ has added a job without a script: its version is unknown")
        return gathered.addition

    def _template(self, queue: str, name: str, options: Mapping[str, Any]) -> JobTemplate | None:
        """A template of what BullMQ made of one job, if it fits what it makes of another."""
        template = JobTemplate(self._gather(queue, name, _ID, _DATA, options, _TIME))
        id, data, now = "ev-" + 36 * "0", {"n": 1}, _TIME + 4711
        own = self._gather(queue, name, id, data, options, now)
        made = template.addition(id, json.dumps(data, separators=(",", ":")), now)
        return template if made == own else None

    def _open(self, name: str) -> Any:
        queue = bullmq().Queue(name, {"connection": self._client, "prefix": self._prefix})
        for each in queue.scripts.commands.values():
            self._sources[each.sha] = each.script
        self._queues[name] = queue
        return queue


_ID: Final = "ev-5ed0a1b7-2a3c-4f60-9d3e-6b7c1f0e8a94"
_DATA: Final = {"data": "of a job"}
_TIME: Final = 1_700_000_000_123
_MOST_TEMPLATES: Final = 1000


class JobTemplate:
    """An addition in which id, time and data are put in their places.

    BullMQ takes 30 µs for each job. Jobs of one name, queue and options differ
    in these three only, of which id and time always have the same length.
    """

    def __init__(self, model: Addition) -> None:
        data = json.dumps(_DATA, separators=(",", ":")).encode()
        self._target = model.target
        # None: the data are a whole argument.
        self._arguments = [None if each == data else each for each in model.arguments]

    def addition(self, id: str, data: str, now: int) -> Addition:
        own_id, text, binary = id.encode(), b"%d" % now, now.to_bytes(8)
        return Addition(
            self._target,
            [
                data.encode()
                if each is None
                else each.replace(_OLD_ID, own_id)
                .replace(_OLD_TEXT, text)
                .replace(_OLD_BINARY, binary)
                for each in self._arguments
            ],
        )


_OLD_ID: Final = _ID.encode()
_OLD_TEXT: Final = b"%d" % _TIME
_OLD_BINARY: Final = _TIME.to_bytes(8)


class _Gathered:
    """Stands where BullMQ expects a pipeline."""

    def __init__(self) -> None:
        self.addition: Addition | None = None

    async def evalsha(self, digest: str, number_of_keys: int, *rest: Any) -> None:
        keys, arguments = rest[:number_of_keys], rest[number_of_keys:]
        self.addition = Addition(
            (digest, tuple(keys)),
            [each if isinstance(each, bytes) else str(each).encode() for each in arguments],
        )


def _run_to_end(coroutine: Any) -> None:
    """Runs a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("BullMQ waits for something before it adds a job: its version is unknown")


@cache
def _join_scripts(adders: tuple[tuple[str, str], ...]) -> Script:
    functions = "\n".join(
        f"adders['{digest}'] = function(KEYS, ARGV)\n{source}\nend" for digest, source in adders
    )
    # The first line is another one: out of memory, the whole script is refused.
    _, _, settle = SETTLE.source.partition("\n")
    return Script(behind_first_line(f"#!lua\n{settle}", "local adders = {}", functions))
