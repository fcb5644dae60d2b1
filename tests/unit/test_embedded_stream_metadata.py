"""What metadata events say, sound or not."""

from __future__ import annotations

import pytest

from esnb.embedded.storage.record import TOMBSTONE, Content
from esnb.embedded.streams.stream_metadata import (
    SOFT_DELETED,
    UNLIMITED,
    StreamMetadata,
    parse_metadata,
    recreate_metadata,
)


def said(data: bytes, is_json: bool = True) -> StreamMetadata:
    return parse_metadata(Content(is_json, data, b""))


def test_limits() -> None:
    text = b'{"$maxCount": 3, "$maxAge": 2, "$tb": 5, "owner": "x"}'
    assert said(text) == StreamMetadata(max_count=3, max_age=20_000_000, truncate_before=5)


def test_soft_delete() -> None:
    assert said(SOFT_DELETED).soft_deleted
    assert not said(b'{"$tb": 5}').soft_deleted
    assert not UNLIMITED.soft_deleted


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b'{"$maxCount": 0, "$tb": 5}',
        b'{"$maxCount": -1}',
        b'{"$maxCount": "3"}',
        b'{"$maxCount": true}',
        b'{"$maxCount": 1.5}',
        b'{"$maxAge": 0}',
        b'{"$tb": -1}',
        b'{"$tb": 99999999999999999999}',
        b"\xff\xfe",
    ],
)
def test_unsound_metadata_say_nothing(data: bytes) -> None:
    assert said(data) == UNLIMITED


def test_no_metadata_and_binary_metadata_say_nothing() -> None:
    assert parse_metadata(None) == UNLIMITED
    assert said(b'{"$maxCount": 3}', is_json=False) == UNLIMITED


def test_recreation_keeps_what_else_is_said_and_its_order() -> None:
    data = '{"$tb": 9, "owner": "ü", "$maxCount": 4}'.encode()
    assert recreate_metadata(data, 3) == '{"$tb":3,"owner":"ü","$maxCount":4}'.encode()
    assert recreate_metadata(SOFT_DELETED, TOMBSTONE - 1) == b'{"$tb":9223372036854775806}'
    assert recreate_metadata(b"[]", 3) is None
    assert recreate_metadata(b"no", 3) is None


def test_recreation_keeps_halves_of_characters_escaped() -> None:
    """Which JSON can hold and UTF-8 cannot: an append must not fail for them."""
    data = '{"$tb": 9, "a": "ü\\ud83d", "b": "\\ud83d\\ude00"}'.encode()
    assert recreate_metadata(data, 3) == '{"$tb":3,"a":"ü\\ud83d","b":"😀"}'.encode()


def test_recreation_of_metadata_without_end() -> None:
    assert recreate_metadata(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 3) is None
    assert recreate_metadata(b'{"a": %s}' % (b"1" * 10_000), 3) is None
