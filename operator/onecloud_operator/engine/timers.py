"""One timer per key, with a single sleeping task for all of them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from onecloud_operator.engine.clock import Clock

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

SLACK = 64  # stale entries that the heap may hold before it is rebuilt
NEVER = float("inf")


class Timers(Generic[K, V]):
    """
    Calls ``on_due(key, value)`` when a key's timer is due; the earlier of two timers of a key wins.

    Timers can be set at any time, and fire between `start` and `stop`.
    """

    def __init__(self, clock: Clock, on_due: Callable[[K, V], None]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._timers: dict[K, tuple[float, int, V]] = {}
        self._heap: list[tuple[float, int, K]] = []  # entries whose number is no longer the timer's are stale
        self._numbers = itertools.count()
        self._started = False
        self._sleeper: asyncio.Task[None] | None = None
        self._wakes_at = NEVER

    def __len__(self) -> int:
        return len(self._timers)

    def set(self, key: K, seconds: float, value: V) -> None:
        """Set the timer of *key* to *seconds*, unless it is due earlier."""
        due = self._clock.monotonic() + max(seconds, 0.0)
        if (timer := self._timers.get(key)) is not None and timer[0] <= due:
            return
        number = next(self._numbers)
        self._timers[key] = (due, number, value)
        if len(self._heap) > 2 * len(self._timers) + SLACK:
            self._heap = [(timer[0], timer[1], owner) for owner, timer in self._timers.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (due, number, key))
        self._arm()

    def drop(self, key: K) -> None:
        """Remove the timer of *key*."""
        self._timers.pop(key, None)

    def start(self) -> None:
        """Fire timers from now on."""
        self._started = True
        self._arm()

    def stop(self) -> None:
        """Stop firing timers; they stay set."""
        self._started = False
        if self._sleeper is not None:
            self._sleeper.cancel()
        self._sleeper = None
        self._wakes_at = NEVER

    def _arm(self) -> None:
        while self._heap and self._stale(self._heap[0]):
            heapq.heappop(self._heap)
        if not self._started or not self._heap:
            return
        due = self._heap[0][0]
        if self._sleeper is not None:
            if self._wakes_at <= due:
                return  # it wakes earlier, finds nothing due, and sleeps again
            self._sleeper.cancel()
        self._wakes_at = due
        self._sleeper = asyncio.get_running_loop().create_task(self._fire(due - self._clock.monotonic()))

    async def _fire(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._sleeper = None
        self._wakes_at = NEVER
        now = self._clock.monotonic()
        while self._heap and (self._heap[0][0] <= now or self._stale(self._heap[0])):
            entry = heapq.heappop(self._heap)
            if not self._stale(entry):
                key = entry[2]
                self._on_due(key, self._timers.pop(key)[2])
        self._arm()

    def _stale(self, entry: tuple[float, int, K]) -> bool:
        timer = self._timers.get(entry[2])
        return timer is None or timer[1] != entry[1]
