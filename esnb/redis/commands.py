"""redis-py's own commands, queued instead of sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NoReturn

import redis
from eventsourcing.persistence import ProgrammingError
from redis.commands.core import CoreCommands

from esnb.redis.checks import keys_of
from esnb.redis.namespace import Namespace


class Commands(CoreCommands):
    """The commands of one event, to be applied together with its checkpoint.

    Has redis-py's methods with redis-py's arguments (`hincrby(name, key,
    amount)`), as its pipelines do, and returns itself from each. Nothing is
    sent and nothing can be read: a command that only reads, that belongs to
    no key of the view, or that cannot be checked before it is applied raises
    here, naming those that can (`NotSupportedError`, `ProgrammingError`,
    `DataError`).
    """

    # Tells the type hints of redis-py 8 that its methods do not await.
    _is_async_client: Literal[False] = False
    # Asked for by redis-py's own protocol; queued commands dispatch no events.
    _event_dispatcher: Any = None

    def __init__(self, namespace: Namespace, encode: Callable[[Any], bytes]) -> None:
        self._own = namespace.key("").encode()
        self._view = namespace.name
        self._encode = encode
        self.queued: list[list[bytes]] = []
        self.touched: dict[bytes, None] = {}

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Queues one command, as every method of redis-py ends in doing."""
        try:
            command = [self._encode(argument) for argument in args]
        except redis.DataError as error:
            raise ProgrammingError(f"{args[0]}: {error}") from error
        command[0] = command[0].upper()
        keys = keys_of(command)
        for key in keys:
            if not key.startswith(self._own):
                raise ProgrammingError(
                    f"{key.decode('utf-8', 'backslashreplace')!r} is not a key of view "
                    f"{self._view!r}: take keys from the view's key(), as in "
                    "self.key('totals'), so that they share its cluster slot and are rebuilt with it"
                )
            self.touched[key] = None
        self.queued.append(command)
        return self

    def pipeline(self, *args: Any, **options: Any) -> NoReturn:
        raise ProgrammingError("a commit is one atomic step already: queue the commands on it")

    transaction = pipeline
