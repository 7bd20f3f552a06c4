"""A limit on concurrent calls that shrinks under overload and recovers with good answers."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
INCREASE = 0.25  # of a slot for every good answer


class AdaptiveLimit:
    """
    Allow at most *limit* concurrent calls, first come, first served.

    `back_off` halves the limit and pauses for a time that doubles; `decrease` takes one slot away; `increase`
    gives a quarter of one back. One slot always stays, so a recovery is always noticed.
    """

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._max = limit
        self._limit = float(limit)
        self._clock = clock
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._paused_until = 0.0
        self._pause_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def available(self) -> int:
        """How many calls could start now without waiting."""
        if self._waiting or self._clock() < self._paused_until:
            return 0
        return max(0, int(self._limit) - self._active)

    @property
    def active(self) -> int:
        """How many slots are in use."""
        return self._active

    @property
    def waiting(self) -> int:
        """How many calls wait for a slot."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether no slot is in use and no call waits."""
        return not self._active and not self._waiting

    def try_acquire(self) -> bool:
        """Take a slot if one is free that nobody waits for; the caller must `release` it."""
        free = self.available > 0
        if free:
            self._active += 1
        return free

    async def acquire(self) -> None:
        """Wait for a slot and take it; the caller must `release` it."""
        if self.try_acquire():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._wake_waiters()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()  # the slot was granted in the same moment
            else:
                with suppress(ValueError):  # a release may have removed it already
                    self._waiting.remove(waiter)
            raise

    def release(self) -> None:
        """Give the slot back."""
        self._active -= 1
        self._wake_waiters()

    def back_off(self, pause_seconds: float | None = None) -> None:
        """Halve the limit and start no call for *pause_seconds*, or for a pause that grows."""
        self._limit = max(1.0, self._limit / 2)
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, self._pause_seconds * 2))
        pause = (
            self._pause_seconds if pause_seconds is None else min(pause_seconds, 2 * LONGEST_PAUSE_SECONDS)
        )
        self._paused_until = max(self._paused_until, self._clock() + pause)

    def decrease(self) -> None:
        """Take one slot away."""
        self._limit = max(1.0, self._limit - 1)

    def increase(self) -> None:
        """Give a part of a slot back."""
        self._limit = min(float(self._max), self._limit + INCREASE)
        self._pause_seconds /= 2

    def _wake_waiters(self) -> None:
        now = self._clock()
        if now < self._paused_until:
            if self._waiting and self._timer is None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._paused_until - now, self._resume)
            return
        while self._waiting and self._active < int(self._limit):
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._active += 1
                waiter.set_result(None)

    def _resume(self) -> None:
        self._timer = None
        self._wake_waiters()
