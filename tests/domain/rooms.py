"""Rooms whose ids are texts, in an application that says so."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from eventsourcing.application import Application
from eventsourcing.domain import (
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    MetaDomainEvent,
    event,
)


class Room(BaseAggregate[str]):
    """Its id is its name."""

    class Event(CanMutateAggregate[str], metaclass=MetaDomainEvent):
        originator_id: str
        originator_version: int
        timestamp: datetime

    class Created(CanInitAggregate[str], Event):
        originator_topic: str

    class Opened(Created):
        name: str

    @event(Opened)
    def __init__(self, name: str) -> None:
        self.name = name

    @staticmethod
    def create_id(name: str) -> str:
        return name


class Hotel(Application[Any]):
    env: ClassVar[dict[str, str]] = {"ORIGINATOR_ID_TYPE": "text"}
