import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from onecloud_operator.translate import mirror_of, observed_from_details, observed_from_row
from tests.translate.arrange import FULL, bare, detailed

PUBLIC: dict[str, list[str]] = json.loads((Path(__file__).parent / "public_fields.json").read_text())
LEFT_OUT = {
    "can_delete": "false means locked or busy, and deletionLocked keeps the lasting part",
    "deleted": "always false for a project's user",
    "deleted_at": "always empty, for the same reason",
    "host_status": "moves with the host, and no version of the server with it",
    "host_service_status": "as host_status",
    "backup_host_status": "as host_status",
    "disks": "rootDisk and dataDisks say the same",
    "disk_count": "the number of rootDisk and dataDisks",
    "secgroup": "the first of securityGroups",
    "secgrp_id": "the first of securityGroups",
    "networks": "the same as nics, as a text",
}
LEFT_OUT_OF_DEVICES = {
    "guest_id": "this server's own id",
    "deleted": "a device in the list is not deleted",
    "deleted_at": "as deleted",
    "update_version": "volatile",
    "updated_at": "volatile",
}
TWINS = {
    "project": ("tenant",),
    "project_id": ("tenant_id",),
    "region": ("cloudregion",),
    "region_id": ("cloudregion_id",),
    "region_ext_id": ("region_external_id",),
}


def test_a_full_server_is_mirrored_under_the_resources_names() -> None:
    assert mirror_of(FULL) == {
        "id": "d2f2dd73-3a90-40b7-8e20-c78c0597fc54",
        "name": "shop-db-1",
        "description": "Orders database",
        "status": "running",
        "powerState": "Running",
        "externalID": "i-1",
        "hypervisor": "kvm",
        "instanceType": "ecs.g1.c4m8",
        "flavorID": "f-1",
        "cpu": 4,
        "memory": "8Gi",
        "diskTotal": "240Gi",
        "osType": "Linux",
        "osName": "Ubuntu",
        "gpu": True,
        "hostname": "db-1",
        "keypair": "ops",
        "keypairID": "k-1",
        "vpc": "Default",
        "vpcID": "default",
        "image": "ubuntu-22.04",
        "imageID": "image-1",
        "rootDisk": {
            "index": 0,
            "id": "disk-a",
            "name": "root",
            "size": "40Gi",
            "type": "sys",
            "format": "qcow2",
            "backend": "local",
            "medium": "SSD",
            "driver": "virtio",
            "cache": "none",
            "asyncIO": "native",
            "filesystem": "ext4",
            "iops": 100,
            "bps": 200,
        },
        "dataDisks": [
            {
                "index": 1,
                "id": "disk-b",
                "name": "data",
                "size": "200Gi",
                "type": "data",
                "format": "raw",
                "backend": "rbd",
                "medium": "Rotational",
                "driver": "scsi",
                "cache": "writeback",
                "asyncIO": "threads",
                "filesystem": "xfs",
                "iops": 0,
                "bps": 0,
                "image": "data",
                "imageID": "image-2",
            }
        ],
        "addresses": [
            {"type": "InternalIP", "address": "10.88.0.20"},
            {"type": "InternalIP", "address": "10.89.0.21"},
            {"type": "VirtualIP", "address": "10.88.0.99"},
            {"type": "PublicIP", "address": "203.0.113.7"},
        ],
        "networks": [
            {
                "index": 0,
                "networkID": "net-1",
                "address": "10.88.0.20",
                "address6": "fd00::20",
                "mac": "00:22:bf:63:72:56",
                "exit": False,
                "vpcID": "default",
                "bandwidth": 1000,
                "teamWith": "00:22:bf:63:72:57",
            },
            {
                "index": 1,
                "networkID": "net-2",
                "address": "10.89.0.21",
                "mac": "00:22:bf:63:72:57",
                "default": True,
            },
        ],
        "securityGroups": [{"id": "default", "name": "Default"}, {"id": "sg-2", "name": "db"}],
        "isolatedDevices": [
            {
                "id": "dev-1",
                "name": "gpu",
                "description": "a GPU",
                "type": "GPU-HPC",
                "model": "T4",
                "address": "00:02.0",
                "vendorDeviceID": "10de:1eb8",
                "hostID": "host-1",
                "reservedCPU": 1,
                "reservedMemory": 2,
                "reservedStorage": 3,
                "emulated": False,
                "createdAt": "2026-11-01T00:00:00Z",
            }
        ],
        "tags": {"team": "orders"},
        "adminUser": "root",
        "osArch": "x86_64",
        "osDistribution": "Ubuntu",
        "osVersion": "22.04",
        "project": {
            "name": "lab",
            "id": "9ba548d7b41246938c5f46332a74bb50",
            "domain": "Default",
            "domainID": "default",
            "source": "local",
        },
        "placement": {
            "region": "Region",
            "regionID": "region-1",
            "regionExternalID": "rx",
            "zone": "zone0",
            "zoneID": "zone-1",
            "zoneExternalID": "zx",
            "host": "host0",
            "hostID": "host-1",
            "hostSerial": "SN1",
            "hostType": "hypervisor",
            "backupHost": "host1",
            "backupHostID": "host-2",
            "manager": "subscription",
            "managerID": "manager-1",
            "managerDomain": "Default",
            "managerDomainID": "default",
            "managerProject": "system",
            "managerProjectID": "p-0",
            "account": "account",
            "accountID": "a-1",
            "provider": "OneCloud",
            "brand": "OneCloud",
            "cloudEnvironment": "onpremise",
            "environment": "InternationalCloud",
        },
        "security": {"rules": "in:allow any", "adminGroupID": "sg-0", "adminRules": "out:allow any"},
        "hardware": {
            "bios": "UEFI",
            "machine": "q35",
            "bootOrder": "cdn",
            "vga": "std",
            "vdi": "vnc",
            "cdrom": "install.iso",
            "cdromSupported": True,
            "shutdownBehavior": "StopReleaseGPU",
            "sourceIPCheck": True,
            "sourceMACCheck": False,
        },
        "billing": {
            "type": "Prepaid",
            "cycle": "1M",
            "autoRenew": True,
            "expiresAt": "2026-12-23T07:28:26Z",
            "prepaidRecycle": False,
        },
        "lifecycle": {
            "createdAt": "2026-11-23T07:28:26Z",
            "updatedAt": "2026-11-23T07:28:54Z",
            "updateVersion": 28,
            "attachedAt": "2026-11-23T07:28:30Z",
            "pendingDeleted": False,
            "pendingDeletedAt": "2026-11-24T07:28:30Z",
            "autoDeleteAt": "2026-11-27T07:28:30Z",
            "deleteFailReason": "host offline",
            "updateFailReason": "none given",
            "deletionLocked": True,
            "updatable": True,
            "recyclable": False,
            "system": False,
            "emulated": False,
            "scalingGroupID": "scale-1",
            "scalingStatus": "joining",
        },
    }


