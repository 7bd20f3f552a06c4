"""Wherever a crash or a fault comes, a disk that is to outlive its server does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.core.cloud_writes import Delete, KeepDisk, Unlock
from onecloud_operator.core.observed import Disk
from tests.core.fixtures import (
    records,
    resource,
    spec,
)
from tests.core.invariants import keep
from tests.core.world import World

WANTED = {
    "dataDisks": [
        {"name": f"data-{n}", "size": "10Gi", "reclaimPolicy": "Retain" if n == 2 else "Recycle"}
        for n in (1, 2, 3)
    ]
}


def world_of(policy: str, *, recycled: bool = False) -> World:
    intent = spec(WANTED, deletionPolicy=policy)
    world = World.of(resource(spec=intent, finalizers=(), records=records(creation=None, id=None, mirror={})))
    world.before = keep
    world.run()
    (row,) = world.cloud.rows.values()
    world.cloud.attach(row, Disk("loose", 4, 1024), auto_delete=False)
    if recycled:
        world.cloud.recycle(row, on=True)
    return world


def remove(world: World, *, dies_at: int | None) -> int:
    """Delete the object, with a crash after so many passes, half of them between act and report."""
    world.cluster.edit(deleting=True)
    for number in range(200):
        if world.cluster.released:
            return number
        if number == dies_at:
            world.dies = True
        elif dies_at is not None and number == dies_at + 1:
            world.die()
        world.turn()
        world.now += min(world.wait or 0.0, 120.0)
    raise AssertionError(world.steps[-5:])


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
@pytest.mark.parametrize("recycled", [False, True])
@pytest.mark.parametrize("pace", [0.0, 4.0])
def test_wherever_a_crash_comes_the_disks_outlive_their_server(
    policy: str, recycled: bool, pace: float
) -> None:
    whole = world_of(policy, recycled=recycled)
    whole.cloud.pace = pace
    passes = remove(whole, dies_at=None)
    for dies_at in range(passes + 1):
        world = world_of(policy, recycled=recycled)
        world.cloud.pace = pace
        remove(world, dies_at=dies_at)
        world.now += 300.0
        world.cloud.advance(world.now)
        world.cloud.purge()
        assert set(world.cloud.disks) == {"disk-2", "loose"}
        named = {disk.id for disk in world.cluster.stored.records.kept_disks if disk.kept_at is not None}
        assert named == {"disk-2", "loose"}


@given(
    policy=st.sampled_from(["RecycleBin", "Delete"]),
    moods=st.lists(st.sampled_from(["well", "refused", "lost", "unsent", "deaf", "down"]), max_size=12),
    deaths=st.sets(st.integers(0, 30), max_size=3),
    recycled=st.booleans(),
)
@settings(max_examples=60)
def test_no_fault_of_the_cloud_costs_a_disk(
    policy: str, moods: list[str], deaths: set[int], recycled: bool
) -> None:
    world = world_of(policy, recycled=recycled)
    world.cluster.edit(deleting=True)
    for number in range(300):
        if world.cluster.released:
            break
        world.cloud.mood = moods[number] if number < len(moods) else "well"
        world.dies = number in deaths
        world.turn()
        world.now += min(world.wait or 0.0, 300.0)
    assert world.cluster.released, world.steps[-5:]
    world.now += 300.0
    world.cloud.advance(world.now)
    world.cloud.purge()
    assert set(world.cloud.disks) == {"disk-2", "loose"}


def test_what_somebody_recycles_is_rescued_before_the_cleaner_comes_and_once() -> None:
    world = world_of("RecycleBin", recycled=True)
    for _ in range(40):
        world.turn()
        world.now += min(world.wait or 60.0, 60.0)
    sent = [step for _, step, _ in world.sent if isinstance(step, KeepDisk)]
    assert sorted(step.disk_id for step in sent) == ["disk-2", "loose"]
    world.cloud.purge()
    assert set(world.cloud.disks) == {"disk-2", "loose"}


def test_unlocking_comes_after_the_disks_are_safe() -> None:
    world = world_of("RecycleBin")
    remove(world, dies_at=None)
    order = [type(step) for step in world.steps if isinstance(step, KeepDisk | Unlock | Delete)]
    assert order == [KeepDisk, KeepDisk, Unlock, Delete]
