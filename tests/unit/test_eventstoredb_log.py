"""The whole log, read from any number: what an interrupt leaves behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from esnb.clients.installed import ClientError
from esnb.eventstoredb import log as module
from esnb.eventstoredb.log import ServerLog
from tests.waiting import alarm, until


class EndlessLog:
    """A server's answers: a log of which no end is near, with an event too large to step over."""

    def __init__(self) -> None:
        self.refused = 0
        self.open = 0

    def read(
        self, client: Any, request: Any, *, commit_position: int | None = None, **arguments: Any
    ) -> Iterator[Any]:
        if commit_position is not None:
            self.refused += 1
            if self.refused == 10:
                os.kill(os.getpid(), signal.SIGINT)
            raise ClientError("Unexpected FilteredReadAllResult: InvalidPosition")
        self.open += 1
        try:
            step = -1 if arguments.get("backwards") else 1
            for position in count(2**60 if step < 0 else 1, step):
                yield SimpleNamespace(commit_position=position)
        finally:
            self.open -= 1


def test_an_interrupt_ends_the_search_for_a_position(monkeypatch: pytest.MonkeyPatch) -> None:
    server = EndlessLog()
    monkeypatch.setattr(module, "whole", server.read)
    client: Any = SimpleNamespace(read_all=None)

    with alarm("the search goes on"), pytest.raises(KeyboardInterrupt):
        next(ServerLog(client).forwards(2**40))

    until(lambda: server.open == 0, "the end of the search")
