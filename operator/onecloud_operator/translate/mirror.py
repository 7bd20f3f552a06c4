"""
``status.server``: the server as the cloud shows it, under the resource's names and within its bounds.

An allow-list: what no table here names is left out, above all the rest of ``metadata``, where the cloud
returns the user data of the creation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.observed import Phase, phase_of
from onecloud_operator.translate.words import (
    BILLING,
    FIRMWARE,
    MEDIUM,
    PUBLIC_ADDRESS,
    SHUTDOWN,
    any_text,
    count,
    cut,
    flag,
    items,
    mac,
    size,
    text,
    time,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Reader = Callable[[object], Any]

USER_TAG = "user:"
OWNER_TAG = "onecloud.io/"

MOST_DATA_DISKS = 64
MOST_TAGS = 64
MOST_ITEMS = 32  # of every other list

TEXT = cut(256)
SHORT = cut(64)  # ids, states, the cloud's enumerations
LONG = cut(1024)
RULES = cut(4096)

# wire name, part of the mirror, name there, reader. Of two for one place the later rules.
COLUMNS: tuple[tuple[str, str, str, Reader], ...] = (
    ("id", "", "id", SHORT),
    ("name", "", "name", TEXT),
    ("description", "", "description", LONG),
    ("status", "", "status", SHORT),
    ("external_id", "", "externalID", TEXT),
    ("hypervisor", "", "hypervisor", SHORT),
    ("instance_type", "", "instanceType", TEXT),
    ("flavor_id", "", "flavorID", SHORT),
    ("vcpu_count", "", "cpu", count),
    ("vmem_size", "", "memory", size),
    ("disk", "", "diskTotal", size),
    ("os_type", "", "osType", SHORT),
    ("os_name", "", "osName", TEXT),
    ("is_gpu", "", "gpu", flag),
    ("hostname", "", "hostname", TEXT),
    ("keypair", "", "keypair", TEXT),
    ("keypair_id", "", "keypairID", SHORT),
    ("vpc", "", "vpc", TEXT),
    ("vpc_id", "", "vpcID", TEXT),
    ("project", "project", "name", TEXT),
    ("tenant", "project", "name", TEXT),
    ("project_id", "project", "id", SHORT),
    ("tenant_id", "project", "id", SHORT),
    ("project_domain", "project", "domain", TEXT),
    ("domain_id", "project", "domainID", SHORT),
    ("project_src", "project", "source", SHORT),
    ("region", "placement", "region", TEXT),
    ("cloudregion", "placement", "region", TEXT),
    ("region_id", "placement", "regionID", SHORT),
    ("cloudregion_id", "placement", "regionID", SHORT),
    ("region_ext_id", "placement", "regionExternalID", TEXT),
    ("region_external_id", "placement", "regionExternalID", TEXT),
    ("zone", "placement", "zone", TEXT),
    ("zone_id", "placement", "zoneID", SHORT),
    ("zone_ext_id", "placement", "zoneExternalID", TEXT),
    ("host", "placement", "host", TEXT),
    ("host_id", "placement", "hostID", SHORT),
    ("host_sn", "placement", "hostSerial", TEXT),
    ("host_type", "placement", "hostType", SHORT),
    ("backup_host_name", "placement", "backupHost", TEXT),
    ("backup_host_id", "placement", "backupHostID", SHORT),
    ("manager", "placement", "manager", TEXT),
    ("manager_id", "placement", "managerID", SHORT),
    ("manager_domain", "placement", "managerDomain", TEXT),
    ("manager_domain_id", "placement", "managerDomainID", SHORT),
    ("manager_project", "placement", "managerProject", TEXT),
    ("manager_project_id", "placement", "managerProjectID", SHORT),
    ("account", "placement", "account", TEXT),
    ("account_id", "placement", "accountID", SHORT),
    ("provider", "placement", "provider", SHORT),
    ("brand", "placement", "brand", SHORT),
    ("cloud_env", "placement", "cloudEnvironment", SHORT),
    ("environment", "placement", "environment", SHORT),
    ("security_rules", "security", "rules", RULES),
    ("admin_secgrp_id", "security", "adminGroupID", SHORT),
    ("admin_security_rules", "security", "adminRules", RULES),
    ("bios", "hardware", "bios", word(FIRMWARE)),
    ("machine", "hardware", "machine", SHORT),
    ("boot_order", "hardware", "bootOrder", SHORT),
    ("vga", "hardware", "vga", SHORT),
    ("vdi", "hardware", "vdi", SHORT),
    ("cdrom", "hardware", "cdrom", TEXT),  # newer releases show a list, whose form was never seen
    ("cdrom_support", "hardware", "cdromSupported", flag),
    ("shutdown_behavior", "hardware", "shutdownBehavior", word(SHUTDOWN)),
    ("src_ip_check", "hardware", "sourceIPCheck", flag),
    ("src_mac_check", "hardware", "sourceMACCheck", flag),
    ("billing_type", "billing", "type", word(BILLING)),
    ("billing_cycle", "billing", "cycle", SHORT),
    ("auto_renew", "billing", "autoRenew", flag),
    ("expired_at", "billing", "expiresAt", time),
    ("is_prepaid_recycle", "billing", "prepaidRecycle", flag),
    ("created_at", "lifecycle", "createdAt", time),
    ("updated_at", "lifecycle", "updatedAt", time),
    ("update_version", "lifecycle", "updateVersion", count),
    ("attach_time", "lifecycle", "attachedAt", time),
    ("pending_deleted", "lifecycle", "pendingDeleted", flag),
    ("pending_deleted_at", "lifecycle", "pendingDeletedAt", time),
    ("auto_delete_at", "lifecycle", "autoDeleteAt", time),
    ("delete_fail_reason", "lifecycle", "deleteFailReason", LONG),
    ("update_fail_reason", "lifecycle", "updateFailReason", LONG),
    ("disable_delete", "lifecycle", "deletionLocked", flag),
    ("can_update", "lifecycle", "updatable", flag),
    ("can_recycle", "lifecycle", "recyclable", flag),
    ("is_system", "lifecycle", "system", flag),
    ("is_emulated", "lifecycle", "emulated", flag),
    ("scaling_group_id", "lifecycle", "scalingGroupID", SHORT),
    ("scaling_status", "lifecycle", "scalingStatus", SHORT),
)

PARTS = frozenset(part for _, part, _, _ in COLUMNS if part)

Table = tuple[tuple[str, str, "Reader"], ...]

DISK: Table = (
    ("index", "index", count),
    ("id", "id", SHORT),
    ("name", "name", TEXT),
    ("size", "size", size),
    ("disk_type", "type", SHORT),
    ("disk_format", "format", SHORT),
    ("storage_type", "backend", SHORT),
    ("medium_type", "medium", word(MEDIUM)),
    ("driver", "driver", SHORT),
    ("cache_mode", "cache", SHORT),
    ("aio_mode", "asyncIO", SHORT),
    ("fs", "filesystem", SHORT),
    ("iops", "iops", count),
    ("bps", "bps", count),
    ("image", "image", TEXT),
    ("image_id", "imageID", SHORT),
)

NIC: Table = (
    ("index", "index", count),
    ("network_id", "networkID", SHORT),
    ("ip_addr", "address", SHORT),
    ("ip6_addr", "address6", SHORT),
    ("mac", "mac", mac),
    ("is_default", "default", flag),
    ("is_exit", "exit", flag),
    ("vpc_id", "vpcID", SHORT),
    ("bw_limit_mbps", "bandwidth", count),
    ("team_with", "teamWith", mac),
)

DEVICE: Table = (
    ("id", "id", SHORT),
    ("name", "name", TEXT),
    ("description", "description", LONG),
    ("dev_type", "type", SHORT),
    ("model", "model", TEXT),
    ("addr", "address", SHORT),
    ("vendor_device_id", "vendorDeviceID", SHORT),
    ("host_id", "hostID", SHORT),
    ("reserved_cpu", "reservedCPU", count),
    ("reserved_memory", "reservedMemory", count),
    ("reserved_storage", "reservedStorage", count),
    ("is_emulated", "emulated", flag),
    ("created_at", "createdAt", time),
)

GROUP: Table = (("id", "id", SHORT), ("name", "name", TEXT))

METADATA: Table = (
    ("login_account", "adminUser", TEXT),
    ("os_arch", "osArch", SHORT),
    ("os_distribution", "osDistribution", TEXT),
    ("os_version", "osVersion", TEXT),
)

RESTING = frozenset({Phase.RUNNING, Phase.STOPPED, Phase.SUSPENDED, Phase.UNKNOWN})


def mirror_of(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mirror of a detailed reply."""
    mirror: dict[str, Any] = {}
    _set_columns(mirror, server)
    _set(mirror, "powerState", _power_state(server.get("status")))
    _set_disks(mirror, server)
    _set(mirror, "addresses", _addresses(server))
    _set(mirror, "networks", _rows(server.get("nics"), NIC))
    _set(mirror, "securityGroups", _rows(server.get("secgroups"), GROUP) or _main_group(server))
    _set(mirror, "isolatedDevices", _rows(server.get("isolated_devices"), DEVICE))
    metadata = server.get("metadata")
    if isinstance(metadata, dict):
        mirror |= _row(metadata, METADATA)
        _set(mirror, "tags", _tags(metadata))
    return mirror


