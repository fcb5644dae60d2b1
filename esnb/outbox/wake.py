"""Waiting that an event may cut short."""

from __future__ import annotations

import asyncio


async def woken(wake: asyncio.Event, seconds: float) -> bool:
    """Waits for so many seconds at most; whether it was woken."""
    try:
        async with asyncio.timeout(seconds):
            return await wake.wait()
    except TimeoutError:
        return False
