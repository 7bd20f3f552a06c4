"""What counts only when a server is made, and was changed outside since: drift."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.status import Status
from onecloud_operator.core.actions import Resolve
from onecloud_operator.core.creation_digests import sent_of
from onecloud_operator.core.observed import Disk, Nic
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.references import (
    Kind,
    Reference,
    Resolved,
)
from onecloud_operator.core.report.events import events_between
from onecloud_operator.core.report.report import report
from tests.core.baselines import FULL, drift, later, reported, wanted
from tests.core.fixtures import (
    MADE,
    NAMES,
    bound,
    details,
    facts,
    mirror_with,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

KEYS: dict[str, Any] = {"billing": {"type": "Postpaid"}, "hardware": {"bios": "BIOS"}}


def complete(first: dict[str, Any] | None = None, found: Observed = FULL) -> Facts:
    """Return the facts of an object over the status that its complete server left."""
    intent = spec(first)
    assert intent.server is not None
    made = replace(MADE, sent=sent_of(intent.server))
    disks = tuple(bound(disk.name) for disk in intent.server.data_disks or ())
    case = facts(found, resource=resource(spec=intent, records=records(creation=made, disks=disks)))
    return reported(case)


def respec(case: Facts, server_spec: dict[str, Any]) -> Facts:
    """Return *case* after an edit."""
    intent = spec(server_spec)
    return replace(case, resource=replace(case.resource, spec=intent, generation=2))


RENAMED = Disk("disk-0", 0, 40960, image="ubuntu-22.04-20261101", image_id="image-0", backend="local")
DATA = Disk("disk-1", 1, 10240, medium="SSD")
CARD = Nic("net-1", "10.0.0.5", mac="00:22:00:00:00:01", default=True)
SECOND = Nic("net-2", "10.0.1.5", mac="00:22:00:00:00:02")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"disks": (RENAMED, DATA)}, id="the-image-renamed"),
        pytest.param({"disks": (replace(RENAMED, image=None), DATA)}, id="the-image-deleted"),
        pytest.param({"nics": (replace(CARD, address="10.0.0.9"),)}, id="an-address-that-was-not-asked-for"),
        pytest.param({"zone_id": "zone-2"}, id="another-zone-that-was-not-asked-for"),
        pytest.param({"plain": {"hardware.machine": "pc"}}, id="another-machine-that-was-not-asked-for"),
    ],
)
def test_what_is_no_drift(changes: dict[str, Any]) -> None:
    assert drift(later(complete(KEYS), **changes)) == {}


@pytest.mark.parametrize("name", ["Ubuntu-22.04", "another-name-of-the-same-image"])
def test_a_new_server_made_by_a_name_that_the_cloud_shows_otherwise_is_well(name: str) -> None:
    assert drift(complete({"image": name})) == {}


@pytest.mark.parametrize(
    ("declared", "changes", "expected"),
    [
        pytest.param(
            {},
            {"nics": (CARD, SECOND)},
            {"networks": ("net-1", "net-1, net-2")},
            id="a-card-attached-in-the-console",
        ),
        pytest.param(
            KEYS,
            {"plain": {"billing.type": "Prepaid"}},
            {"billing.type": ("Postpaid", "Prepaid")},
            id="paid-otherwise",
        ),
        pytest.param(
            KEYS,
            {"plain": {"hardware.bios": "UEFI"}},
            {"hardware.bios": ("BIOS", "UEFI")},
            id="other-firmware",
        ),
        pytest.param(
            {},
            {"disks": (replace(RENAMED, image_id="image-9"), DATA)},
            {"image": ("image-0", "image-9")},
            id="rebuilt-from-another-image",
        ),
        pytest.param(
            {"placement": {"zoneID": "zone-1"}},
            {"zone_id": "zone-2"},
            {"placement.zoneID": ("zone-1", "zone-2")},
            id="moved-to-another-zone",
        ),
        pytest.param(
            {"isolatedDevices": [{"type": "USB"}]},
            {"device_count": 1},
            {"isolatedDevices": ("0", "1")},
            id="a-device-attached",
        ),
        pytest.param(
            {"rootDisk": {"backend": "local"}},
            {"disks": (replace(RENAMED, backend="rbd"), DATA)},
            {"rootDisk.backend": ("local", "rbd")},
            id="a-disk-moved-to-another-storage",
        ),
    ],
)
def test_what_the_console_changed_is_drift_and_nothing_else(
    declared: dict[str, Any], changes: dict[str, Any], expected: dict[str, tuple[str, str]]
) -> None:
    assert drift(later(complete(declared), **changes)) == expected


def test_a_field_that_is_taken_out_is_not_looked_after_any_more() -> None:
    attached = later(complete(), nics=(CARD, SECOND))
    assert drift(attached) != {}
    assert drift(respec(reported(attached), {"networks": None})) == {}


def test_what_is_so_by_now_may_be_declared() -> None:
    attached = reported(later(complete(), nics=(CARD, SECOND)))
    both = respec(attached, {"networks": [{"network": "vnet-1"}, {"network": "vnet-backup"}]})
    backup = Reference(Kind.NETWORK, "vnet-backup")
    assert plan(both) == Resolve(backup)
    assert drift(replace(both, names={**NAMES, backup: Resolved("net-2")})) == {}


def test_drift_is_one_event_and_the_message_tells_the_way_out() -> None:
    before = complete()
    after = reported(later(before, nics=(CARD, SECOND)))
    (event,) = events_between(before.resource.status, after.resource.status)
    assert (event.kind, event.reason) == ("Warning", "DriftDetected")
    assert "networks" in event.message
    assert "taken out of the spec" in event.message
    assert list(events_between(after.resource.status, after.resource.status)) == []
    gone = reported(later(after, nics=(CARD,)))
    assert list(events_between(after.resource.status, gone.resource.status)) == []


def test_the_time_of_drift_stays_and_a_reading_that_is_missing_takes_nothing_back() -> None:
    drifted = reported(later(complete(), nics=(CARD, SECOND)))
    again = reported(replace(drifted, wall=drifted.wall.replace(hour=15)))
    assert again.resource.status["drift"] == drifted.resource.status["drift"]
    moving = replace(drifted, reading=reading(server("starting", version=9)))
    assert report(moving, plan(moving)).status is None or reported(moving).resource.status["drift"]


def test_what_the_status_recalls_lacks_nothing() -> None:
    """After a restart a server is what the status remembers of it: what is not there is not known."""
    case = complete(
        {**KEYS, "isolatedDevices": [{"type": "USB"}]},
        replace(
            FULL,
            details=replace(details(), device_count=1, zone_id="zone-1", nics=(CARD,), disks=(RENAMED, DATA)),
        ),
    )
    recalled = details(owner_known=False, owner=None, nics=(), disks=(RENAMED,))
    assert drift(replace(case, reading=reading(replace(FULL, details=recalled)))) == {}


def test_a_restart_of_the_operator_takes_no_drift_back_and_writes_nothing() -> None:
    drifted = reported(later(complete(KEYS), nics=(CARD, SECOND)))
    assert {each["field"] for each in drifted.resource.status["drift"]} == {"networks"}
    found = drifted.server
    assert found is not None
    assert found.details is not None
    recalled = replace(found, details=replace(found.details, owner_known=False, owner=None))
    case = replace(drifted, reading=reading(recalled))
    assert report(case, plan(case)).status is None


def test_no_record_is_made_of_what_an_older_status_recalls() -> None:
    """It lacks what that operator did not show, which would be reported as drift for good."""
    older = facts(FULL, resource=resource(spec=spec(KEYS)))
    assert FULL.details is not None
    bare = replace(FULL.details, zone_id=None, owner_known=False, owner=None)
    first = reported(replace(older, reading=reading(replace(FULL, details=bare))))
    assert "baseline" not in first.resource.status
    assert drift(replace(first, reading=reading(FULL))) == {}
    assert reported(replace(first, reading=reading(FULL))).resource.status["baseline"]["zoneID"] == "zone-1"


def test_an_object_of_an_older_operator_gets_its_record_at_the_first_reading() -> None:
    older = facts(FULL, resource=resource(spec=spec(KEYS)))
    status = reported(older).resource.status
    assert status["baseline"]["imageID"] == "image-0"
    (card,) = status["cards"]
    assert (card["network"], card["networkID"], card["mac"]) == ("vnet-1", "net-1", "00:22:00:00:00:01")
    assert dict(status["creation"]["sent"]) == dict(sent_of(wanted(KEYS)))


def test_whatever_the_cloud_shows_the_record_is_within_its_bounds_and_no_drift() -> None:
    long = "x" * 5000
    disks = tuple(Disk(f"disk-{n}", n, 10240, image_id=long, backend=long, medium=long) for n in range(40))
    strange = replace(
        FULL,
        mirror=mirror_with(
            FULL.mirror, dict.fromkeys(("hypervisor", "hardware.bios", "billing.type"), long[:64])
        ),
        details=details(disks=disks, keypair_id=long, zone_id=long, device_count=2**62),
    )
    declared = {**KEYS, "hypervisor": "kvm", "rootDisk": {"backend": "local"}}
    case = complete(declared, strange)
    Status.model_validate(case.resource.status)
    # What its image's name stands for by now would be drift, too.
    assert drift(replace(later(case), names={})) == {}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(facts(replace(FULL, version=9)), id="not-read-in-detail"),
        pytest.param(facts(server("starting")), id="moving"),
        pytest.param(facts(replace(FULL, recycled=True)), id="in-the-bin"),
        pytest.param(facts(reading=replace(reading(server("ready")), asked_at=0.0)), id="not-confirmed"),
        pytest.param(facts(resource=resource(records=records(creation=None, adopted_at="x"))), id="adopted"),
    ],
)
def test_no_record_is_made_of_what_is_not_sure(case: Facts) -> None:
    assert "baseline" not in (report(case, plan(case)).status or {})


def test_another_attempt_has_another_record() -> None:
    gone = complete()
    again = replace(
        gone,
        resource=replace(gone.resource, spec=spec(onExternalDeletion="Recreate")),
        reading=replace(gone.reading, server=None, gone=True),
    )
    status = report(again, plan(again)).status
    assert status is not None
    assert status["creation"]["attempt"] == 2
    assert "baseline" not in status
