"""Where links point, in the notation that EventStoreDB reads."""

from __future__ import annotations

import pytest

from esnb.embedded.streams.link import NotANumber, Pointer, pointer


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"5@s", Pointer(5, "s")),
        (b"5@x@y", Pointer(5, "x@y")),
        (b"5@", Pointer(5, "")),
        (b"5", Pointer(5, "")),
        (b" 5@s", Pointer(5, "s")),
        (b"\t5 \r\n@s", Pointer(5, "s")),
        (b"5\0\0@s", Pointer(5, "s")),
        (b"+5@s", Pointer(5, "s")),
        (b"-1@s", Pointer(-1, "s")),
        (b"-0@s", Pointer(0, "s")),
        (b"007@s", Pointer(7, "s")),
        (b"0" * 10_000 + b"7@s", Pointer(7, "s")),
        (b"-" + b"0" * 10_000 + b"@s", Pointer(0, "s")),
        (b"5@ s", Pointer(5, " s")),
        (b"5@\xff", Pointer(5, "\ufffd")),
        (b"9223372036854775807@s", Pointer(2**63 - 1, "s")),
        (b"-9223372036854775808@s", Pointer(-(2**63), "s")),
    ],
)
def test_numbers(data: bytes, found: Pointer) -> None:
    assert pointer(data) == found


@pytest.mark.parametrize(
    "data",
    [
        b"", b"rubbish", b"@s", b"@", b"x@s", b"1.5@s", b"1e3@s", b"1,000@s", b"0x5@s", b"5 5@s",
        b"- 1@s", b"--1@s", b"+@s", b"5\0 @s", b"\xff@s", b"\xff", b"\xef\xbb\xbf5@s",
        b"9223372036854775808@s", b"-9223372036854775809@s", b"99999999999999999999@s",
        b"9" * 10_000 + b"@s", b"0" * 10_000 + b"x@s",
        "５@s".encode(), "٥@s".encode(), "\u00a05@s".encode(), "−1@s".encode(), b"1_000@s",
    ],
)  # fmt: skip
def test_no_numbers(data: bytes) -> None:
    with pytest.raises(NotANumber):
        pointer(data)
