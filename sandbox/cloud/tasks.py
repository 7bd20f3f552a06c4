"""
The runner of the cloud's asynchronous tasks.

A task is a generator that changes its server and yields how many steps to wait. Tasks of one server run side
by side and overwrite each other's status, as the real ones do: that is where a ``ready`` in the middle of a
deletion comes from.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol, TypeAlias

Walk: TypeAlias = Generator[float, None, None]


class Subject(Protocol):
    """What a task works on: a server, a disk, an elastic address."""

    @property
    def gone(self) -> bool:
        """Return whether it was deleted for good: its tasks end there."""


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None:
        """Let it not come."""


def on_the_loop(seconds: float, call: Callable[[], None]) -> Timer:
    """Call *call* on the running event loop, on its next turn if no time has to pass."""
    loop = asyncio.get_running_loop()
    return loop.call_later(seconds, call) if seconds > 0 else loop.call_soon(call)


@dataclass(slots=True)
class Running:
    guest: Subject
    walk: Walk
    name: str
    started: datetime
    entered: str = ""


@dataclass(slots=True)
class Tasks:
    """
    The open tasks of all servers.

    *hang_at* holds statuses in which a task stops for ever once it entered them, until it is released.
    *later* is where time comes from.
    """

    step_seconds: float = 0.3
    later: Callable[[float, Callable[[], None]], Timer] = on_the_loop
    hang_at: set[str] = field(default_factory=set)
    parked: list[Running] = field(default_factory=list)
    current: Running | None = None
    _timers: dict[int, Timer] = field(default_factory=dict)
    _running: dict[int, Running] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """Return how many tasks are on their way, hung ones not counted."""
        return len(self._timers)

    def of(self, guest: Subject) -> list[str]:
        """Return the names of the open tasks of *guest*, hung ones too."""
        return [r.name for r in [*self._running.values(), *self.parked] if r.guest is guest]

    def started(self, guest: Subject) -> list[datetime]:
        """Return when the open tasks of *guest* were started, hung ones too."""
        return [r.started for r in [*self._running.values(), *self.parked] if r.guest is guest]

    def start(self, guest: Subject, walk: Walk, name: str, now: datetime) -> None:
        """Run *walk* up to its first wait now, and the rest later."""
        self._advance(Running(guest, walk, name, now))

    def release(self, guest: Subject | None = None) -> int:
        """Let hung tasks (of *guest*, or all) go on, and return how many there were."""
        freed = [r for r in self.parked if guest is None or r.guest is guest]
        self.parked = [r for r in self.parked if r not in freed]
        for running in freed:
            running.entered = ""
            self._advance(running)
        return len(freed)

    def drop(self, guest: Subject) -> None:
        """Forget the tasks of *guest*: region was killed, or the server vanished beside the API."""
        for key, running in list(self._running.items()):
            if running.guest is guest:
                self._timers.pop(key).cancel()
                del self._running[key]
        self.parked = [r for r in self.parked if r.guest is not guest]

    def stop(self) -> None:
        """Drop every task: the cloud is shut down."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._running.clear()
        self.parked.clear()

    def _advance(self, running: Running) -> None:
        key = id(running)
        self._timers.pop(key, None)
        self._running.pop(key, None)
        if running.guest.gone:
            return
        outer, self.current = self.current, running
        try:
            steps = next(running.walk, None)
        finally:
            self.current = outer
        if steps is None or running.guest.gone:
            return
        if running.entered in self.hang_at:
            self.parked.append(running)
            return
        self._running[key] = running
        self._timers[key] = self.later(steps * self.step_seconds, partial(self._advance, running))
