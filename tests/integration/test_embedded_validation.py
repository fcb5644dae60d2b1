"""Requests that lack something or say what cannot be: what is told, and which fault first.

The answers are those of EventStoreDB 23.10; where it says only that its handler
threw, ours adds why.
"""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from tests.conformance.conversation import Conversation, Json, alike
from tests.embedded_server import start_server

THREW = {"status": "UNKNOWN", "details": "Exception was thrown by handler.", "trailers": {}}
STREAM = {"stream_name": "«s:a»"}
SETTINGS = {
    "history_buffer_size": 20,
    "live_buffer_size": 20,
    "read_batch_size": 5,
    "max_checkpoint_count": 10,
    "consumer_strategy": "RoundRobin",
}
UPDATE = {key: value for key, value in SETTINGS.items() if key != "consumer_strategy"}
TO_STREAM = {"stream": {"stream_identifier": STREAM, "start": {}}}
IN_WORDS: Json = {"uuid_option": {"string": {}}}


def invalid(kind: str) -> Json:
    return {
        "status": "INVALID_ARGUMENT",
        "details": f"'None' is not a valid EventStore.Client.{kind}OneofCase",
        "trailers": {},
    }


def missing(group: str = "«g:1»") -> Json:
    named = {"group-name": group} if group else {}
    return {
        "status": "NOT_FOUND",
        "details": f"Subscription group {group} on stream «s:a» does not exist.",
        "trailers": {
            "exception": "persistent-subscription-does-not-exist",
            "stream-name": "«s:a»",
            **named,
        },
    }


def other_kind(change: str) -> Json:
    """What is told of a stream that is called `$all`."""
    return {
        "status": "UNKNOWN",
        "details": f"Envelope callback expected either {change}PersistentSubscriptionToAll"
        f"Completed or NotHandled, received {change}PersistentSubscriptionToStreamCompleted "
        "instead",
        "trailers": {},
    }


def failed(reason: str) -> Json:
    return {
        "status": "INTERNAL",
        "details": f"Subscription group «g:1» on stream «s:a» failed: '{reason}'",
        "trailers": {
            "exception": "persistent-subscription-failed",
            "stream-name": "«s:a»",
            "group-name": "«g:1»",
            "reason": reason,
        },
    }


def group(**options: Json) -> Json:
    return {"options": {"group_name": "«g:1»", **options}}


def not_that(found: str) -> Json:
    return {
        "status": "UNKNOWN",
        "details": f"Envelope callback expected Updated, received {found} instead",
        "trailers": {},
    }


STREAMS: dict[str, tuple[str, Json, Json]] = {
    "append, no expectation": (
        "Append", [{"options": {"stream_identifier": STREAM}}],
        invalid("Streams.AppendReq+Types+Options+ExpectedStreamRevision"),
    ),
    "append, no expectation and no name": (
        "Append", [{"options": {"stream_identifier": {"stream_name": ""}}}],
        invalid("Streams.AppendReq+Types+Options+ExpectedStreamRevision"),
    ),
    "append, nothing at all": ("Append", [{"options": {}}], THREW),
    "append, no requests": ("Append", [], THREW),
    "append, options twice": (
        "Append", [{"options": {"stream_identifier": STREAM, "any": {}}}] * 2, THREW,
    ),
    "append, expectation before events": (
        "Append", [{"options": {"stream_identifier": STREAM}}, {"proposed_message": {}}],
        invalid("Streams.AppendReq+Types+Options+ExpectedStreamRevision"),
    ),
    "append, events before the name": (
        "Append",
        [
            {"options": {"stream_identifier": {"stream_name": ""}, "any": {}}},
            {"proposed_message": {"metadata": {"type": "T"}}},
        ],
        {
            "status": "INVALID_ARGUMENT",
            "details": "Required Metadata Property 'content-type' is missing",
            "trailers": {
                "exception": "missing-required-metadata-property",
                "required-metadata-properties": "type,content-type",
            },
        },
    ),
    "append, revision beyond all": (
        "Append", [{"options": {"stream_identifier": STREAM, "revision": 2**64 - 2}}], THREW,
    ),
    "append, the largest revision is no stream": (
        "Append", [{"options": {"stream_identifier": STREAM, "revision": 2**64 - 1}}],
        {"success": {"no_stream": {}, "position": {
            "commit_position": "<position>", "prepare_position": "<position>"}}},
    ),
    "delete, no expectation": (
        "Delete", {"options": {"stream_identifier": STREAM}},
        invalid("Streams.DeleteReq+Types+Options+ExpectedStreamRevision"),
    ),
    "delete, no name": (
        "Delete", {"options": {"stream_identifier": {"stream_name": ""}, "any": {}}}, THREW,
    ),
    "delete, nothing at all": ("Delete", {"options": {}}, THREW),
    "tombstone, no expectation": (
        "Tombstone", {"options": {"stream_identifier": STREAM}},
        invalid("Streams.TombstoneReq+Types+Options+ExpectedStreamRevision"),
    ),
    "tombstone, revision beyond all": (
        "Tombstone", {"options": {"stream_identifier": STREAM, "revision": 2**63}}, THREW,
    ),
}  # fmt: skip

