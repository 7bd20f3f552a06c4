"""What work costs the event loop is told to whom it belongs, and nobody keeps it from others."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.metered import Metered
from onecloud_operator.engine.sharers import BUSY_WORKERS
from onecloud_operator.engine.shares import Shares


async def test_only_the_steps_of_the_work_itself_are_counted() -> None:
    ticks, spent = count(), list[float]()

    async def work() -> str:
        for _ in range(2):
            await asyncio.sleep(0)
        return "done"

    assert await Metered(work(), spent.append, lambda: float(next(ticks))) == "done"
    assert spent == [1.0, 1.0, 1.0]


async def test_what_is_raised_in_the_work_or_thrown_into_it_goes_through() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("x")

    with pytest.raises(LookupError):
        await Metered(fails(), lambda _: None)
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def metered() -> None:
        await Metered(waits(), lambda _: None)

    task = asyncio.create_task(metered())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cancelled"]


def shares(now: list[float]) -> Shares[str]:
    def of(key: str) -> tuple[str, str]:
        namespace, _, place = key.partition("/")
        return namespace, place

    return Shares(64, 8, of, lambda: now[0])


def fill(queue: Shares[str], namespace: str) -> int:
    """Have as many of a namespace run as may; return how many that are."""
    for number in range(64):
        queue.add(f"{namespace}/{number}", Lane.USER, 0.0)
    taken = 0
    while (found := queue.take()) is not None:
        assert found[0].startswith(namespace)
        taken += 1
    return taken


def used(queue: Shares[str], namespace: str, seconds: float) -> None:
    """Have one pass of a namespace that took so much of the loop's time."""
    queue.add(f"{namespace}/first", Lane.USER, 0.0)
    assert queue.take() is not None
    queue.charge(f"{namespace}/first", seconds)
    queue.end(f"{namespace}/first")


def test_a_namespace_that_keeps_the_loop_busy_has_few_passes_at_a_time_where_there_are_others() -> None:
    now = [100.0]
    queue = shares(now)
    used(queue, "shop", 0.01)
    used(queue, "busy", 2.0)
    assert 1 < fill(queue, "busy") <= BUSY_WORKERS
    now[0] += 10.0
    assert queue.take() is not None, "it has rested since"


def test_a_namespace_that_is_alone_has_all_the_workers_that_it_can_use() -> None:
    now = [100.0]
    queue = shares(now)
    used(queue, "busy", 2.0)
    assert fill(queue, "busy") > BUSY_WORKERS


def test_a_namespace_that_mostly_waits_has_its_whole_part() -> None:
    now = [100.0]
    queue = shares(now)
    used(queue, "shop", 0.01)
    used(queue, "slow", 0.05)
    assert fill(queue, "slow") > BUSY_WORKERS
