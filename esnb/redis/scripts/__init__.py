"""Lua scripts, one a file, run by their digest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any

import redis


class Script:
    """A Lua script, and the digest by which a server knows it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: redis.Redis, keys: Sequence[Any], args: Sequence[Any]) -> Any:
        """Runs it in one round trip; in two when the server does not know it yet."""
        try:
            return client.evalsha(self.digest, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            return client.eval(self.source, len(keys), *keys, *args)


def read(name: str, package: str = __name__) -> str:
    """The text of `{name}.lua` beside this module, or in another package."""
    return files(package).joinpath(f"{name}.lua").read_text("utf-8")


def behind_first_line(source: str, *shared: str) -> str:
    """`source` with other texts behind its first line, which tells Redis how to run it."""
    first, _, rest = source.partition("\n")
    return "\n".join((first, *shared, rest))


@cache
def script(name: str) -> Script:
    """The script in `{name}.lua`, read once."""
    return Script(read(name))
