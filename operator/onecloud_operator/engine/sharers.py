"""Those that share workers: tenants among each other, and the places of one tenant its part."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

K = TypeVar("K", bound="Hashable")
S = TypeVar("S", bound="Sharer")

FIRST_PART = 8  # of a tenant; as many as all of it may have after a few passes, but not at once
FIRST_SLOTS = 2  # of a place; one would have every edit wait for a slow call of another
BUSY_PART = 4  # of a tenant that keeps the event loop busy: so many passes of it stand before another's step
BUSY_SHARE = 0.3  # of the loop's time
BUSY_HALF_SECONDS = 2.0  # what is older than this counts half
QUICK_SECONDS = 1.0  # a few calls to a cloud that is well; who waits for a timeout takes ten times as long


class Sharer:
    """A tenant or a place. *running*: when each of its passes began, the oldest first."""

    __slots__ = ("granted", "name", "proven", "running")

    def __init__(self, name: Hashable, granted: int, *, proven: bool) -> None:
        self.name = name
        self.proven = proven
        self.running: OrderedDict[Hashable, float] = OrderedDict()
        self.granted = granted  # workers at most, and one more for each pass that ends

    def quick(self, now: float) -> bool:
        """Say whether the last pass was over soon, and none that is under way has taken long by now."""
        return self.proven and (not self.running or now - next(iter(self.running.values())) < QUICK_SECONDS)

    def ended(self, key: Hashable, now: float) -> None:
        self.proven = now - self.running.pop(key) < QUICK_SECONDS
        self.granted += 1


class Ring(Generic[S]):
    """Those that have keys in one lane, in turn; who is quick stands apart from the rest."""

    __slots__ = ("_quick", "_rest", "_turn")

    def __init__(self) -> None:
        self._quick: OrderedDict[S, None] = OrderedDict()
        self._rest: OrderedDict[S, None] = OrderedDict()
        self._turn = False

    def __bool__(self) -> bool:
        return bool(self._quick or self._rest)

    def put(self, sharer: S, now: float) -> None:
        """Have *sharer* among them, on the side where it belongs now."""
        here, there = (self._quick, self._rest) if sharer.quick(now) else (self._rest, self._quick)
        there.pop(sharer, None)
        here.setdefault(sharer)

    def settle(self, sharer: S, now: float) -> None:
        """Put *sharer* on the right side, if it is here at all."""
        if sharer in self._quick or sharer in self._rest:
            self.put(sharer, now)

    def drop(self, sharer: S) -> None:
        self._quick.pop(sharer, None)
        self._rest.pop(sharer, None)

    def turns(self, room: int, kept: int, now: float) -> Iterator[tuple[S, int]]:
        """Yield whose turn it is, and what room there is for it: *kept* of the *room* is for who is quick."""
        self._turn = not self._turn
        sides = ((self._quick, room), (self._rest, room - kept))
        for side, left in sides if self._turn else reversed(sides):
            for _ in range(len(side) if left > 0 else 0):
                sharer = next(iter(side), None)
                if sharer is None:
                    break
                side.move_to_end(sharer)
                if side is self._quick and not sharer.quick(now):
                    self.put(sharer, now)
                    continue
                yield sharer, left


class EndpointShare(Sharer, Generic[K]):
    """Where keys of one tenant lead to. *waiting*: since when, in each lane."""

    __slots__ = ("blocked", "tenant", "waiting")

    def __init__(self, tenant: TenantShare[K], name: Hashable, *, proven: bool) -> None:
        super().__init__(name, FIRST_SLOTS, proven=proven)
        self.tenant = tenant
        self.blocked = False  # the place has no slot left for anybody
        self.waiting: dict[Lane, OrderedDict[K, float]] = {lane: OrderedDict() for lane in Lane}

    def fits(self, left: int, slots: int) -> bool:
        """Say whether one more may run, if *left* are left of the tenant's part, and *slots* lead there."""
        return left > 0 and len(self.running) < min(self.granted, slots)


class TenantShare(Sharer, Generic[K]):
    """A namespace, and the places that its keys lead to."""

    __slots__ = ("_busy", "_busy_at", "places", "quick_places", "rings")

    def __init__(self, name: Hashable) -> None:
        super().__init__(name, FIRST_PART, proven=True)
        self._busy = 0.0  # seconds of the loop's time, as of _busy_at
        self._busy_at = 0.0
        self.places: dict[Hashable, EndpointShare[K]] = {}
        self.quick_places: OrderedDict[Hashable, None] = OrderedDict()  # that are not there any more
        self.rings: dict[Lane, Ring[EndpointShare[K]]] = {lane: Ring() for lane in Lane}

    def fits(self, room: int) -> bool:
        """Say whether one more may run, if there is *room*: it takes no more than it leaves for others."""
        taken = len(self.running)
        return room > 0 if not taken else taken < min(self.granted, room)

    def part(self, room: int) -> int:
        """Return how many workers it may have in all, if there is *room* for more of its passes."""
        return max(1, min(self.granted, (len(self.running) + room + 1) // 2))

    def spend(self, seconds: float, now: float) -> None:
        """Note that its passes took *seconds* of the loop's time."""
        self._busy = self._busy * 0.5 ** ((now - self._busy_at) / BUSY_HALF_SECONDS) + seconds
        self._busy_at = now

    def busy(self, now: float) -> bool:
        """Say whether it has had more of the loop's time lately than leaves others theirs."""
        lately: float = self._busy * 0.5 ** ((now - self._busy_at) / BUSY_HALF_SECONDS)
        return lately > BUSY_SHARE * BUSY_HALF_SECONDS / math.log(2)


class Site(Generic[K]):
    """A place as all tenants share it: how many passes lead there, and who waits until fewer do."""

    __slots__ = ("blocked", "running")

    def __init__(self) -> None:
        self.running = 0
        self.blocked: OrderedDict[EndpointShare[K], None] = OrderedDict()
