"""One timer a key, with one sleeping task for all of them."""

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

SLACK = 64  # timers that no longer count, before they are swept out of the heap
NEVER = float("inf")


class Timers(Generic[K, V]):
    """
    Calls ``on_due(key, value)`` when a key's time has come; the earlier of two times of a key wins.

    Timers may be set at any time, and ring between `start` and `stop`.
    """

    def __init__(self, clock: Clock, on_due: Callable[[K, V], None]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._timers: dict[K, tuple[float, int, V]] = {}
        self._heap: list[tuple[float, int, K]] = []  # entries whose number is no longer the timer's are stale
        self._numbers = itertools.count()
        self._started = False
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = NEVER

    def __len__(self) -> int:
        return len(self._timers)

    def set(self, key: K, seconds: float, value: V) -> None:
        """Ring for *key* in *seconds*, unless it does so earlier anyway."""
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
        self._set_alarm()

    def drop(self, key: K) -> None:
        """Do not ring for *key*."""
        self._timers.pop(key, None)

    def start(self) -> None:
        """Ring from now on."""
        self._started = True
        self._set_alarm()

    def stop(self) -> None:
        """Ring no more; what is set stays set."""
        self._started = False
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        self._alarm_at = NEVER

    def _set_alarm(self) -> None:
        while self._heap and self._stale(self._heap[0]):
            heapq.heappop(self._heap)
        if not self._started or not self._heap:
            return
        due = self._heap[0][0]
        if self._alarm is not None:
            if self._alarm_at <= due:
                return  # it rings earlier, finds nothing due, and is set again
            self._alarm.cancel()
        self._alarm_at = due
        self._alarm = asyncio.get_running_loop().create_task(self._ring(due - self._clock.monotonic()))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._alarm_at = NEVER
        now = self._clock.monotonic()
        while self._heap and (self._heap[0][0] <= now or self._stale(self._heap[0])):
            entry = heapq.heappop(self._heap)
            if not self._stale(entry):
                key = entry[2]
                self._on_due(key, self._timers.pop(key)[2])
        self._set_alarm()

    def _stale(self, entry: tuple[float, int, K]) -> bool:
        timer = self._timers.get(entry[2])
        return timer is None or timer[1] != entry[1]
