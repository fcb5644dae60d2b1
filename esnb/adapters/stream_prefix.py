"""Which streams an application's events are in, as far as the environment tells."""

from __future__ import annotations

from collections.abc import Mapping

from eventsourcing.utils import Environment

STREAM_PREFIX = "EVENTSTOREDB_STREAM_PREFIX"
_URI = "EVENTSTOREDB_URI"


def configured_prefix(env: Mapping[str, str], application: str) -> str | None:
    """What `EVENTSTOREDB_STREAM_PREFIX` is for this application; None: it is not set."""
    return Environment(application, env).get(STREAM_PREFIX)


def stream_prefix(env: Mapping[str, str], application: str) -> str | None:
    """What begins the names of an application's streams; None where they are in no EventStoreDB.

    >>> stream_prefix(Environment("", {"EVENTSTOREDB_URI": "esdb://localhost:2113"}), "Shop")
    'Shop'
    >>> stream_prefix(Environment("", {"SHOP_EVENTSTOREDB_STREAM_PREFIX": "north"}), "Shop")
    'north'
    """
    configured = configured_prefix(env, application)
    if configured is None and Environment(application, env).get(_URI):
        return application
    return configured


def prefix_setting(env: Mapping[str, str], application: str) -> dict[str, str]:
    """A setting by which another environment tells the same of this application's streams."""
    prefix = stream_prefix(env, application)
    return {} if prefix is None else {f"{application.upper()}_{STREAM_PREFIX}": prefix}
