"""The method `Read` of persistent subscriptions: messages out, acks and nacks in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from esnb.embedded.persistent.consumer import GroupConsumer
from esnb.embedded.persistent.group import SubscriptionGroup
from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.registry import Registry
from esnb.embedded.services.group_request import event_ids, nack, target_name
from esnb.embedded.services.group_status import of_group_error
from esnb.embedded.services.read_request import options_of
from esnb.embedded.services.status import abort
from esnb.embedded.services.uuid_option import WriteId, required_write_id
from esnb.embedded.storage import wire
from esnb.embedded.storage.record import LogRecord
from esnb.embedded.streams.errors import InvalidRequest, Refused

_UNNAMED = "<unknown>"


class PersistentRead:
    """The method's handler. Its answers are bytes, ready to be sent."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def call(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[bytes]:
        """Serve one consumer until it goes or is dropped."""
        try:
            first = await anext(aiter(requests), None)
            if first is None:
                return
            if first.WhichOneof("content") != "options":
                raise InvalidRequest("a subscription begins with its options")
            options = options_of(first)
            stream, written = target_name(options), required_write_id(options)
            if options.buffer_size < 1:
                raise InvalidRequest("a consumer takes at least one message (buffer_size)")
            if not options.group_name:
                raise InvalidRequest("the request names no group")
            group = self._registry.get(stream, options.group_name)
            async for chunk in _serve(group, options.buffer_size, written, requests, context):
                yield chunk
        except Refused as error:
            await abort(context, of_group_error(error))


async def _serve(
    group: SubscriptionGroup,
    slots: int,
    write_id: WriteId,
    requests: AsyncIterator[Any],
    context: Any,
) -> AsyncIterator[bytes]:
    outgoing: asyncio.Queue[bytes | Exception] = asyncio.Queue()
    consumer = GroupConsumer(
        slots,
        # Written at once: how often it was tried may change before it is sent.
        lambda message: outgoing.put_nowait(_encode(message, write_id)),
        outgoing.put_nowait,
        name=_connection_name(context),
        address=context.peer().partition(":")[2],
    )
    # However the call ends, and whatever this generator is waiting for then.
    context.add_done_callback(lambda _: group.disconnect(consumer))
    group.connect(consumer)
    hearing = asyncio.create_task(_take_answers(group, requests, outgoing))
    try:
        yield wire.tagged(2, wire.tagged(1, group.subscription.encode()))
        while not isinstance(item := await outgoing.get(), Exception):
            yield item
        raise item
    finally:
        hearing.cancel()
        group.disconnect(consumer)


async def _take_answers(
    group: SubscriptionGroup,
    requests: AsyncIterator[Any],
    outgoing: asyncio.Queue[bytes | Exception],
) -> None:
    """Pass on what the consumer says; a request that is none ends its subscription."""
    try:
        async for request in requests:
            said = request.WhichOneof("content")
            if said == "ack":
                group.acknowledge(event_ids(request.ack.ids))
            elif said == "nack":
                asked = request.nack
                group.refuse(event_ids(asked.ids), nack(asked.action), asked.reason)
            else:
                raise InvalidRequest("behind its options a consumer sends acks and nacks")
    except Refused as error:
        outgoing.put_nowait(error)


def _encode(message: Message, write_id: WriteId) -> bytes:
    def record(of: LogRecord | None) -> bytes | None:
        return None if of is None else write_id(of.event_id) + of.body

    return wire.read_event(
        record(message.event), record(message.link), message.original.position, message.retries
    )


def _connection_name(context: Any) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "connection-name":
            return str(value)
    return _UNNAMED
