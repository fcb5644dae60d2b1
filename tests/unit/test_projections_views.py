"""Kinds of view: one that is added here, and how kinds are found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from threading import Event
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    ProcessRecorder,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.sqlite import SQLiteTrackingRecorder

import esnb
from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.projections import CatchUpRunner, CheckpointMismatchError
from esnb.projections.views import ViewKind, kind_class, kind_of, kinds, register
from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.dead_letters import DeadLetter
from esnb.projections.views.rows import Rows
from esnb.redis import RedisTrackingRecorder, RedisView
from tests.domain.bank import Bank, Deposits, SQLiteSums, Sums

# --- a view on a shelf: the module that a new kind is ---------------------------------


@dataclass
class Shelf:
    """What a store of its own keeps of one view."""

    amounts: list[int] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    events: dict[str, CheckpointEvent] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    writes: int = 0


class ShelfView(TrackingRecorder):
    shelves: ClassVar[dict[str, Shelf]] = {}

    def __init__(self, label: str) -> None:
        self.label = label
        self.queue: list[tuple[int | None, Tracking]] | None = None

    @property
    def shelf(self) -> Shelf:
        return self.shelves.setdefault(self.label, Shelf())

    def add(self, amount: int | None, tracking: Tracking) -> None:
        if self.queue is None:
            self.write([(amount, tracking)])
        else:
            self.queue.append((amount, tracking))

    def write(self, changes: list[tuple[int | None, Tracking]]) -> None:
        shelf = self.shelf
        shelf.writes += 1
        for amount, tracking in changes:
            if self.has_tracking_id(tracking.application_name, tracking.notification_id):
                raise IntegrityError(f"event {tracking.notification_id} was applied already")
            shelf.positions[tracking.application_name] = tracking.notification_id
            shelf.amounts += [] if amount is None else [amount]

    def insert_tracking(self, tracking: Tracking) -> None:
        self.add(None, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        return self.shelf.positions.get(application_name)

    def has_tracking_id(self, application_name: str, notification_id: int | None) -> bool:
        return (self.max_tracking_id(application_name) or 0) >= (notification_id or 0)

    def wait(
        self,
        application_name: str,
        notification_id: int | None,
        timeout: float = 1.0,
        interrupt: Event | None = None,
    ) -> None:
        raise NotImplementedError


class ShelfFactory(InfrastructureFactory[ShelfView]):
    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:
        return tracking_recorder_class(self.env.name)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        raise NotImplementedError

    def application_recorder(self) -> ApplicationRecorder:
        raise NotImplementedError

    def process_recorder(self) -> ProcessRecorder:
        raise NotImplementedError


class ShelfKind(ViewKind):
    _view: ShelfView

    @property
    def name(self) -> str:
        return self._view.label

    @contextmanager
    def commit(
        self, application: Application[Any], after: int | None, events: CheckpointEvents | None
    ) -> Iterator[ShelfCommit]:
        if self._view.max_tracking_id(application.name) != after:
            raise IntegrityError("another runner moves it")
        commit = ShelfCommit(self._view)
        try:
            yield commit
        finally:
            self._view.queue = None

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        return ShelfEvents(self._view.shelf)

    def dead_letters(self, in_memory: list[DeadLetter]) -> ShelfLetters:
        return ShelfLetters(self._view)

    def rebuild(
        self, application_name: str, projection_class: type[Any], make: Any
    ) -> ShelfRebuild:
        return ShelfRebuild(self._view)

    def _positions(self) -> Mapping[str, int]:
        return dict(self._view.shelf.positions)

    def _rows(self, table: str | None) -> Rows:
        return Rows([{"amount": amount} for amount in self._view.shelf.amounts], ["amount"])

    @classmethod
    @contextmanager
    def temporary(
        cls, view_class: type[Any], name: str, app: Application[Any], env: Any
    ) -> Iterator[TrackingRecorder]:
        label = f"{name}-{uuid4()}"
        try:
            yield view_class(label)
        finally:
            ShelfView.shelves.pop(label, None)


class ShelfCommit:
    """All events of a batch in one write."""

    def __init__(self, view: ShelfView) -> None:
        self._view = view
        self._queue = view.queue = []

    def event(self) -> nullcontext[None]:
        return nullcontext()

    def fails(self, error: Exception) -> None:
        raise error

    def forget(self, tracking: Tracking) -> None:
        self._queue[:] = [each for each in self._queue if each[1] != tracking]

    def finish(self, tracking: Tracking) -> None:
        if not self._queue or self._queue[-1][1] != tracking:
            self._queue.append((None, tracking))
        self._view.write(self._queue)


class ShelfEvents:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def load(self, application_name: str) -> CheckpointEvent | None:
        return self._shelf.events.get(application_name)

    def keep(self, tracking: TrackedEvent) -> None:
        event = CheckpointEvent.of(tracking.notification)
        self._shelf.events[tracking.application_name] = event

    def flush(self) -> None:
        """Nothing is put off."""


class ShelfLetters:
    def __init__(self, view: ShelfView) -> None:
        self._view = view

    def add(self, letter: DeadLetter, tracking: Tracking, after: int | None) -> None:
        self._view.insert_tracking(tracking)
        self._view.shelf.letters.append(letter)

    def all(self) -> list[DeadLetter]:
        return list(self._view.shelf.letters)


class ShelfRebuild:
    is_possible = True

    def __init__(self, view: ShelfView) -> None:
        self._view = view
        self._new = f"{view.label}-rebuild"

    def check(self) -> None:
        """It can."""

    def pending(self) -> TrackingRecorder | None:
        return ShelfView(self._new) if self._new in ShelfView.shelves else None

    def begin(self) -> TrackingRecorder:
        ShelfView.shelves[self._new] = Shelf()
        return ShelfView(self._new)

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        ShelfView.shelves[self._view.label] = ShelfView.shelves.pop(self._new)
        return True

    def is_gone(self, filled: TrackingRecorder) -> bool:
        return self._new not in ShelfView.shelves


# --- it is run, rebuilt and shown like any other --------------------------------------


class Amounts(Deposits):
    name = "amounts"


def fails_at(amount: int) -> Any:
    def before(domain_event: Any) -> None:
        if domain_event.amount == amount:
            raise ValueError("cannot take it")

    return staticmethod(before)


@pytest.fixture
def app() -> Bank:
    return Bank()


@pytest.fixture
def run(
    app: Bank, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CatchUpRunner[Bank, ShelfView]]:
    """Makes runners over the shelf, of which all are empty."""
    monkeypatch.setattr(kinds, "KINDS", dict(kinds.KINDS))
    monkeypatch.setattr(ShelfView, "shelves", {})
    register(ShelfView, ShelfKind)

    def runner(application: Bank = app, **options: Any) -> CatchUpRunner[Bank, ShelfView]:
        env = {"PERSISTENCE_MODULE": __name__}
        return CatchUpRunner(application, Amounts, ShelfView, env, **options)

    return runner


Run = Callable[..., CatchUpRunner[Bank, ShelfView]]


def test_a_batch_of_a_new_kind_is_one_commit(app: Bank, run: Run) -> None:
    app.deposit(app.open(), 1, 2, 3)
    with run() as runner:
        runner.wait()
    assert runner.view.shelf.amounts == [1, 2, 3]
    assert runner.view.shelf.writes == 1
    assert runner.view.shelf.events["Bank"].position == 4


def test_a_new_kind_is_rebuilt(app: Bank, run: Run) -> None:
    app.deposit(app.open(), 1, 2)
    with run() as runner:
        runner.wait()
        runner.view.shelf.amounts.append(99)
        assert "rebuild" in runner.status().all_actions
        runner.rebuild()
        runner.wait()
    assert runner.view.shelf.amounts == [1, 2]
    assert list(ShelfView.shelves) == ["amounts"]


def test_a_rebuild_of_a_new_kind_that_was_interrupted_goes_on(app: Bank, run: Run) -> None:
    app.deposit(app.open(), 1, 2)
    ShelfView("amounts-rebuild").insert_tracking(Tracking("Bank", 2))
    with run() as runner:
        runner.wait()
    assert runner.view.shelf.amounts == [2]


def test_dead_letters_of_a_new_kind_outlive_the_runner(
    app: Bank, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.deposit(app.open(), 1, 2, 3)
    monkeypatch.setattr(Amounts, "before", fails_at(2))
    with run(on_error="dead-letter") as runner:
        runner.wait()
    assert runner.view.shelf.amounts == [1, 3]
    [letter] = run().dead_letters()
    assert (letter.notification_id, letter.error) == (3, "ValueError: cannot take it")


def test_events_before_a_poison_event_are_committed(
    app: Bank, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.deposit(app.open(), 1, 2, 3)
    monkeypatch.setattr(Amounts, "before", fails_at(3))
    runner = run()
    with pytest.raises(ValueError, match="cannot take it"), runner:
        runner.wait()
    assert runner.view.shelf.amounts == [1, 2]
    assert runner.status().position == 3


def test_a_view_of_a_new_kind_knows_its_log(app: Bank, run: Run) -> None:
    app.deposit(app.open(), 1)
    with run() as runner:
        runner.wait()
    other = Bank()
    other.deposit(other.open(), 5, 6, 7)
    again = run(other)
    with pytest.raises(CheckpointMismatchError), again:
        again.wait()
    assert esnb.checkpoints(again).lag.isna().all()


def test_frames_show_a_new_kind(app: Bank, run: Run) -> None:
    app.deposit(app.open(), 1, 2)
    with run() as runner:
        runner.wait()
    app.deposit(app.open(), 3)
    assert esnb.read_model(runner).to_dict("list") == {"amount": [1, 2]}
    assert esnb.read_model(runner.view).to_dict("list") == {"amount": [1, 2]}
    assert list(esnb.read_model(ShelfView("empty")).columns) == ["amount"]
    assert esnb.checkpoints(runner).to_dict("records") == [
        {"name": "amounts", "application": "Bank", "position": 3, "head": 5, "lag": 2}
    ]
    [row] = esnb.checkpoints(runner.view).to_dict("records")
    assert (row["name"], row["application"], row["position"]) == ("amounts", "Bank", 3)


def test_a_new_kind_has_temporary_views(app: Bank, run: Run) -> None:
    app.deposit(app.open(), 1, 2)
    frame = esnb.project(app, Amounts, ShelfView, until=2)
    assert frame.to_dict("list") == {"amount": [1]}
    assert ShelfView.shelves == {}


def test_without_a_kind_a_view_is_as_the_library_has_it(
    app: Bank, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(kinds.KINDS, f"{__name__}:ShelfView")
    app.deposit(app.open(), 1, 2)
    with run() as runner:
        runner.wait()
    assert runner.view.shelf.amounts == [1, 2]
    assert runner.view.shelf.writes == 2
    assert runner.status().all_actions == ("pause", "resume", "skip event")
    assert esnb.checkpoints(runner).position.tolist() == [3]
    with pytest.raises(TypeError, match="rows"):
        esnb.read_model(runner)
    with pytest.raises(TypeError, match="which applications"):
        esnb.checkpoints(runner.view)


# --- how kinds are found --------------------------------------------------------------


@pytest.mark.extras
@pytest.mark.parametrize("name", kinds.KINDS)
def test_the_table_names_what_there_is(name: str) -> None:
    module, _, view_class = name.partition(":")
    found = kind_class(getattr(import_module(module), view_class))
    assert issubclass(found, ViewKind)
    assert found is not ViewKind


def test_the_nearest_base_class_tells_the_kind() -> None:
    class Own(RedisView):
        """A read model."""

    assert kind_class(Own) is kind_class(RedisView)
    assert issubclass(kind_class(RedisView), kind_class(RedisTrackingRecorder))
    assert kind_class(Sums) is kind_class(POPOTrackingRecorder)
    assert kind_class(SQLiteTrackingRecorder) is not kind_class(POPOTrackingRecorder)
    assert type(kind_of(object())) is ViewKind


@pytest.mark.once
def test_a_kind_that_is_not_used_is_not_imported() -> None:
    script = """
