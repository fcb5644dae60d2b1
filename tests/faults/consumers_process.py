"""A process of consumers, to be killed: `python -m tests.faults.consumers_process`.

Takes its settings as JSON in the first argument; ends with code 3 when the
runner fails. Counts in Redis how often it was given each event.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from esnb.projections import Backoff, PersistentRunner
from esnb.redis.connection import connection
from tests.domain.bank import Bank

HANDLED = "handled"
"""A hash: how often each event was handled, by event id."""


def main() -> int:
    settings = json.loads(sys.argv[1])
    app = Bank(env=settings["env"])
    redis = connection(settings["env"]["REDIS_URL"])

    def handle(event: Any, recorded: Any) -> None:
        redis.call("HINCRBY", HANDLED, str(recorded.id), 1)

    runner = PersistentRunner(
        app,
        "billing",
        handle,
        workers=settings["workers"],
        message_timeout=settings["message_timeout"],
        retries=50,
        backoff=Backoff(shortest=0.02, longest=0.3),
    ).start()
    try:
        runner.run_forever()
    except Exception:  # noqa: BLE001 - its status has the traceback
        print(runner.status(), flush=True)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
