"""
Fair shares of the event loop: tenants that keep it busy run one step per iteration of the loop.

A loop runs every step that is ready before it polls for I/O. So hundreds of tasks of one tenant make each
iteration long, and work that takes a dozen iterations, such as an edit on its way from the watch to the
cloud, waits for all of them a dozen times. Here the steps of a tenant that recently used much of the loop's
time are queued, in rotation by tenant, and all other steps run at once. An otherwise idle loop loses nothing.
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

BUSY_SECONDS: Final = 0.2  # of the loop's time, which decays with the half-life HALF_SECONDS
HALF_SECONDS: Final = 2.0
LONG_SECONDS: Final = 0.005  # after a longer step the queue pauses for as long, for the sake of other work
REMEMBERED: Final = 4096  # tenants

_run_as_caller: ContextVar[Callable[[Callable[[], Coroutine[Any, Any, Any]]], Coroutine[Any, Any, Any]]] = (
    ContextVar("_starts")
)


class LoopShares:
    """One for the process. *clock* returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._loads: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # seconds, as of when
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._handle: asyncio.Handle | None = None  # while there is one, a busy tenant waits in line
        self._released = False  # a step that waited, by the last call of _release_next
        self._paused_until = 0.0

    async def run(
        self,
        work: Callable[[], Coroutine[Any, Any, T]],
        tenant_of: Callable[[], Hashable],
        on_step: Callable[[float], None] = lambda _seconds: None,
    ) -> T:
        """
        Run *work*. Before each step *tenant_of* returns the tenant to charge.

        *on_step* is told of the seconds of each step.
        """
        _run_as_caller.set(partial(self.run, tenant_of=tenant_of))

        def charge(seconds: float) -> None:
            self.charge(tenant_of(), seconds)
            on_step(seconds)

        return await Metered(work(), charge, self._clock, lambda: self.gate(tenant_of()))

    def load(self, tenant: Hashable) -> float:
        """Return how many seconds of the loop's time *tenant* used recently."""
        spent, at = self._loads.get(tenant, (0.0, 0.0))
        return spent * float(0.5 ** ((self._clock() - at) / HALF_SECONDS)) if spent else 0.0

    def charge(self, tenant: Hashable, seconds: float) -> None:
        """Record that a step of *tenant* took *seconds*."""
        now, load = self._clock(), self.load(tenant) + seconds
        self._loads[tenant] = (load, now)
        self._loads.move_to_end(tenant)
        if len(self._loads) > REMEMBERED:
            self._loads.popitem(last=False)
        if seconds > LONG_SECONDS and load > BUSY_SECONDS:
            self._paused_until = now + seconds

    def gate(self, tenant: Hashable) -> asyncio.Future[None] | None:
        """Return the future to wait for before the next step of *tenant*, or None."""
        if self.load(tenant) <= BUSY_SECONDS:
            return None
        loop = asyncio.get_running_loop()
        if self._handle is None:
            self._handle = loop.call_soon(self._release_next)
            if self._paused_until <= self._clock():
                return None  # the one step of this iteration
        gate = loop.create_future()
        self._waiting.setdefault(tenant, deque()).append(gate)
        return gate

    def _release_next(self) -> None:
        """
        Release the next queued step, which then runs in the next iteration of the loop.

        Until that is over, steps are queued.
        """
        loop = asyncio.get_running_loop()
        self._handle = None
        if (pause := self._paused_until - self._clock()) > 0.0:
            self._handle = loop.call_later(pause, self._release_next)
            return
        released = False
        while self._waiting:
            tenant, waiters = self._waiting.popitem(last=False)
            gate = waiters.popleft()
            if waiters:
                self._waiting[tenant] = waiters
            if not gate.done():
                gate.set_result(None)
                released = True
                break
        if released or self._released:
            self._handle = loop.call_soon(self._release_next)
        self._released = released


async def charge_to_caller(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run *work* as a separate task that is charged to the tenant of the task that starts it."""
    run = _run_as_caller.get(None)
    result: T = await (work() if run is None else run(work))
    return result
