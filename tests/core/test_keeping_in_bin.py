"""A disk that is to outlive its server is taken out of the recycle bin; what the status says of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginKeeping, EndKeeping, ReadDisk, RemoveFinalizer
from onecloud_operator.core.cloud_writes import KeepDisk
from onecloud_operator.core.facts import LookedAtDisk, Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.observed import Disk, DiskState
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.keep_disks import kept_text
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import records_of
from onecloud_operator.core.refusals import refused
from onecloud_operator.core.report.events import events_between
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    DATA,
    ID,
    NOW,
    ROOT,
    bound,
    facts,
    reading,
    records,
    resource,
    spec,
)
from tests.core.kept_disks import DECLARED, GOES, KNOWN, SINCE, STAYS, hold, leaving, recording, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts


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
    given = in_bin(ROOT, DATA, states={"disk-1": GOES}, disks=(bound(),), **recording("disk-1"))
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


# -- what is shown -------------------------------------------------------------------------------------------
def test_status_and_events_name_what_is_kept() -> None:
    given = leaving(ROOT, DATA, states={"disk-1": STAYS})
    first = report(given, plan(given)).status
    assert first is not None
    assert first["keptDisks"] == [{"id": "disk-1", "how": "Detached", "since": "2026-11-23T12:00:00Z"}]
    held = replace(given.resource, status=first, records=records_of(first))
    second = report(replace(given, resource=held), EndKeeping("disk-1", kept=True)).status
    assert second is not None
    assert second["keptDisks"][0]["keptAt"] == "2026-11-23T12:00:00Z"
    (event,) = (turn for turn in events_between(first, second) if turn.reason == "DiskKept")
    assert "disk-1" in event.message
    kept = replace(given.resource, status=second, records=records_of(second))
    assert kept_text(replace(given, resource=kept)) == " Kept disks: disk-1."
    gone = report(replace(given, resource=held), EndKeeping("disk-1", kept=False)).status
    assert gone is not None
    assert [turn.reason for turn in events_between(first, gone) if turn.kind == "Warning"] == ["DiskGone"]


def test_the_record_of_kept_disks_is_bounded() -> None:
    old = recording(*(f"old-{number}" for number in range(64)), kept_at=SINCE)
    given = leaving(ROOT, recorded=old)
    status = report(given, BeginKeeping(("disk-1",), restored=False)).status
    assert status is not None
    assert len(status["keptDisks"]) == 64
    assert status["keptDisks"][-1]["id"] == "disk-1"
