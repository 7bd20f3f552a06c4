"""The face of a server with ``details``: the row, and what a dozen joined tables know of it."""

from datetime import UTC
from typing import Any

from .guests import (
    STATUSES_WITHOUT_PLATFORM,
    Guest,
    auto_delete_at,
    disk_text,
    disks_info,
    nic_info,
    nic_text,
)
from .inventory import Host
from .times import FIRST_MOMENT, parse_time
from .world import World

ONLY_IN_GET = frozenset({"networks", "os_name", "security_rules"})


def details(world: World, guest: Guest) -> dict[str, Any]:
    """Return *guest* as GET by id, writes and lists with details show it."""
    shown = guest.bare()
    host = world.host_of(guest)
    project = world.identity.projects.get(guest.project_id)
    groups = [
        world.inventory.security_groups[i] for i in guest.secgroups if i in world.inventory.security_groups
    ]
    shown |= {
        "account_read_only": False,
        "can_delete": not guest.locked and not prepaid(world, guest),
        "can_recycle": False,
        "can_update": True,
        "cdrom_support": host is not None,
        "disk": sum(disk.size_mib for disk in guest.disks),
        "disk_count": len(guest.disks),
        "disks_snapshotpolicy_count": 0,
        "floppy_support": host is not None,
        "host_enabled": host is not None and host.enabled,
        "is_gpu": bool(guest.devices),
        "is_prepaid_recycle": False,
        "metadata": dict(sorted(guest.metadata.items())),
        "os_name": guest.metadata.get("os_name", "Linux"),
        "project": project.name if project else "",
        "project_domain": project.domain.name if project else "",
        "secgroup": ",".join(group.name for group in groups),
        "secgroups": [{"id": group.id, "name": group.name} for group in groups],
        "security_rules": "; ".join(group.rules for group in groups),
        "snapshotpolicy_count": 0,
        "tenant": project.name if project else "",
    }
    if host is not None:
        shown |= _placed(world, host)
    elif guest.status not in STATUSES_WITHOUT_PLATFORM:
        shown |= {"brand": "Unknown", "provider": "Unknown"}
    shown |= _disks(guest) | _networks(guest) | _parts(world, guest)
    if guest.pending and (moment := parse_time(str(guest.row["pending_deleted_at"]))):
        shown["auto_delete_at"] = auto_delete_at(moment)
    shown |= guest.extra
    return {key: value for key, value in shown.items() if value not in ("", None, [])}


def listed(world: World, guest: Guest) -> dict[str, Any]:
    """Return *guest* as a list with details shows it: three texts fewer than GET by id."""
    return {key: value for key, value in details(world, guest).items() if key not in ONLY_IN_GET}


def prepaid(world: World, guest: Guest) -> bool:
    """Return whether a server is paid for in advance and its time is not over."""
    if guest.row["billing_type"] != "prepaid":
        return False
    expires = parse_time(str(guest.row["expired_at"])) or FIRST_MOMENT
    return expires > world.clock().astimezone(UTC)


def _placed(world: World, host: Host) -> dict[str, Any]:
    region = {"cloudregion": world.inventory.region, "cloudregion_id": world.inventory.region_id}
    return region | {
        "brand": "OneCloud",
        "cloud_env": "onpremise",
        "host": host.name,
        "host_access_ip": "127.0.0.1",
        "host_access_mac": "00:22:aa:bb:cc:01",
        "host_billing_type": "postpaid",
        "host_resource_type": "shared",
        "host_service_status": "online" if host.online else "offline",
        "host_status": "running" if host.online else "unknown",
        "host_type": "hypervisor",
        "monitor_url": "http://169.254.169.254/monitor",
        "provider": "OneCloud",
        "region": world.inventory.region,
        "region_id": world.inventory.region_id,
        "zone": host.zone.name,
        "zone_id": host.zone.id,
    }


def _disks(guest: Guest) -> dict[str, Any]:
    if not guest.disks:
        return {}
    return {
        "disks": "\n".join(disk_text(disk) for disk in guest.disks),
        "disks_info": [disks_info(disk) for disk in guest.disks],
    }


def _networks(guest: Guest) -> dict[str, Any]:
    if not guest.nics:
        return {}
    return {
        "ips": ",".join(nic.address for nic in guest.nics),
        "macs": ",".join(nic.mac for nic in guest.nics),
        "networks": "".join(nic_text(nic) for nic in guest.nics),
        "nics": [nic_info(nic) for nic in guest.nics],
        "vpc": ",".join(sorted({nic.vpc for nic in guest.nics})),
        "vpc_external_access_mode": "eip-distgw",
        "vpc_id": ",".join(sorted({nic.vpc_id for nic in guest.nics})),
    }


def _parts(world: World, guest: Guest) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if address := world.inventory.addresses.get(guest.eip_id):
        parts |= {"eip": address.address, "eip_mode": "elastic_ip"}
    if keypair := world.inventory.keypairs.get(guest.keypair_id):
        parts["keypair"] = keypair.name
    if guest.devices:
        parts["isolated_devices"] = [
            {
                "addr": "00:0b.0",
                "dev_type": device.kind,
                "guest_id": guest.id,
                "host_id": guest.row["host_id"],
                "id": device.id,
                "is_emulated": False,
                "model": device.model,
                "name": device.name,
                "vendor_device_id": "10de:1eb8",
            }
            for ident in guest.devices
            if (device := world.inventory.devices.get(ident))
        ]
    return parts
