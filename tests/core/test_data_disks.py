"""Data disks that are added to a server, leave it and come back, wherever a crash or a fault comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Delete
from onecloud_operator.core.disk_records import DiskRecord, attempt_disk_id
from onecloud_operator.core.disk_writes import AttachDisk, DetachDisk, MakeDisk, RecycleDisk
from onecloud_operator.core.observed import Disk
from onecloud_operator.core.records import Records
from tests.core.cloud import LooseDisk, Row
from tests.core.fixtures import OTHER_UID, OWNER, UID, resource, spec
from tests.core.invariants import disks_that_differ, keep
from tests.core.world import World

FIRST = attempt_disk_id(UID, "data", 1)
KEPT = {"reclaimPolicy": "Retain"}


def disk(name: str = "data", size: str = "10Gi", **fields: Any) -> dict[str, Any]:
    return {"name": name, "size": size, **fields}


def given(disk_id: str, name: str = "data", **fields: Any) -> dict[str, Any]:
    return {"name": name, "diskID": disk_id, **fields}


def world_with(*disks: dict[str, Any], **policies: Any) -> World:
    """Return the world of an object whose server was made with these data disks, at rest."""
    wanted = {"dataDisks": list(disks)} if disks else {}
    world = World.of(resource(spec=spec(wanted, **policies), finalizers=(), records=Records()))
    world.before = keep
    to_rest(world)
    return world


def wants(world: World, *disks: dict[str, Any], **policies: Any) -> None:
    world.cluster.respec(spec({"dataDisks": list(disks)}, **policies))


def to_rest(world: World, *, dies_at: int | None = None, passes: int = 80) -> int:
    """Make passes until nothing is left to do, with a crash after so many; return their number."""
    calm = 0
    for number in range(passes):
        if world.cluster.released:
            return number
        if number == dies_at:
            world.dies = True
        elif dies_at is not None and number == dies_at + 1:
            world.die()
        step = world.turn()
        calm = calm + 1 if isinstance(step, Settled) else 0
        if calm > 1:
            return number
        world.now += min(world.wait or 0.0, 200.0)
    raise AssertionError(world.steps[-6:])


def row(world: World) -> Row:
    (found,) = world.cloud.rows.values()
    return found


def on_server(world: World) -> set[str]:
    return {each.id for each in row(world).details.disks} - {"disk-0"}


def agrees(world: World) -> bool:
    heard = world.cluster.stored
    assert heard.server_spec is not None
    return not disks_that_differ(row(world).details.disks, heard.server_spec, heard.records.disks)


def recorded(world: World, name: str = "data") -> DiskRecord:
    return next(record for record in world.cluster.stored.records.disks if record.name == name)


def sent(world: World, kind: type) -> list[Any]:
    return [step for _, step, _ in world.sent if isinstance(step, kind)]


def held(world: World) -> Hold:
    step = world.run()
    assert isinstance(step, Hold)
    return step


def test_an_entry_that_is_added_is_made_once_under_an_id_of_ours_and_attached() -> None:
    world = world_with()
    wants(world, disk(size="20Gi"))
    to_rest(world)
    (made,) = sent(world, MakeDisk)
    assert (made.disk_id, made.size_mib, made.storage_id) == (FIRST, 20480, "storage-0")
    assert on_server(world) == {FIRST}
    assert world.cloud.disks[FIRST].auto_delete, "its policy is told to the cloud"
    assert (recorded(world).stage, recorded(world).attempt, recorded(world).applied) == (
        "Bound",
        1,
        "Recycle",
    )


@pytest.mark.parametrize("pace", [0.0, 4.0])
@pytest.mark.parametrize("mood", ["well", "lost", "unsent", "late"])
@pytest.mark.parametrize("later", ["kept", "recycled", "stays"])
def test_wherever_a_crash_comes_a_disk_is_made_once_and_leaves_by_its_policy(
    pace: float, mood: str, later: str
) -> None:
    def story(dies_at: int | None) -> int:
        world = world_with(disk("log"))
        world.cloud.pace, world.cloud.mood = pace, mood
        wants(world, disk("log"), disk(**(KEPT if later == "kept" else {})))
        for _ in range(6):
            world.turn()
        world.cloud.mood = "well"
        passes = to_rest(world, dies_at=dies_at)
        assert agrees(world)
        if later != "stays":
            wants(world, disk("log"))
            passes = max(passes, to_rest(world, dies_at=dies_at))
            assert agrees(world)
        ours = {one: each for one, each in world.cloud.disks.items() if each.made_for == UID}
        assert set(ours) == {FIRST}
        assert ours[FIRST].recycled == (later == "recycled")
        assert "disk-1" in on_server(world), "beside it nothing changes"
        return passes

    for dies_at in range(story(None) + 1):
        story(dies_at)


def test_what_leaves_by_retain_is_kept_without_owner_tags_and_comes_back_with_its_entry() -> None:
    world = world_with(disk(**KEPT))
    wants(world)
    to_rest(world)
    assert on_server(world) == set()
    assert world.cloud.disks["disk-1"].owner is None
    assert (recorded(world).stage, recorded(world).id) == ("Kept", "disk-1")
    wants(world, disk(**KEPT))
    to_rest(world)
    assert on_server(world) == {"disk-1"}
    assert world.cloud.disks["disk-1"].owner is not None
    assert sent(world, MakeDisk) == []


def test_the_policy_that_counts_is_the_one_last_declared() -> None:
    world = world_with(disk())
    wants(world, disk(**KEPT))
    to_rest(world)
    assert not world.cloud.disks["disk-1"].auto_delete
    wants(world)
    to_rest(world)
    assert not world.cloud.disks["disk-1"].recycled
    assert sent(world, DetachDisk) == [DetachDisk(row(world).server.id, "disk-1", keep=True)]


def test_an_entry_that_comes_back_after_its_disk_went_into_the_bin_gets_the_next_one() -> None:
    world = world_with(disk())
    wants(world)
    to_rest(world)
    assert world.cloud.disks["disk-1"].recycled
    wants(world, disk())
    to_rest(world)
    assert on_server(world) == {FIRST}
    wants(world)
    to_rest(world)
    wants(world, disk())
    to_rest(world)
    assert on_server(world) == {attempt_disk_id(UID, "data", 2)}
    assert recorded(world).attempt == 2


def test_without_the_record_an_id_that_is_used_up_is_burnt_and_the_next_attempt_follows() -> None:
    world = world_with()
    world.cloud.used_disks.add(FIRST)
    wants(world, disk())
    to_rest(world)
    assert on_server(world) == {attempt_disk_id(UID, "data", 2)}


def test_taking_the_whole_list_out_touches_nothing() -> None:
    world = world_with(disk())
    world.cluster.respec(spec({}))
    to_rest(world)
    assert on_server(world) == {"disk-1"}
    assert sent(world, DetachDisk) == []


def test_what_others_attached_is_left_alone() -> None:
    world = world_with(disk())
    world.cloud.attach(row(world), Disk("other", 2, 1024), auto_delete=True)
    wants(world)
    to_rest(world)
    assert on_server(world) == {"other"}


def test_a_disk_that_was_detached_by_another_hand_is_attached_again() -> None:
    world = world_with(disk())
    world.cloud.detach(row(world), "disk-1")
    world.cloud.disks["disk-1"].size_mib = 10240
    to_rest(world)
    assert on_server(world) == {"disk-1"}


# -- disks that exist ------------------------------------------------------------------------------------
def loose(world: World, **changes: Any) -> None:
    world.cloud.disks["there"] = LooseDisk(False, size_mib=2048, **changes)


def test_a_disk_that_exists_is_attached_and_kept_when_its_entry_goes() -> None:
    world = world_with()
    loose(world)
    wants(world, given("there"))
    to_rest(world)
    assert on_server(world) == {"there"}
    assert sent(world, MakeDisk) == []
    wants(world)
    to_rest(world)
    assert on_server(world) == set()
    assert not world.cloud.disks["there"].recycled


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"owner": OWNER.__class__("cluster0", "shop", "web-2", OTHER_UID)}, "OwnedByAnother", id="owned"
        ),
        pytest.param({"recycled": True}, "ReferenceNotFound", id="in-the-bin"),
        pytest.param(None, "ReferenceNotFound", id="none"),
    ],
)
def test_a_disk_that_may_not_be_had_is_told_and_left_alone(
    changes: dict[str, Any] | None, reason: str
) -> None:
    world = world_with()
    if changes is not None:
        loose(world, **changes)
    wants(world, given("there"))
    hold = held(world)
    assert hold.reason == reason
    assert "there" in hold.message
    assert sent(world, AttachDisk) == []


def test_a_disk_that_the_object_of_that_name_had_before_may_be_had() -> None:
    world = world_with()
    loose(world, owner=replace(OWNER, cluster="default", uid=OTHER_UID))
    wants(world, given("there"))
    to_rest(world)
    assert on_server(world) == {"there"}


def test_a_disk_of_another_server_is_told() -> None:
    world = world_with()
    loose(world)
    other = replace(row(world).server, id="other")
    wants(world, given("there"))
    world.cloud.put(other).change(disks=(Disk("there", 0, 2048),), owner=None)
    assert "attached to server other" in held(world).message


def test_an_entry_cannot_become_another_disk() -> None:
    world = world_with(disk())
    loose(world)
    wants(world, given("there"))
    hold = held(world)
    assert hold.reason == "ImmutableField"
    assert on_server(world) == {"disk-1"}


def test_on_an_adopted_server_no_disk_is_made() -> None:
    world = world_with()
    made = row(world)
    intent = spec({"dataDisks": [disk()]}, adoption={"policy": "Adopt", "id": made.server.id})
    world = World.of(resource(spec=intent, finalizers=(), records=Records(), uid=OTHER_UID))
    made.change(owner=None)
    world.cloud.put(made.server)
    hold = held(world)
    assert hold.reason == "ImmutableField"
    assert "diskID" in hold.message
    assert sent(world, MakeDisk) == []


def test_what_was_clearly_refused_needs_no_wait_when_its_entry_goes() -> None:
    world = world_with()
    world.cloud.mood = "refused"
    wants(world, disk())
    held(world)
    world.cloud.mood = "well"
    wants(world)
    began = world.now
    to_rest(world)
    assert world.now - began < 60.0
    assert recorded(world).stage == "Gone"


def test_an_object_that_is_made_again_knows_its_disks_by_their_tags() -> None:
    world = world_with()
    wants(world, disk())
    to_rest(world)
    made, theirs = row(world), world.cloud.disks
    again = spec({"dataDisks": [disk()]}, adoption={"policy": "Adopt", "id": made.server.id})
    other = World.of(resource(spec=again, finalizers=(), records=Records(), uid=OTHER_UID))
    made.change(owner=None)
    other.cloud.put(made.server)
    other.cloud.disks = theirs
    theirs[FIRST].owner = replace(OWNER, cluster="default", uid=UID)
    for _ in range(20):
        other.turn()
    assert recorded(other).id == FIRST
    assert theirs[FIRST].owner == replace(OWNER, cluster="default", uid=OTHER_UID)
    assert sent(other, MakeDisk) == []


def test_a_refusal_is_told_and_tried_again() -> None:
    world = world_with()
    world.cloud.mood = "refused"
    wants(world, disk())
    assert held(world).reason == "ProviderError"
    world.cloud.mood = "well"
    world.cluster.edit(annotations={RECONCILE_REQUESTED_AT: "now"})
    to_rest(world)
    assert on_server(world) == {FIRST}


# -- the server goes -------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "recycled"])
@pytest.mark.parametrize("mood", ["well", "lost", "late"])
def test_wherever_the_making_of_a_disk_is_when_its_server_goes_it_gets_its_policy(
    policy: str, kept: bool, mood: str
) -> None:
    for passes in range(9):
        world = world_with(deletionPolicy=policy)
        world.cloud.mood = mood
        wants(world, disk(**(KEPT if kept else {})), deletionPolicy=policy)
        for _ in range(passes):
            world.turn()
        world.cloud.mood = "well"
        world.cluster.edit(deleting=True)
        to_rest(world, passes=200)
        assert world.cluster.released
        world.now += 400.0
        world.cloud.advance(world.now)
        left = world.cloud.disks.get(FIRST)
        if left is not None and kept:
            assert not left.recycled
            world.cloud.purge()
            assert FIRST in world.cloud.disks
        elif left is not None:
            assert left.recycled


def test_retain_leaves_the_disks_where_they_are_without_owner_tags() -> None:
    world = world_with(disk(), deletionPolicy="Retain")
    wants(world, disk(), disk("more"), deletionPolicy="Retain")
    to_rest(world)
    world.cluster.edit(deleting=True)
    to_rest(world)
    assert world.cluster.released
    assert on_server(world) == {"disk-1", attempt_disk_id(UID, "more", 1)}
    assert all(world.cloud.disks[one].owner is None for one in on_server(world))
    assert [*sent(world, Delete), *sent(world, DetachDisk), *sent(world, RecycleDisk)] == []
