"""The tasks of a living server, step by step, with the statuses and events of the recorded ones."""

from typing import Any

from .events import Actor
from .guests import Guest
from .tasks import Walk
from .times import row_time
from .world import STUB_FAILURE, Fate, World

SYNC = "perform_syncstatus"
# Waits in steps, from the recorded walks (0.3 s a step): short is region's own work, long the host's.
BRIEF, QUEUED, HOST, SYNCING = 0.2, 0.3, 2.0, 1.2


def settle(world: World, guest: Guest, actor: Actor) -> Walk:
    """Ask the host and write what it says, by way of ``sync_status``."""
    world.set_status(guest, "sync_status", SYNC, actor)
    yield SYNCING
    status = world.real_status(guest)
    power = {"running": "on", "ready": "off"}.get(status, guest.row["power_states"])
    if power != guest.row["power_states"]:
        world.store.write(guest, power_states=power)
    world.set_status(guest, status, "", actor)
    if status == "ready":
        world.events.add(guest, "stop", "", actor)


def settle_after_start(world: World, guest: Guest, actor: Actor) -> Walk:
    """Sync by way of ``start_sync_status``, as after what was plugged in."""
    world.set_status(guest, "start_sync_status", "", actor)
    yield BRIEF
    yield from settle(world, guest, actor)


def start(world: World, guest: Guest, actor: Actor, fate: Fate | None = None) -> Walk:
    """Go start_start → starting → running, or start_fail with the server still off."""
    world.set_status(guest, "start_start", "", actor)
    yield QUEUED
    world.events.add(guest, "starting", "", actor)
    world.set_status(guest, "starting", "", actor)
    host = world.host_of(guest)
    if fate is None and (host is None or not host.agent):
        fate = Fate("start", "start_fail", STUB_FAILURE)
        yield QUEUED
    else:
        yield HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        world.events.add(guest, fate.status, fate.text, actor)
        return
    world.store.write(guest, last_start_at=row_time(world.store.now()))
    sizes = {"start_vcpu_count": str(guest.row["vcpu_count"]), "start_vmem_mb": str(guest.row["vmem_size"])}
    for key, value in sizes.items():
        world.set_tags(guest, {key: value}, actor)
    if found := world.hot_plug_tags(guest):
        world.set_tags(guest, found)
    world.events.add(guest, "start", "", actor)
    guest.power = "on"
    world.store.write(guest, power_states="on")
    world.set_status(guest, "running")


def stop(world: World, guest: Guest, actor: Actor, fate: Fate | None = None) -> Walk:
    """Go start_stop → stopping → ready, or stop_fail with the server still on."""
    world.set_status(guest, "start_stop", "", actor)
    yield QUEUED
    world.events.add(guest, "stopping", "", actor)
    world.set_status(guest, "stopping", "", actor)
    host = world.host_of(guest)
    if fate is None and (host is None or not host.agent):
        fate = Fate("stop", "stop_fail", STUB_FAILURE)
    else:
        yield HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        world.events.add(guest, fate.status, fate.text, actor)
        return
    guest.power = "off"
    world.store.write(guest, power_states="off")
    world.events.add(guest, "stop", "", actor)
    world.set_status(guest, "ready", "", actor)


def restart(world: World, guest: Guest, actor: Actor, fate: Fate | None = None) -> Walk:
    """Go stopping → start_start → starting → running; ``power_states`` never says off on the way."""
    world.set_status(guest, "stopping", "", actor)
    yield HOST
    yield from start(world, guest, actor, fate)


def suspend(world: World, guest: Guest, actor: Actor, fate: Fate | None = None) -> Walk:
    """Go start_suspend → suspending → suspend, by way of a ``running`` that means nothing."""
    world.set_status(guest, "start_suspend", "", actor)
    yield BRIEF
    world.set_status(guest, "suspending", "", actor)
    yield BRIEF
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    world.set_status(guest, "running", "", actor)
    yield HOST
    guest.power = "suspend"
    world.set_status(guest, "suspend", "", actor)


def resume(world: World, guest: Guest, actor: Actor, fate: Fate | None = None) -> Walk:
    world.set_status(guest, "resuming", "", actor)
    yield HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    guest.power = "on"
    world.set_status(guest, "running", "", actor)


def sync_config(world: World, guest: Guest, actor: Actor) -> Walk:
    """Go sync_config → sync_status → what it was: why a rename makes a settled server move."""
    world.set_status(guest, "sync_config", "", actor)
    yield 1.3
    world.events.add(guest, "sync_conf", "", actor)
    yield from settle(world, guest, actor)


def sync_firewall(world: World, guest: Guest, actor: Actor) -> Walk:
    """Sync after a change of security groups, whose reply still shows the old, settled status."""
    yield BRIEF
    world.events.add(guest, "sync_conf", "", actor)
    yield from settle(world, guest, actor)


def change_config(
    world: World,
    guest: Guest,
    actor: Actor,
    columns: dict[str, Any],
    *,
    stop: bool = False,
    auto_start: bool = False,
    fate: Fate | None = None,
) -> Walk:
    """
    Go change_flavor → sync_status → ready; a start after it shows a short ``ready`` that means nothing.

    *stop*: the server runs and cannot stay so. It is switched off without a status that says so, and started
    again whether that was asked for or not.
    """
    world.set_status(guest, "change_flavor", "", actor)
    yield HOST
    if stop:
        guest.power = "off"
        world.events.add(guest, "stop", "", actor)
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    changed = {key: value for key, value in columns.items() if guest.row[key] != value}
    if changed:
        notes = {key: {"new": value, "old": guest.row[key]} for key, value in changed.items()}
        if host := world.host_of(guest):
            host.cpu_used += int(columns["vcpu_count"]) - int(guest.row["vcpu_count"])
            host.memory_mib_used += int(columns["vmem_size"]) - int(guest.row["vmem_size"])
        world.store.write(guest, **changed)
        world.events.add(guest, "update", notes, actor)
    yield from settle(world, guest, actor)
    if auto_start or stop:
        yield QUEUED
        yield from start(world, guest, actor)


def resize_disk(
    world: World, guest: Guest, actor: Actor, disk_id: str, size_mib: int, fate: Fate | None = None
) -> Walk:
    """Go start_resize_disk → resize_disk → (sync_config of a running one) → sync_status → what it was."""
    was_on = guest.power == "on"
    world.set_status(guest, "start_resize_disk", "", actor)
    yield QUEUED
    world.set_status(guest, "resize_disk", "", actor)
    yield HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    for disk in guest.disks:
        if disk.id == disk_id:
            disk.size_mib = size_mib
    world.events.add(guest, "resize", {"disk_id": disk_id, "size": size_mib}, actor)
    yield from (sync_config if was_on else settle)(world, guest, actor)


def freeze(world: World, guest: Guest, actor: Actor) -> Walk:
    """Stop a server, then freeze it: until it is off nothing says that it will be frozen."""
    yield from stop(world, guest, actor)
    if guest.power == "off":
        world.store.write(guest, freezed=True)


def snapshot(world: World, guest: Guest, actor: Actor, fate: Fate | None = None) -> Walk:
    """Go start_instance_snapshot → snapshot → sync_status → what it was."""
    world.set_status(guest, "start_instance_snapshot", "", actor)
    yield QUEUED
    world.set_status(guest, "snapshot", "", actor)
    yield HOST
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    yield from settle(world, guest, actor)
