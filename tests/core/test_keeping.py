"""A disk that is to outlive its server is taken off it before the server is removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginDeletion,
    BeginKeeping,
    EndKeeping,
    Look,
    ReadDisk,
    ReadHistory,
)
from onecloud_operator.core.cloud_writes import KeepDisk, SyncStatus
from onecloud_operator.core.facts import History, Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.observed import Disk, DiskState
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.keep_disks import unkept
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.refusals import refused
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    DATA,
    ID,
    NOW,
    ROOT,
    bound,
    details,
    reading,
)
from tests.core.invariants import keep
from tests.core.kept_disks import DECLARED, GOES, SINCE, STAYS, hold, leaving, recording, shown
from tests.core.world import World

MORE = Disk("disk-2", 2, 10240)


@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_a_disk_that_stays_is_read_recorded_detached_and_proven_before_the_deletion(policy: str) -> None:
    assert plan(leaving(ROOT, DATA, policy=policy)) == ReadDisk(ID, "disk-1")
    read = {"disk-1": STAYS}
    assert plan(leaving(ROOT, DATA, policy=policy, states=read)) == BeginKeeping(("disk-1",), restored=False)
    begun = recording("disk-1")
    step = plan(leaving(ROOT, DATA, policy=policy, states=read, recorded=begun))
    assert step == KeepDisk(ID, "disk-1", "detach")
    assert plan(leaving(ROOT, policy=policy, recorded=begun)) == ReadDisk(ID, "disk-1")
    assert plan(leaving(ROOT, policy=policy, states=read, recorded=begun)) == EndKeeping("disk-1", kept=True)
    done = recording("disk-1", kept_at=SINCE)
    assert plan(leaving(ROOT, policy=policy, recorded=done)) == BeginDeletion()


def test_a_disk_that_goes_with_its_server_goes() -> None:
    assert plan(leaving(ROOT, DATA, states={"disk-1": GOES})) == BeginDeletion()


def test_a_server_without_data_disks_costs_no_further_question() -> None:
    assert plan(leaving(ROOT)) == BeginDeletion()


def test_retain_touches_nothing() -> None:
    assert not isinstance(plan(leaving(ROOT, DATA, policy="Retain")), ReadDisk | KeepDisk | BeginKeeping)


def test_the_word_of_the_spec_keeps_a_disk_that_the_cloud_would_take() -> None:
    wanted: dict[str, Any] = {"wanted": DECLARED, "states": {"disk-1": GOES, "disk-2": GOES}}
    known = {"disks": (bound(),)}
    assert plan(leaving(ROOT, DATA, MORE, recorded=known, **wanted)) == BeginKeeping(
        ("disk-1",), restored=False
    )


def test_where_it_is_not_known_which_disk_was_declared_all_that_may_be_it_are_kept() -> None:
    wanted: dict[str, Any] = {"wanted": DECLARED, "states": {"disk-1": GOES, "disk-2": GOES}}
    moved = replace(DATA, index=4)
    assert plan(leaving(ROOT, moved, MORE, **wanted)) == BeginKeeping(("disk-1", "disk-2"), restored=False)


@pytest.mark.parametrize("state", [DiskState(), None])
def test_a_disk_of_which_the_cloud_does_not_tell_is_kept(state: DiskState | None) -> None:
    assert isinstance(plan(leaving(ROOT, DATA, states={"disk-1": state})), BeginKeeping)


def test_the_root_disk_is_never_detached() -> None:
    moved = replace(ROOT, index=3)
    other = Disk("disk-9", 0, 1024)
    read = {"disk-0": STAYS, "disk-9": STAYS}
    assert plan(leaving(other, moved, states=read)) == BeginKeeping(("disk-9",), restored=False)
    assert plan(leaving(ROOT, states=read)) == BeginDeletion()


def test_a_record_that_calls_a_data_disk_the_root_disk_loses_no_data() -> None:
    """Whoever may write the status could else have a disk go that is to stay."""
    forged = {"root_disk_id": "disk-1"}
    read = {"disk-0": GOES, "disk-1": STAYS}
    step = plan(leaving(ROOT, DATA, states=read, recorded=forged))
    assert step == BeginKeeping(("disk-1",), restored=False)


def test_where_the_root_disk_is_not_known_what_may_be_it_holds_the_removal() -> None:
    bare = replace(ROOT, image=None, image_id=None)
    unknown = {"root_disk_id": None}
    read = {"disk-0": STAYS, "disk-1": GOES}
    given = leaving(bare, DATA, states=read, recorded=unknown)
    assert "onecloud.io/accept-root-disk: disk-0" in hold(given).message
    accepting = replace(given.resource, annotations={"onecloud.io/accept-root-disk": "disk-0"})
    assert plan(replace(given, resource=accepting)) == BeginDeletion()


def test_no_disk_is_taken_off_a_prepaid_server_that_the_cloud_does_not_delete_yet() -> None:
    paid = shown(ROOT, DATA, plain={"billing.type": "Prepaid"}, expires_at="2026-12-23T12:00:00Z")
    given = replace(leaving(ROOT, DATA, states={"disk-1": STAYS}), reading=reading(paid))
    assert hold(given).reason == "PrepaidNotExpired"
    over = replace(given, reading=reading(replace(paid, expires_at="2026-11-22T12:00:00Z")))
    assert isinstance(plan(over), BeginKeeping)


def test_a_moving_server_is_waited_for() -> None:
    begun = recording("disk-1")
    memory = {"looked_at": NOW - 1, "looked_version": 7, "moved_at": NOW - 5}
    given = leaving(ROOT, DATA, states={"disk-1": STAYS}, recorded=begun, memory=memory)
    moving = replace(given, reading=reading(shown(ROOT, DATA, status="sync_status")))
    assert hold(moving).reason == "WaitingForCloud"
    hung = replace(moving, memory=replace(moving.memory, moved_at=NOW - 700))
    assert plan(hung) == SyncStatus(ID)
    synced = replace(hung, memory=replace(hung.memory, synced_at=NOW - 1, sync_count=1))
    assert plan(synced) == KeepDisk(ID, "disk-1", "detach")


@pytest.mark.parametrize("status", ["detach_disk", "detach_disk_fail"])
def test_a_detachment_that_was_lost_or_failed_in_the_cloud_does_not_hold_the_removal_for_good(
    status: str,
) -> None:
    """The cloud detaches nothing from a server in such a state, and only a look at its host ends that."""
    world = World.of(leaving(ROOT, DATA).resource, shown(ROOT, DATA))
    world.before = keep
    row = world.cloud.rows[ID]
    world.cloud.disks["disk-1"].auto_delete = False
    row.on = True
    row.change(status=status)
    for _ in range(60):
        if world.cluster.released:
            break
        world.turn()
        world.now += world.wait or 0.0
    assert world.cluster.released
    assert "disk-1" not in {disk.id for disk in row.details.disks}


def test_a_stopped_server_is_looked_at_since_a_disk_may_be_attached_without_a_new_version() -> None:
    given = leaving(ROOT)
    stopped = replace(given, reading=reading(shown(ROOT, status="ready")))
    assert plan(stopped) == Look(ID)
    looked = replace(stopped, memory=Memory(born_at=0.0, looked_at=NOW - 1, looked_version=7))
    assert plan(looked) == BeginDeletion()
    old = replace(looked, now=NOW + 61.0)
    assert plan(old) == Look(ID)


def test_what_was_read_before_a_detachment_counts_no_more() -> None:
    begun = leaving(ROOT, DATA, states={"disk-1": STAYS}, recorded=recording("disk-1"))
    after = accepted(begun, KeepDisk(ID, "disk-1", "detach"), Done(NOW, NOW + 1.0))
    later = replace(begun, memory=after, now=NOW + 2.0, reading=reading(shown(ROOT), asked_at=NOW + 1.5))
    assert plan(later) == ReadDisk(ID, "disk-1")
    late = replace(later, reading=reading(shown(ROOT, status="ready"), asked_at=NOW + 1.5))
    assert plan(late) == Look(ID)


def test_a_cloud_that_does_not_tell_all_disks_holds_the_removal() -> None:
    given = leaving(ROOT)
    short = replace(shown(ROOT), details=details(disks=(ROOT,), disks_known=False))
    looked = Memory(born_at=0.0, looked_at=NOW - 1, looked_version=7)
    held = hold(replace(given, memory=looked, reading=reading(short)))
    assert held.reason == "OperationFailed"
    assert "force-detach" in held.message


def test_a_detached_disk_in_the_bin_is_taken_out() -> None:
    read = {"disk-1": DiskState(auto_delete=True, recycled=True)}
    given = leaving(ROOT, states=read, recorded=recording("disk-1"))
    assert plan(given) == KeepDisk(ID, "disk-1", "restore")


def test_a_disk_that_is_gone_is_not_waited_for() -> None:
    given = leaving(ROOT, states={"disk-1": None}, recorded=recording("disk-1"))
    step = plan(given)
    assert step == EndKeeping("disk-1", kept=False)
    status = report(given, step).status
    assert status is not None
    assert "keptDisks" not in status


@pytest.mark.parametrize("again", [False, True])
def test_a_refused_detachment_holds_the_removal_with_its_reason_and_a_way_out(again: bool) -> None:
    begun = leaving(ROOT, DATA, states={"disk-1": STAYS}, recorded=recording("disk-1"))
    step = KeepDisk(ID, "disk-1", "detach")
    problem = Problem(
        Reason.UPDATING if again else Reason.PROVIDER_ERROR, "no. This passes by itself.", again=again
    )
    after = refused(begun, step, problem, ended_at=NOW, wait_seconds=60.0)
    since = reading(shown(ROOT, DATA), asked_at=NOW + 29.0)
    held = hold(replace(begun, memory=after, now=NOW + 30.0, reading=since))
    text = unkept(begun, step, problem)
    assert (held.reason, held.message) == (text.reason, text.message)
    assert held.reason == ("OperationFailed" if again else "ProviderError")
    assert held.message.startswith("no. Disk disk-1 is to outlive the server")
    assert "deletionPolicy: Retain" in held.message
    assert "force-detach" in held.message
    late = reading(shown(ROOT, DATA), asked_at=NOW + 60.0)
    assert plan(replace(begun, memory=after, now=NOW + 60.0, reading=late)) == ReadDisk(ID, "disk-1")


def test_a_disk_that_cannot_be_read_holds_the_removal_too() -> None:
    given = leaving(ROOT, DATA)
    step = ReadDisk(ID, "disk-1")
    after = refused(given, step, Problem(Reason.FORBIDDEN, "no."), ended_at=NOW, wait_seconds=60.0)
    held = hold(replace(given, memory=after))
    assert held.reason == "Forbidden"
    assert "disk-1 cannot be read" in held.message


def test_a_detachment_that_is_accepted_and_changes_nothing_holds_the_removal() -> None:
    begun = leaving(ROOT, DATA, states={"disk-1": STAYS}, recorded=recording("disk-1"))
    step = KeepDisk(ID, "disk-1", "detach")
    memory = begun.memory
    for number in range(2):
        done = Done(NOW - 30 + number, NOW - 30 + number)
        memory = accepted(replace(begun, memory=memory), step, done)
    held = hold(replace(begun, memory=replace(memory, disks=begun.memory.disks)))
    assert held.reason == "OperationFailed"
    assert "force-detach" in held.message


def test_remains_of_a_creation_that_never_ran_keep_nothing() -> None:
    given = leaving(ROOT, DATA, recorded={"creation": BEGUN})
    failed = replace(given, reading=reading(shown(ROOT, DATA, status="sched_fail")))
    assert plan(failed) == BeginDeletion()
    unsure = replace(given, reading=reading(shown(ROOT, DATA, status="disk_fail")))
    assert plan(unsure) == ReadHistory(ID)
    known = Memory(born_at=0.0, history=History(started=False, failure=None), history_asked_at=NOW - 1)
    assert plan(replace(unsure, memory=known)) == BeginDeletion()
    ran = replace(known, history=History(started=True, failure=None))
    assert plan(replace(unsure, memory=ran)) == Look(ID)
