"""The floor under appends for a server on asyncio, which the embedded one is.

It answers appends as `empty_server` does, over `grpc.aio` instead of threads: what
of the embedded server's append is gRPC's event loop, and what is its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from empty_server import appends, streams_service, succeeded  # type: ignore[import-not-found]

from esnb.clients.installed import streams_pb2


async def append(requests: AsyncIterator[Any], context: Any) -> Any:
    """Success, once all was sent."""
    async for _ in requests:
        pass
    return succeeded(streams_pb2.AppendResp())


async def batch_append(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
    """Success, at once."""
    async for request in requests:
        yield succeeded(streams_pb2.BatchAppendResp(correlation_id=request.correlation_id))


async def main() -> None:
    """Print `listening PORT`, and serve until killed."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((streams_service(**appends(append, batch_append)),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening {port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
