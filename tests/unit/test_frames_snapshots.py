"""snapshots() and verify_snapshot(): what is kept, and whether it holds."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.snapshotting.fold_code import fold_fingerprint
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot
from tests.domain.accounts import Bank, an_account, bank


@pytest.fixture(params=["popo", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as opened:
        yield opened


def store_of(app: Application[Any]) -> Any:
    assert app.snapshots is not None
    return app.snapshots


def taken(app: Bank, account_id: UUID, version: int) -> StoredEvent:
    """A snapshot of the account at `version`, not stored."""
    aggregate = esnb.at(app, account_id, version=version)
    snapshot = type(aggregate).Snapshot.take(aggregate)
    stored: StoredEvent = store_of(app).mapper.to_stored_event(snapshot)
    return stored


def verdict(app: Bank, account_id: UUID) -> pd.Series:
    frame = esnb.verify_snapshot(app, account_id)
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_snapshot_of_every_aggregate(app: Bank) -> None:
    first, second, third = an_account(app), an_account(app), an_account(app)
    app.take_snapshot(first, version=2)
    app.take_snapshot(first)
    app.take_snapshot(third)
    store = type(app.factory).__module__.rpartition(".")[2]

    frame = esnb.snapshots(app)

    assert list(frame["stream"]) == [str(first), str(first), str(third)]
    assert list(frame["version"]) == [2, 5, 5]
    assert list(frame["store"]) == [store] * 3
    assert frame["time"].notna().all()
    assert frame["expires"].isna().all()
    assert (frame["bytes"] > 50).all()
    assert list(esnb.snapshots(app, str(third))["version"]) == [5]
    assert len(esnb.snapshots(app, second)) == 0


@pytest.mark.parametrize("env", [{}, {"IS_SNAPSHOTTING_ENABLED": "n"}])
def test_without_snapshots_the_frames_are_empty_and_typed(env: dict[str, str]) -> None:
    app = Bank(env=env)
    account_id = an_account(app)

    for frame in (
        esnb.snapshots(app),
        esnb.snapshots(app, account_id),
        esnb.verify_snapshot(app, account_id),
    ):
        assert len(frame) == 0
        assert list(frame.columns)[:2] == ["stream", "version"]
        assert frame["version"].dtype == "Int64"
        assert frame["time"].dtype == "datetime64[us, UTC]"


def test_a_snapshot_that_holds(app: Bank) -> None:
    account_id = an_account(app)
    app.take_snapshot(account_id, version=3)

    row = verdict(app, account_id)

    assert (row["stream"], row["version"], row["status"]) == (str(account_id), 3, "ok")
    assert pd.isna(row["differs"])
    assert pd.isna(row["error"])


def test_a_snapshot_of_another_state_says_which_fields(app: Bank) -> None:
    account_id = an_account(app)
    stored = taken(app, account_id, 2)
    state = stored.state.replace(b'"12.50"', b'"99"')
    assert state != stored.state
    store_of(app).recorder.insert_events([replace(stored, state=state)])

    row = verdict(app, account_id)

    assert row["status"] == "differs"
    assert row["differs"] == "balance: 12.50 → 99"
    hidden = esnb.verify_snapshot(app, account_id, redact="balance").iloc[0]
    assert hidden["status"] == "differs"
    assert hidden["differs"] == "balance: [redacted] → [redacted]"
    assert (
        esnb.verify_snapshot(app, account_id, redact="owner").iloc[0]["differs"] == row["differs"]
    )


@pytest.mark.parametrize(
    "damage",
    [
        {"state": b"\x00"},
        {"state": b"{}"},
        {"topic": "no_such_module:Snapshot"},
        {"topic": "tests.domain.accounts:Born"},
    ],
)
def test_a_snapshot_that_cannot_be_read(app: Bank, damage: dict[str, Any]) -> None:
    account_id = an_account(app)
    store_of(app).recorder.insert_events([replace(taken(app, account_id, 2), **damage)])

    row = verdict(app, account_id)

    assert row["status"] == "unreadable"
    assert row["error"]
    assert len(esnb.snapshots(app)) == 1


def test_a_snapshot_of_a_renamed_class(app: Bank) -> None:
    account_id = an_account(app)
    stored = taken(app, account_id, 2)
    state = stored.state.replace(b":Account", b":Konto")
    store_of(app).recorder.insert_events([replace(stored, state=state)])

    row = verdict(app, account_id)

    assert row["status"] == "unreadable"
    assert "Konto" in row["error"]


def test_a_snapshot_of_a_version_that_never_was(app: Bank) -> None:
    account_id = an_account(app)
    store_of(app).recorder.insert_events([replace(taken(app, account_id, 5), originator_version=9)])

    row = verdict(app, account_id)

    assert row["status"] == "orphaned"
    assert "no event of version 9" in row["error"]


def test_a_snapshot_of_events_that_cannot_be_folded(app: Bank) -> None:
    account_id = an_account(app)
    stored = taken(app, account_id, 5)
    app.recorder.insert_events([StoredEvent(account_id, 6, "no_such_module:Account.Closed", b"{}")])
    store_of(app).recorder.insert_events([replace(stored, originator_version=6)])

    row = verdict(app, account_id)

    assert row["status"] == "unverified"
    assert "no_such_module" in row["error"]


class ListingRecorder(SnapshotRecorder):
    """A snapshot recorder of esnb's kind, over a list."""

    def __init__(self, kept: list[StoredSnapshot]) -> None:
        self.kept = kept

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        raise NotImplementedError

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        raise NotImplementedError

    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        return (each for each in self.kept if originator_id in (None, each.originator_id))


