"""The method `Read`: streams and `$all`, once or as a subscription."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

from esnb.embedded.services.proposals import stream_name
from esnb.embedded.services.read_messages import ReadMessages
from esnb.embedded.services.read_request import (
    checked_combination,
    checkpoints,
    expression,
    first_revision,
    first_wanted,
    last_known,
    options_of,
    position,
    window,
)
from esnb.embedded.services.status import abort, of_error
from esnb.embedded.services.uuid_option import write_id
from esnb.embedded.storage import wire
from esnb.embedded.streams import catch_up
from esnb.embedded.streams.errors import InvalidPosition, Refused, UnexpectedResult
from esnb.embedded.streams.filters import Matches, accepted_by, by_name
from esnb.embedded.streams.node import Node


class Read:
    """The method's handler. Its answers are bytes, ready to be sent."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def call(self, request: Any, context: Any) -> AsyncIterator[bytes]:
        """Answer one request, until it is answered or the client goes."""
        try:
            options = options_of(request)
            subscribes = checked_combination(options)
            messages = ReadMessages(
                self._node.reader, write_id(options), resolve_links=options.resolve_links
            )
            target = options.WhichOneof("stream_option")
            if subscribes:
                chunks = self._subscription(options, target, messages)
            elif target == "stream":
                chunks = self._stream(options, messages)
            else:
                chunks = self._all(options, messages)
            async for chunk in chunks:
                yield chunk
        except Refused as error:
            await abort(context, of_error(error))

    async def _stream(self, options: Any, messages: ReadMessages) -> AsyncIterator[bytes]:
        reader = self._node.reader
        stream = stream_name(options.stream)
        start = first_revision(options)
        if options.count == 0 or start < 0:
            raise UnexpectedResult("ReadStreamResult: Error")
        read = reader.backwards if options.read_direction else reader.forwards
        found = read(stream, start, options.count)
        if found is None:
            yield wire.stream_not_found(stream.encode())
            return
        tells_edges = options.control_option.compatibility > 0
        if tells_edges:
            for hop in found.hops:
                yield wire.first_stream_position(hop)
        for record in found.records:
            yield messages.event(record)
        if tells_edges:
            yield wire.last_stream_position(found.last)

    async def _all(self, options: Any, messages: ReadMessages) -> AsyncIterator[bytes]:
        reader = self._node.reader
        start = position(options.all)
        matches = None
        if options.HasField("filter"):
            matches = self._matches(options.filter)
            window(options.filter)
        read = reader.all_backwards if options.read_direction else reader.all_forwards
        kind = "ReadAllResult" if matches is None else "FilteredReadAllResult"
        try:
            chunks = read(start, options.count, matches)
        except InvalidPosition as error:
            raise UnexpectedResult(f"{kind}: InvalidPosition") from error
        for chunk in chunks:
            for record in chunk:
                yield messages.event(record)
            await asyncio.sleep(0)

    async def _subscription(
        self, options: Any, target: str | None, messages: ReadMessages
    ) -> AsyncIterator[bytes]:
        node = self._node
        deliveries: AsyncIterator[catch_up.SubscriptionItem]
        if target == "stream":
            stream = stream_name(options.stream)
            start = first_wanted(options.stream)
            if start is not None:
                node.reader.exists(stream)  # an ended stream's history is refused at once
            deliveries = catch_up.of_stream(node.reader, node.feed, stream, start)
        else:
            after = last_known(options.all)
            filtered = None
            if options.HasField("filter"):
                matches = self._matches(options.filter)
                filtered = catch_up.Filtered(matches, checkpoints(options.filter))
            if after is not None:
                node.reader.require_position(after)
            deliveries = catch_up.of_all(node.reader, node.feed, after, filtered)
        yield wire.confirmation(str(uuid.uuid4()))
        async for delivery in deliveries:
            yield messages.delivery(delivery)

    def _matches(self, filter: Any) -> Matches:
        store = self._node.store
        by, sought = expression(filter)
        accepts = accepted_by(sought.regex, sought.prefix)
        if by == "stream_identifier":
            return by_name(store.streams, lambda record: record.stream, accepts)
        return by_name(store.types, lambda record: record.type, accepts)
