"""What the environment says about snapshots and ids, whichever store keeps them."""

from __future__ import annotations

from typing import Literal, cast

from eventsourcing.utils import Environment

from esnb.setting import choice, whole_number

SNAPSHOT_KEEP = "SNAPSHOT_KEEP"
SNAPSHOT_TTL = "SNAPSHOT_TTL"
ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

IDType = Literal["uuid", "text"]

_KEEP = 10


def snapshot_keep(env: Environment) -> int:
    """How many versions are kept per aggregate; raises SettingError."""
    return whole_number(env, SNAPSHOT_KEEP, least=1) or _KEEP


def snapshot_ttl(env: Environment) -> int | None:
    """How many seconds a snapshot lives, None: forever; raises SettingError."""
    return whole_number(env, SNAPSHOT_TTL, least=1)


def originator_id_type(env: Environment) -> IDType:
    """Whether aggregates are identified by UUIDs or by text; raises SettingError."""
    return cast(IDType, choice(env, ORIGINATOR_ID_TYPE, ("uuid", "text"), "uuid"))
