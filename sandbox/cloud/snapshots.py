"""Snapshots of servers and of their disks, as far as recorded: they begin, and their lists show them."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

from . import references
from .defaults import SYSTEM_PROJECT
from .errors import CloudError, not_found, wrapped
from .faces import OF_ITS_PLACE, here, new_face, owner, present
from .guests import Guest, Nic
from .inventory import Snapshot
from .likeness import asked_card, asked_disk
from .permissions import Caller, check_create
from .tables import Line, Table
from .wire import Answer, Request
from .world import World

OF_THE_DEPLOYMENT = ("login_account", "login_key", "os_arch", "os_distribution", "os_name", "os_version")


def begin(world: World, guest: Guest, name: str) -> Snapshot:
    """
    Insert the snapshot of a server, and that of its first disk, which is still ``creating``.

    How such a task ends was not recorded.
    """
    now = world.store.now()
    root = guest.disks[0]
    part = Snapshot(
        str(uuid.uuid4()), f"{name}-sttfbnmj", guest.id, now, guest.project_id, "creating", root.id
    )
    whole = Snapshot(str(uuid.uuid4()), name, guest.id, now, guest.project_id, "init", parts=[part])
    world.inventory.snapshots[part.id] = part
    world.inventory.instance_snapshots[whole.id] = whole
    return whole


def create(world: World, caller: Caller, request: Request) -> Answer:
    """Refuse ``POST /snapshots``: only refusals of it were recorded."""
    check_create(caller, None)
    wanted = request.inner("snapshot")
    disk = world.disks.get(references.text(wanted, "disk", "disk_id"))
    if disk is None or disk.project_id != caller.project_id:
        raise not_found("disk", references.text(wanted, "disk", "disk_id"))
    guest = world.store.get(disk.guest_id)
    if guest is not None and guest.status not in {"running", "ready"}:
        text = "Cannot do snapshot when VM in status %s"
        raise wrapped("driver.ValidateCreateSnapshotData", 400, "InvalidStatusError", text, guest.status)
    raise CloudError(400, "NotSupportedError", "snapshots of single disks are not simulated")


def _disk_snapshot(world: World, row: Snapshot) -> dict[str, Any]:
    disk = world.disks.get(row.disk_id)
    shown = new_face(row.id, row.name, 0, made=row.created_at) | here(world) | owner(world, row.project_id)
    storage = world.inventory.storages.get(disk.storage_id) if disk else None
    shown |= _guest(world, row) | {
        "can_delete": False,
        "can_update": True,
        "created_by": "manual",
        "disk_id": row.disk_id,
        "disk_name": disk.name if disk else "",
        "disk_status": disk.status if disk else "",
        "disk_type": disk.disk_type if disk else "",
        "imported_at": shown["created_at"],
        "is_sub_snapshot": True,
        "out_of_chain": False,
        "progress": 100,
        "ref_count": 0,
        "size": 0,
        "source": "local",
        "status": row.status,
        "storage": storage.name if storage else "",
        "storage_id": disk.storage_id if disk else "",
        "storage_type": disk.backend if disk else "",
        "virtual_size": disk.size_mib if disk else 0,
    }
    return present(shown)


def _guest(world: World, row: Snapshot) -> dict[str, Any]:
    guest = world.store.get(row.guest_id)
    if guest is None:
        return {}
    return {"guest": guest.name, "guest_id": guest.id, "guest_status": guest.status}


def _instance_snapshot(world: World, row: Snapshot) -> dict[str, Any]:
    shown = new_face(row.id, row.name, 0, made=row.created_at) | here(world) | owner(world, row.project_id)
    for key in ("cloudregion", "region", "region_id"):
        del shown[key]
    shown |= _guest(world, row) | {
        "auto_delete": False,
        "can_delete": True,
        "can_update": True,
        "imported_at": shown["created_at"],
        "memory_size_kb": 0,
        "os_type": "Linux",
        "progress": 100,
        "ref_count": 0,
        "size": 0,
        "size_mb": 0,
        "snapshots": [_part(world, part) for part in row.parts],
        "source": "local",
        "status": row.status,
        "storage_type": "local",
        "with_memory": False,
    }
    if guest := world.store.get(row.guest_id):
        shown |= {
            "image_id": guest.disks[0].image_id,
            "memory_file_host_id": guest.row["host_id"],
            "sec_groups": list(guest.secgroups),
            "server_config": _config(guest),
            "server_metadata": {key: guest.metadata.get(key, "") for key in OF_THE_DEPLOYMENT},
            "virtual_size_mb": guest.disks[0].size_mib,
        }
    return present(shown)


def _part(world: World, row: Snapshot) -> dict[str, Any]:
    whole = _disk_snapshot(world, row)
    names = ("cloudregion_id", "created_at", "disk_type", "id", "name", "size", "status", "storage_id")
    return {key: whole[key] for key in (*names, "storage_type", "virtual_size") if key in whole}


def _config(guest: Guest) -> dict[str, Any]:
    return {
        "backup": False,
        "count": 0,
        "disks": [asked_disk(disk) for disk in guest.disks],
        "hypervisor": guest.row["hypervisor"],
        "nets": [_net(nic) for nic in guest.nics],
        "suggestion": False,
        "vcpu_count": guest.row["vcpu_count"],
        "vmem_size": guest.row["vmem_size"],
    }


def _net(nic: Nic) -> dict[str, Any]:
    return asked_card(nic) | {
        "domain_id": "default",
        "ifname": f"{nic.network}-{nic.address.rsplit('.', 1)[-1]}",
        "index": nic.index,
        "net_type": "guest",
        "project_id": SYSTEM_PROJECT,
        "wire": "d9dfe971-1405-4642-8474-d3ff5345c76c",
    }


def _snapshots(world: World) -> Iterator[Line]:
    for row in world.inventory.snapshots.values():
        face = partial(_disk_snapshot, world, row)
        yield Line(row.id, row.name, row.created_at, face, row.project_id)


def _instance_snapshots(world: World) -> Iterator[Line]:
    for row in world.inventory.instance_snapshots.values():
        face = partial(_instance_snapshot, world, row)
        yield Line(row.id, row.name, row.created_at, face, row.project_id)


SNAPSHOTS = Table("snapshot", "snapshots", _snapshots, OF_ITS_PLACE)
INSTANCE_SNAPSHOTS = Table("instance_snapshot", "instance_snapshots", _instance_snapshots, OF_ITS_PLACE)
