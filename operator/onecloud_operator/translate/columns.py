"""Which of the cloud's fields stand where in spec and status, and in which form: tables only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from onecloud_operator.api.plain import PlainValue
from onecloud_operator.translate.convert import (
    BILLING,
    FIRMWARE,
    MEDIUM,
    SHUTDOWN,
    count,
    cut,
    flag,
    mac,
    size,
    time,
    wire_word,
    word,
)

Reader = Callable[[object], Any]
Table = tuple[tuple[str, str, Reader], ...]

TEXT = cut(256)
SHORT = cut(64)  # ids, states, the cloud's enumerations
LONG = cut(1024)
RULES = cut(4096)


@dataclass(frozen=True, slots=True)
class PlainColumn:
    """
    The column of a plain field, see api/plain.

    *path* is the field's place in spec and status, *wire* the column, *read* reads it. *put*: a PUT sets it.
    *words*: the cloud's words, and ours for them, where they differ in a request.
    """

    path: str
    wire: str
    read: Reader = SHORT
    put: bool = False
    words: Mapping[str, str] = field(default_factory=dict)

    def sent(self, value: PlainValue) -> PlainValue:
        """Return the cloud's word for *value*."""
        return wire_word(self.words, value) if isinstance(value, str) else value


PLAIN_COLUMNS: tuple[PlainColumn, ...] = (
    PlainColumn("name", "name", TEXT, put=True),
    PlainColumn("description", "description", LONG, put=True),
    PlainColumn("hypervisor", "hypervisor"),
    PlainColumn("hardware.bios", "bios", word(FIRMWARE)),
    PlainColumn("hardware.machine", "machine"),
    PlainColumn("hardware.bootOrder", "boot_order", put=True),
    PlainColumn("hardware.vga", "vga", put=True),
    PlainColumn("hardware.vdi", "vdi", put=True),
    PlainColumn("hardware.shutdownBehavior", "shutdown_behavior", word(SHUTDOWN), put=True, words=SHUTDOWN),
    PlainColumn("hardware.sourceIPCheck", "src_ip_check", flag, put=True),
    PlainColumn("hardware.sourceMACCheck", "src_mac_check", flag, put=True),
    PlainColumn("billing.type", "billing_type", word(BILLING), words=BILLING),
    PlainColumn("billing.autoRenew", "auto_renew", flag),
)


def _place(column: PlainColumn) -> tuple[str, str, str, Reader]:
    part, _, name = column.path.rpartition(".")
    return column.wire, part, name, column.read


# wire name, part of the mirror, name there, reader. Of two for one place the later rules.
COLUMNS: tuple[tuple[str, str, str, Reader], ...] = (
    *map(_place, PLAIN_COLUMNS),
    ("id", "", "id", SHORT),
    ("status", "", "status", SHORT),
    ("external_id", "", "externalID", TEXT),
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
    ("cdrom", "hardware", "cdrom", TEXT),  # newer releases show a list, whose form was never seen
    ("cdrom_support", "hardware", "cdromSupported", flag),
    ("billing_cycle", "billing", "cycle", SHORT),
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

MAIN_GROUP: Table = (("secgrp_id", "id", SHORT), ("secgroup", "name", TEXT))
