"""Snapshots of aggregates whose events are structs, by a mapper of the application's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from eventsourcing.utils import get_topic, resolve_topic

import esnb
from esnb.snapshotting.store import SnapshotWarning


class MsgspecTranscoder(Transcoder):
    """Plain JSON: moments, ids and decimals are text in it."""

    def encode(self, obj: Any) -> bytes:
        return msgspec.json.encode(obj)

    def decode(self, data: bytes) -> Any:
        return msgspec.json.decode(data)


class MsgspecMapper(Mapper[UUID]):
    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            get_topic(type(domain_event)),
            self.transcoder.encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return msgspec.convert(
            self.transcoder.decode(stored_event.state), resolve_topic(stored_event.topic)
        )


class Event(msgspec.Struct, frozen=True):
    originator_id: UUID
    originator_version: int
    timestamp: datetime


class Brewed(Event, frozen=True):
    name: str
    price: Decimal


class Renamed(Event, frozen=True):
    name: str


class Tea(msgspec.Struct, frozen=True):
    id: UUID
    version: int
    brewed: datetime
    price: Decimal
    names: tuple[str, ...]


class LooseSnapshot(Event, frozen=True):
    """As examples have it: the state is a dict of whatever, which the projector makes sense of."""

    topic: str
    state: dict[str, Any]

    @classmethod
    def take(cls, tea: Tea) -> LooseSnapshot:
        state = msgspec.structs.asdict(tea)
        return cls(tea.id, tea.version, datetime.now(UTC), get_topic(type(tea)), state)


class TypedSnapshot(Event, frozen=True):
    state: Tea

    @classmethod
    def take(cls, tea: Tea) -> TypedSnapshot:
        return cls(tea.id, tea.version, datetime.now(UTC), tea)


def project_tea(tea: Tea | None, events: Iterable[Any]) -> Tea | None:
    for each in events:
        match each:
            case LooseSnapshot():
                tea = msgspec.convert(each.state, Tea)
            case TypedSnapshot():
                tea = each.state
            case Brewed():
                when, version = each.timestamp, each.originator_version
                tea = Tea(each.originator_id, version, when, each.price, (each.name,))
            case Renamed():
                assert tea is not None
                names = (*tea.names, each.name)
                tea = msgspec.structs.replace(tea, version=each.originator_version, names=names)
    return tea


def project_carelessly(tea: Tea | None, events: Iterable[Any]) -> Tea | None:
    for each in events:
        tea = Tea(**each.state) if isinstance(each, LooseSnapshot) else project_tea(tea, [each])
    return tea


class TeaShop(Application[UUID]):
    is_snapshotting_enabled = True
    snapshot_class: Any = LooseSnapshot


class TypedTeaShop(TeaShop):
    snapshot_class: Any = TypedSnapshot


class RegisteredTeaShop(TeaShop):
    snapshotting_intervals: ClassVar[dict[Any, int]] = {Tea: 2}
    snapshotting_projectors: ClassVar[dict[Any, Any]] = {Tea: project_tea}


@pytest.fixture
def open_shop(env: dict[str, str], name: str) -> Iterator[Callable[..., Any]]:
    opened: list[Application[UUID]] = []

    def open_shop(shop: type[TeaShop]) -> TeaShop:
        settings = {
            **env,
            "EVENTSTOREDB_STREAM_PREFIX": name,
            "MAPPER_TOPIC": get_topic(MsgspecMapper),
            "TRANSCODER_TOPIC": get_topic(MsgspecTranscoder),
        }
        opened.append(shop(settings))
        return opened[-1]  # type: ignore[return-value]

    yield open_shop
    for shop in opened:
        shop.close()


def a_tea(shop: TeaShop) -> UUID:
    tea_id, now = uuid4(), datetime.now(UTC)
    brewed: Any = Brewed(tea_id, 1, now, "Assam", Decimal("1.50"))
    shop.save(brewed, *(Renamed(tea_id, version, now, str(version)) for version in (2, 3)))
    return tea_id


@pytest.mark.parametrize("kind", [TeaShop, TypedTeaShop, RegisteredTeaShop])
def test_they_are_stored_and_used(
    open_shop: Callable[..., Any], kind: type[TeaShop], recwarn: pytest.WarningsRecorder
) -> None:
    shop = open_shop(kind)
    tea_id = a_tea(shop)
    shop.take_snapshot(tea_id, version=2, projector_func=project_tea)
    assert not [each for each in recwarn if issubclass(each.category, SnapshotWarning)]
    assert [each.originator_version for each in shop.snapshots.get(tea_id)] == [2]
    tea: Tea = shop.repository.get(tea_id, projector_func=project_tea)
    assert tea.names == ("Assam", "2", "3")
    assert (type(tea.price), type(tea.brewed)) == (Decimal, datetime)
    verified = esnb.verify_snapshot(shop, tea_id, projector_func=project_tea)
    assert list(verified["status"]) == ["ok"]


def test_they_are_not_where_the_projector_needs_the_types(open_shop: Callable[..., Any]) -> None:
    shop = open_shop(TeaShop)
    tea_id = a_tea(shop)
    with pytest.warns(SnapshotWarning, match=r"state\['id'\]: a UUID comes back as a str"):
        shop.take_snapshot(tea_id, version=2, projector_func=project_carelessly)
    assert list(shop.snapshots.get(tea_id)) == []
