"""Writes to ``/disks``: made once by an id of the client's, renamed, tagged, grown, recycled, taken back."""

import uuid
from typing import Any

from . import faces, references
from .disks import Disk
from .errors import CloudError, bad_input, duplicate_id, invalid_status, missing_parameter, not_found
from .parts import DISKS
from .permissions import Caller, Verb, check_create
from .tables import fetch
from .tasks import Walk
from .wire import Answer, Request, answer
from .world import World

HOST = 1.5  # steps that a host works on one disk
ABSENT = "fetchHypervisor: fetch provider: : NotFoundError"


def create(world: World, caller: Caller, request: Request) -> Answer:
    """
    Make a disk that lies loose, on the storage that is named.

    The name is checked first, over all projects as that of a server: the same request again is a 409. An id
    that was ever used is a 500, whatever became of its disk.
    """
    check_create(caller, None)
    wanted = request.inner("disk")
    name = references.text(wanted, "name").strip()
    size = references.integer(wanted, "size", into="DiskCreateInput") or 0
    if not name:
        raise missing_parameter("name")
    if world.disks.named(name):
        raise CloudError(409, "DuplicateNameError", f"Duplicate name disk {name}")
    storage = _storage(world, wanted)
    if size <= 0:
        raise bad_input("Disk size must be positive")
    if size > storage.free_mib:
        raise bad_input("Not enough free space")
    ident = references.text(wanted, "id") or str(uuid.uuid4())
    if world.disks.knows(ident):
        raise duplicate_id(ident)
    tags = references.tags(wanted)
    disk = Disk(ident, name, 0, size, auto_delete=False, project_id=caller.project_id, alone=True)
    disk.storage_id, disk.status, disk.version = storage.id, "init", int(bool(tags))
    disk.driver = references.text(wanted, "driver") or disk.driver
    disk.cache = references.text(wanted, "cache") or disk.cache
    disk.description, disk.metadata = references.text(wanted, "description"), tags
    world.disks.add(disk)
    world.run(disk, "create", _making(world, disk))
    return _shown(world, disk)


def _storage(world: World, wanted: dict[str, Any]) -> Any:
    ident = references.text(wanted, "storage_id", "storage")
    if not ident:
        raise CloudError(404, "NotFoundError", ABSENT)
    storage = world.inventory.storages.get(ident)
    if storage is None:
        raise not_found("storage", ident)
    return storage


def _making(world: World, disk: Disk) -> Walk:
    yield HOST
    fate = world.fate("create-disk")
    world.write_row(disk, bump=3 - disk.version, status=fate.status if fate else "ready")


def update(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    """Change name, description and ``auto_delete``; the version of its server does not move."""
    disk = _find(world, caller, request, ident, "update")
    wanted = request.inner("disk")
    columns: dict[str, Any] = {}
    if name := references.text(wanted, "name").strip():
        if any(other is not disk for other in world.disks.named(name)):
            raise CloudError(409, "DuplicateNameError", f"Duplicate name name {name}")
        columns["name"] = name
    if wanted.get("description") is not None:
        columns["description"] = str(wanted["description"])
    if wanted.get("auto_delete") is not None:
        columns["auto_delete"] = references.flag(wanted, "auto_delete")
    world.write_row(disk, **columns)
    return _shown(world, disk)


def perform(world: World, caller: Caller, request: Request, ident: str, action: str) -> Answer:
    """Run one action on a disk."""
    disk = _find(world, caller, request, ident, "perform")
    wanted = request.inner("disk")
    match action:
        case "user-metadata":
            tags = {f"user:{key}": references.tag_text(value) for key, value in wanted.items()}
            references.merge_tags(disk.metadata, tags)
            world.write_row(disk)
        case "resize":
            _resize(world, disk, references.integer(wanted, "size", into="DiskResizeInput") or 0)
        case "cancel-delete":
            world.disks.restore(disk)
        case _:
            raise CloudError(404, "ActionNotFoundError", f"Action {action} not found")
    return _shown(world, disk)


def _resize(world: World, disk: Disk, size_mib: int) -> None:
    """Grow a disk that lies loose. One that hangs on a server grows by an action of its server."""
    if disk.guest_id or disk.pending or disk.status != "ready":
        raise invalid_status(f"Cannot resize disk in status {disk.status}")
    if size_mib < disk.size_mib:
        raise bad_input("Disk cannot be thrink")
    if size_mib - disk.size_mib > world.inventory.storages[disk.storage_id].free_mib:
        raise bad_input("Not enough free space")
    world.run(disk, "resize", _growing(world, disk, size_mib))


def _growing(world: World, disk: Disk, size_mib: int) -> Walk:
    world.write_row(disk, status="start_resize")
    yield HOST
    world.write_row(disk, bump=2, status="ready", size_mib=size_mib)


def delete(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    """Put a loose disk into the bin, or away for good; the answer shows it as it was."""
    disk = _find(world, caller, request, ident, "delete")
    if disk.guest_id:
        # What the real one does to a disk that is in use was not recorded.
        raise CloudError(406, "NotEmptyError", f"Virtual disk {disk.name}({disk.id}) used by virtual servers")
    shown = _shown(world, disk)
    override = request.query.flag("override_pending_delete") or not world.settings.recycle_bin
    if override or not disk.pending:
        world.run(disk, "delete", _leaving(world, disk, override=override))
    return shown


def _leaving(world: World, disk: Disk, *, override: bool) -> Walk:
    yield HOST
    if override:
        world.disks.erase(disk)
    else:
        world.disks.recycle(disk)


def _find(world: World, caller: Caller, request: Request, ident: str, verb: Verb) -> Disk:
    disk = world.disks.get(fetch(world, caller, request, DISKS, ident, verb).id)
    if disk is None:
        raise AssertionError("a line of the table has its row")
    return disk


def _shown(world: World, disk: Disk) -> Answer:
    return answer({"disk": faces.disk(world, disk)})
