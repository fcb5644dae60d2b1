"""What the environment says about EventStoreDB, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

from eventsourcing.utils import Environment

from esnb.adapters.stream_prefix import STREAM_PREFIX
from esnb.clients.certificate import ROOT_CERTIFICATES, pem_text
from esnb.clients.installed import flaw_of
from esnb.clients.uri import guarded, veiled
from esnb.eventstoredb.naming import IDType
from esnb.setting import SettingError, choice, whole_number

URI = "EVENTSTOREDB_URI"
FIRST_VERSION = "EVENTSTOREDB_FIRST_VERSION"
ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"
REDIS_URL = "REDIS_URL"
SNAPSHOT_STORE = "SNAPSHOT_STORE"
SNAPSHOT_KEEP = "SNAPSHOT_KEEP"
SNAPSHOT_TTL = "SNAPSHOT_TTL"

SnapshotStoreName = Literal["redis", "eventstoredb", "eventstoredb+redis"]
_SNAPSHOT_STORES = ("redis", "eventstoredb", "eventstoredb+redis")
_ID_TYPES = ("uuid", "text")


@dataclass(frozen=True)
class Settings:
    """The settings of one application."""

    uri: str = field(repr=False)
    application: str
    root_certificates: str | None = field(default=None, repr=False)
    """PEM text."""
    stream_prefix: str | None = None
    """As configured; None: the application's name."""
    first_version: int = 1
    originator_id_type: IDType = "uuid"
    snapshot_store: SnapshotStoreName = "redis"
    snapshot_keep: int = 10


def read(env: Environment) -> Settings:
    """Reads the settings from `env`.

    Raises SettingError naming the variable, its value and what is
    allowed.
    """
    has_redis = bool(env.get(REDIS_URL))
    snapshot_store = choice(
        env, SNAPSHOT_STORE, _SNAPSHOT_STORES, "redis" if has_redis else "eventstoredb"
    )
    if "redis" in snapshot_store and not has_redis:
        raise SettingError(
            f"{SNAPSHOT_STORE} is {snapshot_store!r}, which needs {REDIS_URL} to be set"
        )
    if env.get(SNAPSHOT_TTL):  # the Redis recorder reads it; a wrong value is said at once
        whole_number(env, SNAPSHOT_TTL, least=1)
    return Settings(
        uri=_uri(env),
        application=env.name,
        root_certificates=_certificates(env.get(ROOT_CERTIFICATES)),
        stream_prefix=env.get(STREAM_PREFIX),
        first_version=_first_version(env),
        originator_id_type=cast(IDType, choice(env, ORIGINATOR_ID_TYPE, _ID_TYPES, "uuid")),
        snapshot_store=cast(SnapshotStoreName, snapshot_store),
        snapshot_keep=whole_number(env, SNAPSHOT_KEEP, least=1) or 10,
    )


def _uri(env: Environment) -> str:
    uri = guarded(env.get(URI) or "")
    if not uri:
        raise SettingError(
            f"{' or '.join(env.create_keys(URI))} is not set: give the server's connection string, "
            "such as esdb://localhost:2113?Tls=false, or take all variables from esnb.connect().env"
        )
    problem = flaw_of(uri)
    if problem:
        raise SettingError(f"{URI} is {veiled(uri)!r}, which is not a connection string: {problem}")
    return uri


def _certificates(value: str | None) -> str | None:
    try:
        return pem_text(value) if value else None
    except ValueError as error:
        raise SettingError(str(error)) from None


def _first_version(env: Environment) -> int:
    number = whole_number(env, FIRST_VERSION, least=0)
    return 1 if number is None else number
