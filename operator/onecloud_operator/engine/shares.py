"""
Chooses the next key: tenants share the workers, and the endpoints of a tenant share its workers.

    lanes       user edits before changes in the cloud before resyncs, each with its own rotation tenants
    rotate within a lane, one key each; none holds more workers than it leaves for others endpoints   rotate
    in the same way within a tenant, so they cost other tenants nothing a quarter   of the workers is reserved
    for tenants with fast passes, and of a tenant's for fast endpoints busy        a tenant that uses much of
    the event loop's time runs few passes at a time, if there are others

A tenant can name any number of endpoints, so a thousand that hang use up that tenant's workers and no more. A
tenant counts as fast until a pass takes long, and again after a fast one; an endpoint has to be fast first.

Every operation is O(1), except for skipping those that have their share: at most as many as there are
workers.
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

RESERVED_FRACTION = 4  # one worker in four is reserved for fast sharers
REMEMBERED_TENANTS = 4096  # idle ones; beyond that the longest idle one is forgotten
REMEMBERED_ENDPOINTS = 32  # fast ones of one tenant


class Shares(Generic[K]):
    """
    The waiting and the running keys.

    At most *workers* run, at most *slots* of them for one endpoint. *of(key)* returns its tenant and
    endpoint, and is called again before the key runs. *now* returns the time in seconds.
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
        """Return whether *key* waits."""
        return key in self._waiting

    @property
    def free(self) -> int:
        """How many workers are idle."""
        return self._workers - len(self._running)

    def waiting(self, lane: Lane, *, served: bool) -> tuple[int, float | None]:
        """
        Return how many keys wait in *lane*, and since when the oldest does; O(endpoints).

        *served*: those whose tenant has workers; otherwise those whose tenant has none.
        """
        tenants = (tenant for tenant in self._tenants.values() if bool(tenant.running) is served)
        queues = [endpoint.waiting[lane] for tenant in tenants for endpoint in tenant.endpoints.values()]
        oldest = min((next(iter(keys.values())) for keys in queues if keys), default=None)
        return sum(map(len, queues)), oldest

    def add(self, key: K, lane: Lane, since: float) -> None:
        """Add *key*; one that waits already keeps its age and the more urgent lane."""
        if (entry := self._waiting.get(key)) is not None:
            if lane >= entry[1]:
                return
            since = self.drop(key)
        self._enqueue(key, lane, since)

    def drop(self, key: K) -> float:
        """Remove the waiting *key*; return since when it waited."""
        endpoint, lane = self._waiting.pop(key)
        since = endpoint.waiting[lane].pop(key)
        if not endpoint.waiting[lane]:
            self._deactivate(endpoint, lane)
        self._cleanup(endpoint)
        return since

    def take(self) -> tuple[K, Lane, float] | None:
        """Remove the next key and count it as running; return None if none may run now."""
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
            self._enqueue(key, lane, self.drop(key))  # it has another endpoint now, and waits there

    def charge(self, key: K, seconds: float) -> None:
        """Record that the pass of a running key used *seconds* of the event loop's time."""
        self._running[key].tenant.charge(seconds, self._now())

    def end(self, key: K) -> None:
        """Record that the pass of a running key ended."""
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
        """Return the endpoint of the next key in *lane*, or None if none may run."""
        waiting = self._round_robins[lane]
        if not waiting:
            return None
        now, shared_workers = self._now(), len(self._tenants) + len(self._idle) > 1
        for tenant, capacity in waiting.candidates(self.free, self._workers // RESERVED_FRACTION, now):
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
        """Skip *endpoint* until fewer passes use it."""
        endpoint.blocked = True
        shared.blocked[endpoint] = None
        for lane in Lane:
            self._deactivate(endpoint, lane)

    def _unblock(self, name: Hashable) -> None:
        """Let the next tenant that waits for a free slot of an endpoint rotate again."""
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
        """Remove an endpoint without waiting or running keys, and its tenant if that was its last one."""
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
