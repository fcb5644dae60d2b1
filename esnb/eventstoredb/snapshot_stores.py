"""The snapshot stores that `SNAPSHOT_STORE` chooses from: another one is one more entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from eventsourcing.utils import Environment

from esnb.setting import SettingError, choice
from esnb.snapshotting.cached import CachedSnapshotRecorder
from esnb.snapshotting.stored import SnapshotRecorder

SNAPSHOT_STORE = "SNAPSHOT_STORE"
REDIS_URL = "REDIS_URL"


class Recorders(Protocol):
    """What a snapshot store is made from: an application's factory."""

    env: Environment

    def eventstoredb_snapshots(self) -> SnapshotRecorder:
        """Snapshots beside the events."""

    def redis_snapshots(self) -> SnapshotRecorder:
        """Snapshots in Redis, which `REDIS_URL` names."""


@dataclass(frozen=True)
class SnapshotPlace:
    """One value of `SNAPSHOT_STORE`."""

    recorder: Callable[[Recorders], SnapshotRecorder]
    needs: str | None = None
    """A variable that must be set."""


SNAPSHOT_STORES = {
    "redis": SnapshotPlace(lambda recorders: recorders.redis_snapshots(), REDIS_URL),
    "eventstoredb": SnapshotPlace(lambda recorders: recorders.eventstoredb_snapshots()),
    "eventstoredb+redis": SnapshotPlace(
        lambda recorders: CachedSnapshotRecorder(
            recorders.eventstoredb_snapshots(), recorders.redis_snapshots()
        ),
        REDIS_URL,
    ),
}


def snapshot_store(env: Environment) -> str:
    """The name of the store that `env` chooses; raises SettingError."""
    name = choice(
        env, SNAPSHOT_STORE, SNAPSHOT_STORES, "redis" if env.get(REDIS_URL) else "eventstoredb"
    )
    needs = SNAPSHOT_STORES[name].needs
    if needs is not None and not env.get(needs):
        raise SettingError(f"{SNAPSHOT_STORE} is {name!r}, which needs {needs} to be set")
    return name
