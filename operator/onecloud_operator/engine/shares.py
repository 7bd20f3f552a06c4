"""
Whose turn it is: tenants share the workers, and the places that a tenant's keys lead to share its part.

    lanes       user edits before what the cloud did before resyncs, each with turns of its own
    tenants     in each lane one key each, in turn; nobody holds more workers than are left for others
    places      the same again among the places of a tenant, which costs others nothing then
    a quarter   of the workers is kept for tenants whose passes are quick, and of a tenant's part likewise

    busy        a tenant that has much of the event loop's time has few passes at a time, if there are others

Places are free to whoever names them, so a thousand that hang take what their tenant has, and no more. A
tenant is quick until a pass of it takes long, and again when one has ended soon; a place has to prove it.

Every operation is O(1), but for those that are passed over because they have their part: at most as many as
there are workers.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.lanes import TURNS, Lane
from onecloud_operator.engine.sharers import BUSY_PART, EndpointShare, Ring, Site, TenantShare

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")

KEPT_PART = 4  # one worker in four is kept for who is quick
REMEMBERED_TENANTS = 4096  # that have nothing to do; beyond, the longest idle one is new again
REMEMBERED_PLACES = 32  # of one tenant, that were quick


class Shares(Generic[K]):
    """
    The keys that wait, and those that run.

    *workers* run at most, *slots* of those that lead to one place. *of(key)* names its tenant and its place,
    and is asked again when the key's turn comes. *now* tells the time in seconds.
    """

    def __init__(
        self,
        workers: int,
        slots: int,
        of: Callable[[K], tuple[Hashable, Hashable]],
        now: Callable[[], float],
    ) -> None:
        self._workers = workers
        self._slots = slots
        self._of = of
        self._now = now
        self._turns = itertools.cycle(TURNS)
        self._first = next(self._turns)
        self._tenants: dict[Hashable, TenantShare[K]] = {}
        self._idle: OrderedDict[Hashable, TenantShare[K]] = OrderedDict()
        self._sites: dict[Hashable, Site[K]] = {}
        self._roomy: set[Hashable] = set()  # sites with room, and places that still count as blocked there
        self._rings: dict[Lane, Ring[TenantShare[K]]] = {lane: Ring() for lane in Lane}
        self._where: dict[K, tuple[EndpointShare[K], Lane]] = {}  # of keys that wait
        self._running: dict[K, EndpointShare[K]] = {}

    def __contains__(self, key: K) -> bool:
        """Say whether *key* waits."""
        return key in self._where

    @property
    def free(self) -> int:
        """Return how many workers have nothing to do."""
        return self._workers - len(self._running)

    def waiting(self, lane: Lane, *, served: bool) -> tuple[int, float | None]:
        """
        Return how many keys wait in *lane*, and since when the oldest does; one look at each place.

        *served*: those whose tenant has workers, and so its part; else those whose tenant has none at all.
        """
        tenants = (tenant for tenant in self._tenants.values() if bool(tenant.running) is served)
        queues = [place.waiting[lane] for tenant in tenants for place in tenant.places.values()]
        oldest = min((next(iter(keys.values())) for keys in queues if keys), default=None)
        return sum(map(len, queues)), oldest

    def add(self, key: K, lane: Lane, since: float) -> None:
        """Have *key* wait; one that waits already keeps its age and the more urgent lane."""
        if (where := self._where.get(key)) is not None:
            if lane >= where[1]:
                return
            since = self.drop(key)
        self._put(key, lane, since)

    def drop(self, key: K) -> float:
        """Have *key* wait no more, which it must; return since when it did."""
        place, lane = self._where.pop(key)
        since = place.waiting[lane].pop(key)
        if not place.waiting[lane]:
            self._leave(place, lane)
        self._tidy(place)
        return since

    def take(self) -> tuple[K, Lane, float] | None:
        """Take out the key whose turn it is and count it as running; None if none may run now."""
        if not self.free or not self._where:
            return None
        lanes = (self._first, *(other for other in Lane if other is not self._first))
        while True:
            found = next(((place, lane) for lane in lanes if (place := self._next(lane)) is not None), None)
            if found is None:
                if not self._roomy:
                    return None
                while self._roomy:
                    self._unblock(next(iter(self._roomy)))
                continue
            place, lane = found
            key = next(iter(place.waiting[lane]))
            if self._of(key) == (place.tenant.name, place.name):
                return self._start(place, key, lane)
            self._put(key, lane, self.drop(key))  # it leads elsewhere by now, and waits there

    def spend(self, key: K, seconds: float) -> None:
        """Note that the work on a key that was taken took *seconds* of the event loop's time."""
        self._running[key].tenant.spend(seconds, self._now())

    def end(self, key: K) -> None:
        """Note that a key that was taken has been worked on."""
        place, now = self._running.pop(key), self._now()
        tenant, site = place.tenant, self._sites[place.name]
        for sharer in (place, tenant):
            sharer.ended(key, now)
        for lane in Lane:
            tenant.rings[lane].settle(place, now)
            self._rings[lane].settle(tenant, now)
        site.running -= 1
        self._unblock(place.name)
        if not site.running and not site.blocked:
            del self._sites[place.name]
        self._tidy(place)

    # -- whose turn it is ----------------------------------------------------------------------------------
    def _next(self, lane: Lane) -> EndpointShare[K] | None:
        """Return the place whose key is next in *lane*, if any may run."""
        now, several = self._now(), len(self._tenants) + len(self._idle) > 1
        for tenant, room in self._rings[lane].turns(self.free, self._workers // KEPT_PART, now):
            if not tenant.fits(room):
                continue
            part = tenant.part(room)
            if several and tenant.busy(now):
                part = min(part, BUSY_PART)
                if len(tenant.running) >= part:
                    continue
            left = max(part - len(tenant.running), 1)
            for place, places_room in tenant.rings[lane].turns(left, part // KEPT_PART, now):
                if not place.fits(places_room, self._slots):
                    continue
                site = self._sites.get(place.name)
                if site is None or site.running < self._slots:
                    return place
                self._block(place, site)
        return None

    def _start(self, place: EndpointShare[K], key: K, lane: Lane) -> tuple[K, Lane, float]:
        now = self._now()
        self._first = next(self._turns)
        self._running[key] = place
        place.running[key] = place.tenant.running[key] = now
        site = self._sites.setdefault(place.name, Site())
        site.running += 1
        if site.running >= self._slots:
            self._roomy.discard(place.name)
        return key, lane, self.drop(key)

    # -- where keys wait -------------------------------------------------------------------------------------
    def _put(self, key: K, lane: Lane, since: float) -> None:
        place = self._place(*self._of(key))
        place.waiting[lane][key] = since
        self._where[key] = (place, lane)
        if not place.blocked:
            self._enter(place, lane)

    def _place(self, tenant_name: Hashable, name: Hashable) -> EndpointShare[K]:
        tenant = self._tenants.get(tenant_name)
        if tenant is None:
            tenant = self._idle.pop(tenant_name, None) or TenantShare(tenant_name)
            self._tenants[tenant_name] = tenant
        place = tenant.places.get(name)
        if place is None:
            proven = tenant.quick_places.pop(name, name) is None
            place = tenant.places[name] = EndpointShare(tenant, name, proven=proven)
        return place

    def _enter(self, place: EndpointShare[K], lane: Lane) -> None:
        now = self._now()
        place.tenant.rings[lane].put(place, now)
        self._rings[lane].put(place.tenant, now)

    def _leave(self, place: EndpointShare[K], lane: Lane) -> None:
        place.tenant.rings[lane].drop(place)
        if not place.tenant.rings[lane]:
            self._rings[lane].drop(place.tenant)

    def _block(self, place: EndpointShare[K], site: Site[K]) -> None:
        """Pass *place* over until fewer passes lead there."""
        place.blocked = True
        site.blocked[place] = None
        for lane in Lane:
            self._leave(place, lane)

    def _unblock(self, name: Hashable) -> None:
        """Have the next of those that wait for room at a site take turns again; its room may be for more."""
        site = self._sites.get(name)
        if site is not None and site.blocked:
            place, _ = site.blocked.popitem(last=False)
            place.blocked = False
            for lane in Lane:
                if place.waiting[lane]:
                    self._enter(place, lane)
        if site is not None and site.blocked and site.running < self._slots:
            self._roomy.add(name)
        else:
            self._roomy.discard(name)

    def _tidy(self, place: EndpointShare[K]) -> None:
        """Forget a place of which nothing waits or runs, and put its tenant aside if that was all."""
        if place.running or any(place.waiting.values()):
            return
        tenant = place.tenant
        if place.blocked:
            self._sites[place.name].blocked.pop(place)
            if not self._sites[place.name].blocked:
                self._roomy.discard(place.name)
        del tenant.places[place.name]
        if place.proven:
            tenant.quick_places[place.name] = None
            if len(tenant.quick_places) > REMEMBERED_PLACES:
                tenant.quick_places.popitem(last=False)
        if not tenant.places:
            self._idle[tenant.name] = self._tenants.pop(tenant.name)
            if len(self._idle) > REMEMBERED_TENANTS:
                self._idle.popitem(last=False)
