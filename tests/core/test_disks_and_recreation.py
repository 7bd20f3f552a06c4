"""A server that is made again leaves no data disk behind that nobody looks after, wherever a crash comes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import APPROVE_PLAN
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordDisk
from onecloud_operator.core.disk_records import MAKING, OVER, REMOVING, DiskRecord
from onecloud_operator.core.disk_writes import RecycleDisk, TagDisk
from onecloud_operator.core.facts import LookedAtDisk, Memory
from onecloud_operator.core.observed import DiskState, Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.preview import preview
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.values import Problem
from tests.core.cloud import LooseDisk
from tests.core.fixtures import ID, NOW, OTHER_UID, OWNER, RECREATE, bound, facts, records, resource
from tests.core.stops import until
from tests.core.test_data_disks import FIRST, disk, given, on_server, row, sent, to_rest, wants, world_with

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from tests.core.world import World

GIVEN = "2b7d1c1e-5a0f-4a0e-9a53-7c6f8d9b1e22"
ROOTS = {"disk-0", "disk-0-2"}
AGAIN = {"onExternalDeletion": "Recreate"}


def lose(world: World) -> None:
    """Have somebody take the data disks off the server, and delete it for good, in the cloud."""
    found = row(world)
    for each in on_server(world):
        world.cloud.detach(found, each)
    world.cloud.erase(found.server.id)


def with_added_disk(**fields: Any) -> World:
    """Return the world of a server that got one more data disk after it was made."""
    world = world_with(**AGAIN)
    wants(world, disk(**fields), **AGAIN)
    to_rest(world)
    assert on_server(world) == {FIRST}
    return world


@pytest.mark.parametrize("policy", ["Retain", "Recycle"])
def test_a_loose_disk_of_a_server_that_is_made_again_has_had_its_policy(policy: str) -> None:
    def story(dies_at: int | None) -> int:
        world = with_added_disk(reclaimPolicy=policy)
        lose(world)
        passes = to_rest(world, dies_at=dies_at)
        left = world.cloud.disks[FIRST]
        assert left.recycled == (policy == "Recycle")
        assert left.recycled or left.owner is None, "kept without a record, and still its owner"
        (new,) = on_server(world) - ROOTS
        assert new != FIRST, "the new server has a disk of its own"
        return passes

    for dies_at in range(story(None) + 1):
        story(dies_at)


def test_another_policy_that_is_declared_as_it_leaves_is_on_record_before_it_is_thrown_away() -> None:
    world = with_added_disk(reclaimPolicy="Retain")
    lose(world)
    until(world, lambda step: isinstance(step, RecordDisk) and step.record.stage == REMOVING)
    world.cloud.mood = "refused"
    until(world, lambda step: isinstance(step, TagDisk))
    world.cloud.mood = "well"
    wants(world, disk(reclaimPolicy="Recycle"), **AGAIN)
    until(world, lambda step: isinstance(step, RecycleDisk))  # which the invariants judge by the record


def test_a_disk_that_another_took_meanwhile_is_left_alone() -> None:
    world = with_added_disk()
    lose(world)
    world.cloud.disks[FIRST].owner = replace(OWNER, name="web-2", uid=OTHER_UID)
    to_rest(world)
    assert not world.cloud.disks[FIRST].recycled
    assert world.cloud.disks[FIRST].owner is not None


@pytest.mark.parametrize("policy", ["Retain", "Recycle"])
def test_a_given_disk_is_attached_to_the_new_server_again(policy: str) -> None:
    """Its policy is for when it leaves: the spec still asks for it, and in the bin it would be of no use."""

    def story(dies_at: int | None) -> int:
        world = world_with(**AGAIN)
        world.cloud.disks[GIVEN] = LooseDisk(size_mib=10240)
        wants(world, given(GIVEN, reclaimPolicy=policy), **AGAIN)
        to_rest(world)
        lose(world)
        passes = to_rest(world, dies_at=dies_at)
        assert on_server(world) - ROOTS == {GIVEN}
        assert not world.cloud.disks[GIVEN].recycled
        assert not sent(world, RecycleDisk)
        return passes

    for dies_at in range(story(None) + 1):
        story(dies_at)


def test_a_disk_that_went_with_its_server_costs_no_write() -> None:
    world = with_added_disk()
    world.cloud.erase(row(world).server.id)
    assert FIRST not in world.cloud.disks
    world.run(8)
    assert not sent(world, RecycleDisk)
    assert not [step for step in world.steps if isinstance(step, RecordDisk) and step.record.stage in OVER]


def gone(*disks: DiskRecord, state: DiskState | None = None, **changes: Any) -> Facts:
    """Return an object whose server, which had *disks*, is a proven 404 of just now."""
    looks = {each.id or "": LookedAtDisk(NOW - 1, state) for each in disks}
    left = resource(spec=RECREATE, records=records(disks=disks))
    base = facts(resource=left, reading=Reading(asked_at=NOW - 1, gone=True))
    return replace(base, **{"memory": Memory(born_at=0.0, disks=looks), **changes})


LOOSE = DiskState(auto_delete=True, status="ready", owner=OWNER)


def test_a_request_for_a_disk_that_may_be_under_way_is_waited_for() -> None:
    making = DiskRecord("data", "Recycle", MAKING, FIRST, attempt=1)
    step = plan(gone(making, memory=Memory(born_at=NOW - 5, disks={FIRST: LookedAtDisk(NOW - 1, None)})))
    assert isinstance(step, Hold)
    assert "may still be under way" in step.message


def test_nothing_is_done_to_a_disk_on_an_old_404_of_its_server() -> None:
    """The database of the cloud may have been put right since: the server may be there again."""
    removing = bound(disk_id=FIRST, stage=REMOVING, attempt=1)
    case = gone(removing, state=LOOSE)
    assert plan(case) == RecycleDisk(ID, FIRST)
    assert plan(replace(case, reading=Reading(asked_at=NOW - 3600.0, gone=True))) == Look(ID)


def test_a_disk_that_the_cloud_does_not_let_go_holds_the_new_server_and_says_the_way_out() -> None:
    removing = bound(disk_id=FIRST, stage=REMOVING, attempt=1)
    refusal = Refusal(
        Problem(Reason.OPERATION_FAILED, "The cloud says that it has snapshots."),
        "1//False",
        until=NOW + 60,
        count=1,
        since=NOW - 10,
    )
    looks = {FIRST: LookedAtDisk(NOW - 1, LOOSE)}
    memory = Memory(born_at=0.0, disks=looks, refusals={kind_of(RecycleDisk(ID, FIRST)): refusal})
    step = plan(gone(removing, memory=memory))
    assert isinstance(step, Hold)
    assert f"A new server is made once disk {FIRST} is in the recycle bin or gone" in step.message


def test_too_many_that_are_gone_leave_their_disks_alone() -> None:
    step = plan(gone(bound(disk_id=FIRST, attempt=1), state=LOOSE, too_many_gone=True))
    assert isinstance(step, Hold)
    assert step.reason == Reason.TOO_MANY_GONE


@pytest.mark.parametrize(("policy", "after"), [("Recycle", "recycle bin"), ("Retain", "kept")])
def test_a_plan_says_what_becomes_of_a_disk_that_a_lost_server_leaves(policy: str, after: str) -> None:
    case = gone(bound("data", FIRST, policy, attempt=1), state=LOOSE)
    (step,) = (each for each in preview(case) if each.field == "dataDisks[data].former")
    assert (step.before, step.after) == (f"{FIRST}, if it is left", after)
    looked = replace(case, memory=Memory(born_at=0.0, disks={}))
    assert preview(looked) == preview(case), "whatever is known of the disk: an approval is of one plan"


@pytest.mark.parametrize("policy", ["Retain", "Recycle"])
def test_one_approval_is_of_the_new_server_and_the_disk_that_is_left(policy: str) -> None:
    world = with_added_disk(reclaimPolicy=policy)
    wants(world, disk(reclaimPolicy=policy), **AGAIN, approval="Manual")
    lose(world)
    held = world.run()
    assert isinstance(held, Hold)
    assert held.reason == Reason.PLAN_PENDING
    assert not world.cloud.disks[FIRST].recycled
    assert world.cloud.disks[FIRST].owner is not None
    assert held.awaits is not None
    world.cluster.edit(annotations={APPROVE_PLAN: held.awaits.hash})
    to_rest(world)
    assert world.cloud.disks[FIRST].recycled == (policy == "Recycle")
    assert on_server(world) - ROOTS not in (set(), {FIRST})
