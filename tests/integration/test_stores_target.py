"""What the arguments of `connect()` and the variables lead to."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

from esnb.connecting.proxies import bypass_proxies_for_loopback
from esnb.connecting.target import Attached, Embedded, Target, choose, targets_of

SERVER = "esdb://127.0.0.1:2113?Tls=false"
CACHE = "redis://127.0.0.1:6379/0"
BOTH = {"EVENTSTOREDB_URI": SERVER, "REDIS_URL": CACHE}


def chosen(target: Any = None, environ: dict[str, str] | None = None, **given: Any) -> Target:
    arguments: dict[str, Any] = {
        "path": None,
        "eventstoredb": None,
        "redis": None,
        "embedded": False,
    }
    return choose(target, **{**arguments, **given}, environ=environ or {})


def test_nothing_given_is_embedded_and_ephemeral() -> None:
    assert chosen() == Embedded(None, None)
    assert chosen(environ={"EVENTSTOREDB_URI": "", "REDIS_URL": " "}) == Embedded(None, None)


def test_both_variables_name_the_servers_unless_embedded_or_a_path_is_asked_for() -> None:
    assert chosen(environ=BOTH) == Attached(SERVER, CACHE, None)
    assert chosen(environ=BOTH, embedded=True) == Embedded(None, None)
    assert isinstance(chosen("./data", environ=BOTH), Embedded)


@pytest.mark.parametrize(
    "given", [{"target": "./data"}, {"path": "./data"}, {"path": Path("data")}]
)
def test_a_path_is_absolute_and_shown_as_given(given: dict[str, Any], tmp_path: Path) -> None:
    target = chosen(given.pop("target", None), **given)
    assert isinstance(target, Embedded)
    assert target.path == Path.cwd() / "data"
    assert target.shown in ("./data", "data")


def test_names_of_one_directory_are_one_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert chosen(tmp_path).key == chosen(str(tmp_path / "link")).key == chosen(tmp_path / ".").key
    assert chosen(tmp_path).key != chosen().key


@pytest.mark.parametrize(
    ("target", "given"),
    [(SERVER, {"redis": CACHE}), (None, {"eventstoredb": SERVER, "redis": CACHE})],
)
def test_two_uris_are_real_servers(target: str | None, given: dict[str, Any]) -> None:
    assert chosen(target, **given) == Attached(SERVER, CACHE, None)


def test_a_missing_uri_comes_from_its_variable() -> None:
    assert chosen(SERVER, environ={"REDIS_URL": CACHE}) == Attached(SERVER, CACHE, None)


@pytest.mark.parametrize(
    ("target", "environ", "missing"),
    [
        (SERVER, {}, "redis= or REDIS_URL"),
        (None, {"EVENTSTOREDB_URI": SERVER}, "redis= or REDIS_URL"),
        (None, {"REDIS_URL": CACHE}, "eventstoredb= or EVENTSTOREDB_URI"),
    ],
)
def test_one_server_without_the_other_is_refused(
    target: str | None, environ: dict[str, str], missing: str
) -> None:
    with pytest.raises(ValueError, match=f"(?s)without the other.*{missing}.*embedded=True"):
        chosen(target, environ)


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("./data", {"redis": CACHE}),
        (None, {"path": "./data", "eventstoredb": SERVER}),
        ("./data", {"path": "./data"}),
        (SERVER, {"eventstoredb": SERVER, "redis": CACHE}),
        (None, {"embedded": True, "eventstoredb": SERVER, "redis": CACHE}),
        (None, {"embedded": True, "redis": CACHE}),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    target: str | None, given: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="connect"):
        chosen(target, **given)


def test_embedded_may_be_said_of_a_path() -> None:
    assert chosen("./data", embedded=True) == chosen("./data")


@pytest.mark.parametrize("path", ["", "  ", "a\0b"])
def test_a_path_that_names_nothing_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="does not name a directory"):
        chosen(path)


@pytest.mark.parametrize("target", [7, b"data", object()])
def test_what_is_neither_path_nor_uri_is_refused(target: object) -> None:
    with pytest.raises(TypeError):
        chosen(target)


@pytest.mark.parametrize(
    "target",
    [
        "localhost:2113",
        "esdb:/admin:sesame@host:2113",
        "esdb:host",
        "redis:host",
        "db.example:2113",
    ],
)
def test_an_address_is_not_taken_for_a_directory(target: str) -> None:
    with pytest.raises(ValueError, match="looks like a server's address") as refused:
        chosen(target, redis=CACHE)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("path", ["esdb://admin:sesame@host:2113", "redis://:sesame@host"])
def test_a_uri_is_not_taken_for_a_directory(path: str) -> None:
    with pytest.raises(ValueError, match=r"path='.*\*\*\*@host.* is a URI") as refused:
        chosen(path=path)
    assert "sesame" not in str(refused.value)


def test_the_rest_of_a_malformed_uri_is_shown() -> None:
    with pytest.raises(
        ValueError, match=r"'esdb://\*\*\*@host:0' is malformed: its port is not a number"
    ):
        chosen("esdb://admin:sesame@host:0", redis=CACHE)


def test_redis_is_not_taken_for_eventstoredb() -> None:
    with pytest.raises(ValueError, match="is Redis's") as refused:
        chosen("redis://:sesame@host:6379")
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        "http://admin:sesame@host:2113",
        "esdb://",
        "esdb://admin:sesame@",
        "esdb://admin:sesame@host:2113?Tls=perhaps",
        "esdb://admin:sesame@host:2113?NoSuchOption=1",
        "esdb://admin:sesame@host:2113?GossipTimeout=soon",
        "esdb://admin:sesame@host:port",
        "esdb://admin:sesame@host:99999",
        "esdb://admin:sesame@host:0",
        "esdb://admin:sesame@ho st:2113",
        "esdb+discover://admin:sesame@a:1,b:2",
        "esdb://host:2113",
        "esdb://admin:se/sesame@host:port",
    ],
)
def test_a_malformed_eventstoredb_uri_is_refused_without_its_password(uri: str) -> None:
    with pytest.raises(ValueError, match=r"EventStoreDB's URI .*malformed.*esdb://host") as refused:
        chosen(uri, redis=CACHE)
    assert "sesame" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        "http://:sesame@cache",
        "redis://:sesame@cache:port",
        "redis://:sesame@cache:99999",
        "redis://:sesame@cache/first",
        "redis://:sesame@cache?db=first",
        "redis://:sesame@cache?no_such_option=1",
        "unix://",
    ],
)
def test_a_malformed_redis_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"Redis's URL .*malformed.*redis://host") as refused:
        chosen(SERVER, redis=url)
    assert "sesame" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    ("uri", "targets"),
    [
        ("esdb://host", ["host:2113"]),
        ("esdb://u:p@a:1,b,c:3?Tls=true", ["a:1", "b:2113", "c:3"]),
        ("esdb://[::1]:2114?Tls=false", ["[::1]:2114"]),
    ],
)
def test_the_hosts_of_a_uri(uri: str, targets: list[str]) -> None:
    assert targets_of(uri) == targets


def test_certificates_are_text_or_an_existing_file(tmp_path: Path) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    for value in (pem.strip(), str(file)):
        target = chosen(environ={**BOTH, "EVENTSTOREDB_ROOT_CERTIFICATES": value})
        assert target == Attached(SERVER, CACHE, value)
    (tmp_path / "commented.pem").write_text(f"# für die Prüfung\n{pem}", encoding="utf-8")
    chosen(environ={**BOTH, "EVENTSTOREDB_ROOT_CERTIFICATES": str(tmp_path / "commented.pem")})
    with pytest.raises(ValueError, match=r"ROOT_CERTIFICATES is .* nor a readable file: Is a dir"):
        chosen(environ={**BOTH, "EVENTSTOREDB_ROOT_CERTIFICATES": str(tmp_path)})
    with pytest.raises(ValueError, match=r"EVENTSTOREDB_ROOT_CERTIFICATES is '/no/such\.pem'"):
        chosen(environ={**BOTH, "EVENTSTOREDB_ROOT_CERTIFICATES": "/no/such.pem"})


# --- proxies ------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["http_proxy", "https_proxy", "grpc_proxy"])
def test_loopback_bypasses_a_proxy(variable: str) -> None:
    environ = {variable: "http://proxy.example:3128", "no_proxy": "intranet"}
    bypass_proxies_for_loopback(environ)
    assert environ["no_grpc_proxy"] == "intranet,127.0.0.1,localhost,::1"
    assert environ["no_proxy"] == "intranet"
    bypass_proxies_for_loopback(environ)
    assert environ["no_grpc_proxy"] == "intranet,127.0.0.1,localhost,::1"


def test_what_is_exempt_for_grpc_already_stays_exempt() -> None:
    environ = {"http_proxy": "p", "no_proxy": "intranet", "no_grpc_proxy": "db, localhost"}
    bypass_proxies_for_loopback(environ)
    assert environ["no_grpc_proxy"] == "db,localhost,127.0.0.1,::1"


def test_without_a_proxy_the_environment_stays_as_it_is() -> None:
    environ = {"no_proxy": "intranet", "http_proxy": ""}
    bypass_proxies_for_loopback(environ)
    assert environ == {"no_proxy": "intranet", "http_proxy": ""}
