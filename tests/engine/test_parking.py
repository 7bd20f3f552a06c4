"""No key is left parked where nothing runs any more, whatever becomes of its group."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from onecloud_operator.engine.lanes import Lane
from tests.engine.queues import Desk, queue_on, running
from tests.engine.simulated import SimulatedClock

HANG_SECONDS = 60.0


def in_the_namespace_of_its_owner(key: str) -> tuple[str, str]:
    """Read keys of the form ``namespace/endpoint-number``."""
    namespace, _, rest = key.partition("/")
    return namespace, rest.split("-")[0]


FIRST, REST = "a0", [f"a{number}" for number in range(1, 6)]


async def test_keys_whose_group_becomes_another_while_they_are_parked_get_their_turn(
    clock: SimulatedClock,
) -> None:
    """As at a start: the endpoint of a Secret is known only once the first of its objects was looked at."""
    group = {"of": "not known yet"}
    queue, desk = queue_on(clock, workers=8, per_group=1, group_of=lambda _: ("shop", group["of"])), Desk()
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


@pytest.mark.parametrize("endpoints", [20, 64, 200, 1000])
@pytest.mark.parametrize("namespaces", [1, 3], ids=["one-namespace", "three"])
async def test_however_many_endpoints_hang_in_a_namespace_another_waits_for_none_of_them(
    clock: SimulatedClock, endpoints: int, namespaces: int
) -> None:
    """Endpoints are free to whoever names them, and each of these is edited once a minute."""
    queue = queue_on(clock, workers=64, per_group=8, group_of=in_the_namespace_of_its_owner)
    hanging = [f"evil{n % namespaces}/bad{n}-{key}" for n in range(endpoints) for key in range(2)]
    came = Counter[str]()

    async def work(key: str) -> float | None:
        came[key] += 1
        if key.startswith("shop"):
            return None
        await clock.sleep(HANG_SECONDS)
        return 1.0

    async with running(queue, work, clock):
        for seconds in range(300):
            if seconds % 60 == 0:
                for key in hanging:
                    queue.add(key, Lane.USER)
            await clock.advance(1.0)
            for lane in Lane:
                queue.add(f"shop/good-{lane.name}", lane)
            await clock.settle()
            assert {came[f"shop/good-{lane.name}"] for lane in Lane} == {seconds + 1}


async def test_while_many_namespaces_hang_one_whose_passes_are_quick_finds_a_worker(
    clock: SimulatedClock,
) -> None:
    queue = queue_on(clock, workers=64, per_group=8, group_of=in_the_namespace_of_its_owner)
    came = Counter[str]()

    async def work(key: str) -> float | None:
        came[key] += 1
        await clock.sleep(0.05 if key.startswith("shop") else HANG_SECONDS)
        return None if key.startswith("shop") else 1.0

    async with running(queue, work, clock):
        queue.add("shop/good-0", Lane.USER)
        await clock.advance(1.0)
        for namespace in range(300):  # some at a time, so that each is known to be slow before the next comes
            for endpoint in range(3):
                queue.add(f"evil{namespace}/bad{namespace}x{endpoint}-0", Lane.USER)
            await clock.advance(1.5)
        for seconds in range(120):
            queue.add("shop/good-0", Lane.RESYNC)
            await clock.advance(0.1)
            assert came["shop/good-0"] == seconds + 2
            await clock.advance(0.9)


async def test_in_a_namespace_that_has_endpoints_that_hang_one_that_was_quick_goes_on(
    clock: SimulatedClock,
) -> None:
    queue = queue_on(clock, workers=64, per_group=8, group_of=in_the_namespace_of_its_owner)
    came = Counter[str]()

    async def work(key: str) -> float | None:
        came[key] += 1
        await clock.sleep(0.05 if "good" in key else HANG_SECONDS)
        return None if "good" in key else 1.0

    async with running(queue, work, clock):
        for number in range(8):  # so that the namespace has a part worth sharing
            queue.add(f"shop/good-{number}", Lane.USER)
            await clock.advance(0.1)
        for number in range(100):
            queue.add(f"shop/bad{number}-0", Lane.USER)
        for seconds in range(120):
            queue.add("shop/good-0", Lane.RESYNC)
            await clock.advance(1.0)
            assert came["shop/good-0"] == seconds + 2


async def test_namespaces_take_turns_within_a_lane(clock: SimulatedClock) -> None:
    """One that applies a thousand objects does not put its neighbour's one at the end of the line."""
    queue, desk = queue_on(clock, workers=1, per_group=8, group_of=in_the_namespace_of_its_owner), Desk()
    for number in range(1000):
        queue.add(f"many/cloud-{number}", Lane.USER)
    queue.add("shop/cloud-1", Lane.USER)
    async with running(queue, desk, clock):
        await clock.settle_until(lambda: "shop/cloud-1" in desk.came)
        assert desk.came.index("shop/cloud-1") <= 2


async def test_an_endpoint_that_many_namespaces_share_gets_no_more_than_its_slots(
    clock: SimulatedClock,
) -> None:
    queue = queue_on(clock, workers=64, per_group=8, group_of=in_the_namespace_of_its_owner)
    inside: Counter[str] = Counter()
    most, came = 0, Counter[str]()

    async def work(key: str) -> float | None:
        nonlocal most
        inside["all"] += 1
        most = max(most, inside["all"])
        await clock.sleep(1.0)
        inside["all"] -= 1
        came[key.partition("/")[0]] += 1
        return None

    async with running(queue, work, clock):
        for number in range(400):
            queue.add(f"ns{number % 100}/cloud-{number}", Lane.USER)
        await clock.advance(15.0)
        assert most == 8
        assert max(came.values()) - min(came[f"ns{n}"] for n in range(100)) <= 2, "they take turns"
        await clock.advance(40.0)
        assert came.total() == 400


async def test_a_group_that_had_to_make_room_has_all_its_slots_again_afterwards(
    clock: SimulatedClock,
) -> None:
    queue = queue_on(clock, workers=8, per_group=4, group_of=lambda key: (key[0], key[0]))
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
    """It is forgotten once its group has room, and before there was a worker for it."""
    queue, desk = queue_on(clock, workers=3, per_group=1, group_of=lambda key: (key[0], key[0])), Desk()
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
        queue.forget("a1")
        for gate in gates.values():
            gate.set()
        await clock.settle_until(lambda: "a2" in desk.came)
        assert queue.parked == 0


@pytest.mark.parametrize("seed", range(20))
async def test_every_key_gets_its_turn_whatever_comes(clock: SimulatedClock, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    groups: dict[str, int] = {}
    queue = queue_on(
        clock,
        workers=dice.randint(1, 8),
        per_group=dice.randint(1, 4),
        group_of=lambda key: (len(key), groups.get(key, 0)),
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
