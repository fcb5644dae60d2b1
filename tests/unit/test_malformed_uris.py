"""A malformed connection string: what is wrong is said, and nothing of its text."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from eventsourcing.application import Application

import esnb
from esnb.clients.uri import Uri, guarded, masked, masked_uri
from esnb.redis import RedisFactory, RedisView

SECRET = "S3cret"
PLAIN = "redis://cache.example"


def _application(uri: str) -> object:
    return Application(env={"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": uri})


def _view(url: str) -> object:
    return RedisFactory({"REDIS_URL": url}).tracking_recorder(RedisView)


def refused(opens: Callable[[str], object], uri: str) -> str:
    with pytest.raises((ValueError, OSError)) as refusal:
        opens(uri)
    shown = "".join(traceback.format_exception(refusal.value)).split("\n")
    text = "\n".join(line for line in shown if not line.startswith("    "))
    assert SECRET.lower() not in text.lower()
    assert SECRET.lower() not in repr(guarded(uri)).lower()
    return str(refusal.value)


EVENTSTOREDB: list[Callable[[str], object]] = [
    lambda uri: esnb.connect(uri, redis=PLAIN),
    lambda uri: esnb.connect(eventstoredb=uri, redis=PLAIN),
    _application,
]
REDIS: list[Callable[[str], object]] = [
    lambda url: esnb.connect("esdb://db.example?Tls=false", redis=url),
    _view,
    lambda url: esnb.checkpoints(Application(env={"REDIS_URL": url})),
]


@pytest.mark.parametrize("opens", EVENTSTOREDB)
@pytest.mark.parametrize("scheme", ["esdb", "esdb+discover"])
@pytest.mark.parametrize(
    "sign", ["?", "/", "#", "?x=", "?tls=", "?TLS=1&", "/?", "%zz?", "&?", "["]
)
def test_a_password_that_is_not_quoted(
    opens: Callable[[str], object], scheme: str, sign: str
) -> None:
    text = refused(opens, f"{scheme}://admin:pa{sign}{SECRET}@db:2113?tls=false")
    assert "must be percent-encoded" in text


@pytest.mark.parametrize("opens", EVENTSTOREDB)
@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("db:2113?pasword={}&Tls=false", "has an option that is not known"),
        ("db:2113?Tls=false&{}=1", "has an option that is not known"),
        ("db:2113?Tls={}", "an option"),
        ("db:2113?Tls=false&GossipTimeout={}", "an option"),
        ("admin:{}", "port is not a number"),
        ("admin:{}?Tls=false", "port is not a number"),
        ("admin:pw@db:{}?Tls=false", "port is not a number"),
    ],
)
def test_other_parts_of_a_uri(opens: Callable[[str], object], rest: str, why: str) -> None:
    for secret in (SECRET, SECRET.upper(), SECRET.lower()):
        assert why in refused(opens, f"esdb://{rest.format(secret)}")


@pytest.mark.parametrize("opens", REDIS)
@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("h?pasword={}", "has an option that is not known"),
        ("h?PASSWORD={}", "has an option that is not known"),
        ("h?{}=1", "has an option that is not known"),
        ("h?db={}", "an option"),
        (":pa?{}@h", "must be percent-encoded"),
        (":pa/{}@h", "must be percent-encoded"),
        (":pa#{}@h", "must be percent-encoded"),
        (":pa[{}@h", "must be percent-encoded"),
        ("user:{}", "port is not a number"),
        ("h/{}", ""),
        ("h:6379/0?cluster={}", "an option"),
    ],
)
def test_parts_of_a_redis_url(
    opens: Callable[[str], object], scheme: str, rest: str, why: str
) -> None:
    for secret in (SECRET, SECRET.upper()):
        text = refused(opens, f"{scheme}://{rest.format(secret)}")
        assert why in text
        assert "__init__" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://h?pasword=x&db=1", "redis://h?***&db=1"),
        ("redis://:pw", "redis://***"),
        ("esdb://admin:pw#x", "esdb://***"),
        ("at redis://h:6379/0, again", "at redis://h:6379/0, again"),
        ("unix://***@/tmp/s.sock?db=1", "unix://***@/tmp/s.sock?db=1"),
        ("unix:///tmp/s.sock", "unix:///tmp/s.sock"),
        ("esdb://[::1]:2113,b:1?Tls=false.", "esdb://[::1]:2113,b:1?Tls=false."),
    ],
)
def test_only_what_is_known_is_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_of_another_scheme_no_option_is_shown_either() -> None:
    assert masked_uri(f"esd://h?pasword={SECRET}") == "esd://h?***"
    assert SECRET not in repr(Uri(f"esd://h?pasword={SECRET}"))
