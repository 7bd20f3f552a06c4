"""
The work queue: keys without reasons, in three lanes.

    add ──▶ lanes ──▶ running ──▶ done
              ▲          │ a key added meanwhile goes back to its lane
              │          ▼
              └─────── timers     (the handler asked to be called again, or failed)

A key is queued or running at most once, besides its timer, so duplicates merge. A key has one worker at a
time. shares.py chooses the next key. Every operation is O(1), or O(log n) with a timer.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from onecloud_operator.engine import loggers
from onecloud_operator.engine.clock import wait_for
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.metered import Metered
from onecloud_operator.engine.safe_traceback import text_of_fault
from onecloud_operator.engine.shares import Shares
from onecloud_operator.engine.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

    from onecloud_operator.engine.backoff import Backoff
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.loop_shares import LoopShares

logger = logging.getLogger(loggers.SERVERS)

K = TypeVar("K", bound="Hashable")


SOON_SECONDS = 30.0  # a delay up to this means work in progress, a longer one a resync


@dataclass(slots=True)
class _Running:
    task: asyncio.Task[float | None]
    began_at: float
    again: Lane | None = None
    forgotten: bool = False


class Queue(Generic[K]):
    """
    A level-triggered queue of keys.

    At most *workers* passes run, at most *per_group* of them for one endpoint. ``group_of(key)`` returns a
    key's tenant and endpoint, and is called when it is added and before it runs: tenants share the workers,
    and the endpoints of a tenant share its workers. *loop_shares*, if given, schedules the steps of passes.
    *on_pass*, if given, is called after each pass: with its lane, the seconds it waited and took, and whether
    it failed.
    """

    def __init__(  # noqa: PLR0913 - the knobs of a queue
        self,
        *,
        clock: Clock,
        backoff: Backoff[K],
        workers: int,
        per_group: int,
        group_of: Callable[[K], tuple[Hashable, Hashable]] = lambda _: (None, None),
        drain_seconds: float = 20.0,
        loop_shares: LoopShares | None = None,
        on_pass: Callable[[Lane, float, float, bool], None] | None = None,
    ) -> None:
        self._clock = clock
        self._backoff = backoff
        self._drain_seconds = drain_seconds
        self._group_of = group_of
        self._loop_shares = loop_shares
        self._on_pass = on_pass
        self._running: dict[K, _Running] = {}
        self._shares: Shares[K] = Shares(workers, per_group, group_of, clock.monotonic)
        self._timers: Timers[K, Lane] = Timers(clock, self.add)
        self._handler: Callable[[K], Coroutine[Any, Any, float | None]] | None = None
        self._drained: asyncio.Event | None = None
        self._logged: set[str] = set()  # faults already logged; as many as there are places in the code
        self.passes = 0
        self.failures = 0

    # -- what callers do ---------------------------------------------------------------------------------
    def add(self, key: K, lane: Lane) -> None:
        """Queue *key*. A key that is queued already keeps its age and the more urgent of both lanes."""
        if (running := self._running.get(key)) is not None:
            running.again = lane if running.again is None else min(lane, running.again)
            return
        self._shares.add(key, lane, self._clock.monotonic())
        self._fill_workers()

    def add_after(self, key: K, seconds: float, lane: Lane) -> None:
        """
        Queue *key* in *seconds*. A key has one timer: the earlier wins.

        A pass that starts earlier removes the timer: it handles everything, and returns the next delay
        itself.
        """
        self._timers.set(key, seconds, lane)

    def forget(self, key: K) -> None:
        """Drop *key* and its timer. A running pass is its last."""
        self._timers.drop(key)
        self._backoff.reset(key)
        if key in self._shares:
            self._shares.drop(key)
        if (running := self._running.get(key)) is not None:
            running.again = None
            running.forgotten = True

    def abandon(self, key: K) -> None:
        """Drop *key* like `forget`, and cancel a running pass: another process owns it now."""
        self.forget(key)
        if (running := self._running.get(key)) is not None:
            running.task.cancel()

    async def run(self, handler: Callable[[K], Coroutine[Any, Any, float | None]]) -> None:
        """
        Work until cancelled; then let running passes finish, for at most *drain_seconds*.

        *handler* returns the seconds after which to queue the key again, or None. If it raises, the key is
        retried with backoff.
        """
        self._handler = handler
        try:
            self._fill_workers()
            self._timers.start()
            await asyncio.get_running_loop().create_future()  # never done; ends by cancellation
        finally:
            self._handler = None
            await self._drain()

    # -- what the metrics ask ----------------------------------------------------------------------------
    def depth(self, lane: Lane) -> int:
        """Return how many keys wait in *lane* whose tenant has no worker; O(endpoints)."""
        return self._shares.waiting(lane, served=False)[0]

    @property
    def parked(self) -> int:
        """How many keys wait while their tenant has busy workers; O(endpoints)."""
        return sum(self._shares.waiting(lane, served=True)[0] for lane in Lane)

    @property
    def running(self) -> int:
        """How many passes are running."""
        return len(self._running)

    @property
    def delayed(self) -> int:
        """How many keys have a timer."""
        return len(self._timers)

    def waiting_seconds(self, lane: Lane) -> float:
        """Return how long the oldest key of *lane* has waited whose tenant has no worker."""
        return self._age(self._shares.waiting(lane, served=False)[1])

    def parked_seconds(self, lane: Lane) -> float:
        """Return how long the oldest key of *lane* has waited while its tenant has busy workers."""
        return self._age(self._shares.waiting(lane, served=True)[1])

    def _age(self, since: float | None) -> float:
        return 0.0 if since is None else self._clock.monotonic() - since

    @property
    def longest_seconds(self) -> float:
        """How long the oldest running pass has taken so far."""
        began_at = min((running.began_at for running in self._running.values()), default=None)
        return 0.0 if began_at is None else self._clock.monotonic() - began_at

    # -- passes ------------------------------------------------------------------------------------------
    def _fill_workers(self) -> None:
        """Give free workers to waiting keys."""
        while self._handler is not None and (next_key := self._shares.take()) is not None:
            self._start(*next_key)

    def _start(self, key: K, lane: Lane, since: float) -> None:
        now = self._clock.monotonic()
        self._timers.drop(key)
        task = asyncio.get_running_loop().create_task(self._pass(key))
        self._running[key] = _Running(task, now)
        task.add_done_callback(lambda done: self._finished(key, lane, now - since, done))

    async def _pass(self, key: K) -> float | None:
        if self._handler is None:  # shutting down before the pass started
            return None
        charge = partial(self._shares.charge, key)
        if self._loop_shares is None:
            return await Metered(self._handler(key), charge)
        tenant, _ = self._group_of(key)
        return await self._loop_shares.run(partial(self._handler, key), lambda: tenant, charge)

    def _finished(self, key: K, lane: Lane, waited: float, task: asyncio.Task[float | None]) -> None:
        running = self._running.pop(key)
        self._shares.end(key)
        error = None if task.cancelled() else task.exception()
        self.passes += 1
        if self._on_pass is not None:
            self._on_pass(lane, waited, self._clock.monotonic() - running.began_at, error is not None)
        if error is not None:
            self._failed(key, error, running)
        elif not task.cancelled():
            self._backoff.reset(key)
            seconds = task.result()
            if seconds is not None and not running.forgotten:
                self.add_after(key, seconds, Lane.CLOUD if seconds <= SOON_SECONDS else Lane.RESYNC)
        if running.again is not None:
            self.add(key, running.again)
        if self._drained is not None and not self._running:
            self._drained.set()
        self._fill_workers()

    def _failed(self, key: K, error: BaseException, running: _Running) -> None:
        self.failures += 1
        fault = text_of_fault(error)
        log = logger.debug if fault in self._logged else logger.error
        self._logged.add(fault)
        log("a pass failed unexpectedly, retrying", extra={"key": str(key), "fault": fault})
        if not running.forgotten:
            self.add_after(key, self._backoff.next(key), Lane.RESYNC)

    async def _drain(self) -> None:
        self._timers.stop()
        if self._running:
            self._drained = asyncio.Event()
            await wait_for(self._drained, self._drain_seconds, self._clock)
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
