"""What the API server refuses when it is applied, in words that name the field; the model refuses it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from onecloud_operator.api.spec import Spec
from sandbox.cluster.kube import KubeError
from tests.api.manifests import SPEC, manifest, merged

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

LONG = "x" * 129
UUID = "fd86411b-4bca-47a2-84f9-82f0170dce4c"


def server(**fields: Any) -> dict[str, Any]:
    return {"server": fields}


NIGHT = {"days": ["Sun"], "start": "02:00", "duration": "2h", "timeZone": "Europe/Berlin"}


def window(**changes: Any) -> dict[str, Any]:
    """Return a disruption with one window; None takes a field out."""
    kept = {name: value for name, value in {**NIGHT, **changes}.items() if value is not None}
    return {"disruption": {"allow": "Restart", "windows": [kept]}}


def disk(name: str = "data", size: str = "10Gi", **fields: Any) -> dict[str, Any]:
    return {"name": name, "size": size, **fields}


REFUSED = {
    # what the object is about
    "no-credentials": ({"credentialsRef": None}, "either credentialsRef or providerRef"),
    "credentials-and-a-provider": ({"providerRef": {"name": "lab"}}, "either credentialsRef or providerRef"),
    "a-secret-name-with-capitals": ({"credentialsRef": {"name": "OneCloud"}}, "credentialsRef.name"),
    "an-unknown-management-policy": ({"managementPolicy": "Watch"}, "managementPolicy"),
    "an-unknown-deletion-policy": ({"deletionPolicy": "Destroy"}, "deletionPolicy"),
    "an-unknown-reaction": ({"onExternalDeletion": "Ignore"}, "onExternalDeletion"),
    "an-unknown-drift-mode": ({"drift": {"mode": "Ignore"}}, "drift.mode"),
    "an-ignored-field-that-is-none": ({"drift": {"ignore": ["memroy"]}}, "drift.ignore"),
    "an-ignored-field-that-cannot-change": ({"drift": {"ignore": ["hypervisor"]}}, "drift.ignore"),
    "an-ignored-field-by-its-path": ({"drift": {"ignore": ["hardware.vga"]}}, "drift.ignore"),
    "an-ignored-field-twice": ({"drift": {"ignore": ["cpu", "cpu"]}}, "drift.ignore"),
    "an-unknown-disruption": ({"disruption": {"allow": "Always"}}, "disruption.allow"),
    "no-window-at-all": ({"disruption": {"windows": []}}, "disruption.windows"),
    "nine-windows": ({"disruption": {"windows": [NIGHT] * 9}}, "disruption.windows"),
    "a-window-without-a-duration": (window(duration=None), "disruption.windows[0].duration"),
    "a-window-of-a-second": (window(duration="1s"), "disruption.windows[0].duration"),
    "a-window-of-a-minute": (window(duration="9m"), "disruption.windows[0].duration"),
    "a-window-of-a-day-and-an-hour": (window(duration="25h"), "disruption.windows[0].duration"),
    "a-window-by-cron": (window(start="0 2 * * 0"), "disruption.windows[0].start"),
    "a-window-at-24-o-clock": (window(start="24:00"), "disruption.windows[0].start"),
    "a-window-at-a-number": (window(start=120), "disruption.windows[0].start"),
    "a-window-on-no-day": (window(days=[]), "disruption.windows[0].days"),
    "a-window-on-a-day-twice": (window(days=["Sun", "Sun"]), "disruption.windows[0].days"),
    "a-window-on-a-day-in-another-language": (window(days=["So"]), "disruption.windows[0].days"),
    "a-time-zone-that-is-a-path": (window(timeZone="../../etc/passwd"), "disruption.windows[0].timeZone"),
    "a-time-zone-that-is-a-file": (window(timeZone="/etc/localtime"), "disruption.windows[0].timeZone"),
    "a-time-zone-with-dots": (window(timeZone="Europe/../UTC"), "disruption.windows[0].timeZone"),
    "a-time-zone-with-a-blank": (window(timeZone="Europe/New York"), "disruption.windows[0].timeZone"),
    "a-time-zone-that-is-long": (window(timeZone="A" * 65), "disruption.windows[0].timeZone"),
    "an-offset-for-a-time-zone": (window(timeZone="+01:00"), "disruption.windows[0].timeZone"),
    "no-server": ({"server": None}, "server is required"),
    "a-connection-into-the-credentials": (
        {"writeConnectionSecretToRef": {"name": "onecloud"}, "credentialsRef": {"name": "onecloud"}},
        "must not name a Secret that this spec reads",
    ),
    "a-connection-into-the-password": (
        {
            "writeConnectionSecretToRef": {"name": "web"},
            "server": {"passwordFrom": {"secretKeyRef": {"name": "web", "key": "password"}}},
        },
        "must not name a Secret that this spec reads",
    ),
    "a-connection-into-the-user-data": (
        {
            "writeConnectionSecretToRef": {"name": "web"},
            "server": {"userDataFrom": {"secretKeyRef": {"name": "web", "key": "data"}}},
        },
        "must not name a Secret that this spec reads",
    ),
    "a-connection-into-nothing": ({"writeConnectionSecretToRef": {}}, "writeConnectionSecretToRef.name"),
    "a-tag-of-an-owner": (server(tags={"onecloud.io/uid": "x"}), "a tag's key begins neither"),
    "a-tag-of-an-owner-in-other-letters": (server(tags={"OneCloud.io/uid": "x"}), "begins neither"),
    # elastic IP
    "an-eip-in-two-forms": (server(eip={"name": "front", "bandwidth": 10}), "server.eip"),
    "an-eip-in-no-form": (server(eip={}), "server.eip"),
    "an-eip-that-is-not-none": (server(eip={"none": False}), "server.eip"),
    "an-eip-without-bandwidth": (server(eip={"bandwidth": 0}), "server.eip.bandwidth"),
    "a-network-of-an-eip-that-exists": (server(eip={"id": "e", "network": "eipnet"}), "server.eip"),
    "an-eip-charged-by-the-hour": (server(eip={"bandwidth": 10, "chargeType": "Hour"}), "chargeType"),
    "an-eip-by-text": (server(eip="front"), "server.eip"),
    # adoption
    "observing-nothing": (
        {"managementPolicy": "Observe", "server": None},
        "needs adoption.id or adoption.name",
    ),
    "adopting-nothing": ({"adoption": {"policy": "Adopt"}}, "Adopt needs adoption.id or adoption.name"),
    "two-servers-to-adopt": (
        {"adoption": {"policy": "Adopt", "id": UUID, "name": "pet"}},
        "at most one of adoption.id and adoption.name",
    ),
    "an-id-without-adoption": ({"adoption": {"id": UUID}}, "need adoption.policy Adopt"),
    "restoring-without-adopting": (
        {"adoption": {"policy": "Never", "restore": True}},
        "restore needs adoption.policy Adopt and adoption.id",
    ),
    "restoring-by-name": (
        {"adoption": {"policy": "Adopt", "name": "pet", "restore": True}},
        "restore needs adoption.policy Adopt and adoption.id",
    ),
    "adopt-or-create-by-id": (
        {"adoption": {"policy": "AdoptOrCreate", "id": UUID}, "server": {"name": "pet"}},
        "AdoptOrCreate looks for server.name",
    ),
    "adopt-or-create-without-a-name": (
        {"adoption": {"policy": "AdoptOrCreate"}},
        "AdoptOrCreate needs server.name",
    ),
    "making-an-adopted-server-again": (
        {"adoption": {"policy": "Adopt", "id": UUID}, "onExternalDeletion": "Recreate"},
        "onExternalDeletion must be Report",
    ),
    # size and image
    "no-size": (server(cpu=None, memory=None), "instanceType, or server.cpu and server.memory"),
    "cpu-without-memory": (server(memory=None), "instanceType, or server.cpu and server.memory"),
    "cpu-and-type": (server(instanceType="ecs.g1.c2m4"), "instanceType excludes"),
    "no-image-and-no-root-disk": (server(image=None), "needs server.image or server.rootDisk.size"),
    "no-cpu-at-all": (server(cpu=0), "server.cpu"),
    "too-many-cpus": (server(cpu=129), "server.cpu"),
    "half-a-cpu": (server(cpu=1.5), "server.cpu"),
    "cpu-as-a-text": (server(cpu="2"), "server.cpu"),
    "memory-without-a-unit": (server(memory="4096"), "with Mi, Gi or Ti, for example 4Gi"),
    "memory-in-powers-of-ten": (server(memory="4G"), "a whole number with Mi, Gi or Ti: write 4Gi"),
    "memory-in-gigabytes": (server(memory="4GB"), "a whole number with Mi, Gi or Ti: write 4Gi"),
    "memory-in-small-letters": (server(memory="512 mb"), "a whole number with Mi, Gi or Ti: write 512Mi"),
    "half-a-gibibyte": (server(memory="0.5Gi"), "with Mi, Gi or Ti, for example 4Gi"),
    "too-little-memory": (server(memory="7Mi"), "must be from 8Mi to 512Gi"),
    "too-much-memory": (server(memory="513Gi"), "must be from 8Mi to 512Gi"),
    # texts
    "a-name-of-one-letter": (server(name="x"), "server.name"),
    "a-name-with-a-slash": (server(name="a/b"), "server.name"),
    "a-name-that-ends-with-a-space": (server(name="web "), "server.name"),
    "a-name-that-ends-with-a-new-line": (server(name="web-1\n"), "server.name"),
    "a-name-that-the-cloud-would-cut": (server(name=LONG), "server.name"),
    "a-host-name-with-an-underscore": (server(hostname="web_1"), "server.hostname"),
    "a-long-host-name": (server(hostname="x" * 61), "server.hostname"),
    "an-instance-type-with-a-space": (server(cpu=None, memory=None, instanceType="a b"), "instanceType"),
    "a-hypervisor-in-capitals": (server(hypervisor="KVM"), "server.hypervisor"),
    "an-image-with-spaces-around": (server(image=" ubuntu"), "server.image"),
    "a-login-account-that-begins-with-a-digit": (server(adminUser="1ops"), "server.adminUser"),
    "a-long-description": (server(description="x" * 1025), "server.description"),
    # disks
    "a-root-disk-below-1Gi": (server(rootDisk={"size": "512Mi"}), "must be from 1Gi to 64Ti"),
    "a-root-disk-in-powers-of-ten": (server(rootDisk={"size": "40G"}), "with Mi, Gi or Ti: write 40Gi"),
    "a-data-disk-in-terabytes": (server(dataDisks=[disk(size="2TB")]), "with Mi, Gi or Ti: write 2Ti"),
    "an-unknown-medium": (server(rootDisk={"medium": "Tape"}), "rootDisk.medium"),
    "a-data-disk-without-a-name": (server(dataDisks=[{"size": "10Gi"}]), "needs a name"),
    "a-data-disk-with-a-name-in-capitals": (server(dataDisks=[disk("Data")]), "needs a name"),
    "a-data-disk-with-a-long-name": (server(dataDisks=[disk("x" * 64)]), "dataDisks"),
    "a-data-disk-with-size-and-id": (server(dataDisks=[disk(diskID="d-1")]), "either size"),
    "a-given-disk-with-a-backend": (
        server(dataDisks=[{"name": "data", "diskID": "d-1", "backend": "rbd"}]),
        "it is made already",
    ),
    "one-disk-given-twice": (
        server(dataDisks=[{"name": name, "diskID": "d-1"} for name in ("a", "b")]),
        "each diskID may stand in dataDisks once",
    ),
    "an-unknown-reclaim-policy": (server(dataDisks=[disk(reclaimPolicy="Delete")]), "reclaimPolicy"),
    "one-data-disk-twice": (server(dataDisks=[disk(), disk()]), "dataDisks"),
    "sixteen-data-disks": (server(dataDisks=[disk(f"data-{n}") for n in range(16)]), "dataDisks"),
    "a-data-disk-without-a-size": (server(dataDisks=[{"name": "data"}]), "either size"),
    # networks
    "no-network-in-the-list": (server(networks=[]), "server.networks"),
    "one-network-twice": (server(networks=[{"network": "a"}, {"network": "a"}]), "networks"),
    "two-default-networks": (
        server(networks=[{"network": "a", "default": True}, {"network": "b", "default": True}]),
        "one network at most is the default",
    ),
    "half-an-address": (server(networks=[{"network": "a", "address": "10.0.0"}]), "must be an IPv4 address"),
    "an-ipv6-address-as-ipv4": (
        server(networks=[{"network": "a", "address": "fd00::1"}]),
        "must be an IPv4 address",
    ),
    "an-ipv4-address-as-ipv6": (
        server(networks=[{"network": "a", "address6": "10.0.0.1"}]),
        "must be an IPv6 address",
    ),
    "a-mac-in-capitals": (server(networks=[{"network": "a", "mac": "00:24:AB:12:34:56"}]), "mac"),
    "no-bandwidth": (server(networks=[{"network": "a", "bandwidth": 0}]), "bandwidth"),
    "one-security-group-twice": (server(securityGroups=["a", "a"]), "securityGroups"),
    "eleven-security-groups": (server(securityGroups=[f"g{n}" for n in range(11)]), "securityGroups"),
    # user data, password
    "user-data-of-no-known-kind": (server(userData="hello"), "must begin with #cloud-config or #!/"),
    "user-data-twice": (
        server(userData="#!/bin/sh\n", userDataFrom={"secretKeyRef": {"name": "a", "key": "b"}}),
        "at most one of server.userData and server.userDataFrom",
    ),
    "a-password-without-a-key": (server(passwordFrom={"secretKeyRef": {"name": "a"}}), "key"),
    # tags
    "a-tag-that-means-delete": (server(tags={"a": "None"}), "neither none nor null"),
    "a-tag-of-ours": (server(tags={"onecloud.io/uid": "x"}), "begins neither with __ nor with onecloud.io/"),
    "a-tag-of-the-platform": (server(tags={"__on_exit_event_publish": "x"}), "begins neither with __"),
    "tags-that-differ-in-case": (
        server(tags={"Team": "a", "team": "b"}),
        "differ in more than the case of their letters",
    ),
    "a-name-that-ends-in-a-blank-of-unicode": (server(name="web-1\u00a0"), "server.name"),
    "a-name-that-begins-with-a-blank-without-a-width": (server(name="\u200bweb-1"), "server.name"),
    "an-image-that-ends-in-a-blank-of-unicode": (server(image="ubuntu-22.04\u3000"), "server.image"),
    "a-name-to-adopt-that-ends-in-a-blank": (
        {"adoption": {"policy": "Adopt", "name": "pet "}},
        "adoption.name",
    ),
    "a-long-tag": (server(tags={"x" * 60: "v"}), "1 to 59 characters"),
    "sixteen-tags": (server(tags={f"t{n}": "v" for n in range(16)}), "server.tags"),
    # the rest
    "an-unknown-power-state": (server(powerState="Paused"), "powerState"),
    "a-device-without-a-type": (server(isolatedDevices=[{"model": "T4"}]), "isolatedDevices"),
    "a-device-by-id-and-type": (
        server(isolatedDevices=[{"id": UUID, "type": "GPU-HPC"}]),
        "give either id or type",
    ),
    "a-zone-by-name": (server(placement={"zoneID": "Zone 1"}), "zoneID"),
    "prepaid-without-a-duration": (server(billing={"type": "Prepaid"}), "billing.duration goes with"),
    "postpaid-for-a-month": (
        server(billing={"type": "Postpaid", "duration": "1M"}),
        "billing.duration goes with",
    ),
    "renewal-of-postpaid": (
        server(billing={"type": "Postpaid", "autoRenew": True}),
        "billing.autoRenew goes with",
    ),
    "a-boot-order-with-a-floppy": (server(hardware={"bootOrder": "a"}), "bootOrder"),
}


@pytest.mark.parametrize(("changes", "says"), REFUSED.values(), ids=REFUSED)
def test_a_bad_spec_is_refused_when_it_is_applied(
    kube: Kube, namespace: str, changes: dict[str, Any], says: str
) -> None:
    spec = merged(SPEC, changes)
    with pytest.raises(KubeError) as refusal:
        kube.create(manifest(namespace, spec), dry_run=True)
    assert refusal.value.status in {400, 422}
    assert says in refusal.value.message
    with pytest.raises(ValidationError):
        Spec.model_validate(spec)


def test_a_field_that_nobody_knows_is_refused_by_a_strict_client(kube: Kube, namespace: str) -> None:
    with pytest.raises(KubeError, match=r"unknown field \\?.spec.server.cpus"):
        kube.create(manifest(namespace, merged(SPEC, server(cpus=2))), dry_run=True)
