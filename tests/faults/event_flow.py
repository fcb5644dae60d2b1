"""What fault tests share: a server to kill, events that flow, loops beside the test."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from eventsourcing.persistence import PersistenceError
from redis.exceptions import RedisError

from tests.domain.bank import Account, Bank
from tests.reserved_port import ReservedPort
from tests.waiting import until

KILLS = int(os.environ.get("ESNB_FAULTS", "15"))
SEED = int(os.environ.get("ESNB_FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
ROOT = Path(__file__).parents[2]
PATIENCE = 120.0

T = TypeVar("T")


class EventStoreDBProcess:
    """The embedded server in a process of its own, which keeps its port and its events."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._process: subprocess.Popen[str] | None = None
        # Kept as long as this is: a client's own connection could take the port.
        self._reserved = ReservedPort()
        self.port = self._reserved.number

    @property
    def uri(self) -> str:
        return f"esdb://127.0.0.1:{self.port}?Tls=false"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "esnb.embedded"),
                *("--path", str(self._file), "--port", str(self.port)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == f"listening {self.port}\n", line

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)


class Background:
    """A loop in a thread, whose failure fails the test."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step
        self._ends = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            while not self._ends.is_set():
                self._step()
        except BaseException as error:  # noqa: BLE001 - raised again where the block ends
            self._error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ends.set()
        self._thread.join(PATIENCE)
        if self._error is not None:
            raise self._error


class Writer:
    """Records deposits, whatever happens to the server; counts those it knows of."""

    def __init__(self, app: Bank, pace: float = 0.0) -> None:
        self._app = app
        self._pace = pace
        self._number = 0
        self._changed = threading.Condition()

    def step(self) -> None:
        account = Account("Ann")
        account.deposit(self._number)
        # One that fails may be stored all the same: the log will tell.
        with suppress(PersistenceError):
            self._app.save(account)
        with self._changed:
            self._number += 1
            self._changed.notify_all()
            self._changed.wait(self._pace)

    def wait_for_more(self, events: int) -> None:
        with self._changed:
            goal = self._number + events
            assert self._changed.wait_for(lambda: self._number >= goal, PATIENCE)


def persistently(action: Callable[[], T]) -> T:
    """Its answer, as soon as the stores are back."""
    (answer,) = until(lambda: (action(),), timeout=PATIENCE, despite=(PersistenceError, RedisError))
    return answer
