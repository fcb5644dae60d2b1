"""An aggregate whose fold is written in a notebook's cells, and its fingerprint."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from esnb.fingerprints.fingerprint import fingerprint


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs cells one after the other in one namespace, as a notebook does; gives it back."""
    monkeypatch.setenv("EVENTSOURCING_DISABLE_REDEFINITION_CHECK", "y")
    module = ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", module)

    def cell(source: str) -> Any:
        exec(compile(source, "<cell>", "exec", dont_inherit=True), vars(module))
        return module

    return cell


AGGREGATE = """
from eventsourcing.domain import Aggregate, event

class Dog(Aggregate):
    @event("Registered")
    def __init__(self, name):
        self.name = name
        self.tricks = []
        self.price = 0

    @event("Priced")
    def set_price(self, amount):
        self.price = {fold}
"""


def of_fold(cell: Callable[..., Any], fold: str) -> str:
    return fingerprint(cell(AGGREGATE.replace("{fold}", fold)).Dog)
