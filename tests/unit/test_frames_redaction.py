"""Redaction: what is hidden is nowhere, and that it changed is still seen."""

from __future__ import annotations

import json
import traceback
from collections import UserDict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import JSONTranscoder
from eventsourcing.popo import POPOTrackingRecorder
from hypothesis import given
from hypothesis import strategies as st

import esnb
from esnb.literals.imports import NoLiteralError
from esnb.sources.redaction import REDACTED, Redaction
from tests.domain.accounts import Bank, record
from tests.domain.mapped import Joined, PositionalClub
from tests.unit.widget_pages import explorer_pages

SECRET = "s3cr3t"
NUMBER = 31_415_926_535_897  # longer than any part of an id: found in none by accident


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


@pytest.mark.parametrize(
    "payload",
    [
        [SECRET],
        [1, {"name": SECRET}],
        [{"password": SECRET, "name": SECRET}],
        SECRET,
        {"_type_": "tuple_as_list", "_data_": [SECRET]},
        NUMBER,
        NUMBER + 0.5,
    ],
    ids=["list", "list of more", "list of objects", "text", "tuple", "number", "fraction"],
)
def test_a_payload_without_names_is_hidden_whole(payload: Any, tmp_path: Path) -> None:
    app, file = Bank(), tmp_path / "events.jsonl"
    record(app, json.dumps(payload).encode())
    browser = esnb.browse(app, live=False, redact="email")
    esnb.export(app, file, redact="email")

    shown = [
        everything_in(esnb.events(app, redact="email")),
        everything_in(esnb.events(app, redact="email", flatten=True)),
        str(browser),
        browser._repr_html_(),
        json.dumps(browser.json),
        browser.python,
        file.read_text(),
    ]
    for text in shown:
        assert SECRET not in text
        assert str(NUMBER) not in text
    assert esnb.events(app, redact="email")["data"][0] == REDACTED
    assert esnb.events(file)["data"][0] == REDACTED
    plain = everything_in(esnb.events(app))
    assert SECRET in plain or str(NUMBER) in plain


def test_no_payload_and_an_object_are_shown() -> None:
    app = Bank()
    record(app, b"")
    record(app, b'{"tags": ["a", "b"]}')

    assert list(esnb.events(app, redact="email")["data"]) == [None, {"tags": ["a", "b"]}]


def test_a_path_leads_through_what_a_transcoder_adds(tmp_path: Path) -> None:
    app, file = Bank(), tmp_path / "events.jsonl"
    written = {"_type_": "customer", "_data_": {"email": SECRET, "name": "Ann"}}
    record(app, json.dumps({"customer": written}).encode())
    esnb.export(app, file, redact="customer.email")

    assert SECRET not in file.read_text() + everything_in(esnb.events(app, redact="customer.email"))
    assert "Ann" in file.read_text()


def test_what_a_mapper_writes_by_position_is_hidden_whole(tmp_path: Path) -> None:
    app, file = PositionalClub(), tmp_path / "events.jsonl"
    app.events.put([Joined(uuid4(), 1, SECRET)])
    browser = esnb.browse(app, live=False, redact="email")
    esnb.export(app, file, redact="email")

    frame = esnb.events(app, redact="email")
    assert frame["data"][0] == REDACTED
    for text in (everything_in(frame), str(browser), browser._repr_html_(), file.read_text()):
        assert SECRET not in text


class Contact(msgspec.Struct, frozen=True, array_like=True):
    email: str
    city: str = "Bern"


class Moved(msgspec.Struct, frozen=True):
    originator_id: UUID
    originator_version: int
    contact: Contact
    others: dict[str, list[Contact]]


