"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLING_ROUNDS = 50  # turns of the loop in which everything that can go on has gone on
MAX_SETTLINGS = 2000


class SimulatedClock:
    """Sleepers wake in the order of their times, with everything between them run to its end."""

    def __init__(self, start: float = 1000.0) -> None:
        self.now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        """Return the simulated time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Sleep until the test has moved the clock that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        until = self.now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self.now = max(self.now, due)
            future.set_result(None)
            await self.settle()
        self.now = until
        await self.settle()

    async def settle(self) -> None:
        """Let what waits for no time run, for some turns of the loop."""
        for _ in range(SETTLING_ROUNDS):
            await asyncio.sleep(0)

    async def settle_until(self, condition: Callable[[], bool]) -> None:
        """Let what waits for no time run until *condition* holds."""
        for _ in range(MAX_SETTLINGS):
            if condition():
                return
            await self.settle()
        raise AssertionError("it never came about, in no time")
