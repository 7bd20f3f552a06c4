"""Time as an argument, so that tests can wait an hour in no time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can sleep."""

    def monotonic(self) -> float:
        """Return seconds since a fixed time; never decreases."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after *seconds*; zero or less only yields to the event loop."""
        ...


class SystemClock:
    """The clock of this process."""

    def monotonic(self) -> float:
        """Return ``time.monotonic()``, which the cloud's client uses as well."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running loop."""
        await asyncio.sleep(max(seconds, 0.0))


class BootClock(SystemClock):
    """A clock that includes the time during which the machine was suspended; only leases need that."""

    def monotonic(self) -> float:
        """Return ``CLOCK_BOOTTIME`` where there is one."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


async def wait_for(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait until *event* is set or *seconds* have passed; return whether it is set."""
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
