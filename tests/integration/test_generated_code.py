"""Generated code: whatever is in the data, what is written holds and does nothing else."""

from __future__ import annotations

import ast
import sys
import traceback
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.utils import register_topic
from hypothesis import given, settings
from hypothesis import strategies as st

import esnb
from esnb.literals.imports import NoLiteralError
from esnb.sources.page import PageEvent
from esnb.sources.record import Record
from esnb.widgets.browse.copy import as_json, as_python
from tests.unit import generated_domain as domain
from tests.unit import generated_names
from tests.unit.generated_domain import Drive, Noted, Notes, Text

ATTACKS = [
    'x"""\nimport os; os.system("touch pwned")\n"""',
    "'''\n__import__('os').abort()",
    "\\",
    'ends in a quote"',
    "a\rb\x0cc\u2028d\x85e",
    "\u202eevil\u2066",
    "\x00",
    "\ud800",
    "{__import__('os')}",
    "a: b # c",
    "",
]
NODES = (
    *(ast.Module, ast.Expr, ast.Import, ast.ImportFrom, ast.alias, ast.FunctionDef, ast.arguments),
    *(ast.Assign, ast.Assert, ast.Compare, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.Call),
    *(ast.keyword, ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Load, ast.Store),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.USub),
)
CALLED = {
    *("events.append", "getattr", "float", "int", "set", "frozenset", "complex", "bytearray"),
    *("UUID", "Decimal", "datetime.datetime", "datetime.timedelta", "datetime.timezone"),
}


def outcome(source: str) -> str:
    names: dict[str, Any] = {}
    # As from a file: what cannot be encoded cannot be saved.
    exec(compile(source.encode(), "test_history.py", "exec"), names)
    (test,) = (value for name, value in names.items() if name.startswith("test"))
    try:
        test()
    except AssertionError:
        return "failed"
    return "passed"


def require_inert(source: str, *own: str) -> None:
    """Only the nodes that a test needs, and calls of classes and functions that it names."""
    tree = ast.parse(source)
    assert [type(node).__name__ for node in ast.walk(tree) if not isinstance(node, NODES)] == []
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls <= CALLED | set(own)
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= {"uuid", "decimal", "eventsourcing.application", domain.__name__}


def noted(originator_id: str, *events: dict[str, Any]) -> Notes:
    app = Notes()
    app.save(*(Noted(originator_id, i, **fields) for i, fields in enumerate(events, start=1)))
    return app


@pytest.mark.parametrize(
    "field",
    ["größe", "ﬁ", "class", "None", "print", "events", "_x", "__x", "note", "x" * 300, "a.b"],
)
def test_any_field_is_asserted_by_its_name(field: str) -> None:
    source = esnb.given_when_then(noted("n", {field: 1}), "n")

    assert source.count("assert ") == 2
    assert outcome(source) == "passed"
    assert outcome(source.replace(" == 1\n", " == 2\n")) == "failed"


def test_a_history_in_eventstoredb_with_text_ids() -> None:
    with esnb.connect(embedded=True) as stores:
        app = Application[str](env={**stores.env, "ORIGINATOR_ID_TYPE": "text"})
        attack = ATTACKS[0].replace("\n", " ")
        text = Text(attack)
        text.add("ö")
        app.save(text)

        assert outcome(esnb.given_when_then(app, attack)) == "passed"


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_in_ids_names_and_values_stays_text(attack: str) -> None:
    app = noted(f"note {attack}", {"text": attack, f"{attack}!": 1}, {f"{attack}?": {attack: 2}})

    source = esnb.given_when_then(app, f"note {attack}")

    require_inert(source, "Noted", "project_note")
    # Python 3.13 compiles no docstring that cannot be encoded.
    assert (ast.get_docstring(ast.parse(source)) or "").isprintable()
    assert outcome(source) == "passed"
    assert outcome(source.replace(" == 1", " == 2")) == "failed"


# The library stores no lone surrogates, and no aggregate without an id.
@pytest.mark.parametrize("attack", [each for each in ATTACKS if each and each != "\ud800"])
def test_ids_of_aggregates_of_the_library_stay_text(attack: str) -> None:
    app = Application[str](env={"ORIGINATOR_ID_TYPE": "text"})
    text = Text(attack)
    text.add("ö")
    app.save(text)

    source = esnb.given_when_then(app, attack)

    require_inert(source, "Text.Made", "Text.Added", "project_aggregate")
    assert outcome(source) == "passed"


def test_the_case_of_the_issue_runs_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    attack = 'x"""\nopen("pwned", "w").close()\n"""'
    app = noted(attack, {'a = 1\n    open("pwned", "w").close()\n    b': 1})
    (tmp_path / "test_saved.py").write_text(esnb.given_when_then(app, attack), encoding="utf-8")

    assert outcome((tmp_path / "test_saved.py").read_text(encoding="utf-8")) == "passed"
    assert [each.name for each in tmp_path.iterdir()] == ["test_saved.py"]


TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(ATTACKS)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.binary(max_size=5)
    | st.decimals()
    | st.uuids()
    | st.datetimes(timezones=st.none() | st.just(timezone(timedelta(hours=-3), "a'b\n")))
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = st.dictionaries(TEXTS.filter(lambda name: name[:2] != "__"), VALUES, max_size=4)


@settings(deadline=None)
@given(
    TEXTS.filter(bool),
    st.lists(FIELDS, min_size=1, max_size=3),
    st.sampled_from([None, domain.project_mapping, domain.project_total, domain.Ledger.project]),
)
def test_whatever_goes_in_the_test_is_inert_and_holds(
    originator_id: str, fields: list[dict[str, Any]], projector: Any
) -> None:
    app = noted(
        originator_id,
        *({k: v for k, v in each.items() if k[:10] != "originator"} for each in fields),
    )

    source = esnb.given_when_then(app, originator_id, projector_func=projector)

    own = ("project_note", "project_mapping", "project_total", "Ledger.project")
    require_inert(source, "Noted", *own)
    assert outcome(source) == "passed"


@pytest.mark.parametrize("field", domain.STATES)
def test_a_value_of_any_known_kind_is_asserted(field: str) -> None:
    app = noted("n", {field: domain.STATES[field]})

    source = esnb.given_when_then(app, "n")

    assert "    # " not in source.replace("    # given", "").replace("    # when", "").replace(
        "    # then", ""
    )
    assert source.count("assert ") == 2
    assert outcome(source) == "passed"


def test_flags_and_members_are_found_by_name_or_value() -> None:
    app = noted("n", {"flags": domain.STATES["flags"], "members": domain.STATES["members"]})

    source = esnb.given_when_then(app, "n")

    assert "[Perm(3), Perm(0), Perm.READ, Bits(65), Bits(0), Bits.A]" in source
    assert "Level.LOW, Tea.GREEN, Odd['two words'], Odd['class'], Odd['a\"\"\"" in source


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (domain.Opaque(), "a Opaque has no source"),
        (domain.Doubling(2), "a Doubling made of its fields is not equal to it"),
        (SimpleNamespace(a=1), "a SimpleNamespace has no source"),
    ],
)
def test_an_event_without_source_is_said(value: Any, problem: str) -> None:
    with pytest.raises(NoLiteralError, match=rf"version 1 \(Noted\) cannot .*: {problem}"):
        esnb.given_when_then(noted("n", {"value": value}), "n")


@pytest.mark.parametrize("what", ["unset", "hidden", "loud", "array", "stamp", "scalar", "cycle"])
def test_a_state_of_any_objects_is_asserted_or_a_comment(what: str) -> None:
    source = esnb.given_when_then(
        noted("n", {"text": what}), "n", projector_func=domain.project_hard
    )

    assert "note.value" in source
    assert outcome(source) == "passed"


