"""
Limits on concurrent calls to one address and port, whatever host names resolve to it.

The adaptive limit belongs to a host name, so one name's slow answers do not throttle another at the same
address. Here only slots are counted, and waiting names get them in rotation: no name waits until another has
made all of its calls.

The address of a call is known only once it has a connection. So a call waits for a slot at the address that
its host name used last, and a connection to another address is used only if that has a slot free.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from .protocol import Traffic

if TYPE_CHECKING:
    from .budgets import SocketAddress
    from .limits import Limits

LIMITED = (Traffic.LIST, Traffic.WRITE)  # reads have as many slots as connections, and those are counted


class LeadsElsewhere(Exception):
    """The connection leads to an address where the call has to wait for a slot. Nothing was sent."""


class FairLimit:
    """One kind of traffic at one address: *slots* in all; no caller may hold the last one with all others."""

    def __init__(self, slots: int, callers: WeakSet[Caller]) -> None:
        self._slots = slots
        self._callers = callers
        self._active: Counter[Caller] = Counter()
        self._waiting: dict[Caller, deque[asyncio.Future[None]]] = {}

    def available(self, caller: Caller) -> int:
        """Return how many calls of *caller* could start now."""
        alone = all(other is caller for other in self._callers)
        limit = self._slots if alone else max(1, self._slots - 1)
        return max(0, min(self._slots - self._active.total(), limit - self._active[caller]))

    def try_acquire(self, caller: Caller) -> bool:
        """Take a slot if one is free that nobody waits for; the caller must `release` it."""
        self._wake_waiters()
        if not self.available(caller):
            return False
        self._active[caller] += 1
        return True

    async def acquire(self, caller: Caller) -> None:
        """Wait for a slot and take it."""
        if self.try_acquire(caller):
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release(caller)  # the slot was granted in the same moment
            elif waiter in (waiters := self._waiting.get(caller, deque())):
                waiters.remove(waiter)
                if not waiters:
                    del self._waiting[caller]
            raise

    def release(self, caller: Caller) -> None:
        """Give the slot back."""
        self._active[caller] -= 1
        if not self._active[caller]:
            del self._active[caller]
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        while self._active.total() < self._slots:
            caller = next((one for one in self._waiting if self.available(one)), None)
            if caller is None:
                return
            waiters = self._waiting.pop(caller)
            waiter = waiters.popleft()
            if waiters:
                self._waiting[caller] = waiters  # behind the other callers
            if not waiter.done():
                self._active[caller] += 1
                waiter.set_result(None)


class AddressLimit:
    """The limits of one address and port; it lives as long as a caller refers to it."""

    def __init__(self, limits: Limits) -> None:
        self.callers: WeakSet[Caller] = WeakSet()
        self.by_traffic = {traffic: FairLimit(limits.max_calls(traffic), self.callers) for traffic in LIMITED}


class AddressLimits:
    """The limits of every address and port that has connections."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_address: WeakValueDictionary[SocketAddress, AddressLimit] = WeakValueDictionary()

    def of(self, address: SocketAddress) -> AddressLimit:
        """Return the limits of *address*, one object for all callers."""
        found = self._by_address.get(address)
        if found is None:
            found = self._by_address[address] = AddressLimit(self._limits)
        return found


class Caller:
    """One scheme, host name and port, with the address of its last connection."""

    def __init__(self, address_limits: AddressLimits) -> None:
        self.address_limits = address_limits
        self.address: AddressLimit | None = None
        self.waiting: Counter[Traffic] = Counter()

    def available(self, traffic: Traffic) -> int | None:
        """Return how many calls could start now at this address, or None if it does not limit them."""
        limit = None if self.address is None else self.address.by_traffic.get(traffic)
        return None if limit is None else limit.available(self)

    def connected_to(self, address: AddressLimit) -> None:
        """Record where a connection leads."""
        if address is not self.address:
            if self.address is not None:
                self.address.callers.discard(self)
            self.address = address
            address.callers.add(self)


class Permit:
    """One call's slot at the address of its connection."""

    def __init__(self, caller: Caller, traffic: Traffic) -> None:
        self._caller = caller
        self._traffic = traffic
        self._wanted = caller.address
        self._remembered_failure: AddressLimit | None = None

    def try_acquire(self) -> bool:
        """Take a slot at the address that the connection is expected to have, if one is needed, and free."""
        wanted = self._wanted
        if wanted is None or self._remembered_failure is not None or self._traffic not in wanted.by_traffic:
            return True
        if not wanted.by_traffic[self._traffic].try_acquire(self._caller):
            return False
        self._remembered_failure = wanted
        return True

    async def acquire(self) -> None:
        """Wait for that slot."""
        wanted = self._wanted
        if wanted is None or self.try_acquire():
            return
        self._caller.waiting[self._traffic] += 1
        try:
            await wanted.by_traffic[self._traffic].acquire(self._caller)
        finally:
            self._caller.waiting[self._traffic] -= 1
        self._remembered_failure = wanted

    def claim(self, address: SocketAddress) -> None:
        """Hold a slot at *address* before anything is sent there. Raises LeadsElsewhere if none is free."""
        connected = self._caller.address_limits.of(address)
        self._caller.connected_to(connected)
        if connected is self._remembered_failure or self._traffic not in connected.by_traffic:
            return
        self.release()
        self._wanted = connected
        if not connected.by_traffic[self._traffic].try_acquire(self._caller):
            raise LeadsElsewhere
        self._remembered_failure = connected

    def release(self) -> None:
        """Give back the slot, if one is held."""
        held, self._remembered_failure = self._remembered_failure, None
        if held is not None:
            held.by_traffic[self._traffic].release(self._caller)


PERMIT: ContextVar[Permit | None] = ContextVar("PERMIT", default=None)  # of the current task's call
