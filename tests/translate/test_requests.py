from typing import Any

import pytest

from onecloud_operator.api.spec import ServerSpec
from onecloud_operator.core.observed import Owner
from onecloud_operator.translate import (
    OWNER_TAGS,
    change_config,
    create_body,
    detach_disk,
    resize_disk,
    security_groups,
    tags,
    update_changes,
)

OWNER = Owner("c1", "shop", "db-1", "u-1")
META = {
    "user:onecloud.io/cluster": "c1",
    "user:onecloud.io/namespace": "shop",
    "user:onecloud.io/name": "db-1",
    "user:onecloud.io/uid": "u-1",
}
MINIMAL = {"cpu": 2, "memory": "4Gi", "image": "ubuntu-22.04", "networks": [{"network": "vnet-1"}]}
MINIMAL_BODY: dict[str, Any] = {
    "id": "11111111-2222-5333-8444-555555555555",
    "name": "shop.db-1",
    "hostname": "db-1",
    "disable_delete": True,
    "auto_start": True,
    "vcpu_count": 2,
    "vmem_size": 4096,
    "disks": [{"index": 0, "image_id": "ubuntu-22.04"}],
    "nets": [{"network": "vnet-1"}],
    "__meta__": META,
}
FULL = {
    "name": "shop-db-1",
    "description": "Orders database",
    "hostname": "db-1",
    "hypervisor": "kvm",
    "instanceType": "ecs.g1.c4m8",
    "image": "ubuntu-22.04",
    "rootDisk": {"size": "40Gi", "backend": "local", "medium": "SSD", "driver": "virtio", "cache": "none"},
    "dataDisks": [
        {
            "name": "data-1",
            "size": "200Gi",
            "backend": "rbd",
            "medium": "Rotational",
            "reclaimPolicy": "Retain",
        },
        {"name": "data-2", "size": "1Ti", "medium": "Hybrid"},
    ],
    "networks": [
        {"network": "vnet-db", "address": "10.88.0.20", "address6": "fd00::20", "default": True},
        {"network": "vnet-backup", "mac": "00:22:bf:63:72:56", "bandwidth": 1000},
    ],
    "securityGroups": ["default", "db"],
    "keypair": "ops",
    "adminUser": "ops",
    "powerState": "Stopped",
    "tags": {"team": "orders"},
    "eip": {"name": "eip-1"},  # bound once the server is made
    "isolatedDevices": [{"id": "dev-1"}, {"type": "GPU-HPC", "model": "T4"}, {"type": "USB"}],
    "instanceGroups": ["group-1"],
    "placement": {
        "regionID": "region-1",
        "zoneID": "zone-1",
        "managerID": "manager-1",
        "host": "host0",
        "schedulingTags": [{"id": "st-1", "strategy": "Prefer"}],
    },
    "hardware": {
        "bios": "UEFI",
        "machine": "q35",
        "bootOrder": "cd",
        "vga": "std",
        "vdi": "vnc",
        "shutdownBehavior": "StopReleaseGPU",
        "sourceIPCheck": True,
        "sourceMACCheck": False,
        "cdrom": "tools.iso",
        "tpm": True,
    },
    "billing": {"type": "Prepaid", "duration": "1M", "autoRenew": True},
}


def body_of(
    server: dict[str, Any], password: str | None = None, user_data: str | None = None
) -> dict[str, Any]:
    return create_body(
        ServerSpec.model_validate(server),
        server_id="11111111-2222-5333-8444-555555555555",
        name="shop.db-1",
        hostname="db-1",
        owner=OWNER,
        password=password,
        user_data=user_data,
    )


def test_a_minimal_server_asks_for_what_is_given_and_the_lock() -> None:
    assert body_of(MINIMAL) == MINIMAL_BODY


