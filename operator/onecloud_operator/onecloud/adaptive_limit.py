"""How many calls may be under way at one place: a gate that narrows under strain, and widens again."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
WIDENING = 0.25  # of a place for every good answer


class AdaptiveLimit:
    """
    Let at most *places* in at once, first come first served.

    `strained` halves the places and closes the gate for a pause that doubles; `slow` takes one place away;
    `eased` gives a quarter of one back. One place always stays, so a recovery is always noticed.
    """

    def __init__(self, places: int, clock: Callable[[], float]) -> None:
        self._most = places
        self._places = float(places)
        self._clock = clock
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed_until = 0.0
        self._pause_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def free(self) -> int:
        """How many could enter now without waiting."""
        if self._waiting or self._clock() < self._closed_until:
            return 0
        return max(0, int(self._places) - self._inside)

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether nobody is inside or waiting."""
        return not self._inside and not self._waiting

    @property
    def untroubled(self) -> bool:
        """Whether nothing is remembered that a new gate would not know."""
        return self.idle and self._places >= self._most and self._clock() >= self._closed_until

    async def enter(self) -> None:
        """Wait for a place and take it; whoever enters must `leave`."""
        if self.free:
            self._inside += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # we were let in at the moment we gave up
            else:
                with suppress(ValueError):  # it may have been taken out by whoever left just now
                    self._waiting.remove(turn)
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1
        self._admit()

    def strained(self, pause_seconds: float | None = None) -> None:
        """Take half the places away and let nobody in for *pause_seconds*, or for a pause that grows."""
        self._places = max(1.0, self._places / 2)
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, self._pause_seconds * 2))
        pause = (
            self._pause_seconds if pause_seconds is None else min(pause_seconds, 2 * LONGEST_PAUSE_SECONDS)
        )
        self._closed_until = max(self._closed_until, self._clock() + pause)

    def slow(self) -> None:
        """Take one place away."""
        self._places = max(1.0, self._places - 1)

    def eased(self) -> None:
        """Give a part of a place back."""
        self._places = min(float(self._most), self._places + WIDENING)
        self._pause_seconds /= 2

    def _admit(self) -> None:
        now = self._clock()
        if now < self._closed_until:
            if self._waiting and self._timer is None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._closed_until - now, self._reopen)
            return
        while self._waiting and self._inside < int(self._places):
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)

    def _reopen(self) -> None:
        self._timer = None
        self._admit()
