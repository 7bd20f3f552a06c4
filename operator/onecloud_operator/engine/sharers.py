"""What workers are shared by: tenants, and the endpoints of each tenant."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

K = TypeVar("K", bound="Hashable")
S = TypeVar("S", bound="Sharer")

INITIAL_TENANT_WORKERS = 8  # of a tenant; the limit grows with each pass, so a burst is spread
INITIAL_ENDPOINT_WORKERS = 2  # of an endpoint; with one, every edit would wait for another's slow call
BUSY_WORKERS = (
    4  # of a tenant that keeps the event loop busy: so many passes of it stand before another's step
)
BUSY_SHARE = 0.3  # of the loop's time
BUSY_HALF_SECONDS = 2.0  # what is older than this counts half
FAST_SECONDS = 1.0  # a few calls to a healthy cloud; waiting for a timeout takes ten times as long


class Sharer:
    """A tenant or an endpoint. *running*: when each of its passes began, the oldest first."""

    __slots__ = ("fast", "limit", "name", "running")

    def __init__(self, name: Hashable, limit: int, *, fast: bool) -> None:
        self.name = name
        self.fast = fast
        self.running: OrderedDict[Hashable, float] = OrderedDict()
        self.limit = limit  # on workers, plus one for each pass that ended

    def is_fast(self, now: float) -> bool:
        """Return whether the last pass was fast, and no running one has taken long so far."""
        return self.fast and (not self.running or now - next(iter(self.running.values())) < FAST_SECONDS)

    def finished(self, key: Hashable, now: float) -> None:
        self.fast = now - self.running.pop(key) < FAST_SECONDS
        self.limit += 1


class RoundRobin(Generic[S]):
    """Rotates among the sharers with keys in one lane, fast ones apart from the others."""

    __slots__ = ("_fast", "_fast_first", "_slow")

    def __init__(self) -> None:
        self._fast: OrderedDict[S, None] = OrderedDict()
        self._slow: OrderedDict[S, None] = OrderedDict()
        self._fast_first = False

    def __bool__(self) -> bool:
        return bool(self._fast or self._slow)

    def add(self, sharer: S, now: float) -> None:
        """Add *sharer*, or move it to the side where it belongs now."""
        here, there = (self._fast, self._slow) if sharer.is_fast(now) else (self._slow, self._fast)
        there.pop(sharer, None)
        here.setdefault(sharer)

    def update(self, sharer: S, now: float) -> None:
        """Move *sharer* to the right side, if it is a member."""
        if sharer in self._fast or sharer in self._slow:
            self.add(sharer, now)

    def drop(self, sharer: S) -> None:
        self._fast.pop(sharer, None)
        self._slow.pop(sharer, None)

    def candidates(self, capacity: int, reserved: int, now: float) -> Iterator[tuple[S, int]]:
        """Yield sharers with their capacity: *reserved* of the *capacity* is for fast ones."""
        self._fast_first = not self._fast_first
        sides = ((self._fast, capacity), (self._slow, capacity - reserved))
        for side, remaining in sides if self._fast_first else reversed(sides):
            for _ in range(len(side) if remaining > 0 else 0):
                sharer = next(iter(side), None)
                if sharer is None:
                    break
                side.move_to_end(sharer)
                if side is self._fast and not sharer.is_fast(now):
                    self.add(sharer, now)
                    continue
                yield sharer, remaining


class EndpointShare(Sharer, Generic[K]):
    """One tenant's keys for one endpoint. *waiting*: by lane, since when each waits."""

    __slots__ = ("blocked", "tenant", "waiting")

    def __init__(self, tenant: TenantShare[K], name: Hashable, *, fast: bool) -> None:
        super().__init__(name, INITIAL_ENDPOINT_WORKERS, fast=fast)
        self.tenant = tenant
        self.blocked = False  # the endpoint has no free slot for any tenant
        self.waiting: dict[Lane, OrderedDict[K, float]] = {lane: OrderedDict() for lane in Lane}

    def may_start(self, remaining: int, slots: int) -> bool:
        """Return whether one more may run, with so much *remaining* of the tenant's share."""
        return remaining > 0 and len(self.running) < min(self.limit, slots)


class TenantShare(Sharer, Generic[K]):
    """A namespace, and the endpoints of its keys."""

    __slots__ = ("_busy", "_busy_at", "endpoints", "fast_endpoints", "round_robins")

    def __init__(self, name: Hashable) -> None:
        super().__init__(name, INITIAL_TENANT_WORKERS, fast=True)
        self._busy = 0.0  # seconds of the loop's time, as of _busy_at
        self._busy_at = 0.0
        self.endpoints: dict[Hashable, EndpointShare[K]] = {}
        self.fast_endpoints: OrderedDict[Hashable, None] = OrderedDict()  # without keys at present
        self.round_robins: dict[Lane, RoundRobin[EndpointShare[K]]] = {lane: RoundRobin() for lane in Lane}

    def may_start(self, capacity: int) -> bool:
        """Return whether one more may run; a tenant takes no more workers than it leaves for others."""
        running = len(self.running)
        return capacity > 0 if not running else running < min(self.limit, capacity)

    def share(self, capacity: int) -> int:
        """Return how many workers it may have in all, with so much free *capacity*."""
        return max(1, min(self.limit, (len(self.running) + capacity + 1) // 2))

    def charge(self, seconds: float, now: float) -> None:
        """Record that its passes took *seconds* of the loop's time."""
        self._busy = self._busy * 0.5 ** ((now - self._busy_at) / BUSY_HALF_SECONDS) + seconds
        self._busy_at = now

    def busy(self, now: float) -> bool:
        """Return whether it recently used more than its share of the loop's time."""
        recent: float = self._busy * 0.5 ** ((now - self._busy_at) / BUSY_HALF_SECONDS)
        return recent > BUSY_SHARE * BUSY_HALF_SECONDS / math.log(2)


class SharedEndpoint(Generic[K]):
    """An endpoint that tenants share: how many passes use it, and who waits until fewer do."""

    __slots__ = ("blocked", "running")

    def __init__(self) -> None:
        self.running = 0
        self.blocked: OrderedDict[EndpointShare[K], None] = OrderedDict()