GROUPS: dict[str, tuple[str, Json, Json]] = {
    "create, no options": ("PSCreate", {}, THREW),
    "create, no settings": ("PSCreate", group(**TO_STREAM), THREW),
    "create, no target": ("PSCreate", group(settings=SETTINGS), THREW),
    "create, no start": (
        "PSCreate", group(stream={"stream_identifier": STREAM}, settings=SETTINGS),
        invalid("PersistentSubscriptions.CreateReq+Types+StreamOptions+RevisionOption"),
    ),
    "create, no start in all": (
        "PSCreate", group(all={"no_filter": {}}, settings=SETTINGS),
        invalid("PersistentSubscriptions.CreateReq+Types+AllOptions+AllOption"),
    ),
    "create, a filter of nothing": (
        "PSCreate", group(all={"start": {}, "filter": {"count": {}}}, settings=SETTINGS),
        invalid("PersistentSubscriptions.CreateReq+Types+AllOptions+Types+FilterOptions+Filter"),
    ),
    "create, start before filter": (
        "PSCreate", group(all={"filter": {}}, settings=SETTINGS),
        invalid("PersistentSubscriptions.CreateReq+Types+AllOptions+AllOption"),
    ),
    "create, no expression, and a strategy that is none": (
        "PSCreate",
        group(
            all={"start": {}, "filter": {"event_type": {"regex": "(["}}},
            settings={**SETTINGS, "consumer_strategy": "Nonsense"},
        ),
        THREW,
    ),
    "create, revision beyond all": (
        "PSCreate",
        group(stream={"stream_identifier": STREAM, "revision": 2**63}, settings=SETTINGS), THREW,
    ),
    "create, a commit before its prepare": (
        "PSCreate",
        group(all={"position": {"commit_position": 1, "prepare_position": 2}}, settings=SETTINGS),
        THREW,
    ),
    "create, a stream called $all": (
        "PSCreate",
        group(
            stream={"stream_identifier": {"stream_name": "$all"}, "start": {}}, settings=SETTINGS
        ),
        other_kind("Create"),
    ),
    "create, strategy before buffers": (
        "PSCreate",
        group(
            **TO_STREAM,
            settings={**SETTINGS, "consumer_strategy": "Nonsense", "history_buffer_size": 1},
        ),
        failed("Consumer strategy Nonsense does not exist."),
    ),
    "create, buffers": (
        "PSCreate", group(**TO_STREAM, settings={**SETTINGS, "history_buffer_size": 5}),
        failed(
            "Specified argument was out of the range of valid values. (Parameter "
            "'ReadBatchSize may not be greater than or equal to BufferSize')"
        ),
    ),
    "update, no start": (
        "PSUpdate", group(stream={"stream_identifier": STREAM}, settings=UPDATE),
        invalid("PersistentSubscriptions.UpdateReq+Types+StreamOptions+RevisionOption"),
    ),
    "update, no start in all": ("PSUpdate", group(all={}, settings=UPDATE), THREW),
    "update, no such group": ("PSUpdate", group(**TO_STREAM, settings=UPDATE), missing()),
    "update, no such group before buffers": (
        "PSUpdate", group(**TO_STREAM, settings={**UPDATE, "history_buffer_size": 1}), missing(),
    ),
    "update, a stream called $all": (
        "PSUpdate",
        group(stream={"stream_identifier": {"stream_name": "$all"}, "start": {}}, settings=UPDATE),
        other_kind("Update"),
    ),
    "delete, no target": ("PSDelete", group(), THREW),
    "delete, no such group": ("PSDelete", group(stream_identifier=STREAM), missing()),
    "delete, a stream called $all": (
        "PSDelete", group(stream_identifier={"stream_name": "$all"}), other_kind("Delete"),
    ),
    "info, no target": ("PSInfo", group(), THREW),
    "info, no group": (
        "PSInfo", {"options": {"stream_identifier": STREAM, "group_name": ""}}, missing(""),
    ),
    "list, of nobody": ("PSList", {"options": {}}, THREW),
    "list, of no stream": ("PSList", {"options": {"list_for_stream": {}}}, THREW),
    "list, of a stream without groups": (
        "PSList", {"options": {"list_for_stream": {"stream": STREAM}}}, missing(""),
    ),
    "replay, no target": ("PSReplay", group(no_limit={}), THREW),
    "replay, no end": ("PSReplay", group(stream_identifier=STREAM), THREW),
    "replay, a negative end, and no such group": (
        "PSReplay", group(stream_identifier=STREAM, stop_at=-1),
        failed("Cannot stop replaying parked message at a negative version."),
    ),
    "replay, no such group": ("PSReplay", group(stream_identifier=STREAM, no_limit={}), missing()),
}  # fmt: skip

