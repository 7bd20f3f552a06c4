"""Who keeps the event loop busy takes one step in each of its turns; nobody else waits for the rest."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from itertools import pairwise

import pytest

from onecloud_operator.engine.loop_shares import (
    BUSY_SECONDS,
    HALF_SECONDS,
    LONG_SECONDS,
    LoopShares,
    charge_to_caller,
)

STRANGERS = 200
HOPS = 10


class Clock:
    """Stands still unless it is told otherwise."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def keep_busy(turns: LoopShares, tenant: str) -> None:
    """Have *tenant* take much of the loop's time, in short steps."""
    for _ in range(round(2 * BUSY_SECONDS / LONG_SECONDS)):
        turns.charge(tenant, LONG_SECONDS)


async def hops(noted: list[str], name: str, count: int = HOPS) -> None:
    """Need so many turns of the loop."""
    for _ in range(count):
        noted.append(name)
        await asyncio.sleep(0)


async def test_between_two_steps_of_others_a_busy_tenant_takes_one_whatever_is_ready_of_it() -> None:
    turns, noted = LoopShares(Clock()), list[str]()
    keep_busy(turns, "stranger")
    async with asyncio.TaskGroup() as tasks:
        for _ in range(STRANGERS):
            tasks.create_task(turns.run(partial(hops, noted, "stranger"), lambda: "stranger"))
        tasks.create_task(turns.run(partial(hops, noted, "shop"), lambda: "shop"))
    last = max(at for at, name in enumerate(noted) if name == "shop")
    assert last <= HOPS * 2
    assert noted.count("stranger") == STRANGERS * HOPS


@pytest.mark.parametrize(("tasks", "most"), [(1, HOPS + 2), (3, 3 * HOPS + 2)], ids=["alone", "many"])
async def test_a_busy_tenant_takes_one_step_in_each_turn_of_the_loop_and_no_turn_is_lost(
    tasks: int, most: int
) -> None:
    loop, turns, turn, steps = asyncio.get_running_loop(), LoopShares(Clock()), 0, list[int]()

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    async def noting() -> None:
        for _ in range(HOPS):
            steps.append(turn)
            await asyncio.sleep(0)

    keep_busy(turns, "stranger")
    count()
    await asyncio.gather(*(turns.run(noting, lambda: "stranger") for _ in range(tasks)))
    assert len(steps) == len(set(steps)) == tasks * HOPS
    assert steps[-1] - steps[0] <= most


async def test_busy_tenants_stand_in_one_line_in_turn() -> None:
    turns, noted = LoopShares(Clock()), list[str]()
    for name in ("many", "few"):
        keep_busy(turns, name)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(STRANGERS):
            tasks.create_task(turns.run(partial(hops, noted, "many", 1), lambda: "many"))
        tasks.create_task(turns.run(partial(hops, noted, "few", 1), lambda: "few"))
    assert noted.index("few") <= 2


async def test_what_was_long_ago_counts_no_more() -> None:
    clock = Clock()
    turns = LoopShares(clock)
    keep_busy(turns, "shop")
    assert turns.gate("shop") is None  # the one step of this turn
    assert turns.gate("shop") is not None
    clock.now += HALF_SECONDS * 2
    assert turns.gate("shop") is None


async def test_after_a_long_step_of_a_busy_tenant_the_line_rests_as_long() -> None:
    turns, ended = LoopShares(), list[float]()

    async def long() -> None:
        time.sleep(4 * LONG_SECONDS)  # noqa: ASYNC251 - what this is about
        ended.append(time.perf_counter())

    keep_busy(turns, "stranger")
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(turns.run(long, lambda: "stranger"))
    assert all(later - earlier >= 7.5 * LONG_SECONDS for earlier, later in pairwise(ended))


async def test_what_a_task_starts_counts_for_the_same_tenant_and_for_nobody_where_nobody_is_named() -> None:
    clock = Clock()
    turns = LoopShares(clock)

    async def works() -> None:
        clock.now += LONG_SECONDS

    async def starts() -> None:
        await asyncio.create_task(charge_to_caller(works))

    await turns.run(starts, lambda: "stranger")
    assert turns.load("stranger") == pytest.approx(LONG_SECONDS)
    await asyncio.create_task(charge_to_caller(works))


async def test_who_is_cancelled_while_in_line_is_told_so_and_keeps_nobody_waiting() -> None:
    turns, noted = LoopShares(Clock()), list[str]()
    keep_busy(turns, "stranger")

    async def waits() -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            noted.append("cancelled")
            raise

    task = asyncio.create_task(turns.run(waits, lambda: "stranger"))
    behind = asyncio.create_task(turns.run(partial(hops, noted, "stranger", 1), lambda: "stranger"))
    for _ in range(3):  # its first step is taken, its second stands in line
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await behind
    assert sorted(noted) == ["cancelled", "stranger"]
