"""Applications whose events belong to no aggregate: refused clearly, wherever they are given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.dcb.application import DCBApplication
from eventsourcing.persistence import InfrastructureFactory, InfrastructureFactoryError
from eventsourcing.popo import POPOTrackingRecorder

import esnb


class Courses(DCBApplication):
    pass


ID = uuid4()
WAYS: dict[str, Callable[[Any], object]] = {
    "events": esnb.events,
    "stream": lambda source: esnb.stream(source, ID),
    "streams": esnb.streams,
    "catalog": esnb.catalog,
    "history": lambda source: esnb.history(source, ID),
    "at": lambda source: esnb.at(source, ID),
    "diff": lambda source: esnb.diff(source, ID),
    "blame": lambda source: esnb.blame(source, ID),
    "what_if": lambda source: esnb.what_if(source, ID),
    "bisect": lambda source: esnb.bisect(source, ID, bool),
    "given_when_then": lambda source: esnb.given_when_then(source, ID),
    "trace": lambda source: esnb.trace(source, "flow"),
    "project": lambda source: esnb.project(source, lambda *_: None, POPOTrackingRecorder),
    "snapshots": esnb.snapshots,
    "verify_snapshot": lambda source: esnb.verify_snapshot(source, ID),
    "checkpoints": esnb.checkpoints,
    "subscriptions": esnb.subscriptions,
    "queue": lambda source: esnb.queue(source, "mail"),
    "read_model": esnb.read_model,
    "outbox_records": esnb.outbox_records,
    "runners": esnb.runners,
    "browse": esnb.browse,
    "explore": lambda source: esnb.explore(source, ID),
    "flow": lambda source: esnb.flow(source, "flow"),
    "watch": esnb.watch,
}


@pytest.mark.parametrize("given", [Courses(), Courses], ids=["instance", "class"])
@pytest.mark.parametrize("way", WAYS)
def test_a_dcb_application_is_no_source(way: str, given: Any) -> None:
    with pytest.raises(TypeError, match="Courses") as caught:
        WAYS[way](given)

    if way not in ("read_model", "catalog") or given is not Courses:
        assert "a DCBApplication's events belong to no aggregate" in str(caught.value)


def test_nothing_is_exported_from_one_or_loaded_into_one(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with pytest.raises(TypeError, match="DCBApplication's events"):
        esnb.export(Courses(), path)
    assert not path.exists()
    esnb.export(_application(), path)
    with pytest.raises(TypeError, match="DCBApplication's events"):
        esnb.load(path, Courses())


def _application() -> Any:
    from eventsourcing.application import Application

    return Application()


@pytest.mark.parametrize("module", ["esnb.eventstoredb", "esnb.redis"])
def test_the_stores_do_not_keep_its_events(module: str) -> None:
    with pytest.raises(InfrastructureFactoryError) as caught:
        Courses(env={"PERSISTENCE_MODULE": module})

    assert "Courses is a DCBApplication" in str(caught.value)
    assert "COURSES_PERSISTENCE_MODULE=eventsourcing.dcb.popo" in str(caught.value)


def test_the_way_out_that_the_error_names_leads_out() -> None:
    app = Courses(
        env={
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "COURSES_PERSISTENCE_MODULE": "eventsourcing.dcb.popo",
        }
    )
    app.close()


def test_each_module_still_has_one_factory_of_applications() -> None:
    env = {"EVENTSTOREDB_URI": "esdb://localhost:2113?Tls=false", "REDIS_URL": "redis://localhost"}
    for module, name in (
        ("esnb.eventstoredb", "EventStoreDBFactory"),
        ("esnb.redis", "RedisFactory"),
    ):
        factory = InfrastructureFactory[Any].construct({**env, "PERSISTENCE_MODULE": module})
        assert type(factory).__name__ == name
        factory.close()
