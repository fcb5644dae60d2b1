"""Records, routes and plans of an outbox: data in, data out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from eventsourcing.application import Application

from esnb.outbox import BullMQPublisher, Outbox, PayloadError, Route, RouteError
from esnb.outbox.job_encoder import Addition
from esnb.outbox.payload import stored_payload
from esnb.outbox.plan import Planner
from esnb.outbox.record import OutboxRecord, from_text, job_data, to_text
from esnb.outbox.view import place_of

ID = "0b0e4a4e-5a8c-4d8e-9f1e-3f0f6a4b7c21"


def record(version: int = 1, aggregate_id: str = "a", **further: Any) -> OutboxRecord:
    return OutboxRecord(ID, aggregate_id, version, "shop:Product.Created", {"n": 1}, **further)


def claimed(*records: OutboxRecord) -> list[tuple[str, str, str, str]]:
    return [(*place_of(each), to_text(each).decode(), "") for each in records]


def planner(route: Any, attempts: int = 3) -> Planner:
    return Planner(route, {"attempts": 2}, attempts, 1.0, 8.0, lambda: 1.0)


def add(queue: str, name: str, id: str, data: str, options: Mapping[str, Any]) -> Addition:
    return Addition((queue, ()), [str(dict(options)).encode()])


@pytest.mark.parametrize(
    ("state", "payload"),
    [
        (b'{"price": {"_type_": "decimal_str", "_data_": "12.50"}}', {"price": "12.50"}),
        (b'{"big": 9007199254740993}', {"big": 9007199254740993}),
        ('{"name": "Änne"}'.encode(), {"name": "Änne"}),
        (b"", None),
    ],
    ids=["wrapped", "integer", "text", "empty"],
)
def test_a_payload_is_the_stored_json(state: bytes, payload: Any) -> None:
    assert stored_payload(Application().mapper, state) == payload


@pytest.mark.parametrize("state", [b"\x80\x04", b"{", b'{"n": NaN}', b'{"n": -Infinity}'])
def test_what_a_strict_parser_refuses_is_no_payload(state: bytes) -> None:
    with pytest.raises(PayloadError, match="not JSON"):
        stored_payload(Application().mapper, state)


def test_a_record_comes_back_as_it_was_stored() -> None:
    original = record(headers={"correlation_id": "order-17"}, position=2**60)
    assert from_text(to_text(original).decode()) == original
    status = '{"state":"failed","attempts":2,"at":1000,"next":3000,"error":"away"}'
    failed = from_text(to_text(original).decode(), status)
    assert (failed.state, failed.attempts, failed.error) == ("failed", 2, "away")
    assert failed.next_attempt is not None
    assert failed.next_attempt.timestamp() == 3


def test_half_a_surrogate_pair_is_kept_escaped() -> None:
    """As JSON of other languages may have it: valid there, and in a job, but no UTF-8."""
    payload = stored_payload(Application().mapper, b'{"owner": "\\ud83d"}')
    original = OutboxRecord(ID, "a", 1, "shop:Product.Created", payload, position=7)
    text = to_text(original).decode()
    assert from_text(text) == original
    assert '"\\ud83d"' in job_data(text)


def test_places_sort_by_version_within_an_aggregate() -> None:
    members = [place_of(record(version))[1] for version in (2, 10, 1, 100)]
    assert sorted(members) == [members[2], members[0], members[1], members[3]]
    assert place_of(record(aggregate_id="a\0b"))[0] == "a\ufffdb"


@pytest.mark.parametrize(
    "options",
    [{"jobId": "x"}, {"attempts": 0}, {"delay": -1}, {"delay": 1.5}, {"priority": 2_097_153}],
    ids=str,
)
def test_options_that_no_job_can_have_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(RouteError, match=next(iter(options))):
        Route("q", **options)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a:b",
        "a b",
        "a\0",
        "a\n",
        "a\tb",
        "a\u00a0b",
        "a\x7f",
        "a\x85",
        "half \ud800",
        "\udfff",
        7,
        b"q",
    ],
    ids=ascii,
)
def test_names_that_no_queue_can_have_are_refused(name: Any) -> None:
    with pytest.raises(RouteError, match="cannot name a queue") as caught:
        Route(name)
    assert str(caught.value).isascii()


@pytest.mark.parametrize("name", ["a:b", "", "half\ud800", None], ids=ascii)
def test_they_are_refused_wherever_a_route_has_them(name: Any) -> None:
    routes = [lambda each: [name], lambda each: Route(name), lambda each: ("q", name)]
    if name is not None:
        routes.append(lambda each: name)
    for route in routes:
        [plan] = planner(route, attempts=1).plan(claimed(record(1, "a")), add)
        assert plan.outcome == "dead"
        assert "cannot name a queue" in plan.error


def test_a_failure_holds_up_what_follows_in_its_aggregate() -> None:
    def route(each: OutboxRecord) -> str:
        if each.aggregate_id == "broken":
            raise LookupError("unknown")
        return "q"

    plans = planner(route).plan(
        claimed(record(1, "broken"), record(2, "broken"), record(1, "sound")), add
    )
    assert [(plan.record.aggregate_id, plan.outcome) for plan in plans] == [
        ("broken", "failed"),
        ("sound", "published"),
    ]
    assert plans[0].error == "LookupError: unknown"
    assert plans[1].jobs[0].addition.arguments == [b"{'attempts': 2}"]


@pytest.mark.parametrize(
    ("before", "outcome", "delay"), [(0, "failed", 1000), (3, "failed", 8000), (5, "dead", 0)]
)
def test_pauses_double_until_a_record_is_dead(before: int, outcome: str, delay: int) -> None:
    def route(each: OutboxRecord) -> str:
        raise LookupError("unknown")

    status = f'{{"state":"failed","attempts":{before}}}'
    [(lane, member, text, _)] = claimed(record())
    [plan] = planner(route, attempts=6).plan([(lane, member, text, status)], add)
    assert (plan.outcome, plan.delay) == (outcome, delay)


@pytest.mark.parametrize(
    ("stores", "application_class", "said"),
    [
        ({}, 7, "7 is not an eventsourcing Application"),
        (Application, {}, "{} is not an eventsourcing Application"),
        (7, Application, "not stores: int; pass the Stores that"),
        ("redis://:sesame@host", Application, "not stores: str; pass the Stores that"),
    ],
)
def test_what_an_outbox_cannot_be_made_of(stores: Any, application_class: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Outbox(stores, application_class)


@pytest.mark.extras
@pytest.mark.parametrize("outbox", [7, {}, Application])
def test_a_publisher_is_of_an_outbox(outbox: Any) -> None:
    with pytest.raises(TypeError, match=r"not an outbox: .*; pass an esnb\.outbox\.Outbox"):
        BullMQPublisher(outbox, lambda record: "mails")
