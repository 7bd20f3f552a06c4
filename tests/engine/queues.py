"""A queue in simulated time, and a handler that records what it is given."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.queue import Queue
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine


def queue_on(clock: SimulatedClock, **options: Any) -> Queue[str]:
    knobs: dict[str, Any] = {"workers": 1, "per_group": 100} | options
    return Queue(clock=clock, backoff=Backoff(1.0, 300.0, lambda: 0.5), **knobs)


@asynccontextmanager
async def running(
    queue: Queue[str], handler: Callable[[str], Coroutine[Any, Any, float | None]], clock: SimulatedClock
) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run(handler))
    await clock.settle()
    try:
        yield
    finally:
        task.cancel()
        await clock.advance(60.0)  # so that a test that failed does not wait for what hangs
        await asyncio.wait({task})


class Desk:
    """A handler that notes who came, and lets them wait until a gate is opened."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.inside: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}
        self.answers: dict[str, float | None] = {}

    async def __call__(self, key: str) -> float | None:
        assert key not in self.inside, "two workers on one key"
        self.came.append(key)
        self.inside.add(key)
        try:
            if key in self.gates:
                await self.gates[key].wait()
        finally:
            self.inside.discard(key)
        return self.answers.get(key)

    def close(self, key: str) -> asyncio.Event:
        self.gates[key] = asyncio.Event()
        return self.gates[key]
