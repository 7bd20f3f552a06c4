"""An edit of the image rebuilds the root disk, once, where that is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.actions import BeginRestart, Hold, RecordImage, Settled
from onecloud_operator.core.cloud_writes import GrowDisk, Resize, Start, Stop
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.references import Missing, Resolved, Unknown
from onecloud_operator.core.report.events import events_between
from tests.core.fixtures import ID, spec
from tests.core.rebuilds import DEBIAN, EDITED, REBUILD, edit, edited, made, rebuilt, record, root_image
from tests.core.stops import POWERS, condition, row_of, sent, to_rest, turn, until_it_is


def test_a_server_that_is_made_has_the_record_of_its_image() -> None:
    world = made()
    assert record(world) == {"text": "ubuntu-22.04", "id": "image-0"}
    assert not world.sent


@pytest.mark.parametrize("power", POWERS)
def test_an_edit_stops_the_server_rebuilds_its_root_disk_and_starts_it(power: str) -> None:
    world = edited({"powerState": power})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Rebuild, Start]
    assert (root_image(world), row_of(world).status) == ("image-9", "running")
    assert record(world) == {"text": "debian-12", "id": "image-9"}
    assert "restart" not in world.cluster.stored.status


def test_it_is_told_before_with_a_warning_and_afterwards() -> None:
    world = made()
    before = world.cluster.stored.status
    edit(world, EDITED)
    until_it_is(world, RecordImage)
    begun = world.cluster.stored.status
    to_rest(world)
    told = [
        (event.kind, event.reason, event.message)
        for old, new in ((before, begun), (begun, world.cluster.stored.status))
        for event in events_between(old, new)
        if event.reason in {"Rebuilding", "Rebuilt"}
    ]
    assert [each[:2] for each in told] == [("Warning", "Rebuilding"), ("Normal", "Rebuilt")]
    assert told[0][2].startswith("Rebuilding: the root disk of server ")
    assert "debian-12 (image-9); what is on it is lost" in told[0][2]


def test_the_key_pair_goes_along_since_it_is_lost_with_the_old_disk() -> None:
    world = edited()
    to_rest(world)
    assert sent(world, Rebuild) == [Rebuild(ID, "image-9", "key-1")]
    assert world.cloud.rows[ID].details.keypair_id == "key-1"


def test_the_record_stands_before_the_cloud_is_asked_and_after_the_stop() -> None:
    world = edited()
    until_it_is(world, BeginRestart)
    until_it_is(world, RecordImage)
    begun = record(world)["rebuild"]
    assert begun["text"] == "debian-12"
    assert (begun["id"], begun["fromID"]) == ("image-9", "image-0")
    assert begun["updateVersion"] == row_of(world).version
    assert row_of(world).status == "ready"
    assert not rebuilt(world)
    assert isinstance(turn(world), Rebuild)


@pytest.mark.parametrize("allow", ["Never", "Restart"])
@pytest.mark.parametrize("power", [*POWERS, "Stopped"])
def test_without_leave_to_rebuild_nothing_is_sent_though_it_be_stopped(allow: str, power: str) -> None:
    world = made({"powerState": power} if power == "Stopped" else None)
    before = len(world.sent)
    edit(world, {**EDITED, "powerState": power}, disruption={"allow": allow})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert (held.reason, len(world.sent)) == ("RestartNeeded", before)
    assert "disruption.allow: Rebuild" in held.message
    assert "lost" in held.message


def test_a_server_that_is_to_be_off_is_rebuilt_and_stays_off() -> None:
    world = made({"powerState": "Stopped"})
    edit(world, {**EDITED, "powerState": "Stopped"})
    assert isinstance(to_rest(world), Settled)
    assert (root_image(world), row_of(world).status) == ("image-9", "ready")
    assert not sent(world, Start)


def test_leave_to_rebuild_is_leave_to_restart() -> None:
    world = made()
    edit(world, {"cpu": 4})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]


def test_a_resize_a_larger_root_disk_and_another_image_cost_one_restart() -> None:
    world = edited({"cpu": 4, "memory": "8Gi", "rootDisk": {"size": "80Gi"}})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, GrowDisk, Rebuild, Start]
    assert (row_of(world).cpu, row_of(world).details.disks[0].size_mib) == (4, 81920)


def test_where_only_a_restart_is_allowed_the_rest_is_done_and_the_image_held() -> None:
    world = edited({"cpu": 4}, disruption={"allow": "Restart"})
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert [type(step) for _, step, _ in world.sent] == [Stop, Resize, Start]
    assert not rebuilt(world)


def test_under_report_it_is_told_and_not_done() -> None:
    world = edited(drift={"mode": "Report"})
    to_rest(world)
    assert not world.sent
    assert condition(world, "Synced") == ("True", "DriftReported")
    assert [each["field"] for each in world.cluster.stored.status["drift"]] == ["image"]


def test_an_edit_of_what_is_left_to_others_does_nothing() -> None:
    world = edited(drift={"ignore": ["image"]})
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    assert "drift" not in world.cluster.stored.status


def test_another_name_of_the_same_image_changes_the_record_alone() -> None:
    world = made()
    world.cloud.named[DEBIAN] = Resolved("IMAGE-0")
    edit(world, EDITED)
    assert isinstance(to_rest(world), Settled)
    assert not world.sent
    assert record(world)["text"] == "debian-12"


def test_an_edit_that_is_taken_back_before_it_begins_does_nothing() -> None:
    world = edited()
    until_it_is(world, Stop)
    edit(world, {})
    assert isinstance(to_rest(world), Settled)
    assert [type(step) for _, step, _ in world.sent] == [Stop, Start]
    assert record(world) == {"text": "ubuntu-22.04", "id": "image-0"}


def test_an_edit_that_is_taken_back_during_the_rebuild_is_another_edit() -> None:
    world = edited()
    until_it_is(world, Rebuild)
    edit(world, {})
    assert isinstance(to_rest(world), Settled)
    assert rebuilt(world) == ["image-9", "image-0"]
    assert row_of(world).status == "running"


def test_an_image_that_is_taken_out_is_not_managed() -> None:
    world = made({"rootDisk": {"size": "10Gi"}})
    edit(world, {"image": None, "rootDisk": {"size": "10Gi"}})
    assert isinstance(to_rest(world), Settled)
    assert not world.sent


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Missing(), "ReferenceNotFound"),
        (Unknown("no answer"), "ReferenceUnknown"),
        (Resolved("image-9", unusable="queued"), "ReferenceNotFound"),
    ],
)
def test_a_name_that_leads_to_no_image_stops_nothing(answer: Any, reason: str) -> None:
    world = made()
    world.cloud.named[DEBIAN] = answer
    edit(world, EDITED)
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == reason
    assert not world.sent


def test_a_name_is_looked_up_before_the_server_is_stopped_for_anything() -> None:
    world = made()
    edit(world, {**EDITED, "cpu": 4})
    names = [type(turn(world)).__name__ for _ in range(3)]
    assert names[0] == "Resolve"
    assert world.cluster.stored.status["restart"]["why"] == "cpu, image"


def test_a_server_whose_root_disk_is_another_one_is_left_alone() -> None:
    world = made()
    row = world.cloud.rows[ID]
    swapped = tuple(disk if disk.index else type(disk)("disk-9", 0, 40960) for disk in row.details.disks)
    row.change(disks=swapped)
    edit(world, EDITED)
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "OperationFailed"
    assert "root disk" in held.message
    assert not world.sent


def test_a_server_that_is_suspended_is_not_rebuilt() -> None:
    world = made()
    world.cloud.rows[ID].change(status="suspend")
    world.cluster.respec(spec({**EDITED, "powerState": "Unmanaged"}, **REBUILD))
    held = to_rest(world)
    assert isinstance(held, Hold)
    assert held.reason == "RestartNeeded"
    assert not world.sent
