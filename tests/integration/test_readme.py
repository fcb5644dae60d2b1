"""The README's Python, run as it stands, block after block in one namespace."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import singledispatchmethod
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eventsourcing.projection import Projection

import esnb

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def names(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    for variable in ("EVENTSTOREDB_URI", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)
    # Topics of the classes lead to it, and a topic has one class in a process.
    module = ModuleType(f"readme_{request.node.name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    namespace: dict[str, Any] = vars(module)
    yield namespace
    if "stores" in namespace:
        namespace["stores"].close()


def run(block: str, names: dict[str, Any]) -> None:
    exec(compile(block, "README.md", "exec"), names)


def test_the_first_notebook_and_its_projection(names: dict[str, Any]) -> None:
    notebook, projection, consumers, *_ = BLOCKS

    run(notebook, names)
    kennel, fido = names["kennel"], names["fido"]
    assert list(esnb.events(kennel)["type"]) == ["Dog.Registered", "Dog.TrickAdded"]
    assert list(esnb.history(kennel, fido.id)["tricks"]) == [[], ["roll over"]]

    class CountTricks(Projection[Any]):
        name = "tricks"

        @singledispatchmethod
        def process_event(self, domain_event: Any, tracking: Any) -> None:
            if type(domain_event).__name__ == "TrickAdded":
                self.view.add(tracking)

    names["CountTricks"] = CountTricks
    run(projection, names)
    assert esnb.read_model(names["runner"])["value"].tolist() == ["1"]

    run(consumers, names)
    assert names["worker"].status().state == "stopped"
    assert [each.group_name for each in names["stores"].eventstoredb.list_subscriptions()] == [
        "invoices"
    ]


@pytest.mark.extras
def test_the_outbox(names: dict[str, Any]) -> None:
    [queue] = [block for block in BLOCKS if "BullMQPublisher" in block]
    run(BLOCKS[0], names)
    run(queue, names)
    assert list(esnb.outbox_records(names["outbox"])["state"]) == ["published", "published"]
    results = esnb.queue(names["stores"], "dogs")["result"]
    assert [result.get("name", result.get("trick")) for result in results] == ["Fido", "roll over"]