@pytest.mark.parametrize("redact", ["email", "contact.email", ["email", "city"]])
def test_what_stands_by_position_in_a_named_object_is_hidden(redact: Any, tmp_path: Path) -> None:
    app, plain, file = PositionalClub(), tmp_path / "plain.jsonl", tmp_path / "events.jsonl"
    others = {"home": [Contact(SECRET)]} if redact != "contact.email" else {}
    event = Moved(uuid4(), 1, Contact(SECRET), others)
    app.events.put([event])
    esnb.export(app, file, redact=redact)
    esnb.export(app, plain)

    for source in (app, plain):
        browser = esnb.browse(source, live=False, redact=redact)
        shown = [
            everything_in(esnb.events(source, redact=redact)),
            everything_in(esnb.events(source, redact=redact, flatten=True)),
            everything_in(esnb.stream(source, event.originator_id, redact=redact)),
            str(browser),
            browser._repr_html_(),
            json.dumps(browser.json),
            file.read_text(),
        ]
        for text in shown:
            assert SECRET not in text
    assert esnb.events(app, redact="other")["data"][0]["contact"] == REDACTED
    assert SECRET in everything_in(esnb.events(app))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["a@b.c", 42], REDACTED),
        ("a@b.c", REDACTED),
        (42, REDACTED),
        (None, None),
        ([], []),
        ([{"email": 1, "city": 2}, {"city": 3}], [{"email": REDACTED, "city": 2}, {"city": 3}]),
        ([["a@b.c", 42]], [REDACTED]),
        ([{"email": 1}, "a@b.c"], REDACTED),
        ({"city": ["Bern", 3012]}, {"city": ["Bern", 3012]}),
        ({"_type_": "tuple_as_list", "_data_": ["a@b.c"]}, None),
    ],
)
def test_what_has_no_name_where_a_path_leads_on_is_hidden(value: Any, shown: Any) -> None:
    found = Redaction("contact.email").data({"contact": value, "tags": ["new", 1]})

    assert found["tags"] == ["new", 1]
    if isinstance(value, dict) and "_data_" in value:
        assert "a@b.c" not in str(found)
    else:
        assert found["contact"] == shown


@pytest.mark.parametrize("redact", [7, [""], [None], [("a", "b")]])
def test_names_of_fields_are_texts(redact: Any) -> None:
    with pytest.raises(TypeError, match=r"redact=.*: pass names of fields"):
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

    assert Redaction("pin").data({"whole": value}) == {"whole": _hidden(value)}
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


# --- errors -----------------------------------------------------------------------------


class Odd(Exception):
    """An error whose text is made of more than it is given."""

    def __init__(self, code: int, password: str) -> None:
        super().__init__(code)
        self.password = password

    def __str__(self) -> str:
        return f"odd: {self.password}"


class Grumpy(Aggregate):
    """Its second event cannot be applied, and says why."""

    @event("Registered")
    def __init__(self, password: str) -> None:
        self.password = password

    @event("Spoiled")
    def spoil(self, kind: str) -> None:
        self.kind = kind


def refusing(kind: str) -> Callable[[Any, Any], Any]:
    """A projector whose error, its notes and its cause quote the state."""

    def project(aggregate: Any, events: Any) -> Any:
        for each in events:
            if type(each).__name__ == "Spoiled":
                try:
                    raise LookupError(f"cause: {aggregate.password}")
                except LookupError as cause:
                    problem = _error(kind, aggregate.password)
                    problem.add_note(f"note: {aggregate.password}")
                    raise problem from cause
            aggregate = each.mutate(aggregate)
        return aggregate

    return project


def _error(kind: str, secret: str) -> Exception:
    return {
        "ValueError": lambda: ValueError(f"no mailbox: {secret}"),
        "KeyError": lambda: KeyError(secret),
        "Odd": lambda: Odd(7, secret),
        "OSError": lambda: OSError(2, f"no file {secret}", secret),
        "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", secret.encode(), 0, 1, secret),
        "group": lambda: ExceptionGroup(f"several {secret}", [ValueError(secret)]),
    }[kind]()


KINDS = ["ValueError", "KeyError", "Odd", "OSError", "UnicodeDecodeError", "group"]


@pytest.fixture
def grumpy(app: Application[UUID]) -> Grumpy:
    grumpy = Grumpy(SECRET)
    grumpy.spoil("sour")
    app.save(grumpy)
    return grumpy


