"""No key is left parked where nothing runs any more, whatever becomes of its group."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from onecloud_operator.engine.groups import Lane
from tests.engine.simulated import SimulatedClock
from tests.engine.test_queue import Desk, queue_on, running

FIRST, REST = "a0", [f"a{number}" for number in range(1, 6)]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


async def test_keys_whose_group_becomes_another_while_they_are_parked_get_their_turn(
    clock: SimulatedClock,
) -> None:
    """As at a start: the endpoint of a Secret is known only once the first of its objects was looked at."""
    group = {"of": "not known yet"}
    queue, desk = queue_on(clock, workers=8, per_group=1, group_of=lambda _: group["of"]), Desk()
    known, busy = desk.close(FIRST), desk.close("b")
    async with running(queue, desk, clock):
        for key in (FIRST, *REST):
            queue.add(key, Lane.RESYNC)
        await clock.settle()
        group["of"] = "the cloud"
        queue.add("b", Lane.USER)
        await clock.settle()
        known.set()
        await clock.settle()
        busy.set()
        await clock.settle_until(lambda: set(desk.came) == {FIRST, "b", *REST})
        assert queue.parked == 0


async def test_what_was_begun_ends_and_resyncs_come_while_hundreds_of_one_group_are_parked(
    clock: SimulatedClock,
) -> None:
    """As after `kubectl apply` of a fleet: a server that runs is reported before the last POST is sent."""
    queue, came = queue_on(clock, workers=8, per_group=2), list[str]()

    async def work(key: str) -> float | None:
        came.append(key)
        await clock.sleep(1.0)
        return 0.5 if key.startswith("user") and came.count(key) == 1 else None

    async with running(queue, work, clock):
        for number in range(200):
            queue.add(f"user{number}", Lane.USER)
        for number in range(10):
            queue.add(f"resync{number}", Lane.RESYNC)
        await clock.advance(10.0)
        assert 180 < queue.parked < 210
        assert queue.parked_seconds(Lane.USER) == 10.0
        assert came.count("user0") == 2, "its second look does not wait for everybody's first"
        assert sum(key.startswith("resync") for key in came) >= 2
        await clock.advance(250.0)
        assert queue.parked == 0
        assert queue.parked_seconds(Lane.USER) == 0.0
        assert sum(key.startswith("resync") for key in came) == 10


async def test_many_endpoints_that_hang_never_hold_up_one_that_does_not(clock: SimulatedClock) -> None:
    """A tenant may name many: each begins with two workers, and the more are at work, the fewer each gets."""
    queue = queue_on(clock, workers=64, per_group=8, group_of=lambda key: key.split("-")[0])
    hanging = [f"bad{group}-{number}" for group in range(30) for number in range(8)]
    came, well = Counter[str](), asyncio.Event()

    async def work(key: str) -> float | None:
        came[key] += 1
        if key == "good" or well.is_set():
            return None
        await clock.sleep(30.0)
        return 1.0

    async with running(queue, work, clock):
        for key in hanging:
            queue.add(key, Lane.USER)
        for seconds in range(300):
            await clock.advance(1.0)
            queue.add("good", Lane.RESYNC)
            await clock.settle()
            assert came["good"] == seconds + 1
        well.set()
        await clock.advance(40.0)
        assert set(came) == {*hanging, "good"}
        assert queue.running == queue.parked == 0


async def test_a_group_that_had_to_make_room_has_all_its_slots_again_afterwards(
    clock: SimulatedClock,
) -> None:
    queue = queue_on(clock, workers=8, per_group=4, group_of=lambda key: key[0])
    desk = Desk()
    others = ("b", "c", "d", "e", "f")
    async with running(queue, desk, clock):
        for key in (*others, "g", *(f"a{number}" for number in range(30))):
            desk.close(key)
            queue.add(key, Lane.USER)
        await clock.settle()
        assert desk.inside == {*others, "g", "a0"}
        for key in (*others, "g"):
            desk.gates.pop(key).set()
        for _ in range(4):
            desk.gates.pop(min(desk.inside)).set()
            await clock.settle()
        assert len(desk.inside) == 4
        while desk.gates:
            desk.gates.popitem()[1].set()
        await clock.settle_until(lambda: len(desk.came) == 36)


async def test_a_forgotten_key_passes_its_slot_on(clock: SimulatedClock) -> None:
    """It is forgotten after its group called it, and before there was a worker for it."""
    queue, desk = queue_on(clock, workers=3, per_group=1, group_of=lambda key: key[0]), Desk()
    gates = {key: desk.close(key) for key in ("a0", "b0", "c0", "d0", "e0")}
    async with running(queue, desk, clock):
        for key in ("a0", "b0", "a1", "a2"):
            queue.add(key, Lane.RESYNC)
        await clock.settle()
        assert queue.parked == 2
        for key in ("c0", "d0", "e0"):
            queue.add(key, Lane.USER)
        await clock.settle()
        gates["a0"].set()
        await clock.settle()
        assert queue.depth(Lane.RESYNC) == 1
        queue.forget("a1")
        for gate in gates.values():
            gate.set()
        await clock.settle_until(lambda: "a2" in desk.came)
        assert queue.parked == 0


@pytest.mark.parametrize("seed", range(20))
async def test_every_key_gets_its_turn_in_any_weather(clock: SimulatedClock, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    groups: dict[str, int] = {}
    queue = queue_on(
        clock,
        workers=dice.randint(1, 8),
        per_group=dice.randint(1, 4),
        group_of=lambda key: groups.get(key, 0),
    )
    desk = Desk()
    keys = [f"k{number}" for number in range(12)]
    async with running(queue, desk, clock):
        for _ in range(300):
            key = dice.choice(keys)
            match dice.randrange(5):
                case 0 | 1:
                    queue.add(key, dice.choice(list(Lane)))
                case 2:
                    groups[key] = dice.randrange(5)
                case 3:
                    queue.forget(key)
                case _:
                    if key in desk.inside:
                        desk.gates.pop(key).set()
                    elif key not in desk.gates:
                        desk.close(key)
            await clock.settle()
        for gate in desk.gates.values():
            gate.set()
        desk.gates.clear()
        desk.came.clear()
        for key in keys:
            queue.add(key, Lane.RESYNC)
        await clock.settle_until(lambda: set(keys) <= set(desk.came))
        assert queue.parked == 0
