"""What the environment says about snapshots and ids."""

from __future__ import annotations

from typing import Literal, cast

from eventsourcing.utils import Environment

from esnb.setting import choice, whole_number

SNAPSHOT_KEEP = "SNAPSHOT_KEEP"
SNAPSHOT_TTL = "SNAPSHOT_TTL"
ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

DEFAULT_KEEP = 10


def snapshot_keep(env: Environment) -> int:
    """How many versions are kept per aggregate."""
    return whole_number(env, SNAPSHOT_KEEP, least=1) or DEFAULT_KEEP


def snapshot_ttl(env: Environment) -> int | None:
    """How many seconds a snapshot lives, None: for ever."""
    return whole_number(env, SNAPSHOT_TTL, least=1)


def originator_id_type(env: Environment) -> Literal["uuid", "text"]:
    """Whether aggregates are identified by UUIDs or by text."""
    value = choice(env, ORIGINATOR_ID_TYPE, ("uuid", "text"), "uuid")
    return cast(Literal["uuid", "text"], value)