def test_a_snapshot_that_other_code_made() -> None:
    app = Bank()
    account_id = an_account(app)
    plain = taken(app, account_id, 2)
    current = fold_fingerprint(store_of(app).mapper.to_domain_event(plain), app.name)

    def kept(version: int, fingerprint: str | None, state: bytes = plain.state) -> StoredSnapshot:
        return StoredSnapshot(
            account_id,
            version,
            plain.topic,
            state,
            fingerprint=fingerprint,
            recorded=datetime(2026, 1, 1, tzinfo=UTC),
            expires=datetime(2027, 1, 1, tzinfo=UTC),
            store="redis",
        )

    store_of(app).recorder = ListingRecorder(
        [
            kept(2, current),
            kept(2, "other"),
            kept(2, None),
            kept(2, "other", plain.state.replace(b'"12.50"', b'"99"')),
        ]
    )

    frame = esnb.verify_snapshot(app, account_id)
    listed = esnb.snapshots(app)

    assert list(frame["status"]) == ["ok", "foreign", "foreign", "foreign"]
    assert list(frame["differs"].fillna("")) == ["", "", "", "balance: 12.50 → 99"]
    assert list(listed["fingerprint"].fillna("")) == [current, "other", "", "other"]
    assert list(listed["store"].unique()) == ["redis"]
    assert listed["expires"][0] == datetime(2027, 1, 1, tzinfo=UTC)
    assert listed["recorded"][0] == datetime(2026, 1, 1, tzinfo=UTC)
    assert len(esnb.snapshots(app, uuid4())) == 0


def test_the_aggregate_itself_is_not_touched(app: Bank) -> None:
    account_id = an_account(app)
    app.take_snapshot(account_id)

    esnb.verify_snapshot(app, account_id)

    assert app.repository.get(account_id).balance == Decimal("12.50")
    assert app.recorder.max_notification_id() == 5


# --- what a library's store gives back otherwise ------------------------------------------


class Basket(Aggregate):
    """Its state is what JSON changes, made of values that JSON keeps."""

    @event("Filled")
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.content: Any = {
            "int keys": {7: 3},
            "tuple": ("tea", 1),
            "Counter": Counter(["tea"]),
            "default": defaultdict(int, tea=1),
            "ordered": OrderedDict(tea=1),
            "enum": Kind.TEA,
            "shared": [TAGS, TAGS],
            "fine": {"tea": [1, 1.0, None]},
        }[kind]

    @event("Checked")
    def check(self, price: int) -> None:
        assert price > 0


class Kind(StrEnum):
    TEA = "tea"


TAGS: list[str] = []


class Shop(Application[UUID]):
    is_snapshotting_enabled = True


@pytest.fixture(params=["popo", "sqlite"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    env = {"PERSISTENCE_MODULE": f"eventsourcing.{request.param}", "SQLITE_DBNAME": ":memory:"}
    with Shop(env=env) as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "differs"),
    [
        ("int keys", "content: a key that is an int comes back as a str"),
        ("tuple", "content: ('tea', 1) → ['tea', 1]"),
        ("Counter", "content: a Counter comes back as a dict"),
        ("default", "content: a defaultdict comes back as a dict"),
        ("ordered", "content: an OrderedDict comes back as a dict"),
        ("enum", "content: a Kind comes back as a str"),
        ("shared", "content[1]: a list that stands in two places comes back as two"),
    ],
)
def test_a_snapshot_whose_types_are_others_differs(shop: Shop, kind: str, differs: str) -> None:
    basket = Basket(kind)
    shop.save(basket)
    shop.take_snapshot(basket.id)

    row = esnb.verify_snapshot(shop, basket.id).iloc[0]

    assert (row["status"], row["differs"]) == ("differs", differs)
    hidden = esnb.verify_snapshot(shop, basket.id, redact="content").iloc[0]
    assert hidden["status"] == "differs"
    assert "tea" not in hidden["differs"]


def test_a_snapshot_whose_types_are_the_same_is_ok(shop: Shop) -> None:
    basket = Basket("fine")
    shop.save(basket)
    shop.take_snapshot(basket.id)
    row = esnb.verify_snapshot(shop, basket.id).iloc[0]
    assert (row["status"], pd.isna(row["differs"])) == ("ok", True)


def test_an_assertion_without_a_text_says_where_it_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    basket = Basket("fine")
    basket.check(1)
    shop.save(basket)
    shop.take_snapshot(basket.id)

    def failing(self: Any, aggregate: Any) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(Basket.Checked, "apply", failing)  # type: ignore[attr-defined]
        row = esnb.verify_snapshot(shop, basket.id).iloc[0]
    assert row["status"] == "unverified"
    assert "in failing(), line" in row["error"]
    assert ": raise AssertionError" in row["error"]
    assert "while applying version 2 (Basket.Checked)" in row["error"]

    def broken(self: Any, _: None) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(Basket.Snapshot, "mutate", broken)
        row = esnb.verify_snapshot(shop, basket.id).iloc[0]
    assert row["status"] == "unreadable"
    assert "in broken(), line" in row["error"]


def test_events_whose_first_are_gone(shop: Shop) -> None:
    """As of a log that was cut, or an exported slice."""
    basket = Basket("fine")
    for _ in range(3):
        basket.check(1)
    shop.save(basket)
    for version in (1, 2, 4):
        shop.take_snapshot(basket.id, version=version)
    select = shop.recorder.select_events

    def cut(*args: Any, **kwargs: Any) -> Any:
        return [each for each in select(*args, **kwargs) if each.originator_version > 2]

    shop.recorder.select_events = cut  # type: ignore[method-assign]
    frame = esnb.verify_snapshot(shop, basket.id)
    assert list(frame["status"]) == ["orphaned", "unverified", "unverified"]
    assert all("begin at version 3" in each for each in frame["error"][1:])
    assert not any(each.startswith("AssertionError") for each in frame["error"])
