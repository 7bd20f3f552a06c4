"""
How much one address and port is asked for at a time, whatever names lead there.

The pace is a name's own: who shares an address slows nobody by what its own name answers. Only places are
counted here, and given to those who wait by turns of the names, so none waits for all that another wants.

Which address a call goes to is sure once its connection is at hand. So a call waits for a place where its
name led last, and a connection that leads elsewhere is used only if there is a place at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from .protocol import Traffic

if TYPE_CHECKING:
    from .budgets import Door
    from .limits import Limits

SHARED = (Traffic.LIST, Traffic.WRITE)  # for reads there are as many places as connections, which are counted


class LeadsElsewhere(Exception):
    """The connection at hand leads where the call has to wait for its turn. Nothing was sent."""


class Turns:
    """One lane of one address: at most *places* inside; the last one is not for who has all the others."""

    def __init__(self, places: int, callers: WeakSet[Caller]) -> None:
        self._places = places
        self._callers = callers
        self._inside: Counter[Caller] = Counter()
        self._waiting: dict[Caller, deque[asyncio.Future[None]]] = {}

    def room(self, caller: Caller) -> int:
        """Return how many calls of *caller* could come in now."""
        alone = all(other is caller for other in self._callers)
        most = self._places if alone else max(1, self._places - 1)
        return max(0, min(self._places - self._inside.total(), most - self._inside[caller]))

    def try_enter(self, caller: Caller) -> bool:
        """Take a place if there is one that nobody waits for; whoever enters must `leave`."""
        self._admit()
        if not self.room(caller):
            return False
        self._inside[caller] += 1
        return True

    async def enter(self, caller: Caller) -> None:
        """Wait for a place and take it."""
        if self.try_enter(caller):
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(caller)  # we were let in at the moment we gave up
            elif turn in (turns := self._waiting.get(caller, deque())):
                turns.remove(turn)
                if not turns:
                    del self._waiting[caller]
            raise

    def leave(self, caller: Caller) -> None:
        """Give the place back."""
        self._inside[caller] -= 1
        if not self._inside[caller]:
            del self._inside[caller]
        self._admit()

    def _admit(self) -> None:
        while self._inside.total() < self._places:
            caller = next((one for one in self._waiting if self.room(one)), None)
            if caller is None:
                return
            turns = self._waiting.pop(caller)
            turn = turns.popleft()
            if turns:
                self._waiting[caller] = turns  # the others' turn comes first
            if not turn.done():
                self._inside[caller] += 1
                turn.set_result(None)


class AddressLimit:
    """The lanes of one address and port; kept by those who go there, and by nobody else."""

    def __init__(self, limits: Limits) -> None:
        self.callers: WeakSet[Caller] = WeakSet()
        self.turns = {lane: Turns(limits.places(lane), self.callers) for lane in SHARED}


class AddressLimits:
    """The addresses and ports that connections lead to."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: WeakValueDictionary[Door, AddressLimit] = WeakValueDictionary()

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._lanes)

    def lanes(self, door: Door) -> AddressLimit:
        """Return the lanes of *door*, one object for all who go there."""
        found = self._lanes.get(door)
        if found is None:
            found = self._lanes[door] = AddressLimit(self._limits)
        return found


class Caller:
    """One name, scheme and port, with the address where its last connection led."""

    def __init__(self, address_limits: AddressLimits) -> None:
        self.address_limits = address_limits
        self.lanes: AddressLimit | None = None
        self.waiting: Counter[Traffic] = Counter()

    def room(self, lane: Traffic) -> int | None:
        """Return how many calls of *lane* could come in now, or None where nothing but the name counts."""
        turns = None if self.lanes is None else self.lanes.turns.get(lane)
        return None if turns is None else turns.room(self)

    def went_to(self, lanes: AddressLimit) -> None:
        """Note where a connection leads."""
        if lanes is not self.lanes:
            if self.lanes is not None:
                self.lanes.callers.discard(self)
            self.lanes = lanes
            lanes.callers.add(self)


class Permit:
    """One call's place in *lane* of the address that its connection leads to."""

    def __init__(self, caller: Caller, lane: Traffic) -> None:
        self._caller = caller
        self._lane = lane
        self._wanted = caller.lanes
        self._held: AddressLimit | None = None

    async def wait(self) -> None:
        """Wait for a place where the connection is expected to lead, or has just led."""
        wanted = self._wanted
        if wanted is None or self._held is not None or self._lane not in wanted.turns:
            return
        self._caller.waiting[self._lane] += 1
        try:
            await wanted.turns[self._lane].enter(self._caller)
        finally:
            self._caller.waiting[self._lane] -= 1
        self._held = wanted

    def sit(self, door: Door) -> None:
        """Have the place at *door*, before anything is sent there. Raises LeadsElsewhere if there is none."""
        lanes = self._caller.address_limits.lanes(door)
        self._caller.went_to(lanes)
        if lanes is self._held or self._lane not in lanes.turns:
            return
        self.leave()
        self._wanted = lanes
        if not lanes.turns[self._lane].try_enter(self._caller):
            raise LeadsElsewhere
        self._held = lanes

    def leave(self) -> None:
        """Give back what is held."""
        held, self._held = self._held, None
        if held is not None:
            held.turns[self._lane].leave(self._caller)


PERMIT: ContextVar[Permit | None] = ContextVar(
    "PERMIT", default=None
)  # of the call that the current task makes
