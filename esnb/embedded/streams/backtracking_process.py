"""Searches texts for Python's regular expressions, as a process that can be ended.

Run as a script (`python -I -S backtracking_process.py`). One JSON object a line
comes in, `{"number": 1, "text": …, "seconds": 0.1}`, with `"pattern"` where the
number's expression is not known yet; one goes out: `{"found": true}` or
`{"fault": why}`, with the `"spent"` seconds. The operating system ends it when
a search works longer than it may: no code of Python's own runs meanwhile.
"""

import contextlib
import faulthandler
import json
import re
import signal
import sys
import time
from typing import Any

_MOST_MEMORY = 1 << 30


def limit_time(seconds: float) -> None:
    """End the process when it has worked so long, not waited; 0: no limit any more."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


def limit_memory() -> None:
    """A large expression fails instead of taking what others need."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def answer(request: dict[str, Any], known: dict[int, re.Pattern[str]]) -> dict[str, Any]:
    """What comes of one request."""
    try:
        if "pattern" in request:
            known[request["number"]] = re.compile(request["pattern"])
        return {"found": known[request["number"]].search(request["text"]) is not None}
    except (re.error, OverflowError, RecursionError) as error:
        return {"fault": str(error)}
    except MemoryError:
        return {"fault": "it takes too much memory"}


def main() -> None:
    limit_memory()
    known: dict[int, re.Pattern[str]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        begun = time.process_time()
        limit_time(request["seconds"])
        message = answer(request, known)
        limit_time(0)
        spent = time.process_time() - begun
        print(json.dumps({**message, "spent": spent}), flush=True)


if __name__ == "__main__":
    main()
