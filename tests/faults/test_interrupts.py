"""KeyboardInterrupt at random moments: it is there at once, the next call works, runners go on."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.event_flow import SEED

INTERRUPTS = int(os.environ.get("ESNB_INTERRUPTS", "60"))
"""At random moments of random acts; a thousand by `ESNB_INTERRUPTS=1000`."""
HANG = 90.0
"""Seconds after which a call counts as hanging."""


class Kernel:
    """The interrupted process, told what to do."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.interrupted_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "ESNB_PROGRESS": "0"},
        )
        self.acts: list[str] = self.answer()[1]

    def tell(self, act: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{act}\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], HANG)
        assert readable, "it hangs"
        return json.loads(self.process.stdout.readline())

    def done(self, act: str) -> Any:
        """The result of an act that nobody interrupts."""
        self.tell(act)
        kind, result = self.answer()
        assert kind == "done", f"{act}: {result}"
        return result


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.process.kill()
    kernel.process.wait()


@pytest.mark.timeout(120 + 3 * INTERRUPTS)
def test_calls_runners_and_the_end_survive_interrupts(kernel: Kernel) -> None:
    print(f"ESNB_FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    right: dict[str, Any] = {}
    length: dict[str, float] = {}
    for act in 2 * kernel.acts:  # the first time much is imported
        begun = time.monotonic()
        right[act] = kernel.done(act)
        length[act] = time.monotonic() - begun
    interrupted: Counter[str] = Counter()

    for _ in range(INTERRUPTS):
        act = chance.choice(kernel.acts)
        kernel.tell(act)
        time.sleep(chance.uniform(0, length[act]))
        kernel.process.send_signal(signal.SIGINT)
        kind, *result = kernel.answer()
        interrupted[act] += kind == "interrupted"
        # Done just before the signal, interrupted, or, in the middle of a `with`, an
        # error of what was left open; never a wrong result.
        assert kind == "interrupted" or (kind == "done" and result == [right[act]]), (act, result)
        assert kernel.done(act) == right[act], act

    assert kernel.done("runner") is True
    kernel.done("consumer")
    print(dict(interrupted))
    assert interrupted.total() > INTERRUPTS / 4
    assert kernel.process.stdin is not None
    kernel.process.stdin.close()
    assert kernel.answer() == ["closed"]
    assert kernel.process.wait(HANG) == 0
