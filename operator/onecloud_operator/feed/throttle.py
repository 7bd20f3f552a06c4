"""
Limits parsing of lists to a share of one core, whatever clouds send.

Parsing a page blocks the event loop, and the cloud chooses its size. So after each page a feed waits several
times as long as it took to parse; longer while other feeds wait as well, since they share the core. The share
is divided among tenants first, then among the feeds of each: a tenant can name any number of clouds and
projects, and only slows down its own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    from onecloud_operator.core.values import Place
    from onecloud_operator.engine.clock import Clock

DELAY_FACTOR: Final = 3.0  # times the cost: all feeds together use at most a quarter of a core
CALL_SECONDS: Final = 0.002  # what a page costs besides parsing
MAX_DELAY_SECONDS: Final = 300.0


class Throttle:
    """One for the process."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tenants: dict[Place, Counter[Hashable]] = {}  # how many objects each has there
        self._until: dict[Place, float] = {}  # of the feeds that wait, or did
        self._waiting: dict[
            Hashable, dict[Place, float]
        ] = {}  # the same, by the tenant that it is charged to

    def add(self, place: Place, tenant: Hashable) -> None:
        """Record one more object of *tenant* in *place*."""
        self._tenants.setdefault(place, Counter())[tenant] += 1

    def remove(self, place: Place, tenant: Hashable) -> None:
        """Record one object less."""
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

    def record(self, place: Place, seconds: float) -> None:
        """Record how long parsing a page took. It is charged to the tenant with the fewest waiting feeds."""
        if seconds <= 0.0:
            return
        now = self._now()
        payer = min(self._tenants.get(place) or (None,), key=lambda one: len(self._waiting.get(one, ())))
        own = {one: until for one, until in self._waiting.get(payer, {}).items() if until > now}
        self._waiting[payer] = own | {place: now}
        self._waiting = {
            one: them for one, them in self._waiting.items() if one == payer or _any_waiting(them, now)
        }
        shares = len(self._waiting) * len(self._waiting[payer])
        until = max(now, self._until.get(place, now)) + DELAY_FACTOR * (seconds + CALL_SECONDS) * shares
        self._until[place] = self._waiting[payer][place] = min(until, now + MAX_DELAY_SECONDS)

    def delay(self, place: Place) -> float:
        """Return the seconds until *place* may read a page."""
        return max(0.0, self._until.get(place, 0.0) - self._now())


def _any_waiting(waiting: dict[Place, float], now: float) -> bool:
    """Return whether one of them waits; the last one is the most likely."""
    return any(until > now for until in reversed(waiting.values()))


class FeedThrottle:
    """The throttle of one feed."""

    def __init__(self, throttle: Throttle, place: Place, clock: Clock) -> None:
        self._throttle = throttle
        self._place = place
        self._clock = clock

    async def wait(self) -> None:
        """Wait until a page may be read."""
        while (seconds := self._throttle.delay(self._place)) > 0.0:
            await self._clock.sleep(seconds)

    def record(self, cost_seconds: float) -> None:
        """Record how long parsing a page took."""
        self._throttle.record(self._place, cost_seconds)
