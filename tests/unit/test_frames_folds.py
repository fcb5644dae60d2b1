"""history, at and diff over other kinds of aggregates, and over broken streams."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import TopicError

import esnb
from esnb.values.state import state_of
from tests.domain.accounts import (
    Account,
    Bank,
    Born,
    Cat,
    CatEvent,
    Cattery,
    Vanished,
    a_cat,
    an_account,
    project_cat,
    record,
    stamp,
)


def append(app: Application[Any], aggregate_id: UUID, version: int, topic: str) -> None:
    app.recorder.insert_events([StoredEvent(aggregate_id, version, topic, b"{}")])


# --- functional aggregates -------------------------------------------------------


def test_the_applications_own_projectors_fold() -> None:
    app = Cattery()
    cat_id = a_cat(app)

    frame = esnb.history(app, cat_id)

    assert list(frame["name"]) == ["Tom", "Mog"]
    assert list(frame["changed"]) == [
        "name: 'Tom'; names: ('Tom',)",
        "name: 'Tom' → 'Mog'; names: + 'Mog'",
    ]
    assert esnb.at(app, cat_id, version=1) == Cat(cat_id, 1, "Tom", ("Tom",))
    assert esnb.at(app, cat_id, time=stamp(1)).version == 1
    assert list(esnb.diff(app, cat_id)["field"]) == ["name", "names"]


def test_a_projector_that_is_given_comes_first() -> None:
    def shouting(cat: Cat | None, events: Iterable[CatEvent]) -> Cat | None:
        folded = project_cat(cat, events)
        return None if folded is None else Cat(folded.id, folded.version, folded.name.upper(), ())

    app = Cattery()
    cat_id = a_cat(app)

    assert list(esnb.history(app, cat_id, projector_func=shouting)["name"]) == ["TOM", "MOG"]
    assert esnb.at(app, cat_id, projector_func=shouting).name == "MOG"
    assert esnb.diff(app, cat_id, projector_func=shouting)["after"][0] == "MOG"


def test_without_a_projector_the_error_says_what_to_give() -> None:
    app: Application[UUID] = Application()
    cat_id = a_cat(app)

    with pytest.raises(TypeError, match=r"Born has no mutate\(\).*pass projector_func="):
        esnb.at(app, cat_id)
    assert len(esnb.history(app, cat_id, projector_func=project_cat)) == 2


def test_a_mutating_projector_is_seen_at_each_version() -> None:
    class Tally:
        def __init__(self, id: UUID) -> None:
            self.id = id
            self.version = 0
            self.seen: list[str] = []

    def tally(state: Tally | None, events: Iterable[CatEvent]) -> Tally:
        for each in events:
            state = state or Tally(each.originator_id)
            state.version = each.originator_version
            state.seen.append(type(each).__name__)
        assert state is not None
        return state

    app: Application[UUID] = Application()
    cat_id = a_cat(app)

    frame = esnb.history(app, cat_id, projector_func=tally)

    assert list(frame["seen"]) == [["Born"], ["Born", "Renamed"]]


def test_a_discarded_aggregate_has_no_state_and_may_come_back() -> None:
    app = Cattery()
    cat_id = a_cat(app)
    app.save(Vanished(cat_id, 3, stamp(3)), Born(cat_id, 4, stamp(4), "Ghost"))

    frame = esnb.history(app, cat_id)

    assert frame["name"].tolist()[:2] == ["Tom", "Mog"]
    assert pd.isna(frame["name"][2])
    assert frame["changed"][2] == "name: 'Mog' → (gone); names: ('Tom', 'Mog') → (gone)"
    assert frame["name"][3] == "Ghost"
    assert esnb.at(app, cat_id, version=3) is None


def test_structs_and_models_have_a_state() -> None:
    import msgspec

    struct = msgspec.defstruct("Point", [("id", int), ("version", int), ("x", int), ("_y", int)])

    class Slotted:
        __slots__ = ("__weakref__", "a", "id", "unset", "version")

        def __init__(self) -> None:
            self.id, self.version, self.a = 1, 1, [1]

    @dataclass(frozen=True, slots=True)
    class Frozen:
        id: int
        version: int
        price: Decimal

    class Model:  # as pydantic's, which keep their fields in __dict__ and more in slots
        __slots__ = ("__dict__", "__pydantic_fields_set__")

    model = Model()
    model.id, model.version, model.name = 1, 1, "n"  # type: ignore[attr-defined]

    assert state_of(struct(1, 1, 2, 3)) == {"x": 2, "_y": 3}
    assert state_of(Slotted()) == {"a": [1]}
    assert state_of(Frozen(1, 1, Decimal(2))) == {"price": Decimal(2)}
    assert state_of(model) == {"name": "n"}
    assert state_of({"id": 1, "version": 2, "a": 3}) == {"a": 3}


# --- what belongs to the state ---------------------------------------------------


def test_private_fields_belong_to_it_and_bookkeeping_does_not() -> None:
    app = Bank()
    account_id = an_account(app)

    frame = esnb.history(app, account_id)

    assert list(frame.columns) == [
        *("version", "type", "time", "changed"),
        *("owner", "balance", "state.type", "limits", "notes", "_frozen"),
    ]
    assert frame["changed"][4] == "_frozen: False → True"
    assert frame["_frozen"].dtype == "boolean"


class Taken(Aggregate):
    """Its fields have the names of the columns, also of those that make way."""

    @event("Made")
    def __init__(self, time: str, changed: int) -> None:
        self.time = time
        self.changed = changed
        setattr(self, "state.time", "dotted")


def test_fields_give_way_to_columns_and_to_one_another() -> None:
    app: Application[UUID] = Application()
    taken = Taken("now", 3)
    app.save(taken)

    frame = esnb.history(app, taken.id)

    assert len(set(frame.columns)) == len(frame.columns) == 7
    assert frame["state.time"][0] == "dotted"
    assert frame["state.state.time"][0] == "now"
    assert frame["state.changed"][0] == 3
    assert isinstance(frame["time"][0], datetime)


class Locked(Aggregate):
    """Holds something that cannot be copied."""

    @event("Made")
    def __init__(self) -> None:
        self.numbers = (number for number in range(3))

    @event("Touched")
    def touch(self) -> None:
        self.touched = True


def test_state_that_cannot_be_copied_is_shown_as_text() -> None:
    app: Application[UUID] = Application()
    locked = Locked()
    locked.touch()
    app.save(locked)

    frame = esnb.history(app, locked.id)

    assert frame["numbers"].str.startswith("<generator object").all()
    assert "0x" not in frame["numbers"][0]
    assert list(frame["touched"].isna()) == [True, False]
    assert frame["changed"][1] == "touched: True"


# --- broken streams ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "error"),
    [
        ("no_such_module:Account.Closed", TopicError),
        ("tests.domain.accounts:Account.Closed", TopicError),
        ("tests.domain.accounts:Account.Deposited", TypeError),
    ],
)
def test_from_an_event_that_cannot_be_applied_on_the_state_is_unknown(
    topic: str, error: type[Exception]
) -> None:
    app = Bank()
    account_id = an_account(app)
    append(app, account_id, 6, topic)
    append(app, account_id, 7, "tests.domain.accounts:Account.Frozen")

    frame = esnb.history(app, account_id)

    assert list(frame["version"]) == [1, 2, 3, 4, 5, 6, 7]
    assert frame["type"][5] == topic.partition(":")[2]
    assert frame["changed"][5].startswith(f"not applied: {error.__name__}: ")
    assert frame["changed"][6].startswith("not applied: ")
    assert list(frame["owner"].isna()) == [False] * 5 + [True] * 2
    assert esnb.at(app, account_id, version=5).owner == "Ann"
    with pytest.raises(error) as raised:
        esnb.at(app, account_id)
    assert "version 6" in "".join(raised.value.__notes__)
    with pytest.raises(error):
        esnb.diff(app, account_id)
    assert len(esnb.diff(app, account_id, after=5)) == 1


def test_an_error_without_words_is_told_by_its_kind() -> None:
    app = Bank()
    account_id = an_account(app)

    def refuse(account: Account | None, events: Iterable[Any]) -> Any:
        raise AssertionError

    changed = esnb.history(app, account_id, projector_func=refuse)["changed"]
    page = str(esnb.explore(app, account_id, projector_func=refuse, live=False))

    assert changed[0] == "not applied: AssertionError"
    assert "not known: AssertionError\n" in page


def test_a_gap_in_the_versions_is_told() -> None:
    app = Bank()
    account_id = an_account(app)
    append(app, account_id, 9, "tests.domain.accounts:Account.Frozen")

    assert "not applied: OriginatorVersionError" in esnb.history(app, account_id)["changed"][5]
    with pytest.raises(AggregateNotFoundError, match="no version 7"):
        esnb.at(app, account_id, version=7)


# --- what names an aggregate ----------------------------------------------------


@pytest.mark.parametrize("aggregate_id", [None, 7, b"x"])
@pytest.mark.parametrize("text_ids", [False, True])
def test_an_aggregate_is_named_by_uuid_or_text(aggregate_id: Any, text_ids: bool) -> None:
    app = Bank(env={"ORIGINATOR_ID_TYPE": "text"} if text_ids else {})

    for ask in (
        esnb.history,
        esnb.at,
        esnb.diff,
        esnb.blame,
        esnb.what_if,
        esnb.given_when_then,
        esnb.verify_snapshot,
        esnb.explore,
        lambda app, each: esnb.bisect(app, each, bool),
    ):
        with pytest.raises(TypeError, match=f"UUID or text, not by {type(aggregate_id).__name__}"):
            ask(app, aggregate_id)


# --- versions and times ---------------------------------------------------------


def test_version_and_time_exclude_each_other() -> None:
    app = Bank()
    account_id = an_account(app)

    with pytest.raises(ValueError, match="version= or time=, not both"):
        esnb.at(app, account_id, version=1, time="2026-01-01")
    with pytest.raises(AggregateNotFoundError, match="did not exist at 0001-01-01"):
        esnb.at(app, account_id, time="0001-01-01")
    with pytest.raises(ValueError, match="time='soon' is not a time"):
        esnb.at(app, account_id, time="soon")


def test_events_without_a_time_cannot_be_asked_by_time() -> None:
    app: Application[UUID] = Application()
    stream = record(app, b"{}")

    with pytest.raises(ValueError, match="carries no time: use version="):
        esnb.at(app, stream, time="2026-01-01")


def test_the_result_of_at_is_nobody_elses() -> None:
    app = Bank(env={"AGGREGATE_CACHE_MAXSIZE": "10", "DEEPCOPY_FROM_AGGREGATE_CACHE": "n"})
    account_id = an_account(app)
    cached: Any = app.repository.get(account_id)

    then = esnb.at(app, account_id)
    then.deposit(Decimal(1000))

    assert then is not cached
    assert app.repository.get(account_id).balance == Decimal("12.50")
    assert esnb.at(app, account_id).pending_events == []
    assert app.recorder.max_notification_id() == 5


def test_diff_takes_versions_either_way_and_the_time_before() -> None:
    app = Bank()
    account_id = an_account(app)

    last = esnb.diff(app, account_id)
    since_two = esnb.diff(app, account_id, before=2)
    back = esnb.diff(app, account_id, before=3, after=1)
    birth = esnb.diff(app, account_id, after=1)

    assert list(last["field"]) == ["_frozen"]
    assert list(since_two["field"]) == ["limits", "notes", "_frozen"]
    assert back.set_index("field")["after"]["balance"] == Decimal("10")
    assert birth["before"].isna().all()
    assert list(birth["field"]) == ["owner", "balance", "type", "limits", "notes", "_frozen"]
    assert [str(dtype).partition("[python")[0] for dtype in last.dtypes] == [
        "string",
        "object",
        "object",
    ]
    with pytest.raises(AggregateNotFoundError, match="no version 9"):
        esnb.diff(app, account_id, after=9)
    with pytest.raises(AggregateNotFoundError, match="no version 6"):
        esnb.diff(app, account_id, before=6)


@pytest.mark.parametrize("read", [esnb.history, esnb.at, esnb.diff, esnb.verify_snapshot])
def test_only_an_application_can_be_folded(read: Any) -> None:
    with pytest.raises(TypeError, match=r"pass an eventsourcing Application, not builtins\.str"):
        read("client", uuid4())
    with pytest.raises(TypeError, match="the class Bank"):
        read(Bank, uuid4())


def test_whole_numbers_of_a_state_keep_their_digits() -> None:
    class Wide(Aggregate):
        @event("Widened")
        def widen(self, big: int, huge: int) -> None:
            self.big = big
            self.huge = huge

    globals()["Wide"] = Wide
    Wide.__qualname__ = "Wide"
    app: Application[UUID] = Application()
    wide = Wide()
    wide.widen(2**53 + 1, 2**70)
    app.save(wide)

    frame = esnb.history(app, wide.id)

    assert frame["big"].dtype == "Int64"
    assert frame["big"][1] == 2**53 + 1
    assert frame["huge"].tolist() == [None, 2**70]
