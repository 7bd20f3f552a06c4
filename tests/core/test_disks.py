"""A disk is known by its id: an index says where it is, never which one it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import BeginAdoption, Hold, Settled
from onecloud_operator.core.cloud_writes import GrowDisk, SetTags, Stop
from onecloud_operator.core.disk_records import DiskRecord
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Disk, Reading, rooted
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    BEGUN,
    DATA,
    ID,
    MADE,
    NOW,
    PLACE,
    RESTART,
    ROOT,
    bound,
    details,
    facts,
    nothing_yet,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

BARE = Disk("disk-9", 0, 10240)  # what takes the root disk's place
LARGER = {"rootDisk": {"size": "80Gi"}, "dataDisks": [{"name": "data-1", "size": "20Gi"}]}
PENDING = (DiskRecord("data-1", "Recycle", "Pending", asked=(("size", "10Gi"),), applied="Recycle"),)
GIVEN = {"dataDisks": [{"name": "data-1", "size": "10Gi"}]}
OLD = replace(MADE, completed_at="2026-11-01T11:59:30Z")  # by an operator that kept no record of disks
ADOPTED = {"creation": None, "adopted_at": "2026-11-23T11:59:30Z"}


def shown(*disks: Disk, status: str = "ready", **changes: Any) -> Observed:
    return server(status, details=details(disks=disks, **changes))


def seen(
    *disks: Disk,
    wanted: dict[str, Any] | None = None,
    recorded: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    status: str = "ready",
) -> Facts:
    """A stopped server that shows *disks*, of an object that wants *wanted* and remembers *recorded*."""
    held = resource(
        spec=spec({"powerState": "Stopped", **(wanted or {})}, **RESTART),
        records=records(**{"creation": OLD, **(recorded or {})}),
        annotations=annotations or {},
    )
    return facts(shown(*disks, status=status), resource=held)


def status_of(given: Facts) -> dict[str, Any]:
    status = report(given, plan(given)).status
    assert status is not None
    return dict(status)


def failed(given: Facts) -> str:
    step = plan(given)
    assert isinstance(step, Hold)
    assert step.reason == "OperationFailed"
    return step.message


def test_the_ids_of_its_disks_are_remembered_when_a_server_is_complete() -> None:
    making = resource(spec=spec(GIVEN), records=records(creation=BEGUN, disks=PENDING))
    status = status_of(facts(shown(replace(ROOT, image=None, image_id=None), DATA), resource=making))
    assert "completedAt" in status["creation"]
    assert status["rootDiskID"] == "disk-0"
    (known,) = status["dataDisks"]
    assert (known["name"], known["id"], known["stage"]) == ("data-1", "disk-1", "Bound")
    again = records_of(status)
    assert again.root_disk_id == "disk-0"
    assert again.disks == (bound(tagged=False),)


def test_details_that_come_after_the_completion_tell_the_disks_as_well() -> None:
    bare = replace(ROOT, image=None, image_id=None)
    late = facts(shown(bare, DATA), resource=resource(spec=spec(GIVEN), records=records(creation=MADE)))
    assert status_of(late)["rootDiskID"] == "disk-0"
    old = facts(shown(bare, DATA), resource=resource(spec=spec(GIVEN), records=records(creation=OLD)))
    assert "rootDiskID" not in status_of(old)


def test_they_are_remembered_with_the_record_of_an_adoption() -> None:
    found = shown(BARE, DATA)
    intent = spec(GIVEN, adoption={"policy": "Adopt", "id": ID})
    fresh = nothing_yet(candidates=(found,))
    given = replace(fresh, resource=replace(fresh.resource, spec=intent))
    status = report(given, BeginAdoption(ID, PLACE)).status
    assert status is not None
    assert status["rootDiskID"] == "disk-9"
    assert "dataDisks" not in status, "where a disk is says nothing of which it is"


def test_an_adopted_server_whose_image_lies_elsewhere_has_no_root_disk_that_is_known() -> None:
    moved = replace(ROOT, index=1)
    intent = spec({}, adoption={"policy": "Adopt", "id": ID})
    fresh = nothing_yet(candidates=(shown(BARE, moved),))
    status = report(
        replace(fresh, resource=replace(fresh.resource, spec=intent)), BeginAdoption(ID, PLACE)
    ).status
    assert status is not None
    assert "rootDiskID" not in status


@pytest.mark.parametrize(
    ("disks", "known"),
    [
        pytest.param((ROOT, DATA), "disk-0", id="with-an-image"),
        pytest.param((BARE,), "disk-9", id="the-only-one"),
        pytest.param((BARE, DATA), None, id="without-an-image-beside-another"),
        pytest.param((DATA,), None, id="the-only-one-in-another-place"),
        pytest.param((), None, id="none"),
    ],
)
def test_an_object_without_the_record_gets_it_where_the_disk_can_be_no_other(
    disks: tuple[Disk, ...], known: str | None
) -> None:
    given = seen(*disks, wanted={"image": None, "rootDisk": {"size": "10Gi"}})
    assert status_of(given).get("rootDiskID") == known


def test_nothing_is_remembered_of_a_server_that_moves_or_is_only_recalled_or_not_ours() -> None:
    given = seen(ROOT, DATA, status="resize_disk")
    assert "rootDiskID" not in status_of(given)
    old = replace(given.reading, server=replace(shown(ROOT), version=8))
    assert "rootDiskID" not in status_of(replace(given, reading=old))
    once = Reading(shown(ROOT), first_seen_at=NOW - 1, asked_at=NOW - 1)
    status = report(replace(given, reading=once), plan(replace(given, reading=once))).status
    assert "rootDiskID" not in (status or {})


@pytest.mark.parametrize("status", ["ready", "running"])
def test_a_root_disk_that_is_missing_is_told_and_no_disk_is_grown(status: str) -> None:
    known = {"root_disk_id": "disk-0", "disks": (bound(),)}
    given = seen(DATA, wanted={**LARGER, "powerState": "Unmanaged"}, recorded=known, status=status)
    message = failed(given)
    assert "disk-0" in message
    assert "onecloud.io/accept-root-disk" in message
    assert status_of(given)["rootDiskID"] == "disk-0"


def test_a_missing_root_disk_is_told_where_nothing_else_differs() -> None:
    assert "disk-0" in failed(seen(recorded={"root_disk_id": "disk-0"}))


def test_another_disk_in_the_root_disks_place_is_not_taken_for_it() -> None:
    given = seen(BARE, replace(ROOT, index=3), wanted=LARGER, recorded={"root_disk_id": "disk-0"})
    message = failed(given)
    assert "disk-0" in message
    assert "onecloud.io/accept-root-disk: disk-9" in message


def test_it_is_told_where_drift_is_only_reported_too() -> None:
    given = seen(BARE, recorded={"root_disk_id": "disk-0"})
    reporting = spec({"cpu": 4}, drift={"mode": "Report"})
    assert "disk-9" in failed(replace(given, resource=replace(given.resource, spec=reporting)))


def test_what_else_differs_is_mended_meanwhile() -> None:
    given = seen(BARE, wanted={"tags": {"a": "b"}}, recorded={"root_disk_id": "disk-0"})
    assert plan(given) == SetTags(ID, (("a", "b"),), ())


def test_a_person_accepts_another_root_disk_by_its_id() -> None:
    wanted = {"rootDisk": {"size": "40Gi"}}
    accepting = {"onecloud.io/accept-root-disk": "disk-9"}
    given = seen(BARE, wanted=wanted, recorded={"root_disk_id": "disk-0"}, annotations=accepting)
    assert plan(given) == GrowDisk(ID, "disk-9", 40960)
    settled = seen(BARE, recorded={"root_disk_id": "disk-0"}, annotations=accepting)
    assert status_of(settled)["rootDiskID"] == "disk-9"


def test_an_acceptance_of_a_disk_that_is_not_in_the_place_accepts_nothing() -> None:
    accepting = {"onecloud.io/accept-root-disk": "disk-1"}
    given = seen(BARE, DATA, recorded={"root_disk_id": "disk-0"}, annotations=accepting)
    assert "disk-9" in failed(given)


def test_a_root_disk_that_is_not_known_is_not_grown_and_the_way_out_is_told() -> None:
    given = seen(BARE, DATA, wanted=LARGER, recorded={"disks": (bound(),)})
    assert "onecloud.io/accept-root-disk: disk-9" in failed(given)
    accepted = replace(
        given.resource,
        spec=spec({**LARGER, "image": None, "powerState": "Stopped"}),
        annotations={"onecloud.io/accept-root-disk": "disk-9"},
    )
    assert isinstance(plan(replace(given, resource=accepted)), GrowDisk)


def test_a_data_disk_is_grown_by_its_id_wherever_it_is() -> None:
    known = {"root_disk_id": "disk-0", "disks": (bound(),)}
    other = Disk("disk-7", 1, 1024)
    wanted = {"dataDisks": [{"name": "data-1", "size": "20Gi"}]}
    given = seen(ROOT, other, replace(DATA, index=4), wanted=wanted, recorded=known)
    assert plan(given) == GrowDisk(ID, "disk-1", 20480)


def test_another_disk_in_a_data_disks_place_is_not_grown_for_it() -> None:
    known = {"root_disk_id": "disk-0", "disks": (bound(),)}
    wanted = {"dataDisks": [{"name": "data-1", "size": "20Gi"}]}
    given = seen(ROOT, Disk("disk-7", 1, 1024), wanted=wanted, recorded=known)
    assert not isinstance(plan(given), GrowDisk)
    assert [each["id"] for each in status_of(given)["dataDisks"]] == ["disk-1"]


def test_a_root_disk_that_was_moved_is_no_data_disk() -> None:
    moved = replace(ROOT, index=1)
    given = seen(BARE, moved, wanted=GIVEN, recorded={"root_disk_id": "disk-0"})
    assert "dataDisks" not in status_of(given)


def test_a_new_attempt_and_a_new_adoption_forget_the_disks_of_the_old_server() -> None:
    known = records(root_disk_id="disk-0", disks=(bound(),), **ADOPTED)
    given = facts(resource=resource(records=known), candidates=())
    status = report(given, BeginAdoption(ID, PLACE)).status
    assert status is not None
    assert "rootDiskID" not in status


def test_a_server_is_not_stopped_for_a_disk_that_is_not_its_root_disk() -> None:
    intent = spec({**LARGER, "powerState": "Running"}, **RESTART)
    given = seen(BARE, recorded={"root_disk_id": "disk-0"}, status="running")
    assert not isinstance(plan(replace(given, resource=replace(given.resource, spec=intent))), Stop)


def test_the_status_shows_the_root_disk_by_its_id() -> None:
    placed = {"index": 0, "id": "disk-9"}
    moved = {"index": 1, "id": "disk-0", "image": "ubuntu", "imageID": "image-0"}
    mirror = {"id": ID, "rootDisk": placed, "dataDisks": [moved]}
    assert rooted(mirror, "disk-0") == {
        "id": ID,
        "rootDisk": {"index": 1, "id": "disk-0"},
        "image": "ubuntu",
        "imageID": "image-0",
        "dataDisks": [placed],
    }
    lost = rooted({"id": ID, "rootDisk": placed, "image": "x"}, "disk-0")
    assert lost == {"id": ID, "dataDisks": [{**placed, "image": "x"}]}
    assert rooted(lost, "disk-9")["rootDisk"] == placed
    assert rooted(mirror, None) == rooted(mirror, "disk-9") == mirror
    assert rooted({"id": ID}, "disk-0") == {"id": ID}


def test_a_status_of_any_form_tells_some_disks_or_none() -> None:
    known = {"name": "a", "id": "disk-1", "reclaimPolicy": "Retain"}
    rows = [1, known, {**known, "stage": "Lost"}, {"name": "b", "stage": "Bound", "reclaimPolicy": "Retain"}]
    odd = {"rootDiskID": 7, "dataDisks": rows}
    assert records_of(odd) == Records()


def test_a_settled_object_writes_its_disks_once() -> None:
    given = facts(shown(ROOT, status="running"), resource=resource(spec=spec({})))
    assert plan(given) == Settled()
    status = status_of(given)
    kept = replace(given.resource, status=status, records=records_of(status))
    again = replace(given, resource=kept, memory=Memory(born_at=0.0), reading=reading(given.server))
    assert report(again, plan(again)).status is None
