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

from onecloud_operator.engine.lanes import LANE_ORDER, Lane
from onecloud_operator.engine.sharers import (
    BUSY_WORKERS,
    EndpointShare,
    RoundRobin,
    SharedEndpoint,
    TenantShare,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")

RESERVED_FRACTION = 4  # one worker in four is kept for who is quick
REMEMBERED_TENANTS = 4096  # that have nothing to do; beyond, the longest idle one is new again
REMEMBERED_ENDPOINTS = 32  # of one tenant, that were quick


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
        self._lanes = itertools.cycle(LANE_ORDER)
        self._first = next(self._lanes)
        self._tenants: dict[Hashable, TenantShare[K]] = {}
        self._idle: OrderedDict[Hashable, TenantShare[K]] = OrderedDict()
        self._shared: dict[Hashable, SharedEndpoint[K]] = {}
        self._unblockable: set[Hashable] = (
            set()
        )  # sites with room, and places that still count as blocked there
        self._round_robins: dict[Lane, RoundRobin[TenantShare[K]]] = {lane: RoundRobin() for lane in Lane}
        self._waiting: dict[K, tuple[EndpointShare[K], Lane]] = {}  # of keys that wait
        self._running: dict[K, EndpointShare[K]] = {}

    def __contains__(self, key: K) -> bool:
        """Say whether *key* waits."""
        return key in self._waiting

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
        queues = [endpoint.waiting[lane] for tenant in tenants for endpoint in tenant.endpoints.values()]
        oldest = min((next(iter(keys.values())) for keys in queues if keys), default=None)
        return sum(map(len, queues)), oldest

    def add(self, key: K, lane: Lane, since: float) -> None:
        """Have *key* wait; one that waits already keeps its age and the more urgent lane."""
        if (entry := self._waiting.get(key)) is not None:
            if lane >= entry[1]:
                return
            since = self.drop(key)
        self._enqueue(key, lane, since)

    def drop(self, key: K) -> float:
        """Have *key* wait no more, which it must; return since when it did."""
        endpoint, lane = self._waiting.pop(key)
        since = endpoint.waiting[lane].pop(key)
        if not endpoint.waiting[lane]:
            self._deactivate(endpoint, lane)
        self._cleanup(endpoint)
        return since

    def take(self) -> tuple[K, Lane, float] | None:
        """Take out the key whose turn it is and count it as running; None if none may run now."""
        if not self.free or not self._waiting:
            return None
        lanes = (self._first, *(other for other in Lane if other is not self._first))
        while True:
            found = next(
                ((endpoint, lane) for lane in lanes if (endpoint := self._next(lane)) is not None), None
            )
            if found is None:
                if not self._unblockable:
                    return None
                while self._unblockable:
                    self._unblock(next(iter(self._unblockable)))
                continue
            endpoint, lane = found
            key = next(iter(endpoint.waiting[lane]))
            if self._of(key) == (endpoint.tenant.name, endpoint.name):
                return self._start(endpoint, key, lane)
            self._enqueue(key, lane, self.drop(key))  # it leads elsewhere by now, and waits there

    def charge(self, key: K, seconds: float) -> None:
        """Note that the work on a key that was taken took *seconds* of the event loop's time."""
        self._running[key].tenant.charge(seconds, self._now())

    def end(self, key: K) -> None:
        """Note that a key that was taken has been worked on."""
        endpoint, now = self._running.pop(key), self._now()
        tenant, shared = endpoint.tenant, self._shared[endpoint.name]
        for sharer in (endpoint, tenant):
            sharer.finished(key, now)
        for lane in Lane:
            tenant.round_robins[lane].update(endpoint, now)
            self._round_robins[lane].update(tenant, now)
        shared.running -= 1
        self._unblock(endpoint.name)
        if not shared.running and not shared.blocked:
            del self._shared[endpoint.name]
        self._cleanup(endpoint)

    # -- scheduling --
    def _next(self, lane: Lane) -> EndpointShare[K] | None:
        """Return the place whose key is next in *lane*, if any may run."""
        now, shared_workers = self._now(), len(self._tenants) + len(self._idle) > 1
        for tenant, capacity in self._round_robins[lane].candidates(
            self.free, self._workers // RESERVED_FRACTION, now
        ):
            if not tenant.may_start(capacity):
                continue
            share = tenant.share(capacity)
            if shared_workers and tenant.busy(now):
                share = min(share, BUSY_WORKERS)
                if len(tenant.running) >= share:
                    continue
            remaining = max(share - len(tenant.running), 1)
            for endpoint, endpoint_capacity in tenant.round_robins[lane].candidates(
                remaining, share // RESERVED_FRACTION, now
            ):
                if not endpoint.may_start(endpoint_capacity, self._slots):
                    continue
                shared = self._shared.get(endpoint.name)
                if shared is None or shared.running < self._slots:
                    return endpoint
                self._block(endpoint, shared)
        return None

    def _start(self, endpoint: EndpointShare[K], key: K, lane: Lane) -> tuple[K, Lane, float]:
        now = self._now()
        self._first = next(self._lanes)
        self._running[key] = endpoint
        endpoint.running[key] = endpoint.tenant.running[key] = now
        shared = self._shared.setdefault(endpoint.name, SharedEndpoint())
        shared.running += 1
        if shared.running >= self._slots:
            self._unblockable.discard(endpoint.name)
        return key, lane, self.drop(key)

    # -- where keys wait -------------------------------------------------------------------------------------
    def _enqueue(self, key: K, lane: Lane, since: float) -> None:
        endpoint = self._endpoint(*self._of(key))
        endpoint.waiting[lane][key] = since
        self._waiting[key] = (endpoint, lane)
        if not endpoint.blocked:
            self._activate(endpoint, lane)

    def _endpoint(self, tenant_name: Hashable, name: Hashable) -> EndpointShare[K]:
        tenant = self._tenants.get(tenant_name)
        if tenant is None:
            tenant = self._idle.pop(tenant_name, None) or TenantShare(tenant_name)
            self._tenants[tenant_name] = tenant
        endpoint = tenant.endpoints.get(name)
        if endpoint is None:
            fast = tenant.fast_endpoints.pop(name, name) is None
            endpoint = tenant.endpoints[name] = EndpointShare(tenant, name, fast=fast)
        return endpoint

    def _activate(self, endpoint: EndpointShare[K], lane: Lane) -> None:
        now = self._now()
        endpoint.tenant.round_robins[lane].add(endpoint, now)
        self._round_robins[lane].add(endpoint.tenant, now)

    def _deactivate(self, endpoint: EndpointShare[K], lane: Lane) -> None:
        endpoint.tenant.round_robins[lane].drop(endpoint)
        if not endpoint.tenant.round_robins[lane]:
            self._round_robins[lane].drop(endpoint.tenant)

    def _block(self, endpoint: EndpointShare[K], shared: SharedEndpoint[K]) -> None:
        """Pass *place* over until fewer passes lead there."""
        endpoint.blocked = True
        shared.blocked[endpoint] = None
        for lane in Lane:
            self._deactivate(endpoint, lane)

    def _unblock(self, name: Hashable) -> None:
        """Have the next of those that wait for room at a site take turns again; its room may be for more."""
        shared = self._shared.get(name)
        if shared is not None and shared.blocked:
            endpoint, _ = shared.blocked.popitem(last=False)
            endpoint.blocked = False
            for lane in Lane:
                if endpoint.waiting[lane]:
                    self._activate(endpoint, lane)
        if shared is not None and shared.blocked and shared.running < self._slots:
            self._unblockable.add(name)
        else:
            self._unblockable.discard(name)

    def _cleanup(self, endpoint: EndpointShare[K]) -> None:
        """Forget a place of which nothing waits or runs, and put its tenant aside if that was all."""
        if endpoint.running or any(endpoint.waiting.values()):
            return
        tenant = endpoint.tenant
        if endpoint.blocked:
            self._shared[endpoint.name].blocked.pop(endpoint)
            if not self._shared[endpoint.name].blocked:
                self._unblockable.discard(endpoint.name)
        del tenant.endpoints[endpoint.name]
        if endpoint.fast:
            tenant.fast_endpoints[endpoint.name] = None
            if len(tenant.fast_endpoints) > REMEMBERED_ENDPOINTS:
                tenant.fast_endpoints.popitem(last=False)
        if not tenant.endpoints:
            self._idle[tenant.name] = self._tenants.pop(tenant.name)
            if len(self._idle) > REMEMBERED_TENANTS:
                self._idle.popitem(last=False)
