"""Actions that change how large a server is: cpu, memory and instance type, and its disks."""

import re
from typing import Any

from . import references, walks
from .act import SETTLED, Act
from .errors import CloudError, bad_input, invalid_status, not_found, wrapped

UNITS_MIB = {"": 1, "m": 1, "g": 1024, "t": 1024 * 1024}


def change_config(act: Act) -> None:
    """
    Resize a server. Equal values, and none at all, still run the whole task.

    A running server grows as it runs if its metadata allow hot-plug, else not at all; ``force_stop`` is leave
    to stop it for what never goes without, and that is only to take something away.
    """
    world, guest, body = act.world, act.guest, act.body
    if guest.status not in SETTLED:
        raise invalid_status(f"Cannot change config in status {guest.status}")
    cpu, memory_mib, name = _wanted(act)
    references.check_cpu(cpu)
    references.check_memory(memory_mib)
    more_cpu, more_memory = cpu - int(guest.row["vcpu_count"]), memory_mib - int(guest.row["vmem_size"])
    changes = more_cpu != 0 or more_memory != 0
    running = guest.status == "running"
    shrinks = more_cpu < 0 or more_memory < 0
    if running and shrinks and not references.flag(body, "force_stop"):
        raise invalid_status("Cannot change config in running for kvm, requires force_stop to change config")
    if running and changes and not shrinks and guest.metadata.get("hotplug_cpu_mem") != "enable":
        raise invalid_status(
            "cannot change CPU/Memory spec in power status on: host plug cpu memory is disabled: "
            "InvalidStatusError"
        )
    _check_room(act, memory_mib, more_cpu, more_memory)
    columns: dict[str, Any] = {"vcpu_count": cpu, "vmem_size": memory_mib}
    if changes or name:
        columns["instance_type"] = name or world.inventory.sku_of(cpu, memory_mib) or ""
    walk = walks.change_config(
        world,
        guest,
        act.actor,
        columns,
        stop=running and shrinks,
        auto_start=references.flag(body, "auto_start") and not running,
        fate=act.outcome("change-config", "change_flavor_fail") if running else world.fate("change-config"),
    )
    act.run("change-config", walk)


def _wanted(act: Act) -> tuple[int, int, str]:
    """Return cpu, memory and the instance type asked for; what is not asked for stays as it is."""
    name = references.text(act.body, "instance_type", "sku", "flavor")
    if not name:
        cpu = references.integer(act.body, "vcpu_count", into="ServerChangeConfigInput")
        memory = memory_mib(act.body["vmem_size"]) if act.body.get("vmem_size") else None
        return cpu or int(act.guest.row["vcpu_count"]), memory or int(act.guest.row["vmem_size"]), ""
    sku = act.world.inventory.find_sku(name)
    if sku is None:
        prefix = (
            "ValidateGuestChangeConfigInput: SBaseGuestDriver.ValidateGuestChangeConfigInput: "
            "FetchSkuByNameAndProvider"
        )
        raise wrapped(prefix, 404, "ResourceNotFoundError", "%s %s not found", "serversku", name)
    return sku.cpu, sku.memory_mib, name


def memory_mib(value: Any) -> int:
    """Return a size as these actions take it: ``2048``, ``"2048"``, ``"2048M"``, ``"4g"``."""
    match = re.fullmatch(r"(\d+)\s*([mMgGtT]?)[bB]?", str(value).strip())
    if match is None:
        raise bad_input(f"invalid size {value}")
    return int(match[1]) * UNITS_MIB[match[2].lower()]


def _check_room(act: Act, memory_mib: int, more_cpu: int, more_memory: int) -> None:
    host = act.world.host_of(act.guest)
    if host is None:
        return
    cpu_full = more_cpu > 0 and host.cpu_used + more_cpu > host.cpu_total
    memory_full = more_memory > 0 and host.memory_mib_used + more_memory > host.memory_mib_total
    if memory_mib > host.memory_mib_per_guest or cpu_full or memory_full:
        raise CloudError(400, "InsufficientResourceError", "No matching resources: host memory not enough")


def resize_disk(act: Act) -> None:
    """Let a disk grow; it is named by its real id, an index is not found."""
    ident = references.text(act.body, "disk_id", "disk")
    disk = next((disk for disk in act.guest.disks if ident in (disk.id, disk.name)), None)
    if disk is None:
        raise not_found("disk", ident)
    if act.guest.status not in SETTLED:
        raise invalid_status(f"Cannot resize disk in status {act.guest.status}")
    if act.guest.status == "running" and disk.index == 0:
        raise invalid_status("Cannot resize system disk online")
    size = memory_mib(act.body.get("size", ""))
    if size < disk.size_mib:
        raise bad_input("Disk cannot be thrink")
    fate = act.outcome("resize-disk", "resize_disk_fail")
    act.run("resize-disk", walks.resize_disk(act.world, act.guest, act.actor, disk.id, size, fate))
