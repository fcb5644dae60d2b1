"""Searches that may take any time, in a process of their own that can be ended."""

from __future__ import annotations

import atexit
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from esnb.embedded.streams.allowance import Allowance
from esnb.embedded.streams.errors import BadExpression, ExpressionTooSlow
from esnb.embedded.streams.expressions import translate_dotnet

_PROGRAM = Path(__file__).with_name("backtracking_process.py")
_COMPILING_SECONDS = 0.25


class _Process:
    """The process, started at its first use and again when it was ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._known: set[int] = set()

    def ask(self, number: int, pattern: str, text: str, seconds: float) -> dict[str, Any] | None:
        """Its answer; None when it worked longer than `seconds` (more where it has to compile)."""
        with self._lock:
            request = {"number": number, "text": text, "seconds": seconds}
            process = self._start()
            if number not in self._known:
                request |= {"pattern": pattern, "seconds": seconds + _COMPILING_SECONDS}
                self._known.add(number)
            line = self._exchange(process, json.dumps(request))
            if not line:
                self._end()
                return None
            answer: dict[str, Any] = json.loads(line)
            return answer

    def forget(self) -> None:
        """In a forked child: the process is the parent's."""
        self.__init__()  # type: ignore[misc]

    def close(self) -> None:
        """End it; a later search starts another one."""
        with self._lock:
            self._end()

    def _exchange(self, process: subprocess.Popen[str], request: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return ""

    def _start(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="ascii",
                start_new_session=True,  # an interrupt is for those who ask, not for it
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        self._known.clear()
        if process is not None:
            process.kill()
            process.communicate()


_process = _Process()
_numbers = itertools.count()
atexit.register(_process.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.forget)


class BacktrackingSearch:
    """Whether a name has what the expression says.

    An expression that has taken too long once is not tried again.
    """

    def __init__(self, pattern: str) -> None:
        """Raises `BadExpression`, and `ExpressionTooSlow` for one that is too large."""
        self._pattern = pattern
        self._number = next(_numbers)
        self._written = translate_dotnet(pattern)
        self._allowance = Allowance()
        self._slow_on: str | None = None
        self("")

    def __call__(self, name: str) -> bool:
        if self._slow_on is not None:
            raise ExpressionTooSlow(self._pattern, self._slow_on)
        answer = _process.ask(self._number, self._written, name, self._allowance.left)
        if answer is None:
            self._slow_on = name
            raise ExpressionTooSlow(self._pattern, name)
        if "fault" in answer:
            raise BadExpression(self._pattern, answer["fault"])
        self._allowance.spend(answer["spent"])
        return bool(answer["found"])
