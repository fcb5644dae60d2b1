"""Changed histories that cannot be: each says why, in every way of asking."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import StoredEvent

import esnb
from esnb import frames
from esnb.snapshotting.beginning import MissingEventsError
from tests.domain.accounts import (
    Account,
    Bank,
    Born,
    CatEvent,
    Cattery,
    Renamed,
    Vanished,
    a_cat,
    an_account,
    project_cat,
    stamp,
)


@pytest.fixture
def app() -> Bank:
    return Bank()


def test_what_cannot_be_applied_without_the_creating_event_says_so(app: Bank) -> None:
    an_id = an_account(app)

    for skip in ({1}, 1, {1, 2}, [1, 3], range(1, 5)):
        with pytest.raises(ValueError, match="leaves out version 1, which creates") as caught:
            esnb.what_if(app, an_id, skip=skip)
        assert "cannot be applied without it" in str(caught.value)
        assert "insert={1: …}" in str(caught.value)
    with pytest.raises(ValueError, match="leaves no event"):
        esnb.what_if(app, an_id, skip=range(1, 6))


def test_the_versions_that_are_left_tell_it_too(app: Bank) -> None:
    an_id = an_account(app)

    left = list(frames.without(app, an_id, 1))
    assert [each.number for each in left] == [2, 3, 4, 5]
    assert all("leaves out version 1" in each.changed for each in left)
    assert list(frames.without(app, an_id, range(1, 6))) == []

    explorer = esnb.explore(app, an_id, live=True)
    panel = explorer._controls()._tables.what_if
    panel.skip(frozenset({1}))
    assert "leaves out version 1" in panel._table.value
    explorer.close()


def test_a_functional_aggregate_without_its_creating_event() -> None:
    app = Cattery()
    cat_id = a_cat(app)

    with pytest.raises(ValueError, match="leaves out version 1, which creates"):
        esnb.what_if(app, cat_id, skip={1})
    plain: Application[UUID] = Application()
    other = a_cat(plain)
    with pytest.raises(ValueError, match="leaves out version 1, which creates"):
        esnb.what_if(plain, other, skip={1}, projector_func=project_cat)
    with pytest.raises(TypeError, match="pass projector_func="):
        esnb.what_if(plain, other, skip={1})


def test_a_projector_that_begins_with_any_event_is_asked() -> None:
    app: Application[UUID] = Application()
    cat_id = a_cat(app)

    def names(found: Any, events: Iterable[CatEvent]) -> Any:
        every = [*(found or {}).get("names", ()), *(each.name for each in events)]  # type: ignore[attr-defined]
        return {"names": every}

    frame = esnb.what_if(app, cat_id, skip={1}, projector_func=names)
    assert frame["after"][0] == ["Mog"]


def test_another_creating_event_takes_its_place(app: Bank) -> None:
    an_id = an_account(app)
    created = Account.Opened(  # type: ignore[attr-defined]
        originator_id=an_id,
        originator_version=1,
        originator_topic="tests.domain.accounts:Account",
        timestamp=stamp(1),
        owner="Bea",
        balance=Decimal("1"),
        type="savings",
    )

    frame = esnb.what_if(app, an_id, skip={1}, insert={1: created})
    assert dict(zip(frame["field"], frame["after"], strict=True)) == {
        "owner": "Bea",
        "type": "savings",
        "balance": Decimal("3.50"),
    }
    with pytest.raises(ValueError, match="creates an aggregate, and there is one already"):
        esnb.what_if(app, an_id, insert={2: created})
    with pytest.raises(ValueError, match="creates an aggregate, and there is one already"):
        esnb.what_if(app, an_id, insert={1: created})


def test_what_is_put_before_the_first_event_has_no_aggregate(app: Bank) -> None:
    an_id = an_account(app)
    noted = Account.Noted(originator_id=an_id, originator_version=1, timestamp=stamp(1), text="x")  # type: ignore[attr-defined]

    with pytest.raises(ValueError, match="no aggregate to change: the event that creates it is"):
        esnb.what_if(app, an_id, insert={1: noted})
    with pytest.raises(AttributeError) as caught:
        esnb.what_if(app, an_id, insert={1: lambda account: account.note("x")})
    assert (
        "there is no aggregate before version 1: the function was passed None"
        in caught.value.__notes__
    )
    with pytest.raises(AggregateNotFoundError, match="no version 0"):
        esnb.what_if(app, an_id, insert={0: noted})
    with pytest.raises(TypeError, match="int is not an event"):
        esnb.what_if(app, an_id, insert={2: 7})


def test_what_follows_a_discarding_event_says_so() -> None:
    app = Cattery()
    cat_id = uuid4()
    app.save(
        Born(cat_id, 1, stamp(1), "Tom"),
        Vanished(cat_id, 2, stamp(2)),
        Renamed(cat_id, 3, stamp(3), "Mog"),
    )

    changed = esnb.history(app, cat_id)["changed"]
    assert changed[2] == (
        "not applied: ValueError: Renamed has no aggregate to change: "
        "an event before it discarded it"
    )
    with pytest.raises(ValueError, match="an event before it discarded it"):
        esnb.what_if(app, cat_id, skip={2})  # the real history is none to compare with
    assert [each.number for each in frames.without(app, cat_id, 2)] == [1, 3]


def test_a_changed_history_that_ends_alike_is_an_empty_frame(app: Bank) -> None:
    an_id = an_account(app)

    for frame in (esnb.what_if(app, an_id), esnb.what_if(app, an_id, skip=(), insert={})):
        assert list(frame.columns) == ["field", "before", "after"]
        assert len(frame) == 0


@pytest.mark.parametrize("text_ids", [False, True])
def test_a_stream_whose_beginning_is_gone_says_so_in_every_fold(text_ids: bool) -> None:
    app = Bank(env={"ORIGINATOR_ID_TYPE": "text"} if text_ids else {})
    an_id = uuid4()
    app.recorder.insert_events(
        [
            StoredEvent(
                str(an_id) if text_ids else an_id,
                3,
                "tests.domain.accounts:Account.Frozen",
                b'{"timestamp":{"_type_":"datetime_iso","_data_":"2026-03-01T00:00:00+00:00"}}',
            )
        ]
    )
    text = f"the events of aggregate '{an_id}' begin at version 3: those before are gone"

    changed = esnb.history(app, an_id)["changed"][0]
    assert changed.startswith(f"not applied: MissingEventsError: {text}")
    asked: tuple[Any, ...] = (
        *(esnb.at, esnb.diff, esnb.blame, esnb.what_if),
        lambda app, an_id: esnb.bisect(app, an_id, bool),
    )
    for ask in asked:
        with pytest.raises(MissingEventsError, match=re.escape(text)) as caught:
            ask(app, an_id)
        assert any("version 3" in note for note in caught.value.__notes__)
    page = esnb.explore(app, an_id, live=False)
    assert text in str(page)
    assert html.escape(text) in page._repr_html_()


def test_an_aggregate_without_fields_is_an_empty_state() -> None:
    app: Application[UUID] = Application()
    bare = Aggregate()
    app.save(bare)

    assert len(esnb.blame(app, bare.id)) == len(esnb.diff(app, bare.id)) == 0
    assert list(esnb.history(app, bare.id)["changed"]) == [""]
    assert esnb.bisect(app, bare.id, lambda _: False) is None