@pytest.mark.parametrize(("part", "wire"), [(part, wire) for part, names in PUBLIC.items() for wire in names])
def test_every_field_of_the_public_page_shows_or_is_left_out_for_a_reason(part: str, wire: str) -> None:
    # A field that has a twin shows unless both are gone.
    hidden = {wire, *TWINS.get(wire, ()), *(one for one, twins in TWINS.items() if wire in twins)}
    if part == "server":
        assert wire in FULL
        without = {key: value for key, value in FULL.items() if key not in hidden}
    else:
        assert any(wire in row for row in FULL[part])
        without = FULL | {part: [{k: v for k, v in row.items() if k != wire} for row in FULL[part]]}
    shows = mirror_of(without) != mirror_of(FULL)
    assert shows == (wire not in (LEFT_OUT if part == "server" else LEFT_OUT_OF_DEVICES))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param({"vmem_size": 1536}, {"memory": "1536Mi"}, id="a-size-that-does-not-divide-stays-in-mi"),
        pytest.param({"vmem_size": 0}, {}, id="a-size-of-nothing-is-unknown"),
        pytest.param(
            {"billing_type": "weekly"}, {"billing": {"type": "weekly"}}, id="an-unknown-word-passes"
        ),
        pytest.param({"description": ""}, {}, id="an-empty-text-is-absent"),
        pytest.param({"vcpu_count": "4"}, {}, id="a-number-as-text-is-absent"),
        pytest.param({"vcpu_count": True}, {}, id="a-truth-value-is-no-number"),
        pytest.param({"vcpu_count": 2**63}, {}, id="a-number-beyond-int64-is-absent"),
        pytest.param({"can_update": 1}, {}, id="a-number-is-no-truth-value"),
        pytest.param(
            {"created_at": "2026-11-23T09:28:26.5+02:00"},
            {"lifecycle": {"createdAt": "2026-11-23T07:28:26Z"}},
            id="a-time-is-told-in-utc-and-whole-seconds",
        ),
        pytest.param({"created_at": "0001-01-01T00:00:00Z"}, {}, id="the-zero-time-is-absent"),
        pytest.param({"created_at": "0001-01-01T00:00:00+14:00"}, {}, id="a-time-before-time-is-absent"),
        pytest.param({"created_at": "yesterday"}, {}, id="no-time-is-absent"),
        pytest.param({"cdrom": [{"id": "x"}]}, {}, id="a-list-of-drives-shows-nothing"),
        pytest.param(
            {"secgroup": "web", "secgrp_id": "sg"},
            {"securityGroups": [{"id": "sg", "name": "web"}]},
            id="the-first-group-alone-is-a-group",
        ),
        pytest.param(
            {"eip": "203.0.113.7", "eip_mode": "elastic_ip"},
            {"addresses": [{"type": "ElasticIP", "address": "203.0.113.7"}]},
            id="an-eip-is-an-address",
        ),
        pytest.param(
            {"status": "starting"}, {"status": "starting"}, id="a-server-on-its-way-has-no-power-state"
        ),
        pytest.param({"status": "rescue"}, {"status": "rescue", "powerState": "Running"}, id="rescue-runs"),
        pytest.param(
            {"status": "ready"}, {"status": "ready", "powerState": "Stopped"}, id="ready-is-stopped"
        ),
        pytest.param({"status": "unknown"}, {"status": "unknown", "powerState": "Unknown"}, id="unknown"),
        pytest.param({"name": "x" * 300}, {"name": "x" * 255 + "…"}, id="a-long-text-is-cut"),
        pytest.param({"zone_id": "x" * 65}, {"placement": {"zoneID": "x" * 63 + "…"}}, id="a-long-id-is-cut"),
    ],
)
def test_each_value_takes_the_resources_form(shown: dict[str, Any], expected: dict[str, Any]) -> None:
    assert mirror_of({"id": "s1", **shown}) == {"id": "s1", **expected}