def renewed(mirror: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return *mirror* with what a bare *row* shows; its joined parts stay as they were."""
    fresh = {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in mirror.items()
        if isinstance(value, dict) or key not in PARTS  # a recalled one may have been tampered with
    }
    for wire, part, name, read in COLUMNS:
        if wire in row and read(row[wire]) == "":
            (fresh.get(part, {}) if part else fresh).pop(name, None)
    _set_columns(fresh, row)
    if text(row.get("status")):
        fresh.pop("powerState", None)
        _set(fresh, "powerState", _power_state(row["status"]))
    return {key: value for key, value in fresh.items() if value != {}}


def user_tags(metadata: object) -> dict[str, str]:
    """Return the user's tags among a server's metadata, all but the owner's."""
    if not isinstance(metadata, dict):
        return {}
    start = len(USER_TAG)
    return {
        key[start:]: value
        for key, value in metadata.items()
        if isinstance(key, str)
        and key.startswith(USER_TAG)
        and not key.startswith(OWNER_TAG, start)
        and isinstance(value, str)
    }


def disks_of(server: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the disks in the order of their indexes, each index once."""
    by_index: dict[int, Mapping[str, Any]] = {}
    for disk in items(server.get("disks_info")):
        index = count(disk.get("index"))
        if index is not None:
            by_index.setdefault(index, disk)
    return [by_index[index] for index in sorted(by_index)]


def _set(target: dict[str, Any], name: str, value: object) -> None:
    if value is not None and value not in ("", [], {}):
        target[name] = value


def _set_columns(mirror: dict[str, Any], server: Mapping[str, Any]) -> None:
    for wire, part, name, read in COLUMNS:
        found = server.get(wire)
        if found is None or found == "":
            continue
        value = read(found)
        if value is None or value == "":
            continue
        if part:
            mirror.setdefault(part, {})[name] = value
        else:
            mirror[name] = value


def _row(source: Mapping[str, Any], table: Table) -> dict[str, Any]:
    row = {}
    for wire, name, read in table:
        found = source.get(wire)
        if found is None or found == "":
            continue
        value = read(found)
        if value is not None and value != "":
            row[name] = value
    return row


def _rows(source: object, table: Table) -> list[dict[str, Any]]:
    return [row for item in items(source)[:MOST_ITEMS] if (row := _row(item, table))]


def _set_disks(mirror: dict[str, Any], server: Mapping[str, Any]) -> None:
    data: list[dict[str, Any]] = []
    for disk in disks_of(server):
        row = _row(disk, DISK)
        if row["index"]:
            data.append(row)
            continue
        _set(mirror, "image", row.pop("image", None))
        _set(mirror, "imageID", row.pop("imageID", None))
        mirror["rootDisk"] = row
    _set(mirror, "dataDisks", data[:MOST_DATA_DISKS])


def _addresses(server: Mapping[str, Any]) -> list[dict[str, str]]:
    mode = any_text(server.get("eip_mode")) or ""
    kinds = (
        ("ips", "InternalIP"),
        ("virtual_ips", "VirtualIP"),
        ("eip", PUBLIC_ADDRESS.get(mode, SHORT(mode) or "ElasticIP")),
    )
    found = [
        {"type": kind, "address": SHORT(address)}
        for wire, kind in kinds
        for address in _listed(server.get(wire))
    ]
    return found[:MOST_ITEMS]  # type: ignore[return-value]  # a text cut is a text


def _listed(value: object) -> Iterable[str]:
    return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else []


def _main_group(server: Mapping[str, Any]) -> list[dict[str, Any]]:
    row = _row(server, (("secgrp_id", "id", SHORT), ("secgroup", "name", TEXT)))
    return [row] if row else []


def _tags(metadata: Mapping[str, Any]) -> dict[str, str]:
    tags = user_tags(metadata)
    shown = sorted(tags)[:MOST_TAGS] if len(tags) > MOST_TAGS else tags
    return {SHORT(key) or "": LONG(tags[key]) or "" for key in shown if key}


def _power_state(status: object) -> str | None:
    phase = phase_of(status) if isinstance(status, str) else Phase.MOVING
    return phase.value if phase in RESTING else None
