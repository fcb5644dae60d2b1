"""Requests about groups, in each of the forms that clients send."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from esnb.clients.installed import persistent_pb2, shared_pb2
from esnb.embedded.persistent.group import Nack
from esnb.embedded.persistent.group_settings import END, EventFilter, GroupTarget
from esnb.embedded.services import group_request
from esnb.embedded.services.status import Stated
from esnb.embedded.streams.errors import InvalidArgument, InvalidRequest, Refused

Create = persistent_pb2.CreateReq
Update = persistent_pb2.UpdateReq
EMPTY = shared_pb2.Empty()
STREAM = shared_pb2.StreamIdentifier(stream_name=b"s")


def create(settings: dict[str, Any] | None = None, **options: Any) -> Any:
    return Create.Options(group_name="g", settings=Create.Settings(**settings or {}), **options)


@pytest.mark.parametrize(
    ("options", "target", "start"),
    [
        (create(stream_identifier=STREAM, settings={"revision": 7}), GroupTarget("s"), 7),
        (create(stream_identifier=STREAM, settings={"revision": 2**64 - 1}), GroupTarget("s"), END),
        (
            create(stream=Create.StreamOptions(stream_identifier=STREAM, revision=3)),
            GroupTarget("s"),
            3,
        ),
        (
            create(stream=Create.StreamOptions(stream_identifier=STREAM, start=EMPTY)),
            GroupTarget("s"),
            0,
        ),
        (
            create(stream=Create.StreamOptions(stream_identifier=STREAM, end=EMPTY)),
            GroupTarget("s"),
            END,
        ),
        (create(all=Create.AllOptions(end=EMPTY, no_filter=EMPTY)), GroupTarget(None), END),
        (
            create(
                all=Create.AllOptions(
                    position=Create.Position(commit_position=5, prepare_position=5)
                )
            ),
            GroupTarget(None),
            5,
        ),
        (
            Update.Options(settings=Update.Settings(), all=Update.AllOptions(start=EMPTY)),
            GroupTarget(None),
            0,
        ),
    ],
    ids=["old", "old end", "revision", "start", "end", "all end", "position", "update"],
)
def test_targets_and_starts(options: Any, target: GroupTarget, start: int) -> None:
    assert group_request.target(options) == target
    assert group_request.settings(options).start == start


def test_filters() -> None:
    expression = Create.AllOptions.FilterOptions.Expression(prefix=["a", "b"])
    by_type = Create.AllOptions.FilterOptions(event_type=expression)
    options = create(all=Create.AllOptions(start=EMPTY, filter=by_type))
    assert group_request.target(options).filter == EventFilter(False, "", ("a", "b"))
    nothing = Create.AllOptions(start=EMPTY, filter=Create.AllOptions.FilterOptions())
    with pytest.raises(InvalidArgument, match=r"'None' is not a valid .*FilterOneofCase"):
        group_request.target(create(all=nothing))


@pytest.mark.parametrize(
    ("sent", "milliseconds"),
    [
        ({"message_timeout_ms": 1500}, 1500),
        ({"message_timeout_ticks": 15_000_000}, 1500),
        ({}, 0),
    ],
    ids=["ms", "ticks", "none"],
)
def test_times(sent: dict[str, int], milliseconds: int) -> None:
    options = create(sent, stream_identifier=STREAM)
    assert group_request.settings(options).message_timeout == milliseconds


@pytest.mark.parametrize(
    ("sent", "strategy"),
    [
        ({}, "DispatchToSingle"),
        ({"named_consumer_strategy": 2}, "Pinned"),
        ({"named_consumer_strategy": 1, "consumer_strategy": "Odd"}, "Odd"),
        ({"named_consumer_strategy": 9}, "9"),
    ],
    ids=["default", "enumerated", "named", "unknown"],
)
def test_strategies(sent: dict[str, Any], strategy: str) -> None:
    options = create(sent, stream_identifier=STREAM)
    assert group_request.settings(options).strategy == strategy


def test_nacks() -> None:
    numbers = dict(persistent_pb2.ReadReq.Nack.Action.items())
    assert {name: group_request.nack(number) for name, number in numbers.items()} == {
        "Unknown": Nack.RETRY,
        "Park": Nack.PARK,
        "Retry": Nack.RETRY,
        "Skip": Nack.SKIP,
        "Stop": Nack.STOP,
    }
    assert group_request.nack(99) is Nack.SKIP


def test_ids() -> None:
    text = shared_pb2.UUID(string=str(UUID(int=5)))
    halves = shared_pb2.UUID(
        structured=shared_pb2.UUID.Structured(most_significant_bits=-1, least_significant_bits=2)
    )
    assert group_request.event_ids([text, halves]) == [
        UUID(int=5).bytes,
        b"\xff" * 8 + (2).to_bytes(8, "big"),
    ]
    with pytest.raises(InvalidRequest, match="not a UUID"):
        group_request.event_ids([shared_pb2.UUID(string="x")])


@pytest.mark.parametrize(
    ("read", "options", "error", "text"),
    [
        (
            group_request.settings,
            Create.Options(stream_identifier=STREAM),
            InvalidRequest,
            "no settings",
        ),
        (group_request.target, Create.Options(), InvalidRequest, "no stream"),
        (
            group_request.settings,
            create(stream=Create.StreamOptions(stream_identifier=STREAM)),
            InvalidArgument,
            "CreateReq[+]Types[+]StreamOptions[+]RevisionOptionOneofCase",
        ),
        (
            group_request.settings,
            create(all=Create.AllOptions()),
            InvalidArgument,
            "CreateReq[+]Types[+]AllOptions[+]AllOptionOneofCase",
        ),
        (
            group_request.settings,
            Update.Options(
                settings=Update.Settings(), stream=Update.StreamOptions(stream_identifier=STREAM)
            ),
            InvalidArgument,
            "UpdateReq[+]Types[+]StreamOptions[+]RevisionOptionOneofCase",
        ),
        (
            group_request.settings,
            Update.Options(settings=Update.Settings(), all=Update.AllOptions()),
            InvalidRequest,
            "where the group begins",
        ),
    ],
    ids=["settings", "stream", "start", "all start", "update start", "update all start"],
)
def test_what_is_missing(read: Any, options: Any, error: type[Refused], text: str) -> None:
    with pytest.raises(error, match=text):
        read(options)


@pytest.mark.parametrize(
    "options",
    [
        create({"revision": 2**63}, stream_identifier=STREAM),
        create(stream=Create.StreamOptions(stream_identifier=STREAM, revision=2**64 - 2)),
        create(all=Create.AllOptions(position=Create.Position(commit_position=2**63))),
        create(all=Create.AllOptions(position=Create.Position(prepare_position=1))),
    ],
    ids=["old revision", "revision", "position", "prepared after it was committed"],
)
def test_starts_that_are_none(options: Any) -> None:
    with pytest.raises(InvalidRequest):
        group_request.settings(options)


@pytest.mark.parametrize("change", ["Create", "Update", "Delete"])
def test_all_is_not_the_name_of_a_stream(change: str) -> None:
    options = getattr(persistent_pb2, f"{change}Req").Options()
    options.stream_identifier.stream_name = b"$all"
    read = group_request.deleted_target if change == "Delete" else group_request.target
    with pytest.raises(Stated) as error:
        read(options)
    assert str(error.value) == (
        f"Envelope callback expected either {change}PersistentSubscriptionToAllCompleted or "
        f"NotHandled, received {change}PersistentSubscriptionToStreamCompleted instead"
    )
