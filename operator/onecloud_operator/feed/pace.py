"""
How much of the process reading lists may take: a share of one core, whatever clouds send.

A page is read while all else waits, and its size is a cloud's choice. So after each a feed rests as long as
that one cost, several times over; longer while others rest as well, since they share the same core. It is
shared by tenants first, then by the feeds of each: clouds and projects are free to whoever names them, so a
thousand of them are asked seldom, and those of others as ever.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock

RESTS: Final = 3.0  # times the cost: all feeds together take a quarter of a core at most
CALL_SECONDS: Final = 0.002  # what a page costs besides reading it
LONGEST_SECONDS: Final = 300.0


class Pace:
    """One for the process."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tenants: dict[Place, Counter[Hashable]] = {}  # who has how many objects there
        self._until: dict[Place, float] = {}  # of the feeds that rest, or did
        self._resting: dict[Hashable, dict[Place, float]] = {}  # the same by who pays

    def enter(self, place: Place, tenant: Hashable) -> None:
        """Note that *place* is watched for one more object of *tenant*."""
        self._tenants.setdefault(place, Counter())[tenant] += 1

    def leave(self, place: Place, tenant: Hashable) -> None:
        """Note that it is watched for one less."""
        tenants = self._tenants[place]
        tenants[tenant] -= 1
        if not tenants[tenant]:
            del tenants[tenant]
        if not tenants:
            del self._tenants[place]
            self._until.pop(place, None)

    def tenants(self, place: Place) -> Collection[Hashable]:
        """Return those that *place* is watched for."""
        return self._tenants.get(place, ())

    def spent(self, place: Place, seconds: float) -> None:
        """Note that to read a page of *place* took so long. Of those it is for, who rests least pays."""
        if seconds <= 0.0:
            return
        now = self._now()
        payer = min(self._tenants.get(place) or (None,), key=lambda one: len(self._resting.get(one, ())))
        own = {one: until for one, until in self._resting.get(payer, {}).items() if until > now}
        self._resting[payer] = own | {place: now}
        self._resting = {one: them for one, them in self._resting.items() if one == payer or _any(them, now)}
        shares = len(self._resting) * len(self._resting[payer])
        until = max(now, self._until.get(place, now)) + RESTS * (seconds + CALL_SECONDS) * shares
        self._until[place] = self._resting[payer][place] = min(until, now + LONGEST_SECONDS)

    def rest(self, place: Place) -> float:
        """Return the seconds until *place* may ask for a page."""
        return max(0.0, self._until.get(place, 0.0) - self._now())


def _any(resting: dict[Place, float], now: float) -> bool:
    """Say whether one of them rests; the one that began last is likely to."""
    return any(until > now for until in reversed(resting.values()))


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