PROJECTIONS: dict[str, tuple[str, Json, Json]] = {
    "create, no mode": ("PCreate", {"options": {"query": ""}}, THREW),
    "create, tracks and does not emit": (
        "PCreate",
        {"options": {"continuous": {"name": "$by_category", "track_emitted_streams": True}}}, THREW,
    ),
    "create, there already": (
        "PCreate", {"options": {"continuous": {"name": "$by_category"}}}, not_that("Conflict"),
    ),
    "update, emitting or not": ("PUpdate", {"options": {"name": "«p:1»", "query": ""}}, THREW),
    "update, no such projection": (
        "PUpdate", {"options": {"name": "«p:1»", "query": "", "no_emit_options": {}}},
        not_that("NotFound"),
    ),
    "update, no name": (
        "PUpdate", {"options": {"query": "", "emit_enabled": False}}, not_that("NotFound"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    with (
        start_server() as server,
        grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        yield channel


def check(channel: grpc.Channel, call: str, sent: Json, wanted: Json) -> None:
    (answer,) = Conversation(channel).held([{"call": call, "in": sent}])
    assert alike(wanted, answer), f"wanted {wanted}\ngot    {answer}"


@pytest.mark.parametrize("name", STREAMS)
def test_streams(channel: grpc.Channel, name: str) -> None:
    check(channel, *STREAMS[name])


@pytest.mark.parametrize("name", GROUPS)
def test_groups(channel: grpc.Channel, name: str) -> None:
    check(channel, *GROUPS[name])


@pytest.mark.parametrize("name", PROJECTIONS)
def test_projections(channel: grpc.Channel, name: str) -> None:
    check(channel, *PROJECTIONS[name])


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"buffer_size": 1, **IN_WORDS}, THREW),
        ({"stream_identifier": STREAM, "buffer_size": 1}, THREW),
        ({"stream_identifier": STREAM, **IN_WORDS}, THREW),
        ({"stream_identifier": STREAM, "buffer_size": -1, **IN_WORDS}, THREW),
        ({"stream_identifier": STREAM, "buffer_size": 1, "group_name": "", **IN_WORDS}, THREW),
        ({"stream_identifier": STREAM, "buffer_size": 1, **IN_WORDS}, missing()),
        ({"stream_identifier": STREAM, "buffer_size": 1, "uuid_option": {}}, missing()),
    ],
    ids=["target", "ids", "no buffer", "negative buffer", "no group", "group", "ids in no form"],
)
def test_consumers_of_no_group(channel: grpc.Channel, options: Json, wanted: Json) -> None:
    request = {"options": {"group_name": "«g:1»", **options}}
    steps = [{"call": "PSRead", "in": [request], "take": 1}]
    ((answer,),) = Conversation(channel).held(steps)
    assert alike(wanted, answer), f"wanted {wanted}\ngot    {answer}"


