"""Filters of `$all`."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esnb.embedded.storage.names import Names
from esnb.embedded.storage.record import LogRecord
from esnb.embedded.streams import searching
from esnb.embedded.streams.errors import BadExpression, ExpressionTooSlow
from esnb.embedded.streams.filters import accepted_by, by_name
from esnb.embedded.streams.linear_dialect import to_linear

A30 = "a" * 30
re2: Any = vars(searching)["re2"]


def record(type: int) -> LogRecord:
    return LogRecord(1, 1, 0, type, 0, bytes(16), b"")


@pytest.fixture(params=["RE2", "without RE2"])
def matcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways in which names are searched: there is not a wheel of RE2 for every platform."""
    searching.compile_search.cache_clear()
    if request.param == "without RE2":
        monkeypatch.setattr(searching, "re2", None)
    yield
    searching.compile_search.cache_clear()


@pytest.mark.usefixtures("matcher")
@pytest.mark.parametrize(
    ("pattern", "name", "accepted"),
    [
        ("^order", "order-1", True),
        ("^order", "my-order-1", False),
        ("order", "my-order-1", True),
        (r"^\$", "$system", True),
        (r"^[^\$].*", "$system", False),
        (r"^(?<kind>a|b)-\k<kind>$", "a-a", True),
        (r"^(?<kind>a|b)-(a|b)$", "a-b", True),
        (r"(?<!my-)order", "my-order", False),
        (r"^\w+$", "größe", True),
        (r"^\d+$", "١٢", True),
        (r"^\D+\S\W$", "größ!", True),
        (r"^[\w-]+$", "a-größe", True),
        (r"^[^\d\s]+$", "a b", False),
        (r"\bfoo\b", "a foo", True),
        (r"\bfoo\b", "äfoo", False),
        ("a$", "a\n", True),
        ("a$", "a\nb", False),
        ("(?m)a$", "a\nb", True),
        (r"a\Z", "a\n", True),
        (r"a\z", "a\n", False),
        ("^(?!(a$))", "a\n", False),
        ("a.b", "a\nb", False),
        (r"\cA\e$", "\x01\x1b\n", True),
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
        ("^(?i:a)b$", "Ab", True),
        ("(?i)^é$", "É", True),
        ("^[(?i)]+$", "(i)", True),
        (r"^\(?i$", "(i", True),
        (r"^(?'kind'a|b)-\k'kind'$", "b-b", True),
        (r"^[]()|]+\z", "](|)", True),
        (r"[[:alpha:]]", "b", False),
        (r"[[:alpha:]]", ":]", True),
        (r"^a\Z", "a\n", True),
        (r"^a$", "a\n", True),
        (r"^a\z", "a\n", False),
        ("a\0b", "xa\0b", True),
        ("a{2000}", "a" * 2000, True),
        # What the clients send where a user excludes or says nothing.
        (r"^(?!(\$.+$|Persistent$))", "$x", False),
        (r"^(?!(\$.+$|Persistent$))", "Persistent", False),
        (r"^(?!(\$.+$|Persistent$))", "Persistently", True),
        ("^(?=a)(?!ab).", "ac", True),
        ("^(?=a)(?!ab).", "ab", False),
        ("^(?!a)|b", "ab", True),
        ("^(?!a)*b", "b", True),
        ("(?m)^(?!a)b", "b", True),
    ],
)
def test_expressions_are_searched_for(pattern: str, name: str, accepted: bool) -> None:
    assert accepted_by(pattern, ())(name) is accepted


@pytest.mark.parametrize(
    ("pattern", "name", "accepted"),
    [
        ("^(a+)+$", A30 + "!", False),
        ("^(a+)+$", A30, True),
        ("^(a+)+$", "ä" + A30 + "!", False),
        ("^(a|aa)+$", 3 * A30 + "!", False),
        ("^(.*)*x", A30, False),
        (r"^(\w+\s?)*$", A30 + "!", False),
        ("^(?=(a+)+$)a", A30 + "!", False),
        ("^(?!(a+)+$)a", A30 + "!", True),
        ("(x+x+)+y", "x" * 5000, False),
        ("x*y", "x" * 1_000_000, False),
        ("(?:a?){500}a{500}", "a" * 500, True),
        ("|".join(f"name-{number}" for number in range(20_000)), "my name-7", True),
        (r"^\p{Lu}", "Ä", True),
        (r"^\p{Lu}.*", "Line\nbreak", True),
        ("^(a+)+$", A30 + "!\n", False),
        (r"^\u0061\x62\cA\e$", "ab\1\x1b", True),
        ("a{,2}", "a{,2}", True),
    ],
    ids=range(17),
)
@pytest.mark.skipif(re2 is None, reason="there is no RE2 for this platform")
def test_an_expression_that_a_backtracking_matcher_takes_for_ever_over(
    pattern: str, name: str, accepted: bool
) -> None:
    assert accepted_by(pattern, ())(name) is accepted


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (r"(a+)+\1$", A30 + "!"),
        ("(?<!b)(a+)+$", A30 + "!"),
        ("(?m)^(a+)+$", A30 + "!\n"),
        (r"^(a+)+\b$", A30 + "ä!"),
        ("((((a{0,30}){0,30}){0,30}){0,30})*b", "a" * 3000),
    ],
)
def test_an_expression_that_takes_too_long_is_refused_and_not_tried_again(
    pattern: str, name: str
) -> None:
    accepts = accepted_by(pattern, ())
    for _ in range(2):
        with pytest.raises(ExpressionTooSlow, match=r"too slow on the name .* filter by prefixes"):
            accepts(name)
    assert accepted_by(r"(?<!my-)order", ())("order"), "others are searched for as before"