def test_a_class_that_cannot_be_found_is_said() -> None:
    class Local(Aggregate):
        pass

    app = Application[UUID]()
    aggregate = Local()
    app.save(aggregate)

    with pytest.raises(NoLiteralError, match=r"Local.* cannot be imported: define it at the top"):
        esnb.given_when_then(app, aggregate.id)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os; import evil", "Noted"),
        ("os", "system('false')"),
        ("some_module", "Noted\nimport os"),
        ("some_module", "class"),
        ("some_module", "ﬁ"),
        ("import", "Noted"),
        ("no-module", "Noted"),
        (None, "Noted"),
    ],
)
def test_a_class_that_lies_about_its_name_is_refused(
    module: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = type(name, (Noted,), {"__module__": module, "__qualname__": name})
    # It can be found where it says, which is not enough.
    home = SimpleNamespace(**{name: liar})
    monkeypatch.setitem(sys.modules, str(module), home)
    register_topic(f"liar {module} {name}", liar)
    app = Notes()
    app.save(liar("n", 1))

    with pytest.raises(NoLiteralError, match="cannot be imported") as caught:
        esnb.given_when_then(app, "n", projector_func=domain.project_note)
    assert str(caught.value).isprintable()


def test_a_field_that_is_another_one_every_time_is_a_comment() -> None:
    source = esnb.given_when_then(
        noted("n", {"text": "t"}), "n", projector_func=domain.project_counted
    )

    assert "# note.calls: not equal when the events are applied again" in source
    assert "assert note.text == 't'" in source
    assert outcome(source) == "passed"


@pytest.mark.parametrize(
    "kind", [domain.TestDrive, domain.Class, domain.Set, domain._3D], ids=lambda kind: kind.__name__
)
def test_names_that_mean_something_else_in_a_test(kind: Any) -> None:
    app = Application[UUID]()
    aggregate = kind()
    app.save(aggregate)

    source = esnb.given_when_then(app, aggregate.id)

    assert outcome(source) == "passed"
    names: dict[str, Any] = {}
    exec(source, names)
    assert len([name for name in names if name.lower().startswith("test")]) == 1


def test_names_that_two_modules_have() -> None:
    app = Application[UUID]()
    first = domain.Events(datetime(2026, 3, 1), 1)
    app.save(first)
    second = generated_names.UUID([uuid4(), datetime(2026, 3, 1)])
    third = generated_names.datetime(datetime(2026, 3, 1))
    app.save(second, third)

    for each in (first, second, third):
        assert outcome(esnb.given_when_then(app, each.id)) == "passed"


def test_not_a_number_in_an_event_of_the_library() -> None:
    app = Notes(env={"ORIGINATOR_ID_TYPE": "uuid"})
    drive: Any = Drive("a")
    drive.change(float("nan"))
    drive.change([float("nan"), Decimal("NaN")])
    app.save(drive)

    source = esnb.given_when_then(app, drive.id)

    assert "assert drive.number != drive.number  # not a number" in source
    assert outcome(source) == "passed"


def test_fields_that_a_class_does_not_take_are_left_out() -> None:
    app = Application[UUID]()
    bill = domain.Bill()
    bill.add(3)
    stored = app.mapper.to_stored_event(bill.pending_events[0])
    older = stored.state.replace(b"{", b'{"dropped": 1, ', 1)
    app.save(bill)
    other = Application[UUID]()
    other.recorder.insert_events(
        [
            replace(stored, state=older),
            *app.recorder.select_events(bill.id, gt=1),
        ]
    )

    for each in (app, other):
        source = esnb.given_when_then(each, bill.id)
        assert "gross" not in source
        assert "dropped" not in source
        assert outcome(source) == "passed"
        assert outcome(esnb.given_when_then(each, bill.id, redact="other")) == "passed"


def test_a_hidden_value_is_in_no_error() -> None:
    app = noted("n", {"text": "SECRET-1"})

    def broken(note: Any, events: Iterable[Any]) -> Any:
        raise ValueError(f"no mailbox: {vars(next(iter(events)))['text']}")

    with pytest.raises(NoLiteralError) as caught:
        esnb.given_when_then(app, "n", redact="text", projector_func=broken)
    assert "SECRET-1" not in "".join(traceback.format_exception(caught.value))


def test_what_a_notebook_defines_is_named_as_the_test_calls_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cup = type("TestCup", (Noted,), {"__module__": "__main__"})
    monkeypatch.setattr(sys.modules["__main__"], "TestCup", cup, raising=False)
    app = Notes()
    app.save(cup("n", 1))

    source = esnb.given_when_then(app, "n", projector_func=domain.project_note)

    assert "# From where they are defined: TestCup as _TestCup" in source
    names = {"_TestCup": cup}
    exec(source, names)


# --- copied from the browser ---------------------------------------------------------------


class CodeZone(tzinfo):
    """A time zone of one's own, whose repr is code."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=1)

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "x"

    def __repr__(self) -> str:
        return "__import__('os').abort()"


def copied(**data: Any) -> PageEvent:
    attack = ATTACKS[0]
    record = Record(attack, 1, attack, b"", metadata={attack: attack})
    return PageEvent(1, record, None, data, record.metadata, None)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_copied_as_python_is_one_literal(data: dict[str, Any]) -> None:
    source = as_python(copied(**data))

    require_inert(source)
    names: dict[str, Any] = {}
    exec(compile(source.encode(), "copied.py", "exec"), names)
    assert repr(names["event"]["data"]) == repr(data)
    assert names["event"]["stream"] == ATTACKS[0]


def test_objects_are_copied_as_their_text() -> None:
    values = [domain.Sly("x"), domain.Perm(3), domain.Opaque(), sys.stdout, domain.Odd["class"]]
    moment = datetime(2026, 3, 1, tzinfo=CodeZone())

    source = as_python(copied(values=values, moment=moment))

    require_inert(source, "datetime.datetime.fromisoformat")
    names: dict[str, Any] = {}
    exec(source, names)
    assert all(type(each) is str for each in names["event"]["data"]["values"])
    assert names["event"]["data"]["moment"] == moment


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_copied_as_json_is_strict_and_visible(data: dict[str, Any]) -> None:
    text = as_json(copied(**data, id=uuid4(), zone=datetime(2026, 3, 1, tzinfo=CodeZone())))

    text.encode()
    assert all(each.isprintable() for each in text.splitlines())