def test_every_field_of_the_spec_has_its_word() -> None:
    assert body_of(FULL, password="pw", user_data="#!/bin/sh\n") == {
        "id": "11111111-2222-5333-8444-555555555555",
        "name": "shop.db-1",
        "hostname": "db-1",
        "disable_delete": True,
        "auto_start": False,
        "description": "Orders database",
        "hypervisor": "kvm",
        "instance_type": "ecs.g1.c4m8",
        "disks": [
            {
                "index": 0,
                "image_id": "ubuntu-22.04",
                "size": 40960,
                "backend": "local",
                "medium": "ssd",
                "driver": "virtio",
                "cache": "none",
            },
            {"index": 1, "size": 204800, "backend": "rbd", "medium": "rotate", "auto_delete": False},
            {"index": 2, "size": 1048576, "medium": "hybrid", "auto_delete": True},
        ],
        "nets": [
            {
                "network": "vnet-db",
                "address": "10.88.0.20",
                "address6": "fd00::20",
                "require_ipv6": True,
                "is_default": True,
            },
            {"network": "vnet-backup", "mac": "00:22:bf:63:72:56", "bw_limit": 1000},
        ],
        "secgroups": ["default", "db"],
        "keypair_id": "ops",
        "login_account": "ops",
        "password": "pw",
        "user_data": "#!/bin/sh\n",
        "isolated_devices": [{"id": "dev-1"}, {"dev_type": "GPU-HPC", "model": "T4"}, {"dev_type": "USB"}],
        "groups": ["group-1"],
        "__meta__": {"user:team": "orders", **META},
        "prefer_region_id": "region-1",
        "prefer_zone_id": "zone-1",
        "prefer_manager_id": "manager-1",
        "prefer_host_id": "host0",
        "schedtags": [{"id": "st-1", "strategy": "prefer"}],
        "bios": "UEFI",
        "machine": "q35",
        "boot_order": "cd",
        "vga": "std",
        "vdi": "vnc",
        "shutdown_behavior": "stop_release_gpu",
        "src_ip_check": True,
        "src_mac_check": False,
        "cdrom": "tools.iso",
        "enable_tpm": True,
        "billing_type": "prepaid",
        "duration": "1M",
        "auto_renew": True,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"powerState": "Stopped"}, {"auto_start": False}, id="a-stopped-one-is-not-started"),
        pytest.param({"powerState": "Running"}, {"auto_start": True}, id="a-running-one-is-started"),
        pytest.param(
            {"powerState": "Unmanaged"}, {"auto_start": True}, id="an-unmanaged-one-is-started-once"
        ),
        pytest.param({"description": ""}, {"description": ""}, id="an-empty-description-is-sent"),
        pytest.param({"networks": None}, {"nets": None}, id="no-network-leaves-it-to-the-cloud"),
        pytest.param(
            {"image": None, "rootDisk": {"size": "20Gi"}},
            {"disks": [{"index": 0, "size": 20480}]},
            id="a-disk-without-an-image",
        ),
        pytest.param(
            {"hardware": {"sourceIPCheck": False}}, {"src_ip_check": False}, id="a-check-switched-off-is-sent"
        ),
    ],
)
def test_variants_of_a_minimal_server(given: dict[str, Any], expected: dict[str, Any]) -> None:
    whole = {key: value for key, value in (MINIMAL | given).items() if value is not None}
    wanted = {key: value for key, value in (MINIMAL_BODY | expected).items() if value is not None}
    assert body_of(whole) == wanted


def test_what_makes_a_second_server_is_never_sent() -> None:
    """With a count or a generated name, the same request sent again would be another one."""
    body = body_of(FULL)
    assert not body.keys() & {
        "count",
        "generate_name",
        "project",
        "project_id",
        "tenant",
        "tenant_id",
        "dry_run",
    }
    assert body == body_of(FULL)


def test_owner_tags_cannot_be_overridden() -> None:
    spec = ServerSpec.model_validate(MINIMAL).model_copy(update={"tags": {"onecloud.io/uid": "someone"}})
    body = create_body(
        spec, server_id="s", name="n", hostname="h", owner=OWNER, password=None, user_data=None
    )
    assert body["__meta__"] == META


def test_live_changes_take_the_clouds_columns() -> None:
    assert update_changes(
        {
            "name": "web",
            "description": "",
            "hardware.bootOrder": "cd",
            "hardware.vga": "qxl",
            "hardware.vdi": "spice",
            "hardware.shutdownBehavior": "StopReleaseGPU",
            "hardware.sourceIPCheck": False,
            "hardware.sourceMACCheck": True,
        }
    ) == {
        "name": "web",
        "description": "",
        "boot_order": "cd",
        "vga": "qxl",
        "vdi": "spice",
        "shutdown_behavior": "stop_release_gpu",
        "src_ip_check": False,
        "src_mac_check": True,
    }


def test_the_lock_is_a_column_like_others() -> None:
    assert update_changes({"locked": False}) == {"disable_delete": False}


def test_a_field_that_no_put_changes_is_refused() -> None:
    with pytest.raises(KeyError):
        update_changes({"cpu": "4"})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(
            {"cpu": 4, "memory_mib": 8192, "instance_type": None},
            {"vcpu_count": 4, "vmem_size": 8192},
            id="cpu-and-memory-go-together",
        ),
        pytest.param(
            {"cpu": None, "memory_mib": 2048, "instance_type": None},
            {"vmem_size": 2048},
            id="nothing-is-stopped-by-force-for-it",
        ),
        pytest.param(
            {"cpu": None, "memory_mib": None, "instance_type": "ecs.g1.c4m8"},
            {"instance_type": "ecs.g1.c4m8"},
            id="a-type-goes-alone",
        ),
    ],
)
def test_a_new_size(wanted: dict[str, Any], expected: dict[str, Any]) -> None:
    assert change_config(**wanted) == expected


def test_a_disk_is_detached_to_be_kept() -> None:
    """Without the word it goes into the recycle bin, whatever it is told."""
    assert detach_disk("disk-a") == {"disk_id": "disk-a", "keep_disk": True}


def test_a_disk_is_named_by_its_id_and_sized_in_mib() -> None:
    assert resize_disk("disk-a", 40960) == {"disk_id": "disk-a", "size": 40960}


def test_security_groups_are_always_the_whole_set() -> None:
    assert security_groups(("db", "default")) == {"secgroup_ids": ["db", "default"]}


def test_a_tag_is_removed_by_the_value_none() -> None:
    assert tags({"team": "orders"}, ("old",)) == {"team": "orders", "old": "none"}
    assert tags({}, OWNER_TAGS) == dict.fromkeys(OWNER_TAGS, "none")


def test_a_tag_that_is_put_is_not_removed() -> None:
    assert tags({"team": "orders"}, ("team",)) == {"team": "orders"}
