"""given_when_then: the test that is written runs, and fails when the fold is another one."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from hypothesis import given
from hypothesis import strategies as st

import esnb
from esnb.literals.imports import NoLiteralError
from esnb.literals.layout import written
from esnb.literals.literal import SourceWriter
from tests.domain.accounts import Bank, Cattery, Vanished, a_cat, an_account, bank, stamp


@pytest.fixture(params=["popo", "sqlite", "esnb"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as app:
        yield app


def outcome(source: str) -> str:
    """Runs the one test of a source."""
    names: dict[str, Any] = {}
    exec(compile(source, "test_history.py", "exec"), names)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    try:
        test()
    except AssertionError:
        return "failed"
    return "passed"


def test_the_test_passes_and_a_wrong_one_fails(app: Bank) -> None:
    source = esnb.given_when_then(app, an_account(app))

    assert "when Account.Frozen" in source
    assert "def test_account_frozen() -> None:" in source
    assert "assert account.balance == Decimal('12.50')" in source
    assert outcome(source) == "passed"
    assert outcome(source.replace("Decimal('12.50')", "Decimal('13')")) == "failed"


@pytest.mark.parametrize("version", [1, 3])
def test_an_earlier_version(app: Bank, version: int) -> None:
    source = esnb.given_when_then(app, an_account(app), version=version)

    assert source.count("Account.Deposited(") == (version > 1)
    assert "Account.Frozen" not in source
    assert outcome(source) == "passed"


def test_functional_aggregates() -> None:
    app = Cattery()
    cat_id = a_cat(app)
    renamed = esnb.given_when_then(app, cat_id)
    app.save(Vanished(cat_id, 3, stamp(3)))
    vanished = esnb.given_when_then(app, cat_id)

    assert "cat = project_cat(None, events)" in renamed
    assert "assert cat.names == ('Tom', 'Mog')" in renamed
    assert outcome(renamed) == "passed"
    assert "assert aggregate is None" in vanished
    assert outcome(vanished) == "passed"


def test_what_a_notebook_defines_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counter(Aggregate):
        @event("Added")
        def add(self, number: int) -> None:
            self.total = number

    Counter.__module__ = "__main__"
    Counter.__qualname__ = "Counter"
    for each in (Counter.Created, Counter.Added):  # type: ignore[attr-defined]
        each.__module__ = "__main__"
        each.__qualname__ = f"Counter.{each.__name__}"
    monkeypatch.setattr(sys.modules["__main__"], "Counter", Counter, raising=False)
    app: Application[UUID] = Application()
    counter = Counter()
    counter.add(3)
    app.save(counter)

    source = esnb.given_when_then(app, counter.id)

    assert "# From where they are defined: Counter" in source
    assert "__main__ import" not in source
    compile(source, "test_counter.py", "exec")


class Shape(Aggregate):
    def __init__(self) -> None:
        self.stream = sys.stdout
        self.size = 3


def test_a_field_without_source_is_a_comment() -> None:
    app: Application[UUID] = Application()
    shape = Shape()
    app.save(shape)

    source = esnb.given_when_then(app, shape.id)

    assert "# shape.stream: a " in source
    assert "assert shape.size == 3" in source
    assert outcome(source) == "passed"


class Guest(Aggregate):
    """Keeps a secret as it came, in another field's value, and by another name."""

    def __init__(self, name: str, card: dict[str, str]) -> None:
        self.name = name
        self.card = card
        self.letters = len(name)
        self.nights = 0

    @event("Stayed")
    def stay(self, nights: int) -> None:
        self.nights += nights


@pytest.fixture
def guest() -> tuple[Application[UUID], UUID]:
    app, guest = (
        Application[UUID](),
        Guest("Ada Lovelace", {"number": "card 4711", "bank": "First"}),
    )
    guest.stay(2)
    app.save(guest)
    return app, guest.id


def test_what_is_hidden_is_in_no_line_of_a_test_that_holds(
    guest: tuple[Application[UUID], UUID],
) -> None:
    source = esnb.given_when_then(*guest, redact=["name", "card.number"])

    assert "Ada" not in source
    assert "card 4711" not in source
    assert "name='[redacted]'" in source
    assert "assert guest.name == '[redacted]'" in source
    assert "assert guest.card == {'number': '[redacted]', 'bank': 'First'}" in source
    assert "assert guest.letters == 10" in source  # of the text that stands for the name
    assert "assert guest.nights == 2" in source
    assert outcome(source) == "passed"


def test_a_hidden_field_that_is_computed_is_a_comment(
    guest: tuple[Application[UUID], UUID],
) -> None:
    source = esnb.given_when_then(*guest, redact="letters")

    assert "# guest.letters: [redacted]" in source
    assert "assert guest.letters" not in source
    assert "name='Ada Lovelace'" in source
    assert outcome(source) == "passed"


def test_what_cannot_be_applied_without_what_is_hidden_is_said(
    guest: tuple[Application[UUID], UUID],
) -> None:
    with pytest.raises(NoLiteralError, match=r"without what redact=\['nights'\] hides: TypeError"):
        esnb.given_when_then(*guest, redact=["nights"])


def test_what_cannot_be_a_test(app: Bank) -> None:
    account_id = an_account(app)

    with pytest.raises(AggregateNotFoundError, match="no version 9"):
        esnb.given_when_then(app, account_id, version=9)
    with pytest.raises(AggregateNotFoundError):
        esnb.given_when_then(app, uuid4())
    cattery = Cattery()
    with pytest.raises(
        NoLiteralError, match="cannot be imported: define it as a function of a module"
    ):
        esnb.given_when_then(
            cattery,
            a_cat(cattery),
            projector_func=lambda cat, events: {"events": len(list(events))},
        )


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Point:
    x: int
    y: Decimal


class Pair(NamedTuple):
    left: Any
    right: Any


def made(value: Any) -> Any:
    source = SourceWriter()
    text = written(source.literal(value))
    names: dict[str, Any] = {}
    exec("\n".join(source.imports.lines()), names)
    return eval(text, names)


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED,
        Point(1, Decimal("1.50")),
        Pair({1, 2}, frozenset()),
        (),
        (1,),
        set(),
        {"a": [b"\0", None, True]},
        float("inf"),
        datetime.date(2026, 3, 1),
        datetime.timedelta(seconds=1.5),
        datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC),
        datetime.datetime(2026, 3, 1),
        UUID(int=7),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_literal_makes_an_equal_value(value: Any) -> None:
    assert made(value) == value
    assert type(made(value)) is type(value)


def test_a_time_of_a_region_keeps_its_moment() -> None:
    moment = datetime.datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("Europe/Zurich"))

    assert made(moment) == moment


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.binary(max_size=5)
        | st.decimals(allow_nan=False)
        | st.uuids(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    )
)
def test_any_plain_value_has_a_literal(value: Any) -> None:
    assert made(value) == value


@pytest.mark.parametrize("value", [object(), sys.stdout, lambda: None], ids=["a", "b", "c"])
def test_what_has_no_literal(value: Any) -> None:
    with pytest.raises(NoLiteralError):
        SourceWriter().literal(value)
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(NoLiteralError, match="too deeply"):
        SourceWriter().literal(cycle)
