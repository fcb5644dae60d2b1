"""What the environment may say, and what is said about what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from eventsourcing.utils import Environment

from esnb.eventstoredb import settings
from esnb.setting import SettingError

URI = "esdb://db.example:2113?Tls=false"


def read(**variables: str) -> settings.Settings:
    return settings.read(Environment("Shop", {"EVENTSTOREDB_URI": URI, **variables}))


def test_the_defaults() -> None:
    assert read() == settings.Settings(
        uri=URI,
        application="Shop",
        stream_prefix=None,
        first_version=1,
        originator_id_type="uuid",
        snapshot_store="eventstoredb",
        snapshot_keep=10,
    )


def test_snapshots_go_to_redis_where_there_is_one() -> None:
    assert read(REDIS_URL="redis://cache.example").snapshot_store == "redis"


def test_an_applications_own_variables_come_first() -> None:
    found = read(SHOP_EVENTSTOREDB_FIRST_VERSION="0", EVENTSTOREDB_FIRST_VERSION="1")
    assert found.first_version == 0


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("EVENTSTOREDB_FIRST_VERSION", "one", "whole numbers from 0"),
        ("EVENTSTOREDB_FIRST_VERSION", "-1", "whole numbers from 0"),
        ("EVENTSTOREDB_FIRST_VERSION", "1.5", "whole numbers from 0"),
        ("ORIGINATOR_ID_TYPE", "integer", "uuid, text"),
        ("SNAPSHOT_STORE", "disk", "redis, eventstoredb, eventstoredb+redis"),
        ("SNAPSHOT_KEEP", "0", "whole numbers from 1"),
        ("SNAPSHOT_KEEP", "all", "whole numbers from 1"),
        ("SNAPSHOT_TTL", "0", "whole numbers from 1"),
        ("SNAPSHOT_TTL", "a day", "whole numbers from 1"),
    ],
)
def test_values_that_are_not_allowed(variable: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(**{variable: value})
    assert str(refused.value) == f"{variable} is {value!r}; allowed: {allowed}"


@pytest.mark.parametrize("store", ["redis", "eventstoredb+redis"])
def test_a_snapshot_store_that_is_not_there(store: str) -> None:
    with pytest.raises(SettingError, match=r"needs REDIS_URL"):
        read(SNAPSHOT_STORE=store)


def test_no_uri() -> None:
    with pytest.raises(SettingError, match=r"SHOP_EVENTSTOREDB_URI or EVENTSTOREDB_URI is not set"):
        read(EVENTSTOREDB_URI="")


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:2113",
        "http://localhost:2113",
        "esdb://",
        "esdb://:2113",
        "esdb://localhost:2113?Unknown=1",
        "esdb://localhost:2113?Tls=maybe",
        "esdb://admin:changeit@localhost:2113?NodePreference=best",
        "redis://admin:changeit@localhost",
    ],
)
def test_malformed_uris(uri: str) -> None:
    with pytest.raises(SettingError, match="EVENTSTOREDB_URI is '") as refused:
        read(EVENTSTOREDB_URI=uri)
    assert "changeit" not in str(refused.value)


def test_certificates_as_text_and_as_a_path(tmp_path: Path) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    assert read(EVENTSTOREDB_ROOT_CERTIFICATES=pem).root_certificates == pem
    assert read(EVENTSTOREDB_ROOT_CERTIFICATES=str(file)).root_certificates == pem
    with pytest.raises(SettingError, match=r"EVENTSTOREDB_ROOT_CERTIFICATES is '.*none"):
        read(EVENTSTOREDB_ROOT_CERTIFICATES=str(tmp_path / "none.pem"))


def test_no_password_in_a_repr() -> None:
    assert "changeit" not in repr(read(EVENTSTOREDB_URI="esdb://admin:changeit@localhost:2113"))