def test_lists_end_at_their_bounds() -> None:
    mirror = mirror_of(
        {
            "id": "s1",
            "disks_info": [{"id": f"d{index}", "index": index, "size": 1024} for index in range(100)],
            "nics": [{"network_id": f"n{index}"} for index in range(100)],
            "secgroups": [{"id": f"g{index}", "name": "g"} for index in range(100)],
            "isolated_devices": [{"id": f"i{index}"} for index in range(100)],
            "ips": ",".join(f"10.0.0.{index}" for index in range(100)),
            "metadata": {f"user:{index}": "v" for index in range(100)},
        }
    )
    lists = ("dataDisks", "networks", "securityGroups", "isolatedDevices", "addresses", "tags")
    assert {name: len(mirror[name]) for name in lists} == {
        "dataDisks": 64,
        "networks": 32,
        "securityGroups": 32,
        "isolatedDevices": 32,
        "addresses": 64,
        "tags": 64,
    }


def test_every_recorded_reply_has_a_mirror_of_plain_json_without_empty_values() -> None:
    assert len(detailed()) > 100
    for server in detailed():
        mirror = mirror_of(server)
        assert json.loads(json.dumps(mirror)) == mirror
        mirror.pop("tags", None)  # a tag may have no value
        assert not [path for path, value in leaves(mirror) if value in (None, "", [], {})]
        for path, value in leaves(mirror):
            if path.endswith("At"):
                datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


def test_a_bare_row_renews_plain_columns_and_keeps_the_rest() -> None:
    mirror = mirror_of(FULL)
    row = {
        "id": FULL["id"],
        "status": "ready",
        "description": "",
        "host_id": "host-9",
        "update_version": 29,
        "vmem_size": "lots",
    }
    renewed = observed_from_row(row, observed_from_details(FULL)).mirror
    expected = json.loads(json.dumps(mirror))
    del expected["description"]
    expected |= {"status": "ready", "powerState": "Stopped"}
    expected["placement"]["hostID"] = "host-9"
    expected["lifecycle"]["updateVersion"] = 29
    assert renewed == expected
    assert mirror == mirror_of(FULL)


def test_a_bare_row_alone_shows_its_columns() -> None:
    row = {"id": "s1", "status": "ready", "vcpu_count": 1}
    expected = {"id": "s1", "status": "ready", "powerState": "Stopped", "cpu": 1}
    assert observed_from_row(row, None).mirror == expected


def test_recorded_bare_rows_never_change_what_they_were_read_over() -> None:
    for row in bare():
        before = observed_from_row(row, None)
        copy = json.dumps(before.mirror)
        observed_from_row({"id": row["id"], "status": "unknown", "name": "other"}, before)
        assert json.dumps(before.mirror) == copy


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}.{key}")]
    if isinstance(value, list) and value:
        return [leaf for inner in value for leaf in leaves(inner, path)]
    return [(path, value)]
