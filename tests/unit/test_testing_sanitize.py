"""What the sanitize file has nbval overlook, and what it does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import pytest

from esnb.testing import sanitize_file

pytestmark = pytest.mark.extras


@cache
def rules() -> list[tuple[str, str]]:
    from nbval.plugin import get_sanitize_patterns  # type: ignore[import-untyped]

    found: list[tuple[str, str]] = get_sanitize_patterns(sanitize_file().read_text("utf-8"))
    return found


def sanitized(text: str) -> str:
    for regex, replacement in rules():
        text = re.sub(regex, replacement, text)
    return text


def test_every_rule_is_one_to_nbval() -> None:
    # nbval passes over a rule whose lines are not just so, without a word.
    assert len(rules()) == sanitize_file().read_text("utf-8").count("\nregex:")


ID = UUID("281870f6-0000-4000-8000-00000000abcd")
NOW = datetime(2026, 11, 30, 9, 5, 7, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (str(ID), "<id>"),
        (f"stream {ID!s:.8}…", "stream <id>"),
        (f"UUID('{ID}')", "UUID('<id>')"),
        (ID.hex, "<id>"),
        (str(NOW), "<time>"),
        (NOW.isoformat(), "<time>"),
        (str(NOW.replace(microsecond=0)), "<time>"),
        ("2026-11-30 09:05:07.123 UTC", "<time>"),
        ("2026-11-30 09:05", "<time>"),
        ("4 events · 2026-11-30 UTC", "4 events · <time>"),
        ("09:05:07.123", "<time>"),
        ("1,234.5 events/s", "<rate>"),
        ("12 events a second", "<rate>"),
        ("in 1.25 s", "in <duration>"),
        ("+5.6 s", "<duration>"),
        ("took 12 ms", "took <duration>"),
        ("<Kennel object at 0x7f3cc65c31d0>", "<Kennel object at <address>>"),
        ("esdb://127.0.0.1:2113?Tls=false", "esdb://<server>?Tls=false"),
        ("a      b\n----------", "a b\n---"),
    ],
)
def test_what_differs_from_run_to_run_is_overlooked(text: str, left: str) -> None:
    assert sanitized(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "price: Decimal('47.50')",
        "4 events, 2 streams",
        "version 3 of 7",
        "OrderPlaced.v2",
        "position 9,229",
        "['sit', 'roll over']",
        "1.5 kg",
        "deadbeef",
        "10 Smith Street",
        "a-b-c",
    ],
)
def test_what_the_domain_says_is_compared(text: str) -> None:
    assert sanitized(text) == text
