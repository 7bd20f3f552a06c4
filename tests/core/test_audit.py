"""What the audit log tells of each step: which field, from what, to what, and never a secret."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from onecloud_operator.core.audit import LONGEST_FIELD, LONGEST_VALUE, MOST_CHANGES, Change, changes_of
from onecloud_operator.core.card_writes import (
    AttachCard,
    BindGroup,
    ChangeAddress,
    DetachCard,
    LimitCard,
    UnbindGroup,
)
from onecloud_operator.core.cloud_writes import (
    Claim,
    CloudWrite,
    Create,
    Delete,
    Disown,
    GrowDisk,
    KeepDisk,
    Resize,
    Restore,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.disk_writes import (
    AddDisk,
    AttachDisk,
    DetachDisk,
    MakeDisk,
    RecycleDisk,
    SetDiskPolicy,
    TagDisk,
)
from onecloud_operator.core.eip_record import EipRecord
from onecloud_operator.core.eip_writes import BindEip, ChangeEip, DeleteEip, DisownEip, MakeEip, UnbindEip
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_record import SecretUse
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, SetPassword
from tests.core.fixtures import BEGUN, DATA, ID, ROOT, UID, details, facts, records, resource, server, spec

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

SECRET = "Secret login, key password, version 42"
MAC = "00:22:00:00:00:01"
USE = SecretUse("login", "password", "uid-1", "42")
EIP = EipRecord(id="eip-1", origin="Given", bandwidth=5)
FACTS = facts(
    server(details=details(disks=(ROOT, DATA), tags={"team": "shop", "old": "1"}, keypair_id="kp-0")),
    resource=resource(records=records(eip=EIP)),
)

ROWS: list[tuple[CloudWrite, list[Change]]] = [
    (
        Create(BEGUN),
        [
            Change("server", None, ID),
            Change("name", None, "shop.web-1"),
            Change("image", None, "ubuntu-22.04"),
            Change("cpu", None, "2"),
            Change("memory", None, "4Gi"),
        ],
    ),
    (Claim(ID), [Change("ownerTags", UID, UID)]),
    (Disown(ID), [Change("ownerTags", UID, None)]),
    (Update(ID, (("description", "new"),)), [Change("description", None, "new")]),
    (
        SetTags(ID, (("team", "bank"), ("new", "2")), ("old",)),
        [Change("tags.team", "shop", "bank"), Change("tags.new", None, "2"), Change("tags.old", "1", None)],
    ),
    (SetSecurityGroups(ID, ("db",)), [Change("securityGroups", "default", "db")]),
    (Start(ID), [Change("powerState", "Running", "Running")]),
    (Stop(ID), [Change("powerState", "Running", "Stopped")]),
    (Suspend(ID), [Change("powerState", "Running", "Suspended")]),
    (Resume(ID), [Change("powerState", "Running", "Running")]),
    (
        Resize(ID, cpu=4, memory_mib=8192, instance_type="ecs.g1"),
        [Change("cpu", "2", "4"), Change("memory", "4Gi", "8Gi"), Change("instanceType", None, "ecs.g1")],
    ),
    (GrowDisk(ID, "disk-1", 20480), [Change("disks[disk-1].size", "10Gi", "20Gi")]),
    (KeepDisk(ID, "disk-1", "detach"), [Change("disks[disk-1].server", ID, None)]),
    (KeepDisk(ID, "disk-1", "restore"), [Change("disks[disk-1]", "recycle bin", "kept")]),
    (KeepDisk(ID, "disk-1", "spare"), [Change("disks[disk-1].autoDelete", None, "false")]),
    (
        Rebuild(ID, "image-1", "kp-1", USE),
        [
            Change("image", "image-0", "image-1"),
            Change("password", None, SECRET),
            Change("keypair", "kp-0", "kp-1"),
        ],
    ),
    (SyncStatus(ID), [Change("status", "running", "read anew")]),
    (Restore(ID), [Change("server", "recycle bin", ID)]),
    (Unlock(ID), [Change("deletionLock", "true", "false")]),
    (Delete(ID, for_good=False), [Change("server", ID, "recycle bin")]),
    (Delete(ID, for_good=True), [Change("server", ID, None)]),
    (AttachCard(ID, "vnet-2", "net-2"), [Change("networks[vnet-2]", None, "net-2")]),
    (DetachCard(ID, MAC), [Change(f"cards[{MAC}]", "net-1", None)]),
    (
        ChangeAddress(ID, MAC, "net-1", "10.0.0.9"),
        [Change(f"cards[{MAC}].address", "10.0.0.5", "10.0.0.9")],
    ),
    (LimitCard(ID, MAC, 100), [Change(f"cards[{MAC}].bandwidth", None, "100")]),
    (BindGroup(ID, "group-1"), [Change("instanceGroups", None, "group-1")]),
    (UnbindGroup(ID, "group-1"), [Change("instanceGroups", "group-1", None)]),
    (
        MakeEip(ID, "eip-2", "web-eip", 10, "traffic"),
        [Change("eips[eip-2]", None, "web-eip"), Change("eips[eip-2].bandwidth", None, "10")],
    ),
    (BindEip(ID, "eip-1"), [Change("eips[eip-1].server", None, ID)]),
    (UnbindEip(ID, "eip-1"), [Change("eips[eip-1].server", ID, None)]),
    (ChangeEip(ID, "eip-1", 10), [Change("eips[eip-1].bandwidth", "5", "10")]),
    (DisownEip(ID, "eip-1"), [Change("eips[eip-1].ownerTags", UID, None)]),
    (DeleteEip(ID, "eip-1"), [Change("eips[eip-1]", "eip-1", None)]),
    (
        SetPassword(ID, USE, "root", None),
        [Change("password", None, SECRET)],
    ),
    (DeployPassword(ID, USE), [Change("password", None, SECRET)]),
    (DeployKeypair(ID, "kp-1"), [Change("keypair", "kp-0", "kp-1")]),
    (MakeDisk(ID, "disk-2", "logs", 10240, "storage-0"), [Change("disks[disk-2]", None, "10Gi")]),
    (
        AddDisk(ID, "logs", 10240, "local", "ssd", None, None, auto_delete=True),
        [Change("dataDisks[logs]", None, "10Gi")],
    ),
    (AttachDisk(ID, "disk-2"), [Change("disks[disk-2].server", None, ID)]),
    (DetachDisk(ID, "disk-1", keep=True), [Change("disks[disk-1].server", ID, None)]),
    (DetachDisk(ID, "disk-1", keep=False), [Change("disks[disk-1].server", ID, "recycle bin")]),
    (RecycleDisk(ID, "disk-1"), [Change("disks[disk-1]", "disk-1", "recycle bin")]),
    (TagDisk(ID, "disk-1", "logs"), [Change("disks[disk-1].ownerTags", None, UID)]),
    (TagDisk(ID, "disk-1", None), [Change("disks[disk-1].ownerTags", UID, None)]),
    (SetDiskPolicy(ID, "disk-1", auto_delete=True), [Change("disks[disk-1].autoDelete", "false", "true")]),
]


@pytest.mark.parametrize(("step", "told"), [pytest.param(*row, id=str(row[0])[:60]) for row in ROWS])
def test_each_step_tells_what_it_changes(step: CloudWrite, told: list[Change]) -> None:
    assert list(changes_of(FACTS, step)) == told


def test_no_step_is_left_out() -> None:
    assert {type(step) for step, _ in ROWS} == set(get_args(CloudWrite))


def test_of_a_server_that_nobody_has_read_it_is_told_what_it_gets() -> None:
    unread = replace(FACTS, reading=replace(FACTS.reading, server=None))
    for step, _ in ROWS:
        found = changes_of(unread, step)
        assert found
        assert all(each.before is None or each.after != each.before for each in found)


def secretive() -> Facts:
    """Return the facts of an object whose spec has user data, which may hold anything."""
    return replace(FACTS, resource=replace(FACTS.resource, spec=spec({"userData": "#!/bin/sh\nSesam"})))


def test_user_data_is_not_told() -> None:
    assert "Sesam" not in str(changes_of(secretive(), Create(BEGUN)))


def test_what_is_told_is_bounded_in_number_and_length() -> None:
    many = tuple((f"{n}-{'k' * 4096}", "v" * 4096) for n in range(1000))
    found = changes_of(FACTS, SetTags(ID, many, ()))
    assert len(found) == MOST_CHANGES
    assert found[-1] == Change("…")
    assert all(len(each.field) <= LONGEST_FIELD for each in found)
    assert all(len(each.after or "") <= LONGEST_VALUE for each in found)