def whole(error: BaseException) -> str:
    """All that a traceback, or somebody who looks into an error, may show of it."""
    chain = [error, error.__cause__, error.__context__]
    return "\n".join(
        [*traceback.format_exception(error), *(repr((each, vars(each))) for each in chain if each)]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_shown_without_its_text(
    app: Application[UUID], grumpy: Grumpy, kind: str
) -> None:
    refuse = refusing(kind)
    frame = esnb.history(app, grumpy.id, redact="password", projector_func=refuse)
    explorer = esnb.explore(app, grumpy.id, redact="password", projector_func=refuse)

    assert frame["changed"][1].startswith("not applied: ")
    assert REDACTED in frame["changed"][1]
    faces = [explorer._repr_html_(), str(explorer)]
    panel = explorer._controls()
    panel._tables.what_if.skip(frozenset({1}))
    faces += [each.value for each in explorer_pages(panel)]
    explorer.close()
    for shown in (everything_in(frame), *faces):
        assert SECRET not in shown
    assert SECRET in esnb.history(app, grumpy.id, projector_func=refuse)["changed"][1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "ask",
    [
        lambda app, id_, **more: esnb.diff(app, id_, **more),
        lambda app, id_, **more: esnb.blame(app, id_, **more),
        lambda app, id_, **more: esnb.what_if(app, id_, skip=(), **more),
        lambda app, id_, **more: esnb.given_when_then(app, id_, **more),
    ],
    ids=["diff", "blame", "what_if", "given_when_then"],
)
def test_an_error_is_raised_without_its_text(
    app: Application[UUID], grumpy: Grumpy, kind: str, ask: Callable[..., Any]
) -> None:
    with pytest.raises(Exception, match=r"\[redacted\]|may hold what redact=") as caught:
        ask(app, grumpy.id, redact="password", projector_func=refusing(kind))

    assert SECRET not in whole(caught.value)
    told = (str(caught.value), *getattr(caught.value, "__notes__", ()))
    assert any("version 2" in text for text in told)
    assert type(caught.value) in (type(_error(kind, SECRET)), RuntimeError, NoLiteralError)
    with pytest.raises(type(_error(kind, SECRET))):
        ask(app, grumpy.id, projector_func=refusing(kind))


def test_an_error_of_a_function_that_is_inserted(app: Application[UUID], grumpy: Grumpy) -> None:
    def insert(aggregate: Any) -> Any:
        raise ValueError(f"saw {aggregate.password}")

    for put_in in (insert, Card(SECRET, SECRET), [Card(SECRET, SECRET)]):
        with pytest.raises((ValueError, TypeError)) as caught:
            esnb.what_if(app, grumpy.id, insert={2: put_in}, redact="password")
        assert SECRET not in whole(caught.value)


@pytest.mark.parametrize("transient", [False, True])
def test_an_error_of_a_projection(app: Application[UUID], grumpy: Grumpy, transient: bool) -> None:
    kind = ConnectionError if transient else ValueError

    def refuse(view: Any, event: Any, tracking: Any) -> None:
        raise kind(f"no mailbox: {event.password}")

    with pytest.raises(kind, match=r"\[redacted\]") as caught:
        esnb.project(app, refuse, POPOTrackingRecorder, redact="password")
    assert SECRET not in whole(caught.value)
    with pytest.raises(kind, match=SECRET):
        esnb.project(app, refuse, POPOTrackingRecorder)


def test_an_error_of_a_snapshot() -> None:
    bank = Bank()
    grumpy = Grumpy(SECRET)
    grumpy.spoil("sour")
    bank.save(grumpy)
    bank.take_snapshot(grumpy.id)

    def refuse(aggregate: Any, events: Any) -> Any:
        raise ValueError(f"no mailbox: {SECRET}")

    verified = esnb.verify_snapshot(bank, grumpy.id, redact="password", projector_func=refuse)
    assert verified["status"][0] == "unreadable"
    assert SECRET not in everything_in(verified)
    verified = esnb.verify_snapshot(
        bank, grumpy.id, redact="password", projector_func=refusing("ValueError")
    )
    assert SECRET not in everything_in(verified)


def test_why_a_payload_cannot_be_read_is_not_told() -> None:
    class Telling(JSONTranscoder):
        def decode(self, data: bytes) -> Any:
            raise ValueError(f"cannot read {data!r}")

    class Club(Application[UUID]):
        def construct_transcoder(self) -> JSONTranscoder:
            transcoder = Telling()
            self.register_transcodings(transcoder)
            return transcoder

    app = Club()
    record(app, f"no JSON, no MessagePack: {SECRET}".encode())

    for frame in (esnb.events(app, redact="password"), esnb.events(app, redact="x", flatten=True)):
        assert frame["error"][0] == f"payload not readable: {REDACTED}"
        assert SECRET not in everything_in(frame)
    browser = esnb.browse(app, live=False, redact="password")
    for face in (str(browser), browser._repr_html_(), browser.json, browser.python):
        assert SECRET not in face
    assert SECRET in everything_in(esnb.events(app))


class Nosy(dict[str, Any]):
    """A mapping that quotes itself when it is read."""

    def items(self) -> Any:
        raise ValueError(f"saw {SECRET}")

    def __iter__(self) -> Any:
        raise ValueError(f"saw {SECRET}")


def test_a_value_that_cannot_be_searched_is_hidden() -> None:
    hidden = Redaction("password").state({"a": Nosy(), "b": UserDict(password=SECRET)})

    assert SECRET not in repr(hidden)
