"""
How much of the process reading lists may take: a share of one core, whatever clouds send, divided by feeds.

A page is read while all else waits, and its size is a cloud's choice. So after each a feed rests as long as
that one cost, several times over; longer while others rest as well, since they share the same core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.place import Place
    from onecloud_operator.engine.clock import Clock

RESTS: Final = 3.0  # times the cost: all feeds together take a quarter of a core at most
LONGEST_SECONDS: Final = 60.0


class Pace:
    """One for the process."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[Place, float] = {}  # of the feeds that rest

    def spent(self, place: Place, seconds: float) -> None:
        """Note that a page of *place* cost so much."""
        if seconds <= 0.0:
            return
        now = self._now()
        self._until = {one: until for one, until in self._until.items() if until > now}
        resting = len(self._until.keys() | {place})
        until = max(now, self._until.get(place, now)) + RESTS * seconds * resting
        self._until[place] = min(until, now + LONGEST_SECONDS)

    def rest(self, place: Place) -> float:
        """Return the seconds until *place* may ask for a page."""
        return max(0.0, self._until.get(place, 0.0) - self._now())


class Rest:
    """The same for one feed."""

    def __init__(self, pace: Pace, place: Place, clock: Clock) -> None:
        self._pace = pace
        self._place = place
        self._clock = clock

    async def take(self) -> None:
        """Wait until a page may be asked for."""
        while (seconds := self._pace.rest(self._place)) > 0.0:
            await self._clock.sleep(seconds)

    def earn(self, cost_seconds: float) -> None:
        """Note what a page cost."""
        self._pace.spent(self._place, cost_seconds)
