"""`connect()` to servers that run already; those of `esnb serve` stand for real ones."""

from __future__ import annotations

import socket
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import OperationalError

import esnb
from tests.domain.bank import Bank
from tests.waiting import until

NOBODY = "127.0.0.1:9"
"""The discard port, on which nothing listens."""

pytestmark = pytest.mark.usefixtures("no_servers_named")

_PATIENCE = 60.0
"""Seconds that a slow machine takes longer than what `connect()` was given."""


@pytest.fixture
def servers(serve: Callable[..., Any]) -> Any:
    return serve()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a program that accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def address(uri: str) -> str:
    return urlsplit(uri).netloc


def refused(eventstoredb: str, cache: str, *, timeout: float = 2.0) -> str:
    """The message of the error, which must come in time and without a password."""
    begin = time.monotonic()
    with pytest.raises(OperationalError) as raised:
        esnb.connect(eventstoredb, redis=cache, timeout=timeout)
    assert time.monotonic() - begin < timeout + _PATIENCE
    assert "sesame" not in "".join(traceback.format_exception(raised.value))
    return str(raised.value)


def test_applications_run_on_real_servers_and_leave_them_as_they_are(servers: Any) -> None:
    with esnb.connect(servers.eventstoredb, redis=servers.redis) as stores:
        bank = stores.application(Bank)
        bank.save(account := Aggregate())
        stores.redis.set("key", "value")
        assert dict(stores.env) == {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": servers.eventstoredb,
            "REDIS_URL": servers.redis,
        }
    with esnb.connect(eventstoredb=servers.eventstoredb, redis=servers.redis) as stores:
        assert account.id in stores.application(Bank).repository
        assert stores.redis.get("key") == b"value"


def test_variables_name_the_servers(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSTOREDB_URI", servers.eventstoredb)
    monkeypatch.setenv("REDIS_URL", servers.redis)
    with esnb.connect() as stores:
        assert repr(stores).startswith(f"Stores({address(servers.eventstoredb)}, ")
        assert esnb.connect() is stores
        stores._uses -= 1
        with esnb.connect(embedded=True) as embedded:
            assert embedded is not stores
            assert repr(embedded).startswith("Stores(embedded")


def test_reset_of_real_servers_is_refused(servers: Any) -> None:
    with esnb.connect(servers.eventstoredb, redis=servers.redis) as stores:
        stores.redis.set("key", "value")
        with pytest.raises(RuntimeError, match=r"real servers, which reset\(\) does not empty"):
            stores.reset()
        assert stores.redis.get("key") == b"value"


def test_no_repr_shows_a_password(servers: Any) -> None:
    secret = servers.eventstoredb.replace("://", "://admin:sesame@")
    with redis.Redis.from_url(servers.redis) as client:
        client.config_set("requirepass", "sesame")
    with esnb.connect(secret, redis=servers.redis.replace("://", "://:sesame@")) as stores:
        assert stores.redis.ping()
        for shown in (repr(stores), stores._repr_html_(), repr(stores.env), str(stores.env)):
            assert "sesame" not in shown
            assert address(servers.eventstoredb) in shown
        assert "sesame" in stores.env["EVENTSTOREDB_URI"]


def test_options_in_the_url_have_precedence(servers: Any) -> None:
    with esnb.connect(
        servers.eventstoredb, redis=f"{servers.redis}?socket_timeout=7&decode_responses=True"
    ) as stores:
        assert stores.redis.connection_pool.connection_kwargs["socket_timeout"] == 7


# --- servers that do not answer -------------------------------------------------


def test_an_eventstoredb_that_is_not_there_is_named(servers: Any) -> None:
    message = refused(f"esdb://admin:sesame@{NOBODY}?Tls=false", servers.redis)
    assert f"EventStoreDB at esdb://***@{NOBODY}?Tls=false cannot be reached within 2 s" in message
    assert "Redis" not in message


def test_a_redis_that_is_not_there_is_named(servers: Any) -> None:
    message = refused(servers.eventstoredb, f"redis://:sesame@{NOBODY}/0")
    assert f"Redis at redis://***@{NOBODY}/0 cannot be reached within 2 s" in message
    assert "EventStoreDB" not in message


def test_both_are_named_when_both_are_missing() -> None:
    message = refused(f"esdb://{NOBODY}?Tls=false", "unix:///no/such.sock")
    assert "EventStoreDB at" in message
    assert "Redis at unix:///no/such.sock cannot be reached" in message


def test_a_cluster_that_is_not_there_is_given_up_in_time(silent: str) -> None:
    message = refused(
        f"esdb://admin:sesame@{NOBODY},{silent}?Tls=false", f"redis://{NOBODY}", timeout=1.0
    )
    assert "does not answer as EventStoreDB within 1 s" in message
    assert silent in message


def test_a_host_without_an_address_is_named(servers: Any) -> None:
    message = refused("esdb+discover://admin:sesame@no.such.host.invalid", servers.redis)
    assert "esdb+discover://***@no.such.host.invalid cannot be reached" in message


@pytest.mark.parametrize("tls", ["true", "false"])
def test_a_silent_program_is_not_taken_for_eventstoredb(
    servers: Any, silent: str, tls: str
) -> None:
    message = refused(f"esdb://admin:sesame@{silent}?Tls={tls}", servers.redis, timeout=1.0)
    assert "does not answer as EventStoreDB within 1 s" in message
    assert f"something listens at {silent}" in message


def test_a_silent_program_is_not_taken_for_redis(servers: Any, silent: str) -> None:
    message = refused(servers.eventstoredb, f"redis://{silent}", timeout=1.0)
    assert "does not answer as Redis within 1 s" in message


def test_the_wrong_protocol_on_the_port_is_told_apart(servers: Any) -> None:
    """The two addresses were mixed up."""
    message = refused(
        f"esdb://{address(servers.redis)}?Tls=false", f"redis://{address(servers.eventstoredb)}"
    )
    assert "does not answer as EventStoreDB" in message
    assert "does not answer as Redis" in message


def test_tls_where_there_is_none_is_hinted_at(servers: Any) -> None:
    message = refused(
        f"esdb://admin:sesame@{address(servers.eventstoredb)}",
        f"rediss://:sesame@{address(servers.redis)}",
    )
    assert "Tls=true or Tls=false" in message
    assert "redis:// or rediss://" in message


def test_a_wrong_password_is_told_apart(servers: Any) -> None:
    with redis.Redis.from_url(servers.redis) as client:
        client.config_set("requirepass", "another")
    for cache in (servers.redis, servers.redis.replace("://", "://:sesame@")):
        message = refused(servers.eventstoredb, cache)
        assert "refuses the user name or the password" in message


def test_nothing_is_left_open_after_a_refusal(servers: Any) -> None:
    refused(f"esdb://{NOBODY}?Tls=false", servers.redis)
    with esnb.connect(servers.eventstoredb, redis=servers.redis) as stores:

        def are_open() -> list[Any]:
            clients: Any = stores.redis.client_list()
            return [client for client in clients if client["lib-name"] == "redis-py"]

        until(lambda: len(are_open()) == 1)
