"""
Whose turn it is: tenants share the workers, and the places that a tenant's keys lead to share its part.

    lanes       user edits before what the cloud did before resyncs, each with turns of its own
    tenants     in each lane one key each, in turn; nobody holds more workers than are left for others
    places      the same again among the places of a tenant, which costs others nothing then
    a quarter   of the workers is kept for tenants whose passes are quick, and of a tenant's part likewise

Places are free to whoever names them, so a thousand that hang take what their tenant has, and no more. A
tenant is quick until a pass of it takes long, and again when one has ended soon; a place has to prove it.

Every operation is O(1), but for those that are passed over because they have their part: at most as many as
there are workers.
"""

from __future__ import annotations

import enum
import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

K = TypeVar("K", bound="Hashable")
S = TypeVar("S", bound="_Sharer")


class Lane(enum.IntEnum):
    """Who waits: a person, what the cloud did, or nobody."""

    USER = 0
    CLOUD = 1
    RESYNC = 2


# Which lane a turn begins with; an empty lane's turn goes to the most urgent one that waits. So user edits go
# first, and of eight keys three are the cloud's and one is a resync, whatever the users do: what they have
# begun comes to its end while more of theirs waits.
TURNS = (Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.CLOUD, Lane.USER, Lane.RESYNC)
FIRST_PART = 8  # of a tenant; as many as all of it may have after a few passes, but not at once
FIRST_SLOTS = 2  # of a place; one would have every edit wait for a slow call of another
QUICK_SECONDS = (
    1.0  # a pass with a few calls to a cloud that is well; one that waits for a timeout takes 10 and more
)
KEPT_PART = 4  # one worker in four is kept for who is quick
REMEMBERED_TENANTS = (
    4096  # that have nothing to do; beyond, the one that has been idle for longest is new again
)
REMEMBERED_PLACES = 32  # of one tenant, that were quick


class _Sharer:
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


class _Ring(Generic[S]):
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


class _Place(_Sharer, Generic[K]):
    """Where keys of one tenant lead to. *waiting*: since when, in each lane."""

    __slots__ = ("blocked", "tenant", "waiting")

    def __init__(self, tenant: _Tenant[K], name: Hashable, *, proven: bool) -> None:
        super().__init__(name, FIRST_SLOTS, proven=proven)
        self.tenant = tenant
        self.blocked = False  # the place has no slot left for anybody
        self.waiting: dict[Lane, OrderedDict[K, float]] = {lane: OrderedDict() for lane in Lane}

    def fits(self, left: int, slots: int) -> bool:
        """Say whether one more may run, if *left* are left of the tenant's part, and *slots* lead there."""
        return left > 0 and len(self.running) < min(self.granted, slots)


class _Tenant(_Sharer, Generic[K]):
    __slots__ = ("places", "quick_places", "rings")

    def __init__(self, name: Hashable) -> None:
        super().__init__(name, FIRST_PART, proven=True)
        self.places: dict[Hashable, _Place[K]] = {}
        self.quick_places: OrderedDict[Hashable, None] = OrderedDict()  # that are not there any more
        self.rings: dict[Lane, _Ring[_Place[K]]] = {lane: _Ring() for lane in Lane}

    def fits(self, room: int) -> bool:
        """Say whether one more may run, if there is *room*: it takes no more than it leaves for others."""
        taken = len(self.running)
        return room > 0 if not taken else taken < min(self.granted, room)

    def part(self, room: int) -> int:
        """Return how many workers it may have in all, if there is *room* for more of its passes."""
        return max(1, min(self.granted, (len(self.running) + room + 1) // 2))


class _Site(Generic[K]):
    """A place as all tenants share it: how many passes lead there, and who waits until fewer do."""

    __slots__ = ("blocked", "running")

    def __init__(self) -> None:
        self.running = 0
        self.blocked: OrderedDict[_Place[K], None] = OrderedDict()


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
        self._tenants: dict[Hashable, _Tenant[K]] = {}
        self._idle: OrderedDict[Hashable, _Tenant[K]] = OrderedDict()
        self._sites: dict[Hashable, _Site[K]] = {}
        self._roomy: set[Hashable] = set()  # sites with room, and places that still count as blocked there
        self._rings: dict[Lane, _Ring[_Tenant[K]]] = {lane: _Ring() for lane in Lane}
        self._where: dict[K, tuple[_Place[K], Lane]] = {}  # of keys that wait
        self._running: dict[K, _Place[K]] = {}

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
    def _next(self, lane: Lane) -> _Place[K] | None:
        """Return the place whose key is next in *lane*, if any may run."""
        now = self._now()
        for tenant, room in self._rings[lane].turns(self.free, self._workers // KEPT_PART, now):
            if not tenant.fits(room):
                continue
            part = tenant.part(room)
            left = max(part - len(tenant.running), 1)
            for place, places_room in tenant.rings[lane].turns(left, part // KEPT_PART, now):
                if not place.fits(places_room, self._slots):
                    continue
                site = self._sites.get(place.name)
                if site is None or site.running < self._slots:
                    return place
                self._block(place, site)
        return None

    def _start(self, place: _Place[K], key: K, lane: Lane) -> tuple[K, Lane, float]:
        now = self._now()
        self._first = next(self._turns)
        self._running[key] = place
        place.running[key] = place.tenant.running[key] = now
        site = self._sites.setdefault(place.name, _Site())
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

    def _place(self, tenant_name: Hashable, name: Hashable) -> _Place[K]:
        tenant = self._tenants.get(tenant_name)
        if tenant is None:
            tenant = self._idle.pop(tenant_name, None) or _Tenant(tenant_name)
            self._tenants[tenant_name] = tenant
        place = tenant.places.get(name)
        if place is None:
            proven = tenant.quick_places.pop(name, name) is None
            place = tenant.places[name] = _Place(tenant, name, proven=proven)
        return place

    def _enter(self, place: _Place[K], lane: Lane) -> None:
        now = self._now()
        place.tenant.rings[lane].put(place, now)
        self._rings[lane].put(place.tenant, now)

    def _leave(self, place: _Place[K], lane: Lane) -> None:
        place.tenant.rings[lane].drop(place)
        if not place.tenant.rings[lane]:
            self._rings[lane].drop(place.tenant)

    def _block(self, place: _Place[K], site: _Site[K]) -> None:
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

    def _tidy(self, place: _Place[K]) -> None:
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
