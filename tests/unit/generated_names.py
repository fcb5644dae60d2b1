"""Aggregates that are called like what a generated test imports or uses."""

from __future__ import annotations

from typing import Any

from eventsourcing.domain import Aggregate


class UUID(Aggregate):
    def __init__(self, value: Any) -> None:
        self.value = value


class datetime(Aggregate):
    def __init__(self, value: Any) -> None:
        self.value = value
