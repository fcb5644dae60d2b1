"""Every frame shows itself, and its kind names columns that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import Tracking

import esnb
from esnb.drawing.values import counted
from esnb.examples.dog import Dog, Tricks
from esnb.frames import schema as frames
from esnb.frames.blame import BLAME, FIELD
from esnb.frames.catalog import CATALOG, EVENT_TYPE
from esnb.frames.checkpoints import CHECKPOINT, CHECKPOINTS
from esnb.frames.events import EVENT, EVENTS, LATER, STREAM, STREAMS
from esnb.frames.history import CHANGED_FIELD, DIFF, HISTORY, VERSION
from esnb.frames.outbox_records import OUTBOX_RECORDS, RECORD
from esnb.frames.queue import JOB, QUEUE
from esnb.frames.read_model import ENTRIES, ENTRY
from esnb.frames.runners import RUNNER, RUNNERS
from esnb.frames.snapshots import SNAPSHOT, SNAPSHOTS, VERIFIED
from esnb.frames.subscriptions import GROUP, SUBSCRIPTIONS
from esnb.frames.trace import STATION, TRACE
from esnb.sources.bookkeeping import ENVELOPE, domain_fields
from esnb.sources.columns import Schema
from esnb.sources.record import SERVER_COLUMNS
from esnb.tables.frame import Frame
from esnb.tables.kind import Kind

EVERY_EVENT: Schema = {**EVENTS, **SERVER_COLUMNS, **LATER}
KINDS: list[tuple[Kind, Schema]] = [
    *((EVENT, EVERY_EVENT), (STREAM, STREAMS), (VERSION, HISTORY), (CHANGED_FIELD, DIFF)),
    *((FIELD, BLAME), (EVENT_TYPE, CATALOG), (CHECKPOINT, CHECKPOINTS), (RUNNER, RUNNERS)),
    *((RECORD, OUTBOX_RECORDS), (JOB, QUEUE), (ENTRY, ENTRIES), (GROUP, SUBSCRIPTIONS)),
    *((SNAPSHOT, {**SNAPSHOTS, **VERIFIED}), (STATION, TRACE)),
]


@pytest.mark.parametrize(("kind", "schema"), KINDS, ids=lambda value: getattr(value, "noun", ""))
def test_a_kind_names_columns_that_there_are(kind: Kind, schema: Schema) -> None:
    named = {*kind.secondary, *kind.payloads, *kind.kept, kind.strong, kind.counted} - {""}

    assert named - ENVELOPE <= set(schema)
    assert not kind.secondary & {*kind.payloads, *kind.kept, kind.strong}


@pytest.mark.parametrize(("kind", "schema"), KINDS, ids=lambda value: getattr(value, "noun", ""))
@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_frame_of_any_kind_shows_itself_also_without_any_value(
    kind: Kind, schema: Schema, size: int
) -> None:
    frame = frames.build(kind, schema, {next(iter(schema)): [None] * size})

    words = repr(frame).replace("\n", " ")
    assert kind.strong in repr(frame).split("\n")[0]
    assert all(name in words for name in schema)
    assert counted(size, kind.noun, kind.nouns) in words


FRAMES: dict[str, Callable[[Application[Any], Dog], pd.DataFrame]] = {
    "events": lambda app, dog: esnb.events(app),
    "flattened": lambda app, dog: esnb.events(app, flatten=True),
    "stream": lambda app, dog: esnb.stream(app, dog.id),
    "streams": lambda app, dog: esnb.streams(app),
    "history": lambda app, dog: esnb.history(app, dog.id),
    "diff": lambda app, dog: esnb.diff(app, dog.id),
    "blame": lambda app, dog: esnb.blame(app, dog.id),
    "what_if": lambda app, dog: esnb.what_if(app, dog.id, skip=2),
    "catalog": lambda app, dog: esnb.catalog(app),
    "snapshots": lambda app, dog: esnb.snapshots(app),
    "verify_snapshot": lambda app, dog: esnb.verify_snapshot(app, dog.id),
    "read_model": lambda app, dog: esnb.read_model(tricks()),
}


def tricks() -> Tricks:
    view = Tricks()
    view.count("sit", Tracking("Kennel", 1))
    return view


@pytest.mark.parametrize("name", FRAMES)
def test_each_frame_of_an_application_shows_itself(name: str) -> None:
    app: Application[Any] = Application(env={"IS_SNAPSHOTTING_ENABLED": "y"})
    dog = Dog("Fido")
    dog.add_trick("sit")
    app.save(dog)
    app.take_snapshot(dog.id)

    frame = FRAMES[name](app, dog)

    assert type(frame) is Frame
    assert "esnb-frame" in str(frame._repr_html_())
    assert repr(frame) == repr(frame.copy())
    assert str(dog.id) not in repr(frame)
    assert "{" not in repr(frame)


def test_bookkeeping_comes_last_unless_it_is_shown_elsewhere() -> None:
    payload = {"timestamp": "2026-03-01T12:00Z", "originator_topic": "shop:Dog", "name": "Fido"}

    assert domain_fields(payload) == {"name": "Fido"}
    assert list(domain_fields(payload, shown=())) == ["name", "timestamp", "originator_topic"]
    assert domain_fields({"timestamp": 17}) == {"timestamp": 17}
    assert domain_fields({}) == {}
