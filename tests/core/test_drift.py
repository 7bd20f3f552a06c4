"""What counts only when a server is made: drift of one that we made, a difference of one that was adopted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.status import Status
from onecloud_operator.core.actions import Hold, Resolve, Settled
from onecloud_operator.core.creation_digests import GIVEN, UNSURE, edited, sent_again, sent_of
from onecloud_operator.core.observed import Disk, Nic
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import records_of
from onecloud_operator.core.references import (
    Ambiguous,
    Kind,
    Missing,
    Reference,
    Resolved,
    UnderWay,
    Unknown,
)
from onecloud_operator.core.report.conditions import standing
from onecloud_operator.core.report.events import transitions
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    BACKUP,
    ID,
    MADE,
    NAMES,
    details,
    facts,
    mirror_with,
    nothing_yet,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.world import World

if TYPE_CHECKING:
    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.references import Answer

KEYS: dict[str, Any] = {"keypair": "ops", "billing": {"type": "Postpaid"}, "hardware": {"bios": "BIOS"}}
FULL = server(
    plain={
        "hypervisor": "kvm",
        "hardware.bios": "BIOS",
        "hardware.machine": "q35",
        "billing.type": "Postpaid",
    },
    details=details(
        keypair="ops",
        keypair_id="key-1",
        zone_id="zone-1",
        nics=(Nic("net-1", "10.0.0.5", mac="00:22:00:00:00:01", default=True),),
        disks=(
            Disk("disk-0", 0, 40960, image="ubuntu-22.04", image_id="image-0", backend="local"),
            Disk("disk-1", 1, 10240, medium="SSD"),
        ),
    ),
)


def wanted(server_spec: dict[str, Any] | None = None) -> ServerSpec:
    found = spec(server_spec).server
    assert found is not None
    return found


def complete(first: dict[str, Any] | None = None, found: Observed = FULL) -> Facts:
    """Return the facts of an object over the status that its complete server left."""
    intent = spec(first)
    assert intent.server is not None
    made = replace(MADE, sent=sent_of(intent.server))
    case = facts(found, resource=resource(spec=intent, records=records(creation=made)))
    return told(case)


def told(case: Facts) -> Facts:
    """Return *case* over the status that it leaves."""
    said = report(case, plan(case))
    status = said.status if said.status is not None else case.resource.status
    return replace(case, resource=replace(case.resource, status=status, records=records_of(status)))


def later(case: Facts, **changes: Any) -> Facts:
    """Return *case* after the server changed in the cloud: plain fields, columns, details by their names."""
    own = {name: changes.pop(name) for name in tuple(changes) if name in details().__dataclass_fields__}
    before = case.server
    assert before is not None
    assert before.details is not None
    shown = replace(before.details, version=8, **own)
    mirror = mirror_with(before.mirror, changes.pop("plain", {}))
    after = replace(before, version=8, details=shown, **{"mirror": mirror, **changes})
    return replace(case, reading=reading(after))


def respec(case: Facts, server_spec: dict[str, Any]) -> Facts:
    """Return *case* after an edit."""
    intent = spec(server_spec)
    return replace(case, resource=replace(case.resource, spec=intent, generation=2))


def drift(case: Facts) -> dict[str, tuple[str, str]]:
    """Return what the status tells as drift; it must say that all is well beside."""
    step = plan(case)
    assert step == Settled()
    status = told(case).resource.status
    for kind in ("Ready", "Synced"):
        found = standing(status, kind)
        assert found is not None
        assert found["status"] == "True"
    assert standing(status, "Stalled") is None
    assert (standing(status, "Drifted") is not None) == bool(status.get("drift"))
    return {each["field"]: (each["desired"], each["actual"]) for each in status.get("drift", ())}


RENAMED = Disk("disk-0", 0, 40960, image="ubuntu-22.04-20261101", image_id="image-0", backend="local")
DATA = Disk("disk-1", 1, 10240, medium="SSD")
CARD = Nic("net-1", "10.0.0.5", mac="00:22:00:00:00:01", default=True)
SECOND = Nic("net-2", "10.0.1.5", mac="00:22:00:00:00:02")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"disks": (RENAMED, DATA)}, id="the-image-renamed"),
        pytest.param({"disks": (replace(RENAMED, image=None), DATA)}, id="the-image-deleted"),
        pytest.param({"keypair": "ops-2026"}, id="the-key-pair-renamed"),
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
        pytest.param({}, {"nics": ()}, {"networks": ("net-1", "")}, id="a-card-detached"),
        pytest.param(
            {"networks": [{"network": "vnet-1", "address": "10.0.0.5"}]},
            {"nics": (replace(CARD, address="10.0.0.9"),)},
            {"networks[vnet-1].address": ("10.0.0.5", "10.0.0.9")},
            id="another-address",
        ),
        pytest.param(
            {"networks": [{"network": "vnet-1", "mac": "00:22:00:00:00:01"}]},
            {"nics": (replace(CARD, mac="00:22:00:00:00:09"),)},
            {"networks[vnet-1].mac": ("00:22:00:00:00:01", "00:22:00:00:00:09")},
            id="another-mac",
        ),
        pytest.param(
            KEYS,
            {"plain": {"billing.type": "Prepaid"}},
            {"billing.type": ("Postpaid", "Prepaid")},
            id="paid-otherwise",
        ),
        pytest.param(
            KEYS, {"keypair_id": None, "keypair": None}, {"keypair": ("key-1", "")}, id="no-key-pair"
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
        pytest.param(
            {"dataDisks": [{"index": 1, "size": "10Gi"}]},
            {"disks": (RENAMED,)},
            {"dataDisks[1]": ("a disk", "")},
            id="a-data-disk-detached",
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
    assert drift(respec(told(attached), {"networks": None})) == {}


def test_what_is_so_by_now_may_be_declared() -> None:
    attached = told(later(complete(), nics=(CARD, SECOND)))
    both = respec(attached, {"networks": [{"network": "vnet-1"}, {"network": "vnet-backup"}]})
    backup = Reference(Kind.NETWORK, "vnet-backup")
    assert plan(both) == Resolve(backup)
    assert drift(replace(both, names={**NAMES, backup: Resolved("net-2")})) == {}


def test_drift_is_one_event_and_the_message_tells_the_way_out() -> None:
    before = complete()
    after = told(later(before, nics=(CARD, SECOND)))
    (event,) = transitions(before.resource.status, after.resource.status)
    assert (event.kind, event.reason) == ("Warning", "DriftDetected")
    assert "networks" in event.message
    assert "taken out of the spec" in event.message
    assert list(transitions(after.resource.status, after.resource.status)) == []
    gone = told(later(after, nics=(CARD,)))
    assert list(transitions(after.resource.status, gone.resource.status)) == []


def test_the_time_of_drift_stays_and_a_reading_that_is_missing_takes_nothing_back() -> None:
    drifted = told(later(complete(), nics=(CARD, SECOND)))
    again = told(replace(drifted, wall=drifted.wall.replace(hour=15)))
    assert again.resource.status["drift"] == drifted.resource.status["drift"]
    moving = replace(drifted, reading=reading(server("starting", version=9)))
    assert report(moving, plan(moving)).status is None or told(moving).resource.status["drift"]


def test_what_the_status_recalls_lacks_nothing() -> None:
    """After a restart a server is what the status remembers of it: what is not there is not known."""
    case = complete(
        {**KEYS, "isolatedDevices": [{"type": "USB"}]},
        replace(
            FULL,
            details=replace(
                details(), device_count=1, keypair_id="key-1", nics=(CARD,), disks=(RENAMED, DATA)
            ),
        ),
    )
    recalled = details(owner_known=False, owner=None, nics=(), disks=(RENAMED,))
    assert drift(replace(case, reading=reading(replace(FULL, details=recalled)))) == {}


def test_a_restart_of_the_operator_takes_no_drift_back_and_writes_nothing() -> None:
    data = {"dataDisks": [{"index": 1, "size": "10Gi"}]}
    drifted = told(later(complete({**KEYS, **data}), keypair=None, keypair_id=None, disks=(RENAMED,)))
    assert {each["field"] for each in drifted.resource.status["drift"]} == {"keypair", "dataDisks[1]"}
    found = drifted.server
    assert found is not None
    assert found.details is not None
    recalled = replace(found, details=replace(found.details, owner_known=False, owner=None))
    case = replace(drifted, reading=reading(recalled))
    assert report(case, plan(case)).status is None


def test_no_record_is_made_of_what_an_older_status_recalls() -> None:
    """It lacks what that operator did not show, which would be told as drift for good."""
    older = facts(FULL, resource=resource(spec=spec(KEYS)))
    assert FULL.details is not None
    bare = replace(FULL.details, keypair_id=None, owner_known=False, owner=None)
    first = told(replace(older, reading=reading(replace(FULL, details=bare))))
    assert "baseline" not in first.resource.status
    assert drift(replace(first, reading=reading(FULL))) == {}
    assert told(replace(first, reading=reading(FULL))).resource.status["baseline"]["keypairID"] == "key-1"


def test_an_object_of_an_older_operator_gets_its_record_at_the_first_reading() -> None:
    older = facts(FULL, resource=resource(spec=spec(KEYS)))
    status = told(older).resource.status
    assert status["baseline"]["imageID"] == "image-0"
    assert status["baseline"]["networks"] == [
        {"networkID": "net-1", "address": "10.0.0.5", "mac": "00:22:00:00:00:01"}
    ]
    assert dict(status["creation"]["sent"]) == dict(sent_of(wanted(KEYS)))


def test_whatever_the_cloud_shows_the_record_is_within_its_bounds_and_no_drift() -> None:
    long = "x" * 5000
    cards = tuple(Nic(f"{long}{number}", long, mac=f"{number}{long}") for number in range(100))
    disks = tuple(Disk(f"disk-{n}", n, 10240, image_id=long, backend=long, medium=long) for n in range(40))
    strange = replace(
        FULL,
        mirror=mirror_with(
            FULL.mirror, dict.fromkeys(("hypervisor", "hardware.bios", "billing.type"), long[:64])
        ),
        details=details(nics=cards, disks=disks, keypair_id=long, zone_id=long, device_count=2**62),
    )
    declared = {**KEYS, "hypervisor": "kvm", "rootDisk": {"backend": "local"}}
    case = complete(declared, strange)
    Status.model_validate(case.resource.status)
    assert drift(later(case)) == {}


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


# -- an edit between the POST and the completion ---------------------------------------------------------
def test_an_edit_after_the_post_is_told_as_drift_and_never_as_a_difference() -> None:
    world = World.of(replace(nothing_yet().resource, spec=spec()))
    while not world.cloud.posts:
        world.turn()
    world.cluster.respec(spec({"image": "debian-12", "hostname": "other", "userData": "#!/bin/sh\n"}))
    world.cloud.named[Reference(Kind.IMAGE, "debian-12")] = Resolved("image-9")
    assert world.run() == Settled()
    status = world.cluster.stored.status
    assert status["creation"]["completedAt"]
    assert {each["field"]: each["actual"] for each in status["drift"]} == {
        "hostname": "made before this edit",
        "image": "ubuntu-22.04 (made before this edit)",
        "userData": "made before this edit",
    }
    assert "#!/bin/sh" not in repr(status)


def test_an_edit_before_the_post_is_what_the_server_is_made_of() -> None:
    world = World.of(replace(nothing_yet().resource, spec=spec()))
    world.turn()
    world.turn()
    assert world.cluster.stored.status["creation"]
    world.cluster.respec(spec({"hostname": "other"}))
    assert world.run() == Settled()
    assert "drift" not in world.cluster.stored.status
    assert dict(world.cluster.stored.status["creation"]["sent"]).keys() == {"hostname", "image", "networks"}


def test_an_edit_after_a_post_whose_answer_is_lost_is_told_whichever_post_made_the_server() -> None:
    world = World.of(replace(nothing_yet().resource, spec=spec()))
    world.cloud.mood = "late"
    while not world.cloud.under_way:
        world.turn()
    world.cloud.mood = "well"
    world.cluster.respec(spec({"hostname": "other"}))
    for _ in range(400):
        if world.turn() == Settled():
            break
        world.now += world.wait or 0.0
    status = world.cluster.stored.status
    assert status["creation"]["sent"]["hostname"] == UNSURE
    assert [each["field"] for each in status["drift"]] == ["hostname"]


def test_after_a_lost_post_it_is_not_known_which_of_two_values_made_the_server() -> None:
    first, second = sent_of(wanted()), sent_of(wanted({"image": "debian-12"}))
    both = dict(sent_again(first, second, unmade=False))
    assert both["image"] == UNSURE
    assert both["networks"] == dict(first)["networks"]
    assert dict(sent_again(first, second, unmade=True)) == dict(second)
    assert edited(wanted(), replace(MADE, sent=tuple(both.items()))) == {"image"}


def test_what_was_sent_says_nothing_secret_and_neither_order_nor_growth_matters() -> None:
    secret = {"secretKeyRef": {"name": "login", "key": "password"}}
    sent = dict(sent_of(wanted({"userData": "#!/bin/sh\necho hush", "passwordFrom": secret})))
    assert sent["userData"] == GIVEN
    assert all(len(digest) <= 16 for digest in sent.values())
    nets = [{"network": "a"}, {"network": "b"}]
    disks = [{"index": 1, "size": "10Gi"}, {"index": 2, "size": "10Gi"}]
    larger = [{"index": 2, "size": "20Gi"}, {"index": 1, "size": "10Gi"}]
    assert sent_of(wanted({"networks": nets, "dataDisks": disks})) == sent_of(
        wanted({"networks": nets[::-1], "dataDisks": larger})
    )


# -- adopted servers -------------------------------------------------------------------------------------
def adopted(server_spec: dict[str, Any], names: dict[Reference, Answer], **changes: Any) -> Facts:
    intent = spec(server_spec, adoption={"policy": "Adopt", "id": ID})
    own = resource(spec=intent, records=records(creation=None, adopted_at="2026-11-23T11:00:00Z"))
    return replace(later(facts(FULL, resource=own), **changes), names={**NAMES, **names})


def reason(case: Facts) -> str | None:
    step = plan(case)
    return step.reason if isinstance(step, Hold) else None


DEBIAN = Reference(Kind.IMAGE, "debian-12")
UBUNTU = Reference(Kind.IMAGE, "ubuntu-22.04")
DEV = Reference(Kind.KEYPAIR, "dev")
WITH_BACKUP = {"networks": [{"network": "vnet-backup"}]}


@pytest.mark.parametrize(
    ("declared", "names", "expected"),
    [
        pytest.param(WITH_BACKUP, {BACKUP: Resolved("net-2")}, "ImmutableField", id="a-network-it-lacks"),
        pytest.param(WITH_BACKUP, {BACKUP: Resolved("net-1")}, None, id="another-name-of-its-own"),
        pytest.param(WITH_BACKUP, {BACKUP: Missing()}, "ReferenceNotFound", id="no-such-network"),
        pytest.param(WITH_BACKUP, {BACKUP: Ambiguous()}, "AmbiguousName", id="two-networks-of-one-name"),
        pytest.param(WITH_BACKUP, {BACKUP: Unknown("403")}, "ReferenceUnknown", id="networks-not-known"),
        pytest.param(WITH_BACKUP, {BACKUP: UnderWay()}, "NotYetObserved", id="another-object-asks"),
        pytest.param({"networks": [{"network": "net-1"}]}, {}, None, id="an-id-of-any-form"),
        pytest.param({"image": "debian-12"}, {DEBIAN: Resolved("image-9")}, "ImmutableField", id="its-image"),
        pytest.param({}, {UBUNTU: Resolved("image-9")}, "ImmutableField", id="the-name-is-another-s-by-now"),
        pytest.param({}, {UBUNTU: Missing()}, None, id="the-image-is-gone-and-was-called-so"),
        pytest.param({}, {UBUNTU: Unknown("no image service")}, None, id="nobody-can-tell-it-was-called-so"),
        pytest.param({"image": "debian-12"}, {DEBIAN: Unknown("x")}, "ReferenceUnknown", id="not-known"),
        pytest.param({"keypair": "OPS"}, {}, None, id="a-key-pair-in-another-case"),
        pytest.param({"keypair": "dev"}, {DEV: Resolved("key-1")}, None, id="a-key-pair-renamed"),
        pytest.param({"keypair": "dev"}, {DEV: Resolved("key-2")}, "ImmutableField", id="another-key-pair"),
        pytest.param({"billing": {"type": "Prepaid", "duration": "1M"}}, {}, "ImmutableField", id="billing"),
        pytest.param(
            {"networks": [{"network": "vnet-1", "address": "10.0.0.9"}]},
            {},
            "ImmutableField",
            id="an-address",
        ),
    ],
)
def test_an_adopted_server_is_compared_by_ids(
    declared: dict[str, Any], names: dict[Reference, Answer], expected: str | None
) -> None:
    case = adopted(declared, names)
    assert reason(case) == expected
    assert expected is not None or plan(case) == Settled()


def test_a_name_is_asked_for_before_an_adopted_server_is_said_to_agree() -> None:
    case = adopted({"networks": [{"network": "vnet-9"}]}, {})
    assert plan(case) == Resolve(Reference(Kind.NETWORK, "vnet-9"))


def test_a_look_up_without_an_answer_holds_back_nothing_else() -> None:
    case = adopted({**WITH_BACKUP, "description": "mine"}, {BACKUP: Unknown("no answer in time")})
    assert type(plan(case)).__name__ == "Update"


def test_unknown_is_neither_agreement_nor_difference_and_no_error() -> None:
    case = adopted(WITH_BACKUP, {BACKUP: Unknown("no right to list networks.")})
    synced = standing(told(case).resource.status, "Synced")
    assert synced is not None
    assert (synced["status"], synced["reason"]) == ("Unknown", "ReferenceUnknown")
    assert "no right to list networks." in synced["message"]
    assert "id in the spec" in synced["message"]
    assert "lastError" not in told(case).resource.status


# -- security groups -------------------------------------------------------------------------------------
WEB = Reference(Kind.SECURITY_GROUP, "web")


@pytest.mark.parametrize(
    ("groups", "names", "expected"),
    [
        pytest.param(["Default"], {}, (), id="shown-by-name-needs-no-question"),
        pytest.param(["default", "web"], {}, "Resolve", id="asked-for"),
        pytest.param(["default", "web"], {WEB: Resolved("g-2")}, ("default", "g-2"), id="set-by-ids"),
        pytest.param(["web"], {WEB: Resolved("default")}, (), id="another-name-of-its-own"),
        pytest.param(["default", "web"], {WEB: Ambiguous()}, "AmbiguousName", id="two-of-one-name"),
        pytest.param(["default", "web"], {WEB: Unknown("x")}, ("default", "web"), id="left-to-the-cloud"),
        pytest.param(["default", "web"], {WEB: Missing()}, ("default", "web"), id="the-cloud-says-no-itself"),
    ],
)
def test_security_groups_are_set_by_ids(
    groups: list[str], names: dict[Reference, Answer], expected: Any
) -> None:
    step = plan(replace(facts(resource=resource(spec=spec({"securityGroups": groups}))), names=names))
    match expected:
        case ():
            assert step == Settled()
        case tuple():
            assert getattr(step, "groups", None) == expected
        case "Resolve":
            assert step == Resolve(WEB)
        case _:
            assert isinstance(step, Hold)
            assert step.reason == expected
            assert "Give the id" in step.message
