"""Lua scripts, one a file, run by their digest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any

import redis


class Script:
    """One of the `.lua` files beside this module, or in another package."""

    def __init__(self, name: str, package: str = __name__) -> None:
        self.name = name
        self.source = files(package).joinpath(f"{name}.lua").read_text("utf-8")
        self.digest = sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: redis.Redis, keys: Sequence[Any], args: Sequence[Any]) -> Any:
        """Runs it in one round trip; in two when the server does not know it yet."""
        try:
            return client.evalsha(self.digest, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            return client.eval(self.source, len(keys), *keys, *args)


@cache
def script(name: str) -> Script:
    """The script in `{name}.lua`, read once."""
    return Script(name)
