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
from eventsourcing.persistence import Transcoder
from pydantic import BaseModel, ConfigDict, Field

from tests.domain.mapped import PlainMapper


class Orjson(Transcoder):
    def encode(self, obj: Any) -> bytes:
        return orjson.dumps(obj)

    def decode(self, data: bytes) -> Any:
        return orjson.loads(data)


class PydanticMapper(PlainMapper):
    def pack(self, domain_event: Any) -> bytes:
        return self.transcoder.encode(domain_event.model_dump(mode="json", by_alias=True))

    def unpack(self, state: bytes, kind: Any) -> Any:
        return kind(**self.transcoder.decode(state))


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