def test_ids_in_no_form_are_two_numbers(channel: grpc.Channel) -> None:
    proposed = {
        "id": {"string": "«u:1»"},
        "metadata": {"type": "T", "content-type": "application/json"},
        "data": "{}",
    }
    opening = {"options": {"stream_identifier": STREAM, "any": {}}}
    options = {"stream_identifier": STREAM, "buffer_size": 1, "uuid_option": {}}
    *_, (confirmation, message) = Conversation(channel).held(
        [
            {"call": "Append", "in": [opening, {"proposed_message": proposed}]},
            {"call": "PSCreate", "in": group(**TO_STREAM, settings=SETTINGS)},
            {"call": "PSRead", "in": [group(**options)], "take": 2},
        ]
    )
    assert "subscription_confirmation" in confirmation
    assert message["event"]["event"]["id"] == {"structured": "«u:1»"}


def test_a_group_may_be_called_nothing_but_not_be_consumed(channel: grpc.Channel) -> None:
    """EventStoreDB looks at the name when a consumer comes."""
    nameless = {"stream_identifier": STREAM, "group_name": ""}
    created, again, info, read, deleted, gone = Conversation(channel).held(
        [
            {"call": "PSCreate", "in": {"options": {**TO_STREAM, "settings": SETTINGS}}},
            {"call": "PSCreate", "in": {"options": {**TO_STREAM, "settings": SETTINGS}}},
            {"call": "PSInfo", "in": {"options": nameless}},
            {
                "call": "PSRead",
                "in": [{"options": {**nameless, "buffer_size": 1, **IN_WORDS}}],
                "take": 1,
            },
            {"call": "PSDelete", "in": {"options": nameless}},
            {"call": "PSInfo", "in": {"options": nameless}},
        ]
    )
    assert created == deleted == {}
    assert again["status"] == "ALREADY_EXISTS"
    assert info["subscription_info"]["event_source"] == "«s:a»"
    assert alike([THREW], read)
    assert gone == missing("")


def test_the_group_on_all_has_one_name_in_every_call(channel: grpc.Channel) -> None:
    """Where nothing is changed a stream called `$all` is `$all`."""
    everything = {"all": {"start": {}, "no_filter": {}}, "settings": SETTINGS}
    called = {"stream_identifier": {"stream_name": "$all"}}
    created, info, listed, replayed, deleted = Conversation(channel).held(
        [
            {"call": "PSCreate", "in": group(**everything)},
            {"call": "PSInfo", "in": group(**called)},
            {
                "call": "PSList",
                "in": {"options": {"list_for_stream": {"stream": {"stream_name": "$all"}}}},
            },
            {"call": "PSReplay", "in": group(**called, no_limit={})},
            {"call": "PSDelete", "in": group(all={})},
        ]
    )
    assert created == replayed == deleted == {}
    assert info["subscription_info"]["event_source"] == "$all"
    assert "«g:1»" in [one["group_name"] for one in listed["subscriptions"]]
