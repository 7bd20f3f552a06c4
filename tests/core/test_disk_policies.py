"""No data disk is lost that its policy, or another's owner tags, keep, whatever the record went through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.annotations import PAUSED
from onecloud_operator.core.actions import Hold, ReadDisk
from onecloud_operator.core.disk_records import OVER, DiskRecord
from onecloud_operator.core.disk_writes import MakeDisk, RecycleDisk, SetDiskPolicy
from onecloud_operator.core.observed import Disk
from onecloud_operator.core.records import Records
from tests.core.cloud import LooseDisk
from tests.core.fixtures import OTHER_UID, OWNER, bound
from tests.core.stops import adopted
from tests.core.test_data_disks import (
    FIRST,
    KEPT,
    disk,
    given,
    on_server,
    recorded,
    row,
    sent,
    to_rest,
    wants,
    world_with,
)

if TYPE_CHECKING:
    from tests.core.world import World

GIVEN = "2b7d1c1e-5a0f-4a0e-9a53-7c6f8d9b1e22"
OTHER = replace(OWNER, name="web-2", uid=OTHER_UID)
RECYCLES = {"reclaimPolicy": "Recycle"}
BOTH = pytest.mark.parametrize("deletion", ["RecycleBin", "Delete"])


def remains(world: World, disk_id: str) -> bool:
    return disk_id in world.cloud.disks and not world.cloud.disks[disk_id].recycled


def delete(world: World) -> None:
    world.now += 600.0
    world.cluster.edit(deleting=True)
    to_rest(world)


def records(world: World, *disks: DiskRecord) -> None:
    """Have the status say this of the disks, as another hand may."""
    stored = world.cluster.stored
    world.cluster.edit(records=replace(stored.records, disks=disks))
    world.die()


def test_a_given_disk_stays_one_when_its_entry_gives_a_size_instead() -> None:
    world = world_with()
    world.cloud.disks[GIVEN] = LooseDisk(size_mib=10240)
    wants(world, given(GIVEN))
    to_rest(world)
    wants(world, disk())
    to_rest(world)
    assert recorded(world).policy == "Retain"
    assert not world.cloud.disks[GIVEN].auto_delete
    wants(world)
    to_rest(world)
    assert remains(world, GIVEN)


@pytest.mark.parametrize("meanwhile", ["paused", "unknown"])
def test_a_policy_that_is_declared_while_nothing_can_be_done_counts(meanwhile: str) -> None:
    world = world_with(disk())
    if meanwhile == "paused":
        world.cluster.edit(annotations={PAUSED: "true"})
    else:
        row(world).change(status="unknown")
    for _ in range(3):
        world.turn()
        world.now += 60.0
    wants(world, disk(**KEPT))
    world.turn()
    assert recorded(world).policy == "Retain"
    wants(world)
    world.cluster.edit(annotations={})
    row(world).change(status="running")
    to_rest(world)
    assert remains(world, "disk-1")


@BOTH
def test_another_objects_disk_does_not_go_with_the_server(deletion: str) -> None:
    world = world_with(deletionPolicy=deletion)
    world.cloud.attach(row(world), Disk("theirs", 5, 1024), auto_delete=True)
    world.cloud.disks["theirs"].owner = OTHER
    delete(world)
    assert remains(world, "theirs")
    assert world.cloud.disks["theirs"].owner == OTHER


@BOTH
def test_a_recorded_disk_that_is_another_objects_by_now_does_not_go_with_the_server(deletion: str) -> None:
    world = world_with(disk(), deletionPolicy=deletion)
    world.cloud.disks["disk-1"].owner = OTHER
    delete(world)
    assert remains(world, "disk-1")


@BOTH
def test_a_disk_that_was_recycled_and_is_given_anew_goes_by_its_new_policy(deletion: str) -> None:
    world = world_with(disk(), deletionPolicy=deletion)
    wants(world, deletionPolicy=deletion)
    to_rest(world)
    world.cloud.disks["disk-1"].recycled = False
    wants(world, given("disk-1", "again"), deletionPolicy=deletion)
    to_rest(world)
    assert on_server(world) == {"disk-1"}
    delete(world)
    assert remains(world, "disk-1")


def test_an_entry_that_comes_back_gets_no_disk_that_another_entry_has() -> None:
    world = world_with(disk(**KEPT))
    wants(world)
    to_rest(world)
    wants(world, given("disk-1", "other"))
    to_rest(world)
    wants(world, given("disk-1", "other"), disk(**KEPT))
    to_rest(world)
    assert (recorded(world).id, recorded(world, "other").id) == (FIRST, "disk-1")
    assert on_server(world) == {FIRST, "disk-1"}


def test_a_disk_whose_record_was_lost_is_known_by_its_tags_and_not_made_again() -> None:
    world = world_with(disk())
    records(world)
    to_rest(world)
    assert recorded(world).id == "disk-1"
    assert on_server(world) == {"disk-1"}
    assert sent(world, MakeDisk) == []


def test_the_root_disk_never_leaves_whatever_the_record_says() -> None:
    world = world_with(disk())
    forged = DiskRecord("root", "Recycle", "Removing", "disk-0", given=True)
    records(world, recorded(world), forged)
    to_rest(world)
    assert remains(world, "disk-0")
    assert recorded(world, "root").stage == "Kept"
    assert "disk-0" in {each.id for each in row(world).details.disks}


def test_no_record_of_a_disk_that_is_still_to_leave_makes_room_for_another() -> None:
    world = world_with()
    records(world, *(DiskRecord(f"old-{n}", "Retain", "Removing", f"disk-{n + 9}") for n in range(32)))
    world.cloud.disks[GIVEN] = LooseDisk(size_mib=10240)
    wants(world, given(GIVEN))
    for _ in range(300):
        before = {one.name for one in world.cluster.stored.records.disks if one.stage not in OVER}
        world.turn()
        assert before <= {one.name for one in world.cluster.stored.records.disks}
        world.now += min(world.wait or 0.0, 60.0)
    assert on_server(world) == {GIVEN}


def test_the_tags_come_off_a_disk_of_its_own_when_its_server_is_another_objects_by_now() -> None:
    """A server that was restored can have disks that were made for it, and lose its own owner tags."""
    world = adopted({"dataDisks": [disk()]})
    world.cloud.disks[GIVEN] = LooseDisk(size_mib=10240, owner=OWNER, label="data")
    row(world).change(disks=(*row(world).details.disks, Disk(GIVEN, 1, 10240)))
    records(world, bound("data", GIVEN))
    row(world).change(owner=OTHER)
    delete(world)
    assert world.cluster.released
    assert on_server(world) == {GIVEN}
    assert world.cloud.disks[GIVEN].owner is None


def test_a_disk_is_looked_at_once_more_before_it_is_thrown_away_if_the_last_look_is_old() -> None:
    world = world_with(disk())
    world.cloud.detach(row(world), "disk-1")
    wants(world)
    while not sent(world, RecycleDisk):
        if isinstance(world.turn(), ReadDisk):
            world.now += 30.0
            break
    step = world.turn()
    assert isinstance(step, ReadDisk), step
    to_rest(world)
    assert world.cloud.disks["disk-1"].recycled


@pytest.mark.parametrize("dies", [True, False])
@pytest.mark.parametrize("first", [KEPT, RECYCLES])
def test_after_a_lost_answer_and_another_edit_the_cloud_has_the_policy_of_the_spec(
    first: dict[str, str], dies: bool
) -> None:
    """The cloud deletes a disk with its server, or not, by what it was told last, whoever deletes that."""
    second = RECYCLES if first == KEPT else KEPT
    world = world_with(disk(**first))
    wants(world, disk(**second))
    world.cloud.mood = "lost"
    while not sent(world, SetDiskPolicy):
        world.turn()
    world.cloud.mood = "well"
    if dies:
        world.die()
    wants(world, disk(**first))
    to_rest(world)
    assert world.cloud.disks["disk-1"].auto_delete == (first == RECYCLES)
    assert recorded(world).applied == first["reclaimPolicy"]


def test_a_policy_that_changes_three_times_is_told_three_times() -> None:
    world = world_with(disk(**KEPT))
    for policy in (RECYCLES, KEPT, RECYCLES):
        wants(world, disk(**policy))
        to_rest(world)
        assert world.cloud.disks["disk-1"].auto_delete == (policy == RECYCLES)
    assert len(sent(world, SetDiskPolicy)) == 3


def test_a_disk_whose_server_is_not_on_record_any_more_keeps_the_object() -> None:
    """Somebody took the record out of the status; there is no server that the object can have made."""
    world = world_with(disk())
    world.cloud.detach(row(world), "disk-1")
    world.cloud.erase(row(world).server.id)
    world.cluster.edit(records=Records(disks=(recorded(world),)), deleting=True)
    world.die()
    for _ in range(40):
        world.turn()
        world.now += min(world.wait or 0.0, 60.0)
    step = world.steps[-1]
    assert isinstance(step, Hold)
    assert "disk-1" in step.message
    assert "force-detach" in step.message
    assert not world.cluster.released
    assert remains(world, "disk-1")
