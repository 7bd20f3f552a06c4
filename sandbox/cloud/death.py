"""The task behind DELETE: into the recycle bin, or away for good. Others run beside it."""

from .elastic import part_with_address
from .events import Actor
from .guests import Guest
from .tasks import Walk
from .times import row_time
from .walks import SYNC, SYNCING
from .world import World

NEVER_PLACED = frozenset({"sched_fail", "net_fail", "create_fail", "dev_fail"})


def death(world: World, guest: Guest, actor: Actor, *, override: bool) -> Walk:
    """Delete *guest*: recycled if the bin is on, unless *override*; servers that never had a host at once."""
    hopeless = guest.status in NEVER_PLACED
    fate = world.fate("delete")
    guest.deletions += 1
    world.set_status(guest, "start_delete", "", actor)
    world.events.add(guest, "stopping", "", actor)
    if hopeless:
        yield 0.2
        _erase(world, guest, actor)
        return
    host = world.host_of(guest)
    yield 0.6 if host is None or not host.agent else 2.9
    guest.power = "off"
    world.events.add(guest, "stop", "", actor)
    world.events.add(guest, "sync_conf", "", actor)
    yield from _dissociate(world, guest, actor)
    if world.settings.recycle_bin and not override:
        if guest.pending:
            # A second DELETE of a recycled server does nothing but leave it at start_delete.
            guest.deletions -= 1
            return
        if fate:
            guest.deletions -= 1
            world.set_status(guest, fate.status, fate.text, actor)
            return
        yield from _recycle(world, guest, actor)
        guest.deletions -= 1
        return
    yield 0.4
    world.set_status(guest, "deleting", "delete server after stop", actor)
    world.events.add(guest, "delocating", "", actor)
    if host is not None and not host.agent:
        yield 0.6
        world.set_status(guest, "detach_disk_fail", "host agent does not answer", actor)
        guest.deletions -= 1
        return
    alone = guest.deletions == 1
    yield 3.9 if alone and guest.disks else 2.0
    for _ in guest.disks:
        # Each disk that is taken off ends in a sync, and so in a ``ready`` that means nothing.
        world.events.add(guest, "detach", {"res_name": "guestdisk"}, actor)
        world.events.add(guest, "sync_conf", "", actor)
        if alone:
            world.set_status(guest, "sync_status", SYNC, actor)
            yield SYNCING
            world.store.write(guest, power_states="off")
            world.set_status(guest, "ready", "", actor)
            world.events.add(guest, "stop", "", actor)
            yield 1.4
    if fate:
        world.disks.leave(guest)
        guest.disks.clear()
        guest.deletions -= 1
        world.set_status(guest, fate.status, fate.text, actor)
        return
    _erase(world, guest, actor)


def _dissociate(world: World, guest: Guest, actor: Actor) -> Walk:
    """Take the elastic address off, if there is one; one made to go with its server goes for good."""
    address = world.inventory.addresses.get(guest.eip_id)
    if address is None:
        return
    world.set_status(guest, "dissociate_eip", "", actor)
    yield 1.0
    part_with_address(world, guest, actor, drop=address.auto_dellocate)


def _recycle(world: World, guest: Guest, actor: Actor) -> Walk:
    """Mark *guest* and its disks as pending: the name is free now, the addresses of its cards are not."""
    world.events.add(guest, "pending_delete", "", actor)
    world.store.write(guest, pending_deleted=True, pending_deleted_at=row_time(world.store.now()))
    yield 0.3
    world.set_status(guest, "sync_status", SYNC, actor)
    yield SYNCING
    world.store.write(guest, power_states="off")
    world.set_status(guest, "ready", "", actor)
    world.events.add(guest, "stop", "", actor)
    world.events.add(guest, "pending_delete", "", actor)


def _erase(world: World, guest: Guest, actor: Actor) -> None:
    for nic in guest.nics:
        world.events.add(guest, "detach", {"ip_addr": nic.address, "res_name": "guestnetwork"}, actor)
    world.events.add(guest, "pending_delete", "", actor)
    world.events.add(guest, "delete", "", actor)
    world.erase(guest)
    world.events.add(guest, "set_meta", "[]", actor)
    world.events.add(guest, "delocate", "", actor)
