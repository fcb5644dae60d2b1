"""`esnb serve`, `esnb worker` and `esnb demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="esnb", description="Event sourcing in notebooks.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve", help="run the embedded EventStoreDB and Redis for other processes and languages"
    )
    serve.add_argument("--path", help="directory that keeps the data (default: nothing is kept)")
    serve.add_argument("--eventstoredb-port", type=_port, default=0, help="default: any free one")
    serve.add_argument("--redis-port", type=_port, default=0, help="default: any free one")
    serve.add_argument(
        "--run-projections",
        choices=("none", "system"),
        default="system",
        help="whether the system projections run ($ce-, $et-, ...), default: system",
    )
    commands.add_parser(
        "demo", add_help=False, help="the product story on embedded stores, end to end"
    )
    worker = commands.add_parser(
        "worker", help="run a function for each job of a BullMQ queue, until interrupted"
    )
    worker.add_argument("queue", help="the queue's name")
    worker.add_argument("function", help="module:function, which takes a job")
    worker.add_argument("--redis", metavar="URL", help="default: $REDIS_URL")
    worker.add_argument("--concurrency", type=int, default=1, help="jobs at a time, default: 1")
    options, further = parser.parse_known_args(arguments)
    if options.command == "demo":
        from esnb.examples.demo import main as demo

        return demo(further)
    if further:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    if options.command == "worker":
        from esnb.outbox.command import work

        return work(options.queue, options.function, options.redis, options.concurrency)
    from esnb.embedded.processes.serve import serve as run

    try:
        run(
            options.path,
            options.eventstoredb_port,
            options.redis_port,
            projections=options.run_projections,
        )
    except Exception as error:
        if isinstance(error, (OSError, ValueError)) or type(error).__name__ == "OperationalError":
            print(f"esnb serve: {_without_number(error)}", file=sys.stderr)
            return 1
        raise
    return 0


def _without_number(error: Exception) -> object:
    """What an error says, without the operating system's number for it."""
    if isinstance(error, OSError) and error.filename is None:
        return error.strerror or error
    return error


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port number (0: any free one)")


if __name__ == "__main__":
    sys.exit(main())
