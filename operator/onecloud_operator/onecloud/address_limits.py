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

    def __init__(self, places: int, visitors: WeakSet[Caller]) -> None:
        self._places = places
        self._visitors = visitors
        self._inside: Counter[Caller] = Counter()
        self._waiting: dict[Caller, deque[asyncio.Future[None]]] = {}

    def room(self, visitor: Caller) -> int:
        """Return how many calls of *visitor* could come in now."""
        alone = all(other is visitor for other in self._visitors)
        most = self._places if alone else max(1, self._places - 1)
        return max(0, min(self._places - self._inside.total(), most - self._inside[visitor]))

    def try_enter(self, visitor: Caller) -> bool:
        """Take a place if there is one that nobody waits for; whoever enters must `leave`."""
        self._admit()
        if not self.room(visitor):
            return False
        self._inside[visitor] += 1
        return True

    async def enter(self, visitor: Caller) -> None:
        """Wait for a place and take it."""
        if self.try_enter(visitor):
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(visitor, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(visitor)  # we were let in at the moment we gave up
            elif turn in (turns := self._waiting.get(visitor, deque())):
                turns.remove(turn)
                if not turns:
                    del self._waiting[visitor]
            raise

    def leave(self, visitor: Caller) -> None:
        """Give the place back."""
        self._inside[visitor] -= 1
        if not self._inside[visitor]:
            del self._inside[visitor]
        self._admit()

    def _admit(self) -> None:
        while self._inside.total() < self._places:
            visitor = next((one for one in self._waiting if self.room(one)), None)
            if visitor is None:
                return
            turns = self._waiting.pop(visitor)
            turn = turns.popleft()
            if turns:
                self._waiting[visitor] = turns  # the others' turn comes first
            if not turn.done():
                self._inside[visitor] += 1
                turn.set_result(None)


class AddressLimit:
    """The lanes of one address and port; kept by those who go there, and by nobody else."""

    def __init__(self, limits: Limits) -> None:
        self.visitors: WeakSet[Caller] = WeakSet()
        self.turns = {lane: Turns(limits.places(lane), self.visitors) for lane in SHARED}


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

    def __init__(self, doors: AddressLimits) -> None:
        self.doors = doors
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
                self.lanes.visitors.discard(self)
            self.lanes = lanes
            lanes.visitors.add(self)


class Permit:
    """One call's place in *lane* of the address that its connection leads to."""

    def __init__(self, visitor: Caller, lane: Traffic) -> None:
        self._visitor = visitor
        self._lane = lane
        self._wanted = visitor.lanes
        self._held: AddressLimit | None = None

    async def wait(self) -> None:
        """Wait for a place where the connection is expected to lead, or has just led."""
        wanted = self._wanted
        if wanted is None or self._held is not None or self._lane not in wanted.turns:
            return
        self._visitor.waiting[self._lane] += 1
        try:
            await wanted.turns[self._lane].enter(self._visitor)
        finally:
            self._visitor.waiting[self._lane] -= 1
        self._held = wanted

    def sit(self, door: Door) -> None:
        """Have the place at *door*, before anything is sent there. Raises LeadsElsewhere if there is none."""
        lanes = self._visitor.doors.lanes(door)
        self._visitor.went_to(lanes)
        if lanes is self._held or self._lane not in lanes.turns:
            return
        self.leave()
        self._wanted = lanes
        if not lanes.turns[self._lane].try_enter(self._visitor):
            raise LeadsElsewhere
        self._held = lanes

    def leave(self) -> None:
        """Give back what is held."""
        held, self._held = self._held, None
        if held is not None:
            held.turns[self._lane].leave(self._visitor)


PERMIT: ContextVar[Permit | None] = ContextVar(
    "PERMIT", default=None
)  # of the call that the current task makes