import json, sys
import esnb
from esnb.examples.dog import Tricks
esnb.read_model(Tricks()), esnb.checkpoints(Tricks())
heavy = ("redis", "sqlalchemy", "grpc", "psycopg", "esnb.redis")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == []


# --- what only some kinds had ---------------------------------------------------------


class Collected(Amounts):
    name = "collected"


def test_what_a_runner_keeps_on_a_view_in_memory_is_not_its_state(app: Bank) -> None:
    app.deposit(app.open(), 1, 2)
    with CatchUpRunner(app, Collected, Sums) as runner:
        runner.wait()
    assert esnb.read_model(runner).key.tolist() == ["amounts", "amounts"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_lag_in_another_log_is_not_known(kind: str, app: Bank) -> None:
    view_class, env = {
        "memory": (Sums, {}),
        "sqlite": (
            SQLiteSums,
            {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": ":memory:"},
        ),
    }[kind]
    app.deposit(app.open(), 1, 2)
    runner: Any = CatchUpRunner(app, Collected, view_class, env)
    with runner:
        runner.wait()
    assert esnb.checkpoints(runner).lag.tolist() == [0]
    other = Bank()
    other.deposit(other.open(), *range(9))
    runner.app = other
    assert esnb.checkpoints(runner).lag.isna().all()
