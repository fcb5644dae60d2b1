"""A group's statistics as the protocol's `SubscriptionInfo`."""

from __future__ import annotations

from typing import Any

from esnb.clients.installed import persistent_pb2
from esnb.embedded.persistent.statistics import ConsumerStatistics, GroupStatistics

_USER = "system"
"""Whom a server without authentication takes everyone for."""


def subscription_info(group: GroupStatistics) -> Any:
    """The message."""
    settings = group.settings
    info = persistent_pb2.SubscriptionInfo(
        event_source=group.target.name,
        group_name=group.group,
        status="Live" if group.live else "Behind",
        average_per_second=_clamp(group.per_second),
        total_items=group.total,
        count_since_last_measurement=group.since_last,
        resolve_link_tos=settings.resolve_links,
        start_from=group.target.place_text(settings.start),
        message_timeout_milliseconds=_clamp(settings.message_timeout),
        extra_statistics=settings.extra_statistics,
        max_retry_count=_clamp(settings.max_retry_count),
        live_buffer_size=_clamp(settings.live_buffer_size),
        buffer_size=_clamp(settings.history_buffer_size),
        read_batch_size=_clamp(settings.read_batch_size),
        check_point_after_milliseconds=_clamp(settings.checkpoint_after),
        min_check_point_count=_clamp(settings.min_checkpoint_count),
        max_check_point_count=_clamp(settings.max_checkpoint_count),
        read_buffer_count=group.read_buffer,
        live_buffer_count=group.live_buffer,
        retry_buffer_count=group.retry_buffer,
        total_in_flight_messages=group.in_flight,
        outstanding_messages_count=group.outstanding,
        named_consumer_strategy=settings.strategy,
        max_subscriber_count=_clamp(settings.max_subscriber_count),
        parked_message_count=group.parked,
        connections=[_connection(consumer) for consumer in group.consumers],
    )
    if group.checkpoint is not None:
        info.last_checkpointed_event_position = group.target.place_text(group.checkpoint)
    if group.last_known is not None:
        info.last_known_event_position = group.target.place_text(group.last_known)
    return info


def _clamp(value: int) -> int:
    """The nearest number that the message has room for: it has 32 bits of most."""
    return max(-(2**31), min(value, 2**31 - 1))


def _connection(consumer: ConsumerStatistics) -> Any:
    info = persistent_pb2.SubscriptionInfo.ConnectionInfo(
        username=_USER,
        average_items_per_second=_clamp(consumer.per_second),
        total_items=consumer.total,
        count_since_last_measurement=consumer.since_last,
        available_slots=consumer.free,
        in_flight_messages=consumer.in_flight,
        connection_name=consumer.name,
    )
    setattr(info, "from", consumer.address)
    for key, value in consumer.measurements.items():
        info.observed_measurements.add(key=key, value=value)
    return info
