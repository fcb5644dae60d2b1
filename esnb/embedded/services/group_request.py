"""What the calls about groups ask for, counted as groups count."""

from __future__ import annotations

from typing import Any

import grpc

from esnb.clients.installed import persistent_pb2
from esnb.embedded.persistent.group import Nack
from esnb.embedded.persistent.group_settings import (
    ALL,
    END,
    EventFilter,
    GroupSettings,
    GroupTarget,
)
from esnb.embedded.services.choices import chosen_field
from esnb.embedded.services.proposals import stream_name
from esnb.embedded.services.revisions import commit, revision
from esnb.embedded.services.status import Stated
from esnb.embedded.storage.wire import parsed_uuid
from esnb.embedded.streams.errors import InvalidRequest

_TICKS = 10_000
"""A millisecond in .NET's ticks."""
_NAMED = {"start": 0, "end": END}
_NACKS = {0: Nack.RETRY, 1: Nack.PARK, 2: Nack.RETRY, 3: Nack.SKIP, 4: Nack.STOP}
"""By the protocol's numbers; Unknown (0) is tried again."""


def target_name(options: Any) -> str:
    """The stream that a request is about, or `$all`."""
    named = options.WhichOneof("stream_option")
    return ALL if named == "all" else stream_name(options)


def deleted_target(options: Any) -> str:
    """The stream of the group that is to be deleted, or `$all`."""
    if options.WhichOneof("stream_option") == "all":
        return ALL
    return _of_a_stream(options, stream_name(options))


def target(options: Any) -> GroupTarget:
    """The target of a create or an update; older clients name a stream beside it only."""
    if options.WhichOneof("stream_option") != "all":
        named = options.stream if options.HasField("stream") else options
        return GroupTarget(_of_a_stream(options, stream_name(named)))
    has_filter = "filter_option" in options.all.DESCRIPTOR.oneofs_by_name
    if not has_filter or options.all.WhichOneof("filter_option") != "filter":
        return GroupTarget(None)
    by = chosen_field(options.all.filter, "filter")
    expression = getattr(options.all.filter, by)
    return GroupTarget(
        None,
        EventFilter(by == "stream_identifier", expression.regex, tuple(expression.prefix)),
    )


def settings(options: Any) -> GroupSettings:
    """The settings of a create or an update."""
    if not options.HasField("settings"):
        raise InvalidRequest("the request has no settings")
    sent = options.settings
    return GroupSettings(
        start=_start(options),
        resolve_links=sent.resolve_links,
        extra_statistics=sent.extra_statistics,
        message_timeout=_milliseconds(sent, "message_timeout"),
        checkpoint_after=_milliseconds(sent, "checkpoint_after"),
        max_retry_count=sent.max_retry_count,
        min_checkpoint_count=sent.min_checkpoint_count,
        max_checkpoint_count=sent.max_checkpoint_count,
        max_subscriber_count=sent.max_subscriber_count,
        live_buffer_size=sent.live_buffer_size,
        read_batch_size=sent.read_batch_size,
        history_buffer_size=sent.history_buffer_size,
        strategy=_strategy(sent),
    )


def event_ids(messages: Any) -> list[bytes]:
    """The ids that an ack or a nack names; raises `InvalidRequest` when one is none."""
    try:
        return [
            parsed_uuid(
                sent.string,
                sent.structured.most_significant_bits,
                sent.structured.least_significant_bits,
            )
            for sent in messages
        ]
    except ValueError as error:
        raise InvalidRequest(f"an event id is not a UUID: {error}") from error


def nack(action: int) -> Nack:
    """What a nack wants; an action of a later protocol skips, as EventStoreDB has it."""
    return _NACKS.get(action, Nack.SKIP)


def _of_a_stream(options: Any, name: str) -> str:
    """`$all` is not a stream; EventStoreDB notices when the answer is of another kind."""
    if name == ALL:
        change = f"{_verb(options)}PersistentSubscription"
        raise Stated(
            grpc.StatusCode.UNKNOWN,
            f"Envelope callback expected either {change}ToAllCompleted or NotHandled, "
            f"received {change}ToStreamCompleted instead",
        )
    return name


def _start(options: Any) -> int:
    target = options.WhichOneof("stream_option")
    if target is None:
        return revision(options.settings.revision)
    if target == "all":
        return _start_in_all(options)
    named = chosen_field(options.stream, "revision_option")
    return _NAMED[named] if named in _NAMED else revision(options.stream.revision)


def _start_in_all(options: Any) -> int:
    if _verb(options) == "Update" and options.all.WhichOneof("all_option") is None:
        raise InvalidRequest("the request does not say where the group begins")
    named = chosen_field(options.all, "all_option")
    return _NAMED[named] if named in _NAMED else commit(options.all.position)


def _verb(options: Any) -> str:
    """What the request wants, from the name of its type: `CreateReq`."""
    return str(options.DESCRIPTOR.containing_type.name.removesuffix("Req"))


def _milliseconds(sent: Any, name: str) -> int:
    if sent.WhichOneof(name) == f"{name}_ticks":
        return int(getattr(sent, f"{name}_ticks") // _TICKS)
    return int(getattr(sent, f"{name}_ms"))


def _strategy(sent: Any) -> str:
    """By name in newer clients' creations, else by the enumeration's."""
    named = getattr(sent, "consumer_strategy", "")
    if named:
        return str(named)
    try:
        return str(persistent_pb2.CreateReq.ConsumerStrategy.Name(sent.named_consumer_strategy))
    except ValueError:
        return str(sent.named_consumer_strategy)
