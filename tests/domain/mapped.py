"""Applications with mappers and transcoders of their own, as people write them."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import (
    JSONTranscoder,
    Mapper,
    StoredEvent,
    Transcoder,
    Transcoding,
)
from eventsourcing.utils import get_topic, resolve_topic

HERE = __name__


class Nothing(Transcoder):
    """The transcoder of a mapper that does without."""

    def encode(self, obj: Any) -> bytes:
        return b""

    def decode(self, data: bytes) -> Any:
        return None


class Empty(Nothing):
    """Another way to do nothing."""

    def decode(self, data: bytes) -> Any:
        return {}


class PlainMapper(Mapper[UUID]):
    """Begins and ends as the library's does; in between is `pack` and `unpack`."""

    def pack(self, domain_event: Any) -> bytes:
        return msgspec.json.encode(domain_event)

    def unpack(self, state: bytes, kind: Any) -> Any:
        return msgspec.json.decode(state, type=kind)

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        state = self.pack(domain_event)
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
        return self.unpack(state, resolve_topic(stored_event.topic))


class MsgspecJSON(PlainMapper):
    pass


class MsgspecPack(PlainMapper):
    def pack(self, domain_event: Any) -> bytes:
        return msgspec.msgpack.encode(domain_event)

    def unpack(self, state: bytes, kind: Any) -> Any:
        return msgspec.msgpack.decode(state, type=kind)


class Binary(PlainMapper):
    """A format that nobody else reads."""

    def pack(self, domain_event: Any) -> bytes:
        text = msgspec.json.encode(domain_event)
        return struct.pack(">I", len(text)) + bytes(each ^ 0xA5 for each in text)

    def unpack(self, state: bytes, kind: Any) -> Any:
        return msgspec.json.decode(bytes(each ^ 0xA5 for each in state[4:]), type=kind)


class Unsealed(PlainMapper):
    """Neither compresses nor encrypts, whatever is configured."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        compressor, self.compressor = self.compressor, None
        try:
            return super().to_stored_event(domain_event)
        finally:
            self.compressor = compressor

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return self.unpack(stored_event.state, resolve_topic(stored_event.topic))


class Bare(Mapper[UUID]):
    """Keeps nothing of what it is made of."""

    def __init__(self, **parts: Any) -> None:
        pass

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return MsgspecJSON(Nothing()).to_stored_event(domain_event)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return MsgspecJSON(Nothing()).to_domain_event(stored_event)


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    originator_id: UUID
    originator_version: int
    timestamp: datetime


class Opened(Happened, frozen=True, kw_only=True):
    owner: str
    price: Decimal


class Moved(Happened, frozen=True, kw_only=True):
    places: list[str]


class House(msgspec.Struct, frozen=True):
    id: UUID
    version: int
    owner: str
    price: Decimal
    places: tuple[str, ...] = ()


def project_house(house: House | None, events: Iterable[Happened]) -> House | None:
    for each in events:
        if isinstance(each, Opened):
            house = House(each.originator_id, 1, each.owner, each.price)
        elif isinstance(each, Moved):
            assert house is not None
            house = msgspec.structs.replace(
                house, version=each.originator_version, places=(*house.places, *each.places)
            )
    return house


class Houses(Application[UUID]):
    snapshotting_projectors: ClassVar[dict[Any, Any]] = {House: project_house}


# --- events as arrays, whose fields have no names ------------------------------------------


class Joined(msgspec.Struct, frozen=True, array_like=True):
    originator_id: UUID
    originator_version: int
    email: str


class ByPosition(Mapper[UUID]):
    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            get_topic(type(domain_event)),
            msgspec.json.encode(domain_event),
        )


class PositionalClub(Application[UUID]):
    def construct_mapper(self) -> Mapper[UUID]:
        return ByPosition(transcoder=JSONTranscoder())


# --- the library's mapper, another transcoder ---------------------------------------------


class PlainJSON(Transcoder):
    """As orjson's: ids and times as text, objects as they are."""

    def encode(self, obj: Any) -> bytes:
        return json.dumps(obj, default=str).encode()

    def decode(self, data: bytes) -> Any:
        found = json.loads(data)
        if "timestamp" in found:
            found["timestamp"] = datetime.fromisoformat(found["timestamp"])
        return found


class Marked(Transcoder):
    """JSON with marks of its own."""

    def encode(self, obj: Any) -> bytes:
        def mark(value: Any) -> dict[str, str]:
            return {f"${type(value).__name__}": str(value)}

        return json.dumps(obj, default=mark).encode()

    def decode(self, data: bytes) -> Any:
        def read(found: dict[str, Any]) -> Any:
            if "$datetime" in found:
                return datetime.fromisoformat(found["$datetime"])
            return Decimal(found["$Decimal"]) if "$Decimal" in found else found

        return json.loads(data, object_hook=read)


class Packed(Transcoder):
    def encode(self, obj: Any) -> bytes:
        return msgspec.msgpack.encode(obj)

    def decode(self, data: bytes) -> Any:
        return msgspec.msgpack.decode(data)


class Pickled(Transcoder):
    def encode(self, obj: Any) -> bytes:
        return pickle.dumps(obj)

    def decode(self, data: bytes) -> Any:
        return pickle.loads(data)


class Sealed(JSONTranscoder):
    """Adds something to the library's."""

    def decode(self, data: bytes) -> Any:
        return super().decode(data)


# --- transcodings of one's own ----------------------------------------------------------


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str


class MoneyAsDict(Transcoding):
    type = Money
    name = "money"

    def encode(self, obj: Money) -> dict[str, Any]:
        return {"amount": obj.amount, "currency": obj.currency}

    def decode(self, data: dict[str, Any]) -> Money:
        return Money(**data)


class DateAsISO(Transcoding):
    type = date
    name = "date_iso"

    def encode(self, obj: date) -> str:
        return obj.isoformat()

    def decode(self, data: str) -> date:
        return date.fromisoformat(data)


class SetAsList(Transcoding):
    type = set
    name = "set_as_list"

    def encode(self, obj: set[Any]) -> list[Any]:
        return sorted(obj)

    def decode(self, data: list[Any]) -> set[Any]:
        return set(data)


class DecimalAsCents(Transcoding):
    """Has the name of the library's, and another form."""

    type = Decimal
    name = "decimal_str"

    def encode(self, obj: Decimal) -> int:
        return int(obj * 100)

    def decode(self, data: int) -> Decimal:
        return Decimal(data) / 100


class Cart(Aggregate):
    @event("Filled")
    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    @event("Paid")
    def pay(self, value: Any) -> None:
        self.value = value


class Shop(Application[UUID]):
    def register_transcodings(self, transcoder: JSONTranscoder) -> None:
        super().register_transcodings(transcoder)
        for each in (MoneyAsDict(), DateAsISO(), SetAsList()):
            transcoder.register(each)
