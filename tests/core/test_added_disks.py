"""Disks on another storage than the root disk's: the cloud makes one more each time that it is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.core.disk_writes import AddDisk, MakeDisk, TagDisk
from onecloud_operator.core.observed import Disk
from tests.core.fixtures import OTHER_UID, OWNER
from tests.core.test_data_disks import (
    agrees,
    disk,
    given,
    held,
    on_server,
    recorded,
    row,
    sent,
    to_rest,
    wants,
    world_with,
)
from tests.core.world import World

FAR = disk(backend="rbd")


def adding(mood: str = "well", *, turns: int = 8) -> World:
    """Return a world in which a disk on another storage is asked for, and what becomes of that."""
    world = world_with()
    world.cloud.mood = mood
    wants(world, FAR)
    for _ in range(turns):
        world.turn()
    world.cloud.mood = "well"
    return world


def test_it_is_made_by_the_server_and_the_newcomer_is_ours() -> None:
    world = adding()
    to_rest(world)
    assert len(sent(world, AddDisk)) == 1
    assert sent(world, MakeDisk) == []
    assert on_server(world) == {recorded(world).id}
    assert "disksBefore" not in world.cluster.stored.status


@pytest.mark.parametrize("mood", ["well", "lost", "late"])
@pytest.mark.parametrize("pace", [0.0, 4.0])
def test_wherever_a_crash_comes_it_is_made_once(mood: str, pace: float) -> None:
    for dies_at in range(14):
        world = world_with()
        world.cloud.pace, world.cloud.mood = pace, mood
        wants(world, FAR)
        for number in range(14):
            world.dies = number == dies_at
            world.turn()
        world.cloud.mood = "well"
        for _ in range(60):
            world.turn()
            world.now += min(world.wait or 0.0, 20.0)
        assert len(on_server(world)) <= 1
        if on_server(world):
            assert agrees(world)
        else:
            assert held(world).reason == "OperationFailed", "a crash before it was sent: nobody can tell"


def test_one_that_was_never_made_is_held_and_tried_again_only_when_it_is_asked_for() -> None:
    world = adding("unsent")
    for _ in range(60):
        world.turn()
        world.now += 20.0
    hold = held(world)
    assert hold.reason == "OperationFailed"
    assert RECONCILE_REQUESTED_AT in hold.message
    assert len(sent(world, AddDisk)) == 1
    wants(world, FAR, disk("log"))
    for _ in range(60):
        world.turn()
        world.now += 20.0
    assert len(sent(world, AddDisk)) == 1, "another edit asks for nothing"
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    to_rest(world)
    assert len(sent(world, AddDisk)) == 2
    assert agrees(world)


def test_where_two_newcomers_fit_it_is_held_and_a_person_says_which_is_meant() -> None:
    world = adding("lost", turns=3)
    world.cloud.attach(row(world), Disk("other", 5, 10240, backend="rbd"), auto_delete=True)
    for _ in range(60):
        world.turn()
        world.now += 20.0
    assert "2 new disks fit" in held(world).message
    wants(world, given("other"))
    to_rest(world)
    assert recorded(world).id == "other"


def test_a_clear_refusal_is_tried_again_by_itself() -> None:
    world = adding("refused")
    assert on_server(world) == set()
    world.now += 600.0
    to_rest(world)
    assert agrees(world)


def test_an_entry_that_leaves_meanwhile_takes_its_newcomer_along() -> None:
    world = adding("lost", turns=4)
    wants(world)
    to_rest(world)
    assert on_server(world) == set()
    assert recorded(world).stage == "Recycled"


def test_another_objects_disk_that_is_attached_meanwhile_is_not_taken_for_the_newcomer() -> None:
    world = adding("unsent", turns=4)
    other = replace(OWNER, name="web-2", uid=OTHER_UID)
    world.cloud.attach(row(world), Disk("theirs", 5, 10240, backend="rbd"), auto_delete=True)
    world.cloud.disks["theirs"].owner = other
    for _ in range(60):
        world.turn()
        world.now += 20.0
    assert held(world).reason == "OperationFailed"
    assert world.cloud.disks["theirs"].owner == other
    assert sent(world, TagDisk) == []
