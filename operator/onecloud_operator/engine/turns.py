"""
Whose step is next in the event loop, among those that keep it busy: one for each turn of the loop.

A loop takes every step that is ready before it looks for what came in. So hundreds of tasks of one tenant
make each of its turns long, and what needs a dozen turns, as an edit on its way from the watch to the cloud,
waits for all of them a dozen times. Here steps of a tenant that had much of the loop's time lately stand in
line, by tenants in turn, and everybody else's are taken at once. A loop that has nothing else to do loses
nothing by it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from onecloud_operator.engine.metered import Metered

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

T = TypeVar("T")

BUSY_SECONDS: Final = 0.2  # of the loop's time, of which what is older than HALF_SECONDS counts half
HALF_SECONDS: Final = 2.0
LONG_SECONDS: Final = 0.005  # after a step that took longer the line rests as long: it is not alone
REMEMBERED: Final = 4096  # tenants

_starts: ContextVar[Callable[[Callable[[], Coroutine[Any, Any, Any]]], Coroutine[Any, Any, Any]]] = (
    ContextVar("_starts")
)


class Turns:
    """One for the process. *clock* tells seconds."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._loads: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # seconds, as of when
        self._line: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._calling: asyncio.Handle | None = None
        self._rests_until = 0.0

    async def take(self, work: Callable[[], Coroutine[Any, Any, T]], whose: Callable[[], Hashable]) -> T:
        """Do *work*. Before each step *whose* is asked which tenant it counts for."""
        _starts.set(partial(self.take, whose=whose))
        return await Metered(
            work(), lambda seconds: self.spend(whose(), seconds), self._clock, lambda: self.turn(whose())
        )

    def load(self, tenant: Hashable) -> float:
        """Return how many seconds of the loop's time *tenant* had lately."""
        spent, at = self._loads.get(tenant, (0.0, 0.0))
        return spent * float(0.5 ** ((self._clock() - at) / HALF_SECONDS)) if spent else 0.0

    def spend(self, tenant: Hashable, seconds: float) -> None:
        """Note that a step of *tenant*'s took *seconds*."""
        now, load = self._clock(), self.load(tenant) + seconds
        self._loads[tenant] = (load, now)
        self._loads.move_to_end(tenant)
        if len(self._loads) > REMEMBERED:
            self._loads.popitem(last=False)
        if seconds > LONG_SECONDS and load > BUSY_SECONDS:
            self._rests_until = now + seconds

    def turn(self, tenant: Hashable) -> asyncio.Future[None] | None:
        """Return what to wait for before the next step of *tenant*'s, if anything."""
        if self.load(tenant) <= BUSY_SECONDS:
            return None
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._line.setdefault(tenant, deque()).append(turn)
        if self._calling is None:
            self._calling = loop.call_soon(self._call)
        return turn

    def _call(self) -> None:
        """Have the next in line take its step, which it does in the next turn of the loop."""
        loop = asyncio.get_running_loop()
        self._calling = None
        if (rest := self._rests_until - self._clock()) > 0.0:
            self._calling = loop.call_later(rest, self._call)
            return
        while self._line:
            tenant, turns = self._line.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._line[tenant] = turns
            if not turn.done():
                turn.set_result(None)
                break
        if self._line:
            self._calling = loop.call_soon(self._call)


async def counted(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do *work* as a task of its own that counts for whom the task counts that starts it."""
    take = _starts.get(None)
    result: T = await (work() if take is None else take(work))
    return result
