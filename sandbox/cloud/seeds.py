"""Servers that are there from the beginning, settled, without a task that made them."""

import uuid
from typing import Any

from .disks import Disk
from .guests import Guest, Nic, new_row
from .times import row_time
from .world import World

FOUND_AT_DEPLOYMENT = {
    "app_tags": "",
    "login_account": "root",
    "os_arch": "x86_64",
    "os_distribution": "stub",
    "os_name": "Linux",
    "os_version": "1",
}


def settled(
    world: World,
    name: str,
    project_id: str,
    columns: dict[str, Any],
    ident: str = "",
    *,
    imported: bool = False,
) -> Guest:
    """Return a server on the first host, running unless *columns* say else, with one disk and one NIC."""
    now = world.store.now()
    host = next(iter(world.inventory.hosts.values()))
    network = next(iter(world.inventory.networks.values()))
    row = new_row(ident or str(uuid.uuid4()), name, project_id, now)
    row |= {"status": "running", "progress": 0, "host_id": host.id, "disable_delete": False}
    row |= {"update_version": 20, "last_start_at": row_time(now)} | columns
    power = "on" if row["status"] == "running" else "off"
    row["power_states"] = columns.get("power_states", power)
    guest = Guest(row, now, power, metadata=dict(FOUND_AT_DEPLOYMENT), secgroups=["default"])
    guest.imported = imported
    if power == "on":
        guest.metadata |= world.hot_plug_tags(guest)
    guest.disks = [Disk(str(uuid.uuid4()), f"vdisk-{name}-0", 0, 10_240)]
    if address := network.take():
        mac = world.inventory.mac()
        guest.nics = [Nic(network.id, network.name, address, mac, 0, network.mask, default=True)]
    host.cpu_used += int(row["vcpu_count"])
    host.memory_mib_used += int(row["vmem_size"])
    return guest
