"""The body of a create request that would make a server like one that is there."""

from typing import Any

from .disks import Disk
from .guests import Guest, Nic
from .world import World

OFF = (
    *("backup", "baremetal", "deploy_telegraf", "disable_usb_kbd", "dry_run", "eip_auto_dellocate"),
    *("enable_cloud_init", "enable_memclean", "enable_tpm", "fake_create", "suggestion"),
)
CARD_OFF = (
    *("exit", "is_default", "private", "require_designated_ip", "require_ipv6", "require_teaming"),
    *("reserved", "strict_ipv6", "try_teaming", "vip"),
)
CARD_ZERO = (
    *("index", "num_queues", "rx_bw_limit", "rx_traffic_limit", "standby_addr_count"),
    *("standby_port_count", "tx_bw_limit", "tx_traffic_limit"),
)
SAME = (
    *("auto_renew", "bios", "boot_order", "disable_delete", "domain_id", "extra_cpu_count", "hypervisor"),
    *("is_system", "name", "os_type", "secgrp_id", "shutdown_behavior", "vcpu_count", "vmem_size"),
)


def create_params(world: World, guest: Guest) -> dict[str, Any]:
    """Return the body; neither tags nor key pair are in it."""
    project, domain = guest.project_id, str(guest.row["domain_id"])
    return {
        "__os_profile__": {
            "disk_driver": "scsi",
            "fs_format": "ext4",
            "net_driver": "virtio",
            "os_type": "Linux",
        },
        "auto_start": True,
        "count": 1,
        "cpu_sockets": 0,
        "disks": [_disk(disk) for disk in guest.disks],
        "domain": domain,
        "nets": [asked_card(nic) for nic in guest.nics],
        "prefer_region_id": world.inventory.region_id,
        "project_domain": domain,
        "project_domain_id": domain,
        "provider": "OneCloud",
        "resource_type": "shared",
        "secgroups": list(guest.secgroups),
        **dict.fromkeys(("project", "project_id", "tenant", "tenant_id"), project),
        **dict.fromkeys(OFF, False),
        **{key: guest.row[key] for key in SAME},
    }


def _disk(disk: Disk) -> dict[str, Any]:
    return asked_disk(disk) | ({"image_id": disk.image_id} if disk.image_id else {})


def asked_disk(disk: Disk) -> dict[str, Any]:
    """Return *disk* as a create request asks for one without an image."""
    return {
        "auto_reset": False,
        "backend": disk.backend,
        "cache": disk.cache,
        "disk_type": disk.disk_type,
        "driver": disk.driver,
        "format": "qcow2",
        "index": disk.index,
        "iops": 0,
        "medium": disk.medium,
        "size": disk.size_mib,
        "throughput": 0,
    }


def asked_card(nic: Nic) -> dict[str, Any]:
    """Return *nic* as a create request asks for one."""
    return {
        "bw_limit": nic.bandwidth,
        "driver": "virtio",
        "network": nic.network_id,
        "wire": nic.network_id,
        **dict.fromkeys(CARD_OFF, False),
        **dict.fromkeys(CARD_ZERO, 0),
    }
