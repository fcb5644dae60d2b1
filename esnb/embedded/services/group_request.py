"""What the calls about groups ask for, counted as groups count."""

from __future__ import annotations

from typing import Any

from esnb._client import persistent_pb2
from esnb.embedded.persistent.group import Nack
from esnb.embedded.persistent.group_settings import ALL, END, EventFilter, GroupSettings, Target
from esnb.embedded.services.proposals import stream_name
from esnb.embedded.storage.wire import parsed_uuid
from esnb.embedded.streams.errors import InvalidRequest

_TICKS = 10_000
"""A millisecond in .NET's ticks."""
_NACKS = {0: Nack.RETRY, 1: Nack.PARK, 2: Nack.RETRY, 3: Nack.SKIP, 4: Nack.STOP}
"""By the protocol's numbers; Unknown (0) is tried again."""


def group_name(options: Any) -> str:
    """The group that a request is about."""
    if not options.group_name:
        raise InvalidRequest("the request names no group")
    return str(options.group_name)


def target_name(options: Any) -> str:
    """The stream that a request is about, or `$all`."""
    named = options.WhichOneof("stream_option")
    return ALL if named == "all" else stream_name(options)


def target(options: Any) -> Target:
    """The target of a create or an update; older clients name a stream beside it only."""
    if options.WhichOneof("stream_option") != "all":
        named = options.stream if options.HasField("stream") else options
        return Target(stream_name(named))
    has_filter = "filter_option" in options.all.DESCRIPTOR.oneofs_by_name
    if not has_filter or options.all.WhichOneof("filter_option") != "filter":
        return Target(None)
    kind = options.all.filter.WhichOneof("filter")
    if kind is None:
        raise InvalidRequest("the filter says neither streams nor event types")
    expression = getattr(options.all.filter, kind)
    return Target(
        None,
        EventFilter(kind == "stream_identifier", expression.regex, tuple(expression.prefix)),
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


def _start(options: Any) -> int:
    kind = options.WhichOneof("stream_option")
    if kind is None:
        return _signed(options.settings.revision)
    place = options.all if kind == "all" else options.stream
    named = place.WhichOneof("all_option" if kind == "all" else "revision_option")
    if named == "start":
        return 0
    if named == "end":
        return END
    if named is None:
        raise InvalidRequest("the request does not say where the group begins")
    return _signed(place.position.commit_position if kind == "all" else place.revision)


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


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
