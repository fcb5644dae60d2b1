"""Filters of `$all`."""

from __future__ import annotations

import re

import pytest

from esnb.embedded.storage.names import Names
from esnb.embedded.storage.record import Record
from esnb.embedded.streams.filters import accepted_by, by_name


def record(type: int) -> Record:
    return Record(1, 1, 0, type, 0, bytes(16), b"")


@pytest.mark.parametrize(
    ("pattern", "name", "accepted"),
    [
        ("^order", "order-1", True),
        ("^order", "my-order-1", False),
        ("order", "my-order-1", True),
        (r"^\$", "$system", True),
        (r"^[^\$].*", "$system", False),
        (r"^(?<kind>a|b)-\k<kind>$", "a-a", True),
        (r"(?<!my-)order", "my-order", False),
        (r"^\w+$", "größe", True),
        # esdbclient puts expressions between ^ and $.
        ("^(?i)order.*$", "ORDER-1", True),
        ("^a(?i)b|c$", "aB", True),
        ("^a(?i)b|c$", "AB", False),
        ("^a(?i)b|c$", "C", True),
        ("^(a(?i)b)c$", "aBc", True),
        ("^(a(?i)b)c$", "aBC", False),
        ("^(?i)a(?-i)b$", "Ab", True),
        ("^(?i)a(?-i)b$", "AB", False),
        ("^(?in)(a)b$", "AB", True),
        ("^[(?i)]+$", "(i)", True),
        (r"^\(?i$", "(i", True),
        (r"^(?'kind'a|b)-\k'kind'$", "b-b", True),
        (r"^[]()|]+\z", "](|)", True),
        (r"^a\Z", "a\n", True),
        (r"^a\z", "a\n", False),
    ],
)
def test_expressions_are_searched_for(pattern: str, name: str, accepted: bool) -> None:
    assert accepted_by(pattern, ())(name) is accepted


def test_prefixes_are_alternatives() -> None:
    accepts = accepted_by("", ["order-", "invoice-"])
    assert [accepts(name) for name in ("order-1", "invoice-1", "my-order-1")] == [True, True, False]


@pytest.mark.parametrize("pattern", ["([", "(", ")", "a)(?i)(b", "[", "(?i", "(?n-)", "*"])
def test_unsound_expression(pattern: str) -> None:
    with pytest.raises(re.error):
        accepted_by(pattern, ())


def test_a_name_is_judged_once() -> None:
    names = Names({"a": 1, "b": 2}.get, {1: "a", 2: "b"}.__getitem__, 2)
    asked: list[str] = []

    def accepts(name: str) -> bool:
        asked.append(name)
        return name == "a"

    matches = by_name(names, lambda one: one.type, accepts)
    assert [matches(record(type)) for type in (1, 2, 1, 2)] == [True, False, True, False]
    assert asked == ["a", "b"]
