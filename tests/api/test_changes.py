"""What may change once the server is made, and what was free until then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster.kube import KubeError
from tests.api.manifests import SPEC, manifest, merged

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

KIND = "onecloudservers"
BEGUN = {"attempt": 1, "id": "x", "name": "shop.web-1", "startedAt": "2026-11-23T12:00:00Z"}
SENT = {"image": "d1", "userData": "given", "placement": "d4"}
MADE = {**BEGUN, "completedAt": "2026-11-23T12:00:30Z", "sent": SENT}
FULL: dict[str, Any] = merged(
    SPEC,
    {
        "server": {
            "hostname": "web-1",
            "hypervisor": "kvm",
            "rootDisk": {"size": "20Gi", "backend": "local"},
            "dataDisks": [{"name": "data-1", "size": "10Gi", "medium": "SSD"}],
            "keypair": "ops",
            "adminUser": "ops",
            "userData": "#!/bin/sh\n",
            "hardware": {"bios": "BIOS", "machine": "pc", "vga": "std"},
            "placement": {"zoneID": "zone-1"},
            "instanceGroups": ["group-1"],
            "billing": {"type": "Postpaid"},
            "tags": {"tier": "web"},
        }
    },
)


def server(**fields: Any) -> dict[str, Any]:
    return {"server": fields}


def data_disk(**fields: Any) -> dict[str, Any]:
    return {"name": "data-1", "size": "10Gi", "medium": "SSD", **fields}


FIXED = {
    "the-server-taken-away": (
        {"server": None, "managementPolicy": "Observe", "adoption": {"id": "x"}},
        "server",
    ),
    "another-host-name": (server(hostname="web-2"), "server.hostname"),
    "another-hypervisor": (server(hypervisor="esxi"), "server.hypervisor"),
    "a-smaller-root-disk": (server(rootDisk={"size": "19Gi"}), "rootDisk.size can only grow"),
    "another-backend": (server(rootDisk={"backend": "rbd"}), "rootDisk.backend"),
    "a-smaller-data-disk": (server(dataDisks=[data_disk(size="9Gi")]), "dataDisks can only grow"),
    "another-login": (server(adminUser="dev"), "server.adminUser"),
    "other-user-data": (server(userData="#!/bin/bash\n"), "server.userData"),
    "user-data-out-of-a-secret": (
        server(userData=None, userDataFrom={"secretKeyRef": {"name": "a", "key": "b"}}),
        "server.userDataFrom",
    ),
    "other-firmware": (server(hardware={"bios": "UEFI"}), "hardware.bios"),
    "another-machine": (server(hardware={"machine": "q35"}), "hardware.machine"),
    "another-zone": (server(placement={"zoneID": "zone-2"}), "server.placement"),
    "another-way-to-pay": (server(billing={"type": "Prepaid", "duration": "1M"}), "server.billing"),
    "a-device": (server(isolatedDevices=[{"type": "USB"}]), "server.isolatedDevices"),
}
FREE: dict[str, dict[str, Any]] = {
    "cpu": server(cpu=4),
    "memory": server(memory="8Gi"),
    "an-instance-type-instead": server(cpu=None, memory=None, instanceType="ecs.g1.c2m4"),
    "a-larger-root-disk": server(rootDisk={"size": "40Gi"}),
    "a-larger-data-disk": server(dataDisks=[data_disk(size="20Gi")]),
    "one-more-data-disk": server(dataDisks=[data_disk(), {"name": "data-2", "size": "10Gi"}]),
    "a-disk-that-exists": server(dataDisks=[data_disk(), {"name": "data-2", "diskID": "disk-9"}]),
    "a-data-disk-taken-out": server(dataDisks=[]),
    "what-becomes-of-a-data-disk": server(dataDisks=[data_disk(reclaimPolicy="Retain")]),
    "name": server(name="web"),
    "description": server(description="new"),
    "tags": server(tags={"tier": None, "team": "web"}),
    "another-network": server(networks=[{"network": "vnet-2"}]),
    "a-second-network": server(networks=[{"network": "vnet-1"}, {"network": "b", "bandwidth": 100}]),
    "another-group": server(instanceGroups=["group-2"]),
    "no-group-any-more": server(instanceGroups=[]),
    "security-groups": server(securityGroups=["db"]),
    "power": server(powerState="Stopped"),
    "another-key-pair": server(keypair="dev"),
    "a-password": server(passwordFrom={"secretKeyRef": {"name": "a", "key": "b"}}),
    "a-password-that-follows-its-secret": server(
        passwordFrom={"secretKeyRef": {"name": "a", "key": "b"}, "rotate": True}
    ),
    "an-elastic-ip": server(eip={"bandwidth": 10}),
    "graphics": server(hardware={"vga": "qxl"}),
    "credentials": {"credentialsRef": {"name": "other"}},
    "a-provider-instead": {"credentialsRef": None, "providerRef": {"name": "lab"}},
    "another-image": server(image="debian-12"),
    "the-image-taken-out": server(image=None),
    "the-networks-taken-out": server(networks=None),
    "the-root-disk-s-size-taken-out": server(rootDisk={"size": None}),
    "a-disk-option-taken-out": server(rootDisk={"backend": None}),
    "the-data-disks-taken-out": server(dataDisks=None),
    "an-option-of-a-data-disk-taken-out": server(dataDisks=[{"name": "data-1", "size": "10Gi"}]),
    "all-that-counts-only-at-the-creation-taken-out": server(
        **dict.fromkeys(
            ("hostname", "hypervisor", "keypair", "adminUser", "userData", "placement", "instanceGroups"),
        ),
        billing=None,
        hardware=None,
    ),
    "policies": {"deletionPolicy": "Retain", "deletionProtection": True, "drift": {"mode": "Report"}},
}


def apply(kube: Kube, namespace: str, spec: dict[str, Any], creation: dict[str, Any] | None) -> None:
    """Have the object as it is after its creation has come so far."""
    kube.create(manifest(namespace, spec))
    if creation is not None:
        kube.patch(KIND, "web-1", namespace, {"status": {"creation": creation}}, subresource="status")


def change(kube: Kube, namespace: str, changes: dict[str, Any]) -> None:
    """Replace the spec by one with *changes*. Raises KubeError."""
    found = kube.get(KIND, "web-1", namespace)
    assert found is not None
    body = {**found, "spec": merged(FULL, changes)}
    kube.request("PUT", kube.resource(KIND).path(namespace, "web-1"), body=body, dryRun="All")


@pytest.mark.parametrize(("changes", "says"), FIXED.values(), ids=FIXED)
def test_what_cannot_change_is_refused_once_the_server_is_made(
    kube: Kube, namespace: str, changes: dict[str, Any], says: str
) -> None:
    apply(kube, namespace, FULL, MADE)
    with pytest.raises(KubeError) as refusal:
        change(kube, namespace, changes)
    assert says in refusal.value.message


def test_every_field_that_cannot_change_is_named_and_no_other(kube: Kube, namespace: str) -> None:
    apply(kube, namespace, FULL, MADE)
    with pytest.raises(KubeError) as refusal:
        change(kube, namespace, server(hypervisor="esxi", adminUser="dev", rootDisk={"size": "19Gi"}, cpu=4))
    said = refusal.value.message
    for field in (
        "server.hypervisor cannot",
        "server.adminUser cannot",
        "server.rootDisk.size can only grow",
    ):
        assert field in said
    assert "hostname" not in said


@pytest.mark.parametrize("creation", [None, BEGUN], ids=["before-the-first-attempt", "during-an-attempt"])
@pytest.mark.parametrize(("changes", "says"), FIXED.values(), ids=FIXED)
def test_until_the_server_is_made_everything_may_be_corrected(
    kube: Kube, namespace: str, changes: dict[str, Any], says: str, creation: dict[str, Any] | None
) -> None:
    del says
    apply(kube, namespace, FULL, creation)
    change(kube, namespace, changes)


@pytest.mark.parametrize("changes", FREE.values(), ids=FREE)
def test_what_the_operator_can_change_may_change_at_any_time(
    kube: Kube, namespace: str, changes: dict[str, Any]
) -> None:
    apply(kube, namespace, FULL, MADE)
    change(kube, namespace, changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image", "ubuntu-22.04"),
        ("userData", "#!/bin/bash\n"),
        ("dataDisks", [data_disk(), {"name": "data-2", "size": "10Gi"}]),
        ("placement", {"zoneID": "zone-2"}),
    ],
)
def test_what_was_taken_out_may_come_back_with_the_value_that_is_so_by_now(
    kube: Kube, namespace: str, field: str, value: Any
) -> None:
    apply(kube, namespace, FULL, MADE)
    kube.patch(KIND, "web-1", namespace, {"spec": {"server": {field: None}}})
    kube.patch(KIND, "web-1", namespace, {"spec": {"server": {field: value}}})


def test_what_was_not_noted_as_sent_does_not_come_back(kube: Kube, namespace: str) -> None:
    older = {key: value for key, value in MADE.items() if key != "sent"}
    apply(kube, namespace, FULL, older)
    kube.patch(KIND, "web-1", namespace, {"spec": {"server": {"adminUser": None}}})
    with pytest.raises(KubeError, match=r"server\.adminUser"):
        kube.patch(KIND, "web-1", namespace, {"spec": {"server": {"adminUser": "ops"}}})


def test_a_new_attempt_frees_the_spec_again(kube: Kube, namespace: str) -> None:
    apply(kube, namespace, FULL, MADE)
    kube.patch(
        KIND,
        "web-1",
        namespace,
        [{"op": "replace", "path": "/status/creation", "value": {**BEGUN, "attempt": 2}}],
        how="json",
        subresource="status",
    )
    kube.patch(KIND, "web-1", namespace, {"spec": {"server": {"hypervisor": "esxi"}}})
