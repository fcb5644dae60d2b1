"""What other readers of the streams see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.cipher import AESCipher
from eventsourcing.domain import Aggregate, event

import esnb
from esnb.clients.installed import NewEvent, RecordedEvent


class Parcel(Aggregate):
    def __init__(self, weight: float) -> None:
        self.weight = weight

    @event("Weighed")
    def weigh(self, weight: float) -> None:
        self.weight = weight


class Letter(Aggregate):
    TOPIC = "letters:letter"

    class Event(Aggregate.Event):
        pass

    class Created(Event, Aggregate.Created):
        TOPIC = "letters:written"


class Opener:
    """Makes applications of one name, and reads their streams as anyone would."""

    def __init__(self, env: dict[str, str], name: str) -> None:
        self._env = {**env, "EVENTSTOREDB_STREAM_PREFIX": name}
        self._name = name
        self.opened: list[Application[UUID]] = []

    def __call__(self, **settings: str) -> Application[UUID]:
        app = Application[UUID]({**self._env, **settings})
        self.opened.append(app)
        return app

    def raw(self, originator_id: UUID) -> list[RecordedEvent]:
        category: Any = self.opened[0].recorder.category  # type: ignore[attr-defined]
        return list(category.client.get_stream(f"{self._name}-{originator_id}"))


@pytest.fixture
def opener(env: dict[str, str], name: str) -> Iterator[Opener]:
    opener = Opener(env, name)
    yield opener
    for app in opener.opened:
        app.close()


def saved(app: Application[UUID], parcel: Aggregate | None = None) -> Aggregate:
    parcel = parcel or Parcel(2.5)
    app.save(parcel)
    return parcel


def test_json_with_a_short_type_and_the_topic_in_the_metadata(opener: Opener) -> None:
    parcel = saved(opener())
    (recorded,) = opener.raw(parcel.id)
    assert recorded.type == "Parcel.Created"
    assert recorded.content_type == "application/json"
    assert json.loads(recorded.data)["weight"] == 2.5
    assert json.loads(recorded.metadata) == {
        "topic": f"{__name__}:Parcel.Created",
        "application": "Application",
    }


def test_an_explicit_topic_is_the_type_as_it_is(opener: Opener) -> None:
    app = opener()
    letter = saved(app, Letter())
    assert opener.raw(letter.id)[0].type == "letters:written"
    copy: Letter = app.repository.get(letter.id)
    assert type(copy) is Letter


@pytest.mark.parametrize("how", ["compressed", "encrypted"])
def test_octets_when_compressed_or_encrypted_with_json_metadata(opener: Opener, how: str) -> None:
    settings = {
        "compressed": {"COMPRESSOR_TOPIC": "zlib"},
        "encrypted": {"CIPHER_KEY": AESCipher.create_key(16)},
    }[how]
    app = opener(**settings)
    parcel = saved(app)
    (recorded,) = opener.raw(parcel.id)
    assert recorded.content_type == "application/octet-stream"
    assert json.loads(recorded.metadata)["application"] == "Application"
    assert app.repository.get(parcel.id).weight == 2.5


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), float("-inf")])
def test_what_says_it_is_json_is_json_for_a_strict_parser(opener: Opener, weight: float) -> None:
    app = opener()
    parcel = saved(app, Parcel(weight))
    (recorded,) = opener.raw(parcel.id)
    assert recorded.content_type == "application/octet-stream"
    assert repr(app.repository.get(parcel.id).weight) == repr(weight)


def test_correlation_lasts_for_the_block_only(opener: Opener) -> None:
    app = opener()
    parcel = Parcel(1.0)
    with esnb.correlate("order-17", causation_id="event-3"):
        saved(app, parcel)
        with esnb.correlate() as inner:
            parcel.weigh(2.0)
            saved(app, parcel)
        parcel.weigh(3.0)
        saved(app, parcel)
    parcel.weigh(4.0)
    saved(app, parcel)
    metadata = [json.loads(each.metadata) for each in opener.raw(parcel.id)]
    assert [each.get("$correlationId") for each in metadata] == [
        "order-17",
        inner.correlation_id,
        "order-17",
        None,
    ]
    assert [each.get("$causationId") for each in metadata] == ["event-3", None, "event-3", None]
    assert UUID(inner.correlation_id).version == 4


def test_correlation_ends_with_an_exception_and_stays_in_its_thread(opener: Opener) -> None:
    app = opener()
    first, second = Parcel(1.0), Parcel(1.0)

    def interrupted() -> None:
        with esnb.correlate("broken"):
            thread = Thread(target=saved, args=(app, first))
            thread.start()
            thread.join()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    saved(app, second)
    for parcel in (first, second):
        assert "$correlationId" not in json.loads(opener.raw(parcel.id)[0].metadata)


def test_an_event_of_another_language_is_resolved_by_its_type(opener: Opener, name: str) -> None:
    app = opener()
    parcel = saved(app)
    data = {
        "weight": 7.5,
        "timestamp": {"_type_": "datetime_iso", "_data_": "2026-01-01T00:00:00+00:00"},
    }
    app.recorder.category.client.append_to_stream(  # type: ignore[attr-defined]
        f"{name}-{parcel.id}",
        current_version=0,
        events=[
            NewEvent(
                type="Parcel.Weighed",
                data=json.dumps(data).encode(),
                # Metadata of theirs may have a "topic" that is none of ours.
                metadata=b'{"$correlationId": "abc", "topic": "kafka-parcels"}',
            )
        ],
    )
    assert app.repository.get(parcel.id).weight == 7.5
    notification: Any = app.recorder.select_notifications(None, 10)[-1]
    assert notification.topic == f"{__name__}:Parcel.Weighed"
    assert notification.metadata["$correlationId"] == "abc"


def test_event_ids_are_random(opener: Opener) -> None:
    app = opener()
    parcels = [saved(app) for _ in range(3)]
    ids = [opener.raw(each.id)[0].id for each in parcels]
    assert {each.version for each in ids} == {4}
    assert len(set(ids)) == 3