def test_an_expression_that_is_a_little_slow_on_each_name_does_not_add_up() -> None:
    accepts = accepted_by(r"(?<!x)(a+)+$", ())
    with pytest.raises(ExpressionTooSlow):
        list(map(accepts, (f"{'a' * 16}-{number}" for number in range(100_000))))


@pytest.mark.skipif(re2 is None, reason="there is no RE2 for this platform")
def test_an_expression_that_is_large_is_not_slow_on_each_of_many_names() -> None:
    accepts = accepted_by("(a|b)*a(a|b){1000}c", ())
    chance = random.Random(1)
    names = ("".join(chance.choices("ab", k=2000)) for _ in range(10_000))
    with pytest.raises(ExpressionTooSlow):
        list(map(accepts, names))
    many = accepted_by("|".join(f"name-{number}-end" for number in range(20_000)), ())
    assert not any(map(many, (f"name-{number}" for number in range(20_000))))


@pytest.mark.usefixtures("matcher")
@pytest.mark.parametrize(
    "pattern",
    [
        *("(" * 2**20, "[" * 2**20, "(?#" * 2**19, "a|" * 2**19, "x" * 2**24, "(a{1000}){1000}"),
        *(r"\w" * 90_000, r"\p{L}{1000}" * 20, "(" * 20_000 + ")" * 20_000, "(?=a" * 5000),
    ],
    ids=range(10),
)
def test_a_huge_expression_is_used_or_refused(pattern: str) -> None:
    try:
        said = str(accepted_by(pattern, ())("x"))
    except (BadExpression, ExpressionTooSlow) as error:
        said = str(error)
    assert len(said) < 1000


def test_prefixes_are_alternatives() -> None:
    accepts = accepted_by("", ["order-", "invoice-"])
    assert [accepts(name) for name in ("order-1", "invoice-1", "my-order-1")] == [True, True, False]
    assert accepted_by("", ["", "a"])("b")
    assert not accepted_by("", [])("b")


@given(st.lists(st.text("ab", max_size=4)), st.text("ab", max_size=6))
def test_prefixes_are_those_that_a_name_begins_with(prefixes: list[str], name: str) -> None:
    assert accepted_by("", prefixes)(name) is name.startswith(tuple(prefixes))


@pytest.mark.usefixtures("matcher")
@pytest.mark.parametrize(
    "pattern",
    [
        *("([", "(", ")", "a)(?i)(b", "[", "(?i", "(?n-)", "*", "[^]", "[a-z-[aeiou]]", "\\"),
        *(r"\p{IsGreek}", r"(?<n", r"\k<n>", r"[\w", "(?#", "\ud800"),
    ],
)
def test_unsound_expression(pattern: str) -> None:
    with pytest.raises(BadExpression, match="is not a regular expression"):
        accepted_by(pattern, ())


_EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", ".", "-", "[ab]", "[^a]", r"\d", r"\w", r"[\w-]", "^", "$", r"\b"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        inner.map("(?i:{})".format),
        st.tuples(inner, st.sampled_from("*+?")).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map("^(?!{}$)".format),
    ),
    max_leaves=8,
)


@given(_EXPRESSIONS, st.text("abAB-1 ", max_size=8))
@pytest.mark.skipif(re2 is None, reason="there is no RE2 for this platform")
def test_re2_finds_what_a_backtracking_matcher_finds(pattern: str, name: str) -> None:
    try:
        search = searching.LinearSearch(pattern, to_linear(pattern))
    except (ValueError, re2.error):
        return
    assert search(name) is (re.search(pattern, name) is not None)


def test_a_name_is_judged_once() -> None:
    names = Names({"a": 1, "b": 2}.get, {1: "a", 2: "b"}.__getitem__, 2)
    asked: list[str] = []

    def accepts(name: str) -> bool:
        asked.append(name)
        return name == "a"

    matches = by_name(names, lambda one: one.type, accepts)
    assert [matches(record(type)) for type in (1, 2, 1, 2)] == [True, False, True, False]
    assert asked == ["a", "b"]


def test_an_expression_is_refused_when_it_is_given_not_when_an_odd_name_comes() -> None:
    """Word edges in a name of another script take a matcher that knows no categories."""
    for pattern in (r"\b\p{L}+\b", r"(?m)^\p{L}", r"(a)\1\p{L}"):
        with pytest.raises(BadExpression, match="categories of characters"):
            accepted_by(pattern, ())
