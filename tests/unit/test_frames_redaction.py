"""Redaction: what is hidden is nowhere, and that it changed is still seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from hypothesis import given
from hypothesis import strategies as st

import esnb
from esnb.frames._redaction import REDACTED, Redaction

from .frames_domain import Bank, record

SECRET = "s3cr3t"


@dataclass(frozen=True)
class Card:
    number: str
    holder: str


class Customer(Aggregate):
    @event("Registered")
    def __init__(self, name: str, password: str) -> None:
        self.name = name
        self.password = password
        self.contact: dict[str, Any] = {"email": f"{password}@example.org", "city": "Bern"}
        self.cards: list[Card] = []

    @event("PasswordChanged")
    def change_password(self, password: str) -> None:
        self.password = password

    @event("CardAdded")
    def add_card(self, number: str) -> None:
        self.cards.append(Card(number, self.name))


FIELDS = ["password", "contact.email", "number"]


@pytest.fixture
def app() -> Application[UUID]:
    return Application()


@pytest.fixture
def customer(app: Application[UUID]) -> Customer:
    customer = Customer("Ann", SECRET)
    customer.change_password(f"{SECRET}-2")
    customer.change_password(f"{SECRET}-2")
    customer.add_card(f"{SECRET}-4711")
    app.save(customer)
    return customer


def everything_in(frame: pd.DataFrame) -> str:
    return "\n".join(
        [*map(str, frame.columns), *(repr(cell) for name in frame for cell in frame[name])]
    )


@pytest.mark.parametrize(
    "show",
    [
        lambda app, id_: esnb.events(app, redact=FIELDS),
        lambda app, id_: esnb.events(app, redact=FIELDS, flatten=True),
        lambda app, id_: esnb.stream(app, id_, redact=FIELDS),
        lambda app, id_: esnb.history(app, id_, redact=FIELDS),
        lambda app, id_: esnb.diff(app, id_, before=1, redact=FIELDS),
        lambda app, id_: esnb.blame(app, id_, redact=FIELDS),
        lambda app, id_: esnb.what_if(app, id_, skip={2, 3, 4}, redact=FIELDS),
    ],
    ids=["events", "flattened", "stream", "history", "diff", "blame", "what_if"],
)
def test_nothing_that_is_hidden_is_in_a_frame(
    app: Application[UUID], customer: Customer, show: Callable[..., pd.DataFrame]
) -> None:
    frame = show(app, customer.id)

    assert len(frame)
    assert SECRET not in everything_in(frame)
    assert SECRET not in frame.to_html()
    assert SECRET not in str(frame.to_dict())
    assert REDACTED in everything_in(frame)


def test_nothing_that_is_hidden_is_in_an_explorer(
    app: Application[UUID], customer: Customer
) -> None:
    explorer = esnb.explore(app, customer.id, live=False, redact=FIELDS)

    assert SECRET not in str(explorer)
    assert SECRET not in explorer._repr_html_()
    assert REDACTED in str(explorer)


def test_a_change_of_a_hidden_field_is_still_a_change(
    app: Application[UUID], customer: Customer
) -> None:
    changed = esnb.history(app, customer.id, redact=FIELDS)["changed"]
    blamed = esnb.blame(app, customer.id, redact=FIELDS).set_index("field")["version"]

    assert changed[1] == "password: [redacted] → [redacted]"
    assert changed[2] == ""
    assert blamed["password"] == 2
    assert blamed["cards"] == 4


def test_what_is_not_named_is_shown(app: Application[UUID], customer: Customer) -> None:
    data = esnb.stream(app, customer.id, redact="password")["data"]
    history = esnb.history(app, customer.id, redact="contact.email")

    assert data[0]["name"] == "Ann"
    assert data[0]["password"] == REDACTED
    assert history["contact"][0] == {"email": REDACTED, "city": "Bern"}
    assert history["password"][0] == SECRET


def test_the_events_themselves_are_not_touched(app: Application[UUID], customer: Customer) -> None:
    esnb.events(app, redact=FIELDS)
    esnb.history(app, customer.id, redact=FIELDS)

    assert esnb.at(app, customer.id).password == f"{SECRET}-2"
    assert esnb.stream(app, customer.id)["data"][0]["password"] == SECRET


def test_a_payload_that_cannot_be_read_is_hidden_whole() -> None:
    app = Bank()
    record(app, f'{{"password": "{SECRET}'.encode())

    frame = esnb.events(app, redact="password")

    assert frame["data"][0] == REDACTED
    assert SECRET not in everything_in(frame)


@pytest.mark.parametrize("redact", [7, [""], [None], [("a", "b")]])
def test_names_of_fields_are_texts(redact: Any) -> None:
    with pytest.raises(TypeError, match=r"redact=.*: give names of fields"):
        esnb.events(Bank(), redact=redact)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "pin"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: REDACTED if k == "pin" else _hidden(v) for k, v in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list) else value


@given(JSON)
def test_a_field_is_hidden_at_any_depth(value: Any) -> None:
    before = json.dumps(value)

    assert Redaction("pin").data(value) == _hidden(value)
    assert json.dumps(value) == before


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [(1, 1, True), (1, 2, False), ({"x"}, {"x"}, True), (Decimal("1"), Decimal("2"), False)],
)
def test_marks_are_alike_for_alike_values(one: Any, other: Any, alike: bool) -> None:
    redaction = Redaction("pin")
    mark, mark2 = (redaction.state({"pin": value})["pin"] for value in (one, other))

    assert (mark == mark2) is alike
    assert (mark != mark2) is not alike
    assert mark == REDACTED == str(mark)
    assert Redaction("pin").state({"pin": one})["pin"] != mark  # keys differ: nothing to guess
