"""What a connection string shows of itself."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esnb.clients.uri import display_uri, is_embedded, masked

SECRETS = st.text(string.ascii_letters + string.digits + "/?#@:;%&=+$!", min_size=6)


@given(secret=SECRETS)
def test_a_password_is_never_shown(secret: str) -> None:
    shown = masked(f"cannot reach 'esdb://admin:s3-{secret}-s3@db.example:2113?Tls=true' (refused)")

    assert secret not in shown.replace("db.example:2113?Tls=true", "")
    assert "db.example:2113?Tls=true" in shown
    assert shown.endswith("(refused)")


@given(secret=SECRETS)
def test_nor_where_the_scheme_was_forgotten(secret: str) -> None:
    assert f"s3-{secret}-s3" not in masked(f"'admin:s3-{secret}-s3@db.example:2113' is no URI")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("redis://:pw@cache:6379", "redis://***@cache:6379"),
        ("redis://cache?password=pw&db=1", "redis://cache?password=***&db=1"),
        ("esdb://a:1,b:2?Tls=false", "esdb://a:1,b:2?Tls=false"),
        ("from esdb://u:p@a to redis://:q@b", "from esdb://***@a to redis://***@b"),
        ("stream 'Product-1' at revision 4", "stream 'Product-1' at revision 4"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_an_embedded_server_is_called_embedded() -> None:
    assert is_embedded("unix:///tmp/a%20b/redis.sock?client_name=esnb-embedded")
    assert display_uri("esdb://127.0.0.1:1?tls=false&connectionname=esnb-embedded") == "embedded"
    assert not is_embedded("esdb://127.0.0.1:1?Tls=false&connectionName=mine")
