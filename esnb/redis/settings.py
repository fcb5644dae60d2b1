"""What the environment says about snapshots and ids."""

from __future__ import annotations

from typing import Literal

from eventsourcing.utils import Environment

SNAPSHOT_KEEP = "SNAPSHOT_KEEP"
SNAPSHOT_TTL = "SNAPSHOT_TTL"
ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

DEFAULT_KEEP = 10


def snapshot_keep(env: Environment) -> int:
    """How many versions are kept per aggregate."""
    value = env.get(SNAPSHOT_KEEP)
    return DEFAULT_KEEP if not value else _positive(SNAPSHOT_KEEP, value)


def snapshot_ttl(env: Environment) -> int | None:
    """How many seconds a snapshot lives, None: for ever."""
    value = env.get(SNAPSHOT_TTL)
    return None if not value else _positive(SNAPSHOT_TTL, value)


def originator_id_type(env: Environment) -> Literal["uuid", "text"]:
    """Whether aggregates are identified by UUIDs or by text."""
    value = (env.get(ORIGINATOR_ID_TYPE) or "uuid").lower()
    if value == "uuid":
        return "uuid"
    if value == "text":
        return "text"
    raise OSError(f"{ORIGINATOR_ID_TYPE} is {value!r}: it takes 'uuid' or 'text'")


def _positive(name: str, value: str) -> int:
    if value.isascii() and value.isdigit() and 0 < int(value) <= 10**12:
        return int(value)
    raise OSError(f"{name} is {value!r}: it takes a whole number from 1 on")
