"""Time as an argument, so that an hour of waiting can be tested in a moment."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can be waited on."""

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after *seconds*; at once, but not without giving way, for zero or less."""
        ...


class SystemClock:
    """The clock of this process."""

    def monotonic(self) -> float:
        """Return ``time.monotonic()``, the one that the cloud's client stamps its answers with."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running loop."""
        await asyncio.sleep(max(seconds, 0.0))


class BootClock(SystemClock):
    """The same, but it also counts the time that the whole machine was suspended; only leases need that."""

    def monotonic(self) -> float:
        """Return ``CLOCK_BOOTTIME`` where there is one."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


async def wait_for(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait until *event* is set or *seconds* are over; say whether it was set."""
    if event.is_set() or seconds <= 0:
        return event.is_set()
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({sleeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waiting.cancel()
    return event.is_set()
