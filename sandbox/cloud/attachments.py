"""Actions that hang disks on a server and take them off. What names a disk is its id, never its index."""

from . import references, walks
from .act import SETTLED, Act
from .birth import attach_disk
from .disks import Disk
from .errors import CloudError, bad_input, not_found
from .tasks import Walk


def create_disk(act: Act) -> None:
    """
    Make data disks, each at the lowest free index: neither name nor index of a request counts.

    Repeated, it makes more. The answer does not name the new disks, and on a stopped server neither status
    nor version tells that anything happened.
    """
    inventory = act.world.inventory
    wanted = [references.wanted_disk(inventory, disk) for disk in references.items(act.body.get("disks"))]
    if not wanted:
        raise bad_input("No disk information provided")
    free = max((storage.free_mib for storage in inventory.storages.values()), default=0)
    if sum(disk.size_mib for disk in wanted) > free:
        raise CloudError(400, "BadRequestError", "Not eough storage space on current host")

    def attach() -> Walk:
        yield walks.QUEUED
        if act.outcome("createdisk", ""):
            return
        for disk in wanted:
            attach_disk(act.world, act.guest, disk, disk.size_mib, act.actor)
        if act.guest.status == "running":
            yield walks.BRIEF
            yield from walks.sync_config(act.world, act.guest, act.actor)

    act.run("createdisk", attach())


def attach_loose_disk(act: Act) -> None:
    """Attach a disk that hangs nowhere, at the lowest free index, be that the one of a root disk."""
    ident = references.text(act.body, "disk_id")
    disk = act.world.disks.get(ident)
    if disk is None or disk.project_id not in ("", act.guest.project_id):
        raise not_found("disk", ident)
    if disk.guest_id:
        raise bad_input(f"Disk {disk.name} has been attached")
    if disk.pending or disk.status != "ready":
        raise bad_input(f"Disk {disk.name} is not ready")
    _check_settled(act, "attach disk")
    fate = act.outcome("attachdisk", "attach_disk_fail")

    def attach() -> Walk:
        world, guest = act.world, act.guest
        world.set_status(guest, "attach_disk", "", act.actor)
        yield walks.HOST
        if fate:
            world.set_status(guest, fate.status, fate.text, act.actor)
            world.events.add(guest, "attach_disk_fail", fate.text, act.actor)
            return
        if not disk.guest_id and not disk.gone:
            world.disks.hang(guest, disk)
            world.events.add(guest, "attach", {"id": disk.id, "res_name": "guestdisk"}, act.actor)
        yield from walks.settle_after_start(world, guest, act.actor)

    act.run("attachdisk", attach())


def detach_disk(act: Act) -> None:
    """
    Take a disk off, the root disk of a running server too; one that is not attached is no error.

    Without ``keep_disk`` it goes to the recycle bin, whatever its ``auto_delete`` said.
    """
    ident = references.text(act.body, "disk_id")
    disk = next((disk for disk in act.guest.disks if disk.id == ident), None)
    if disk is None:
        return
    _check_settled(act, "detach disk")
    act.run("detachdisk", _detach(act, disk, keep=references.flag(act.body, "keep_disk")))


def _detach(act: Act, disk: Disk, *, keep: bool) -> Walk:
    world, guest = act.world, act.guest
    fate = world.outcome(guest, "detachdisk", "detach_disk_fail")
    world.set_status(guest, "detach_disk", "", act.actor)
    yield walks.HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, act.actor)
        world.events.add(guest, "detach_disk_fail", fate.text, act.actor)
        return
    if disk in guest.disks:
        world.disks.take_off(guest, disk)
        world.events.add(guest, "detach", {"id": disk.id, "res_name": "guestdisk"}, act.actor)
        if not keep:
            disk.auto_delete = True
            world.disks.recycle(disk)
    yield from walks.settle(world, guest, act.actor)


def _check_settled(act: Act, what: str) -> None:
    if act.guest.status not in SETTLED:
        raise CloudError(400, "BadRequestError", f"Cannot {what} in status {act.guest.status}")
