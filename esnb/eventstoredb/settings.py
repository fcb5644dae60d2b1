"""What the environment says about EventStoreDB, checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from eventsourcing.utils import Environment

from esnb.adapters.settings import IDType, originator_id_type, snapshot_keep, snapshot_ttl
from esnb.adapters.stream_prefix import STREAM_PREFIX
from esnb.clients.certificate import ROOT_CERTIFICATES, pem_text
from esnb.clients.installed import flaw_of
from esnb.clients.uri import guarded, masked_uri
from esnb.eventstoredb.snapshot_stores import snapshot_store
from esnb.setting import SettingError, whole_number

URI = "EVENTSTOREDB_URI"
FIRST_VERSION = "EVENTSTOREDB_FIRST_VERSION"


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
    snapshot_store: str = "redis"
    snapshot_keep: int = 10


def read(env: Environment) -> Settings:
    """Reads the settings from `env`.

    Raises SettingError naming the variable, its value and what is
    allowed.
    """
    snapshot_ttl(env)  # the Redis recorder reads it; a wrong value is reported at once
    return Settings(
        uri=_uri(env),
        application=env.name,
        root_certificates=_certificates(env.get(ROOT_CERTIFICATES)),
        stream_prefix=env.get(STREAM_PREFIX),
        first_version=_first_version(env),
        originator_id_type=originator_id_type(env),
        snapshot_store=snapshot_store(env),
        snapshot_keep=snapshot_keep(env),
    )


def _uri(env: Environment) -> str:
    uri = guarded(env.get(URI) or "")
    if not uri:
        raise SettingError(
            f"{' or '.join(env.create_keys(URI))} is not set: set it to the server's connection string, "
            "such as esdb://localhost:2113?Tls=false, or take all variables from esnb.connect().env"
        )
    problem = flaw_of(uri)
    if problem:
        raise SettingError(
            f"{URI} is {masked_uri(uri)!r}, which is not a connection string: {problem}"
        )
    return uri


def _certificates(value: str | None) -> str | None:
    try:
        return pem_text(value) if value else None
    except ValueError as error:
        raise SettingError(str(error)) from None


def _first_version(env: Environment) -> int:
    number = whole_number(env, FIRST_VERSION, least=0)
    return 1 if number is None else number
