"""One server: its table row and what hangs on it, and the bare face that the API shows of it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .disks import Disk
from .times import row_time
from .wire import encode

RECYCLE_DAYS = 3
HISTORY = 256  # states kept of one server, for tests to read
STATUSES_WITHOUT_PLATFORM = frozenset({"init", "schedule"})


@dataclass(slots=True)
class Nic:
    network_id: str
    network: str
    address: str
    mac: str
    index: int
    mask: int = 24
    address6: str = ""
    bandwidth: int = 1000
    default: bool = False
    vpc_id: str = "default"
    vpc: str = "Default"


@dataclass(slots=True)
class Guest:
    """
    One server.

    *row* holds the columns of its table row under their API names; every write to it goes through the store,
    which keeps the version, the time and the indices. *power* is what the host would say. *imported*: another
    platform made it, and the host agent takes it for one that nothing can be plugged into while it runs.
    *inside*: the password and the key pair that one can log in with, which the cloud shows to nobody.
    """

    row: dict[str, Any]
    updated: datetime
    power: str = "unknown"
    disks: list[Disk] = field(default_factory=list)
    nics: list[Nic] = field(default_factory=list)
    secgroups: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    keypair_id: str = ""
    inside: dict[str, str] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    eip_id: str = ""
    imported: bool = False
    deletions: int = 0
    history: deque[tuple[str, str, bool]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    encoded: bytes | None = None

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def status(self) -> str:
        return str(self.row["status"])

    @property
    def project_id(self) -> str:
        return str(self.row["tenant_id"])

    @property
    def pending(self) -> bool:
        return bool(self.row["pending_deleted"])

    @property
    def gone(self) -> bool:
        return bool(self.row["deleted"])

    @property
    def locked(self) -> bool:
        return bool(self.row["disable_delete"])

    def bare(self) -> dict[str, Any]:
        """Return the row as ``details=false`` shows it: empty texts are left out."""
        return {key: value for key, value in self.row.items() if value not in ("", None)}

    def bare_bytes(self) -> bytes:
        """Return the bare row as JSON, encoded once for each version of it."""
        if self.encoded is None:
            self.encoded = encode(self.bare())
        return self.encoded


def new_row(ident: str, name: str, project_id: str, now: datetime) -> dict[str, Any]:
    """Return the columns of a server as it is inserted."""
    stamp = row_time(now)
    return {
        "auto_renew": False,
        "backup_guest_status": "init",
        "billing_type": "postpaid",
        "billing_cycle": "",
        "bios": "BIOS",
        "boot_order": "cdn",
        "cpu_sockets": 1,
        "created_at": stamp,
        "deleted": False,
        "deleted_at": "",
        "description": "",
        "disable_delete": True,
        "domain_id": "default",
        "expired_at": "",
        "extra_cpu_count": 0,
        "freezed": False,
        "health_status": "ok",
        "host_id": "",
        "hostname": name[:60],
        "hypervisor": "kvm",
        "id": ident,
        "imported_at": stamp,
        "instance_type": "",
        "internet_max_bandwidth_out": 0,
        "is_daemon": False,
        "is_emulated": False,
        "is_system": False,
        "keypair_id": "",
        "last_start_at": "",
        "machine": "",
        "name": name,
        "os_type": "Linux",
        "pending_deleted": False,
        "pending_deleted_at": "",
        "power_states": "unknown",
        "progress": 100,
        "progress_mbps": 0,
        "project_src": "local",
        "qga_status": "unknown",
        "release_at": "",
        "rescue_mode": False,
        "secgrp_id": "default",
        "shutdown_behavior": "stop",
        "shutdown_mode": "keep_charging",
        "source": "local",
        "src_ip_check": True,
        "src_mac_check": True,
        "sshable_last_state": False,
        "status": "init",
        "tenant_id": project_id,
        "throughput": 0,
        "update_version": 3,
        "updated_at": stamp,
        "vcpu_count": 1,
        "vdi": "",
        "vga": "",
        "vmem_size": 1024,
    }


def auto_delete_at(recycled_at: datetime) -> str:
    """Return when a server that was recycled at this moment is purged."""
    return row_time(recycled_at + timedelta(days=RECYCLE_DAYS))


def disks_info(disk: Disk) -> dict[str, Any]:
    info: dict[str, Any] = {
        "aio_mode": "native",
        "auto_reset": False,
        "boot_index": -1,
        "bps": 0,
        "cache_mode": disk.cache,
        "disk_format": "qcow2",
        "disk_type": disk.disk_type,
        "driver": disk.driver,
        "id": disk.id,
        "index": disk.index,
        "iops": 0,
        "medium_type": disk.medium,
        "name": disk.name,
        "preallocation": "off",
        "size": disk.size_mib,
        "storage_id": disk.storage_id,
        "storage_type": disk.backend,
        "throughput": 0,
    }
    if disk.image_id:
        info |= {"image": disk.image, "image_id": disk.image_id}
    return info


def disk_text(disk: Disk) -> str:
    use = "root" if disk.image_id else "none"
    return f"disk{disk.index}:{disk.size_mib}M/qcow2/{disk.driver}/{disk.cache}/native/{use}"


def nic_info(nic: Nic) -> dict[str, Any]:
    info: dict[str, Any] = {
        "bw_limit_mbps": 0,  # whatever the limit: only the text of ``networks`` tells it
        "ifname": f"{nic.network}-{nic.address.rsplit('.', 1)[-1]}",
        "index": nic.index,
        "ip_addr": nic.address,
        "is_default": nic.default,
        "is_exit": False,
        "mac": nic.mac,
        "network_id": nic.network_id,
        "vpc_id": nic.vpc_id,
    }
    if nic.address6:
        info["ip6_addr"] = nic.address6
    return info


def nic_text(nic: Nic) -> str:
    limit = nic.bandwidth
    limits = f"{limit}/rx{limit}/tx{limit}"
    return f"eth{nic.index}:{nic.address}/{nic.mask}/{nic.mac}/1/{nic.network}/virtio/{limits}/0\n"
