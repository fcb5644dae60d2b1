"""Reads far beyond memory: the server sends what the client takes, and holds no more."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from esnb.clients.installed import NewEvent, StreamState, streams_pb2
from tests.embedded_process import EmbeddedProcess

EVENTS = int(os.environ.get("ESNB_SLOW_READER_EVENTS", "20000"))
"""1,000,000 by hand: `ESNB_SLOW_READER_EVENTS=1000000`."""
DATA = b"{}" + b" " * 4000
_GROWTH = 48 * 2**20
"""What buffers of gRPC, SQLite's cache and a chunk of records may take, whatever the log holds."""

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
    pytest.mark.timeout(600 + EVENTS // 100),
]


def resident(server: EmbeddedProcess) -> int:
    """Bytes of memory that the server holds now."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def filled(server: EmbeddedProcess) -> None:
    client = server.client()
    for name in ("by_category", "by_event_type", "streams", "stream_by_category"):
        client.disable_projection(f"${name}")
    for _ in range(EVENTS // 200):
        events = [NewEvent("Happened", DATA) for _ in range(200)]
        client.append_to_stream("long-1", current_version=StreamState.ANY, events=events)


def request(target: str, *, subscribe: bool) -> Any:
    asked = streams_pb2.ReadReq()
    options = asked.options
    if target == "stream":
        options.stream.stream_identifier.stream_name = b"long-1"
        options.stream.start.SetInParent()
    else:
        options.all.start.SetInParent()
    if subscribe:
        options.subscription.SetInParent()
    else:
        options.count = 2**62
    options.no_filter.SetInParent()
    options.uuid_option.string.SetInParent()
    return asked


def test_slow_readers_cost_no_memory(tmp_path: Path) -> None:
    with EmbeddedProcess(tmp_path / "events.db") as server:
        filled(server)
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            read = channel.unary_stream(
                "/event_store.client.streams.Streams/Read",
                streams_pb2.ReadReq.SerializeToString,
                streams_pb2.ReadResp.FromString,
            )
            before = resident(server)
            slow = [
                read(request(target, subscribe=subscribe))
                for target in ("stream", "all")
                for subscribe in (False, True)
            ]
            # Each takes a few, then no more, while another client reads everything.
            for answers in slow:
                for _ in range(20):
                    next(answers)
            total = sum(1 for _ in read(request("stream", subscribe=False)))
            assert total == EVENTS
            assert resident(server) - before < _GROWTH < EVENTS * len(DATA)
            # The slow ones miss nothing.
            assert 20 + sum(1 for _ in slow[0]) == EVENTS
            for answers in slow[1:]:
                answers.cancel()
