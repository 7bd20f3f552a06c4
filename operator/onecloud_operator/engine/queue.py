"""
The work queue: keys without reasons, in three lanes.

    add ──▶ lanes ──▶ running ──▶ done
              ▲  │       │ a key added meanwhile goes back to its lane
              │  ▼       ▼
             parked    timers     (the handler said when to look again, or failed)

A key is in one place at most besides its timer, so duplicates merge. One worker a key at a time. A key whose
group has no free slot is parked and takes no worker. Every operation is O(1), or O(log n) with a timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.engine.clock import wait_for
from onecloud_operator.engine.fault import text_of_fault
from onecloud_operator.engine.groups import Groups, Lane, Turns
from onecloud_operator.engine.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.limits import Backoff

logger = logging.getLogger(__name__)

K = TypeVar("K", bound="Hashable")


NONE = object()  # no group: None may be one
SOON_SECONDS = 30.0  # a look that is asked for within this is work under way, a later one a resync


@dataclass(slots=True)
class _Running:
    group: Hashable
    task: asyncio.Task[float | None]
    began_at: float
    again: Lane | None = None
    forgotten: bool = False


class Queue(Generic[K]):
    """
    A level-triggered queue of keys.

    *workers* run at most, *per_group* of one group (``group_of(key)``, asked when a key's turn comes), and
    fewer where many groups are at work.
    *on_pass*, if given, is told of each pass: its lane, the seconds it waited and took, whether it failed.
    """

    def __init__(  # noqa: PLR0913 - the knobs of a queue
        self,
        *,
        clock: Clock,
        backoff: Backoff[K],
        workers: int,
        per_group: int,
        group_of: Callable[[K], Hashable] = lambda _: None,
        drain_seconds: float = 20.0,
        on_pass: Callable[[Lane, float, float, bool], None] | None = None,
    ) -> None:
        self._clock = clock
        self._backoff = backoff
        self._workers = workers
        self._group_of = group_of
        self._drain_seconds = drain_seconds
        self._on_pass = on_pass
        self._lanes: dict[Lane, OrderedDict[K, float]] = {lane: OrderedDict() for lane in Lane}
        self._where: dict[K, tuple[OrderedDict[K, float], Lane]] = {}  # of keys that wait or are parked
        self._running: dict[K, _Running] = {}
        self._groups: Groups[K] = Groups(per_group, workers)
        self._timers: Timers[K, Lane] = Timers(clock, self.add)
        self._turns = Turns()
        self._handler: Callable[[K], Awaitable[float | None]] | None = None
        self._drained: asyncio.Event | None = None
        self._told: set[str] = set()  # faults already logged; as many as there are places in the code
        self.passes = 0
        self.failures = 0

    # -- what callers do ---------------------------------------------------------------------------------
    def add(self, key: K, lane: Lane) -> None:
        """Have *key* looked at. A key that waits already keeps its age and the more urgent of both lanes."""
        if (running := self._running.get(key)) is not None:
            running.again = lane if running.again is None else min(lane, running.again)
            return
        if (place := self._where.get(key)) is None:
            self._put(key, lane, self._clock.monotonic())
        elif lane < place[1]:
            siblings, _ = place
            since = siblings.pop(key)
            if key in self._groups:
                self._park(key, lane, since, self._groups.of(key))
            else:
                self._put(key, lane, since)
        self._pump()

    def add_after(self, key: K, seconds: float, lane: Lane) -> None:
        """
        Have *key* looked at in *seconds*. A key has one timer: the earlier wins.

        A pass that begins before it is due takes the timer away: it looks at everything, and says itself when
        to look again.
        """
        self._timers.set(key, seconds, lane)

    def forget(self, key: K) -> None:
        """Drop *key* and its timer. If it runs now, this pass is its last."""
        self._timers.drop(key)
        self._backoff.reset(key)
        if (place := self._where.pop(key, None)) is not None:
            place[0].pop(key)
            self._groups.drop(key)
            self._pass_on(key)
            self._pump()
        if (running := self._running.get(key)) is not None:
            running.again = None
            running.forgotten = True

    def abandon(self, key: K) -> None:
        """Drop *key* like `forget`, and break off the pass that is under way: it is somebody else's now."""
        self.forget(key)
        if (running := self._running.get(key)) is not None:
            running.task.cancel()

    async def run(self, handler: Callable[[K], Awaitable[float | None]]) -> None:
        """
        Work until cancelled; then let what runs end, for *drain_seconds* at most.

        *handler* returns the seconds after which the key is to be looked at again, or None. If it raises, the
        key is tried again with backoff.
        """
        self._handler = handler
        try:
            self._pump()
            self._timers.start()
            await asyncio.get_running_loop().create_future()  # never done: only a cancellation ends it
        finally:
            self._handler = None
            await self._drain()

    # -- what the metrics ask ----------------------------------------------------------------------------
    def depth(self, lane: Lane) -> int:
        """Return how many keys wait in *lane* for a worker."""
        return len(self._lanes[lane])

    @property
    def parked(self) -> int:
        """Return how many keys wait for a slot of their group."""
        return len(self._groups)

    @property
    def running(self) -> int:
        """Return how many keys are being worked on."""
        return len(self._running)

    @property
    def delayed(self) -> int:
        """Return how many keys have a timer."""
        return len(self._timers)

    @property
    def oldest_seconds(self) -> float:
        """Return how long the oldest key of any lane has waited; those that are parked are not counted."""
        return max(self.waiting_seconds(lane) for lane in Lane)

    def waiting_seconds(self, lane: Lane) -> float:
        """Return how long the first key of *lane* has waited."""
        return self._age(next(iter(self._lanes[lane].values()), None))

    def parked_seconds(self, lane: Lane) -> float:
        """Return how long the oldest parked key of *lane* has waited; one look at each group."""
        return self._age(self._groups.since(lane))

    def _age(self, since: float | None) -> float:
        return 0.0 if since is None else self._clock.monotonic() - since

    @property
    def longest_seconds(self) -> float:
        """Return how long the oldest pass that is under way has taken by now."""
        began_at = min((running.began_at for running in self._running.values()), default=None)
        return 0.0 if began_at is None else self._clock.monotonic() - began_at

    # -- lanes and groups --------------------------------------------------------------------------------
    def _put(self, key: K, lane: Lane, since: float, *, first: bool = False) -> None:
        self._lanes[lane][key] = since
        self._where[key] = (self._lanes[lane], lane)
        if first:
            self._lanes[lane].move_to_end(key, last=False)

    def _park(self, key: K, lane: Lane, since: float, name: Hashable) -> None:
        self._where[key] = (self._groups.park(key, lane, since, name), lane)

    def _take(self) -> tuple[K, Lane, float] | None:
        if (lane := self._turns.next(self._lanes)) is None:
            return None
        key, since = self._lanes[lane].popitem(last=False)
        del self._where[key]
        return key, lane, since

    def _pump(self) -> None:
        """Give free workers to waiting keys."""
        while self._handler is not None and len(self._running) < self._workers:
            if (taken := self._take()) is None:
                return
            key, lane, since = taken
            name = self._group_of(key)
            if self._groups.enter(name):
                self._start(key, lane, since, name)
            else:
                self._park(key, lane, since, name)
            self._pass_on(key, entered=name)

    def _unpark(self, name: Hashable) -> None:
        """Give the free slots of group *name* to the next of its parked keys, ahead of their lanes."""
        for called in reversed([*iter(lambda: self._groups.call(name), None)]):
            self._put(*called, first=True)

    def _pass_on(self, key: K, entered: Hashable = NONE) -> None:
        """Give the slot that *key* was called for to the next, unless it is the one that it *entered*."""
        if self._groups.was_called(key) and (caller := self._groups.answer(key)) != entered:
            self._unpark(caller)

    # -- passes ------------------------------------------------------------------------------------------
    def _start(self, key: K, lane: Lane, since: float, name: Hashable) -> None:
        now = self._clock.monotonic()
        self._timers.drop(key)
        task = asyncio.get_running_loop().create_task(self._pass(key))
        self._running[key] = _Running(name, task, now)
        task.add_done_callback(lambda done: self._ended(key, lane, now - since, done))

    async def _pass(self, key: K) -> float | None:
        if self._handler is None:  # shutting down: the pass never began
            return None
        return await self._handler(key)

    def _ended(self, key: K, lane: Lane, waited: float, task: asyncio.Task[float | None]) -> None:
        running = self._running.pop(key)
        self._groups.leave(running.group)
        self._unpark(running.group)
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
        self._pump()

    def _failed(self, key: K, error: BaseException, running: _Running) -> None:
        self.failures += 1
        fault = text_of_fault(error)
        log = logger.debug if fault in self._told else logger.error
        self._told.add(fault)
        log("a pass failed unexpectedly and is tried again", extra={"key": str(key), "fault": fault})
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
