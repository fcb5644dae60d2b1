"""An application on pydantic's models, as the library's documentation writes it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID, uuid4

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import (
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    CanSnapshotAggregate,
    event,
)
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from eventsourcing.utils import get_topic, resolve_topic
from pydantic import BaseModel, ConfigDict, Field


class Orjson(Transcoder):
    def encode(self, obj: Any) -> bytes:
        return orjson.dumps(obj)

    def decode(self, data: bytes) -> Any:
        return orjson.loads(data)


class PydanticMapper(Mapper[UUID]):
    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        state = self.transcoder.encode(domain_event.model_dump(mode="json", by_alias=True))
        if self.compressor:
            state = self.compressor.compress(state)
        if self.cipher:
            state = self.cipher.encrypt(state)
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            get_topic(type(domain_event)),
            state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        state = stored_event.state
        if self.cipher:
            state = self.cipher.decrypt(state)
        if self.compressor:
            state = self.compressor.decompress(state)
        return resolve_topic(stored_event.topic)(**self.transcoder.decode(state))


class Kind(Enum):
    GREEN = "green"
    BLACK = "black"


class Size(BaseModel):
    grams: int
    label: str = Field(alias="name on the tin")


class Happened(BaseModel):
    model_config = ConfigDict(frozen=True)

    originator_id: UUID
    originator_version: int
    timestamp: datetime


class Tea(BaseAggregate[UUID]):
    class Event(Happened, CanMutateAggregate[UUID]):
        pass

    class Created(Event, CanInitAggregate[UUID]):
        originator_topic: str

    class Snapshot(Happened, CanSnapshotAggregate[UUID]):
        topic: str
        state: dict[str, Any]

    class Blended(Created):
        name: str
        kind: Kind
        price: Decimal
        size: Size

    class Repriced(Event):
        price: Decimal

    @staticmethod
    def create_id() -> UUID:
        return uuid4()

    @event(Blended)
    def __init__(self, name: str, kind: Kind, price: Decimal, size: Size) -> None:
        self.name = name
        self.kind = kind
        self.price = price
        self.size = size

    @event(Repriced)
    def reprice(self, price: Decimal) -> None:
        self.price = price


class Teas(Application[UUID]):
    env: ClassVar[dict[str, str]] = {
        "MAPPER_TOPIC": f"{__name__}:PydanticMapper",
        "TRANSCODER_TOPIC": f"{__name__}:Orjson",
    }
