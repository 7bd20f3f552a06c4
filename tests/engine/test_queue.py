"""Which key is worked on next, by how many workers, and how the queue ends."""

from __future__ import annotations

import asyncio
from collections import Counter

from onecloud_operator.engine.lanes import Lane
from tests.engine.queues import Desk, queue_on, running
from tests.engine.simulated import SimulatedClock


async def test_duplicates_merge(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    for _ in range(5):
        queue.add("a", Lane.USER)
    async with running(queue, desk, clock):
        assert desk.came == ["a"]


async def test_users_go_before_the_cloud_and_the_cloud_before_resyncs(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    gate = desk.close("first")
    async with running(queue, desk, clock):
        queue.add("first", Lane.USER)
        await clock.settle()
        for n in range(8):
            queue.add(f"resync{n}", Lane.RESYNC)
            queue.add(f"cloud{n}", Lane.CLOUD)
            queue.add(f"user{n}", Lane.USER)
        gate.set()
        await clock.settle_until(lambda: len(desk.came) == 25)
        first = Counter(key.rstrip("0123456789") for key in desk.came[1:9])
        assert first == {"user": 4, "cloud": 3, "resync": 1}
        assert desk.came.index("user7") < desk.came.index("cloud7") < desk.came.index("resync7")


async def test_resyncs_are_never_starved(clock: SimulatedClock) -> None:
    """One turn of eight is theirs, however many users and cloud changes keep coming."""
    queue = queue_on(clock)
    came: list[str] = []

    async def busy(key: str) -> None:
        came.append(key)
        if len(came) < 200:
            queue.add(f"user{len(came)}", Lane.USER)
            queue.add(f"cloud{len(came)}", Lane.CLOUD)

    for n in range(10):
        queue.add(f"resync{n}", Lane.RESYNC)
    async with running(queue, busy, clock):
        await clock.settle_until(lambda: len(came) >= 80)
        assert sum(key.startswith("resync") for key in came[:80]) == 10


async def test_a_waiting_key_takes_the_more_urgent_lane(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    queue.add("old", Lane.RESYNC)
    queue.add("edited", Lane.RESYNC)
    queue.add("edited", Lane.USER)
    queue.add("edited", Lane.RESYNC)
    assert (queue.depth(Lane.USER), queue.depth(Lane.RESYNC)) == (1, 1)
    async with running(queue, desk, clock):
        assert desk.came == ["edited", "old"]


async def test_a_key_added_while_it_runs_runs_again_afterwards(
    clock: SimulatedClock,
) -> None:
    queue, desk = queue_on(clock, workers=8), Desk()
    gate = desk.close("a")
    async with running(queue, desk, clock):
        queue.add("a", Lane.USER)
        await clock.settle()
        queue.add("a", Lane.CLOUD)
        queue.add("a", Lane.CLOUD)
        await clock.settle()
        assert desk.came == ["a"]
        gate.set()
        await clock.settle()
        assert desk.came == ["a", "a"]


async def test_no_more_workers_than_the_ceiling(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock, workers=3, group_of=lambda key: (key, key)), Desk()
    for n in range(10):
        desk.close(f"k{n}")
        queue.add(f"k{n}", Lane.CLOUD)
    async with running(queue, desk, clock):
        assert len(desk.inside) == queue.running == 3
        assert queue.depth(Lane.CLOUD) == 7
        for gate in desk.gates.values():
            gate.set()
        await clock.settle_until(lambda: len(desk.came) == 10)


async def test_one_slow_tenant_does_not_hold_the_workers(clock: SimulatedClock) -> None:
    queue = queue_on(clock, workers=4, per_group=2, group_of=lambda key: (key[0], key[0]))
    desk = Desk()
    for n in range(100):
        desk.close(f"slow{n}")
        queue.add(f"slow{n}", Lane.USER)
    async with running(queue, desk, clock):
        assert desk.inside == {"slow0", "slow1"}
        assert queue.parked == 98
        queue.add("quick", Lane.RESYNC)
        await clock.settle()
        assert desk.came == ["slow0", "slow1", "quick"]
        queue.add("slow57", Lane.USER)
        queue.add("slow58", Lane.RESYNC)
        for gate in desk.gates.values():
            gate.set()
        await clock.settle_until(lambda: len(desk.came) == 101 and not queue.running)
        assert sorted(desk.came) == sorted([*desk.gates, "quick"])
        assert queue.parked == 0
        assert not queue._shares._tenants  # noqa: SLF001 - what is idle is put aside


async def test_a_parked_key_that_a_user_edits_overtakes_its_group(
    clock: SimulatedClock,
) -> None:
    queue = queue_on(clock, workers=4, per_group=1, group_of=lambda _: ("t", "g"))
    desk = Desk()
    gate = desk.close("first")
    for key in ("first", "b", "c"):
        queue.add(key, Lane.RESYNC)
    async with running(queue, desk, clock):
        queue.add("c", Lane.USER)
        gate.set()
        await clock.settle()
        assert desk.came == ["first", "c", "b"]


async def test_a_forgotten_key_never_comes_back(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    gate = desk.close("runs")
    desk.answers["runs"] = 1.0
    async with running(queue, desk, clock):
        queue.add("runs", Lane.USER)
        await clock.settle()
        queue.add("waits", Lane.USER)
        queue.add_after("later", 5.0, Lane.USER)
        queue.add("runs", Lane.USER)
        for key in ("runs", "waits", "later"):
            queue.forget(key)
        gate.set()
        await clock.advance(60)
        assert desk.came == ["runs"]
        assert (queue.delayed, queue.depth(Lane.USER)) == (0, 0)


async def test_a_forgotten_key_can_be_added_again_while_its_last_pass_runs(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock), Desk()
    gate = desk.close("a")
    async with running(queue, desk, clock):
        queue.add("a", Lane.USER)
        await clock.settle()
        queue.forget("a")
        queue.add("a", Lane.USER)
        gate.set()
        await clock.settle()
        assert desk.came == ["a", "a"]


async def test_shutdown_lets_what_runs_end_and_starts_nothing_new(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock, workers=1), Desk()
    gate = desk.close("a")
    task = asyncio.create_task(queue.run(desk))
    queue.add("a", Lane.USER)
    await clock.settle()
    queue.add("a", Lane.USER)
    queue.add("b", Lane.USER)
    task.cancel()
    await clock.settle()
    assert not task.done()
    gate.set()
    await clock.settle()
    assert task.cancelled()
    assert desk.came == ["a"]
    assert not desk.inside


async def test_shutdown_does_not_wait_for_ever(clock: SimulatedClock) -> None:
    queue, desk = queue_on(clock, drain_seconds=20.0), Desk()
    desk.close("a")
    task = asyncio.create_task(queue.run(desk))
    queue.add("a", Lane.USER)
    await clock.settle()
    task.cancel()
    await clock.advance(19)
    assert not task.done()
    await clock.advance(2)
    assert task.cancelled()
    assert not desk.inside


async def test_the_metrics_know_depth_age_and_each_pass(clock: SimulatedClock) -> None:
    seen: list[tuple[Lane, float, float, bool]] = []
    queue = queue_on(clock, on_pass=lambda *what: seen.append(what))
    desk = Desk()
    queue.add("a", Lane.CLOUD)
    await clock.advance(3)
    queue.add("b", Lane.USER)
    assert queue.waiting_seconds(Lane.CLOUD) == 3.0
    gate = desk.close("b")
    async with running(queue, desk, clock):
        await clock.advance(2)
        assert (queue.waiting_seconds(Lane.CLOUD), queue.parked_seconds(Lane.CLOUD)) == (0.0, 5.0)
        gate.set()
        await clock.settle()
        assert seen == [(Lane.USER, 0.0, 2.0, False), (Lane.CLOUD, 5.0, 0.0, False)]
        assert queue.waiting_seconds(Lane.CLOUD) == 0.0
