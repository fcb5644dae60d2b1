"""Standard JSON, which every parser reads: without NaN and Infinity."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, NoReturn

ContentType = Literal["application/json", "application/octet-stream"]
JSON: ContentType = "application/json"
OCTETS: ContentType = "application/octet-stream"
"""The content types of what is JSON, and of everything else."""


def strict_decoder(object_hook: Callable[[dict[str, Any]], Any] | None = None) -> json.JSONDecoder:
    """A decoder whose `decode` raises ValueError for Python's extensions to JSON."""
    return json.JSONDecoder(object_hook=object_hook, parse_constant=_refuse)


def is_json(data: bytes) -> bool:
    """Whether a strict parser reads `data` as JSON.

    >>> is_json(b'{"price": 10}'), is_json(b'{"price": NaN}'), is_json(b"\\x78\\x9c")
    (True, False, False)
    """
    try:
        _STRICT.decode(data.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_STRICT = strict_decoder()
