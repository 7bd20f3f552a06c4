"""A disk that is to outlive its server does, whoever removes the server, and wherever a crash comes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginDeletion,
    BeginKeeping,
    Delete,
    EndKeeping,
    Hold,
    KeepDisk,
    Look,
    ReadDisk,
    ReadHistory,
    RemoveFinalizer,
    SyncStatus,
    Unlock,
)
from onecloud_operator.core.facts import History, LookedAtDisk, Memory
from onecloud_operator.core.memory import accepted, refused
from onecloud_operator.core.observed import Disk, DiskState
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.keep_disks import kept_text, unkept
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import KeptDisk, records_of
from onecloud_operator.core.report.events import transitions
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    DATA,
    ID,
    NOW,
    ROOT,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.invariants import keep
from tests.core.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

MORE = Disk("disk-2", 2, 10240)
STAYS, GOES = DiskState(auto_delete=False), DiskState(auto_delete=True)
KNOWN = {"root_disk_id": "disk-0"}
SINCE = "2026-11-23T11:59:50Z"
DECLARED = {"dataDisks": [{"index": 1, "size": "10Gi", "autoDelete": False}]}


def shown(*disks: Disk, status: str = "running", **changes: Any) -> Observed:
    return server(status, locked=False, details=details(disks=disks), **changes)


def leaving(
    *disks: Disk,
    states: Mapping[str, DiskState | None] | None = None,
    policy: str | None = None,
    wanted: dict[str, Any] | None = None,
    recorded: dict[str, Any] | None = None,
    memory: dict[str, Any] | None = None,
    **changes: Any,
) -> Facts:
    """A deleted object whose server shows *disks*, of which *states* were read."""
    looks = {disk_id: LookedAtDisk(NOW - 1, state) for disk_id, state in (states or {}).items()}
    going = resource(
        deleting=True,
        spec=spec(wanted, deletionPolicy=policy),
        records=records(**{**KNOWN, **(recorded or {})}),
    )
    remembered = Memory(born_at=0.0, disks=looks, **(memory or {}))
    return replace(facts(shown(*disks)), resource=going, memory=remembered, **changes)


def hold(given: Facts) -> Hold:
    step = plan(given)
    assert isinstance(step, Hold)
    return step


def recording(*ids: str, **changes: Any) -> dict[str, Any]:
    return {"kept_disks": tuple(KeptDisk(disk_id, SINCE, **changes) for disk_id in ids)}


# -- a living server -----------------------------------------------------------------------------------------
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
    known = {"data_disk_ids": ((1, "disk-1"),)}
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
    said = unkept(begun, step, problem)
    assert (held.reason, held.message) == (said.reason, said.message)
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
    told = Memory(born_at=0.0, history=History(started=False, failure=None), history_asked_at=NOW - 1)
    assert plan(replace(unsure, memory=told)) == BeginDeletion()
    ran = replace(told, history=History(started=True, failure=None))
    assert plan(replace(unsure, memory=ran)) == Look(ID)


# -- in the recycle bin --------------------------------------------------------------------------------------
def in_bin(*disks: Disk, states: Mapping[str, DiskState | None] | None = None, **records_: Any) -> Facts:
    looks = {disk_id: LookedAtDisk(NOW - 1, state) for disk_id, state in (states or {}).items()}
    held = resource(records=records(**{**KNOWN, **records_}))
    found = reading(shown(*disks, status="ready", recycled=True))
    return replace(facts(), resource=held, reading=found, memory=Memory(born_at=0.0, disks=looks))


BINNED = DiskState(auto_delete=False, recycled=True)


def test_a_disk_is_taken_out_of_the_bin_when_somebody_recycles_its_server() -> None:
    assert plan(in_bin(ROOT, DATA)) == ReadDisk(ID, "disk-1")
    read = {"disk-1": BINNED}
    assert plan(in_bin(ROOT, DATA, states=read)) == BeginKeeping(("disk-1",), restored=True)
    begun = recording("disk-1", restored=True)
    assert plan(in_bin(ROOT, DATA, states=read, **begun)) == KeepDisk(ID, "disk-1", "restore")
    out = {"disk-1": STAYS}
    assert plan(in_bin(ROOT, DATA, states=out, **begun)) == EndKeeping("disk-1", kept=True)
    done = in_bin(ROOT, DATA, states=out, **recording("disk-1", restored=True, kept_at=SINCE))
    assert hold(done).reason == "InRecycleBin"
    assert "disk-1" in hold(done).message


def test_a_disk_that_was_declared_to_stay_and_would_go_is_spared() -> None:
    given = in_bin(ROOT, DATA, states={"disk-1": GOES}, data_disk_ids=((1, "disk-1"),), **recording("disk-1"))
    given = replace(given, resource=replace(given.resource, spec=spec(DECLARED)))
    assert plan(given) == KeepDisk(ID, "disk-1", "spare")


def test_a_disk_of_which_the_cloud_does_not_tell_is_spared_too() -> None:
    binned = reading(shown(ROOT, DATA, recycled=True))
    given = leaving(ROOT, DATA, policy="Delete", reading=binned, states={"disk-1": DiskState()})
    assert plan(given) == BeginKeeping(("disk-1",), restored=True)
    begun = leaving(
        ROOT,
        DATA,
        policy="Delete",
        reading=binned,
        states={"disk-1": DiskState()},
        recorded=recording("disk-1"),
    )
    assert plan(begun) == KeepDisk(ID, "disk-1", "spare")


def test_what_is_remembered_of_disks_is_bounded_whatever_the_cloud_shows() -> None:
    given = leaving(ROOT, DATA)
    for number in range(1000):
        step = ReadDisk(ID, f"disk-{number}")
        done = Done(NOW + number, NOW + number, disk=STAYS)
        given = replace(given, memory=accepted(given, step, done))
        no = Problem(Reason.FORBIDDEN, "no")
        given = replace(given, memory=refused(given, step, no, ended_at=NOW + number, wait_seconds=1.0))
    assert len(given.memory.disks) < 200
    assert len(given.memory.refusals) < 200
    assert "disk-999" in given.memory.disks


def test_a_disk_that_cannot_be_taken_out_of_the_bin_is_told_and_tried_again() -> None:
    begun = in_bin(ROOT, DATA, states={"disk-1": BINNED}, **recording("disk-1", restored=True))
    step = KeepDisk(ID, "disk-1", "restore")
    after = refused(begun, step, Problem(Reason.PROVIDER_ERROR, "no."), ended_at=NOW, wait_seconds=60.0)
    since = replace(begun.reading, asked_at=NOW + 29.0)
    held = hold(replace(begun, memory=after, now=NOW + 30.0, reading=since))
    assert (held.reason, held.requeue_after) == ("ProviderError", 30.0)
    assert "Take it out of the recycle bin" in held.message
    assert "deletionPolicy" not in held.message


def test_a_server_that_is_still_on_its_way_into_the_bin_is_waited_for() -> None:
    given = in_bin(ROOT, DATA)
    moving = reading(shown(ROOT, DATA, status="sync_status", recycled=True))
    memory = Memory(born_at=NOW, moved_at=NOW - 1)
    assert hold(replace(given, reading=moving, memory=memory)).reason == "InRecycleBin"
    going = replace(given.resource, deleting=True)
    assert hold(replace(given, resource=going, reading=moving, memory=memory)).reason == "Removing"


def test_what_somebody_else_recycled_is_let_go_only_when_its_disks_are_safe() -> None:
    given = in_bin(ROOT, DATA, states={"disk-1": BINNED})
    going = replace(given, resource=replace(given.resource, deleting=True))
    assert isinstance(plan(going), BeginKeeping)
    safe = replace(going, memory=Memory(born_at=0.0, disks={"disk-1": LookedAtDisk(NOW - 1, STAYS)}))
    assert plan(safe) == RemoveFinalizer("Recycled")


def test_a_server_in_the_bin_is_deleted_for_good_only_when_its_disks_are_out_of_it() -> None:
    given = in_bin(ROOT, DATA, states={"disk-1": BINNED})
    intent = replace(given.resource, deleting=True, spec=spec(deletionPolicy="Delete"))
    assert plan(replace(given, resource=intent)) == BeginKeeping(("disk-1",), restored=True)


# -- what is said --------------------------------------------------------------------------------------------
def test_status_and_events_name_what_is_kept() -> None:
    given = leaving(ROOT, DATA, states={"disk-1": STAYS})
    first = report(given, plan(given)).status
    assert first is not None
    assert first["keptDisks"] == [{"id": "disk-1", "how": "Detached", "since": "2026-11-23T12:00:00Z"}]
    held = replace(given.resource, status=first, records=records_of(first))
    second = report(replace(given, resource=held), EndKeeping("disk-1", kept=True)).status
    assert second is not None
    assert second["keptDisks"][0]["keptAt"] == "2026-11-23T12:00:00Z"
    (told,) = (turn for turn in transitions(first, second) if turn.reason == "DiskKept")
    assert "disk-1" in told.message
    kept = replace(given.resource, status=second, records=records_of(second))
    assert kept_text(replace(given, resource=kept)) == " Kept disks: disk-1."
    gone = report(replace(given, resource=held), EndKeeping("disk-1", kept=False)).status
    assert gone is not None
    assert [turn.reason for turn in transitions(first, gone) if turn.kind == "Warning"] == ["DiskGone"]


def test_the_record_of_kept_disks_is_bounded() -> None:
    old = recording(*(f"old-{number}" for number in range(64)), kept_at=SINCE)
    given = leaving(ROOT, recorded=old)
    status = report(given, BeginKeeping(("disk-1",), restored=False)).status
    assert status is not None
    assert len(status["keptDisks"]) == 64
    assert status["keptDisks"][-1]["id"] == "disk-1"


# -- crashes -------------------------------------------------------------------------------------------------
WANTED = {"dataDisks": [{"index": n, "size": "10Gi", "autoDelete": n != 2} for n in (1, 2, 3)]}


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
