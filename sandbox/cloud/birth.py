"""The task that makes a server: from ``init`` through scheduling, disks and deployment to its end."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from . import elastic
from .disks import Disk
from .events import Actor
from .guests import Guest, Nic
from .inventory import ROOT_DISK_MINIMUM_MIB, Host, Image, Network
from .tasks import Walk
from .walks import settle, start
from .world import Fate, World

NO_ROOM = (
    '["No matching resources","{\\"error\\":{\\"code\\":400,\\"details\\":\\"Error #01: '
    "genericScheduler.Schedule: No resource are avaliable that match all of the following predicates: "
    'filter by host_memory(-1)\\"}}"]'
)
NO_SCHEDULER = '["ConnectRefusedError","scheduler: connection refused"]'
DISK_FAILURE = '{"__reason__":"stub: no space","__stage__":"OnDiskReady","__status__":"error"}'
DEPLOY_FAILURE = '{"__reason__":"stub no","__stage__":"OnDeployGuestComplete","__status__":"error"}'
OS_TAGS = {
    "os_distribution": "stub",
    "os_version": "1",
    "os_arch": "x86_64",
    "os_name": "Linux",
}
WAY_TO_FAIL = {
    "disk_fail": DISK_FAILURE,
    "deploy_fail": DEPLOY_FAILURE,
}
LONGEST_LINK_ID = 36  # columns of the link tables; a longer id ends in security_group_fail


@dataclass(frozen=True, slots=True)
class WantedDisk:
    size_mib: int
    image: Image | None = None
    backend: str = "local"
    medium: str = "ssd"
    driver: str = "scsi"
    cache: str = "none"
    auto_delete: bool = True


@dataclass(frozen=True, slots=True)
class WantedNic:
    network: Network
    address: str | None = None
    address6: str = ""
    mac: str = ""
    bandwidth: int = 0
    default: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """What the create request asked for beyond the row: places, parts, and whether to start."""

    disks: tuple[WantedDisk, ...]
    nics: tuple[WantedNic, ...]
    auto_start: bool = False
    host_id: str | None = None
    zone_id: str | None = None
    eip_id: str = ""
    eip_bandwidth: int = 0
    login_account: str = "root"
    devices: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)


def birth(world: World, guest: Guest, order: Order, actor: Actor, fate: Fate | None) -> Walk:
    """Walk a new server through its creation; *fate* is the failure that it meets on the way, if any."""
    world.events.add(guest, "allocating", "", actor)
    yield 0.1
    world.set_status(guest, "schedule", "", actor)
    yield 0.8
    host = _schedule(world, guest, order)
    world.store.write(guest, bump=0, progress=0)
    if host is None or (fate and fate.status == "sched_fail"):
        _refuse(world, guest, fate, actor)
        return
    _occupy(world, guest, host, actor)
    if not _attach_nics(world, guest, order, actor):
        fate = Fate("create", "net_fail", "no address left in the network")
    if fate and fate.status in {"net_fail", "dev_fail", "create_fail"}:
        _fail(world, guest, fate, actor)
        return
    _attach_disks(world, guest, order, actor)
    guest.devices = list(order.devices)
    world.set_status(guest, "network", "", actor)
    yield 0.25
    yield from _make_disks(world, guest, order, actor)
    if (fate and fate.status == "disk_fail") or not host.agent:
        _fail(world, guest, fate or Fate("create", "disk_fail", DISK_FAILURE), actor)
        return
    for status, steps in (("deploying", 0.3), ("start_deploy", 0.5), ("deploying", 1.5)):
        world.set_status(guest, status, "", actor)
        yield steps
    guest.power = "off"
    if len(guest.id) > LONGEST_LINK_ID:
        fate = Fate("create", "security_group_fail", "Data too long for column 'guest_id'")
    if fate:
        _fail(world, guest, fate, actor)
        return
    yield from _finish(world, guest, order, actor)


def _make_disks(world: World, guest: Guest, order: Order, actor: Actor) -> Walk:
    """Write ``disk`` twice, as the task and its part do: a deletion in between is overwritten."""
    world.set_status(guest, "disk", "", actor)
    yield 0.3
    if any(disk.image for disk in order.disks):
        world.set_status(guest, "image_caching", "", actor)
        yield 1.2
    world.set_status(guest, "disk", "", actor)
    yield 1.2


def _finish(world: World, guest: Guest, order: Order, actor: Actor) -> Walk:
    """Take over what the deployment found, then start or sync."""
    found = OS_TAGS | {"login_account": order.login_account}
    guest.metadata |= found
    world.events.add(guest, "set_meta", [{"key": k, "nvalue": v} for k, v in found.items()], actor)
    world.events.add(guest, "allocate", "", actor)
    world.store.write(guest)
    if order.eip_id or order.eip_bandwidth:
        yield from _bind(world, guest, order, actor)
        if guest.status == "associate_eip_failed":
            return
    if order.auto_start:
        yield from start(world, guest, actor, world.fate("start"))
    else:
        yield from _first_sync(world, guest, actor)
    world.events.add(guest, "allocate", "", actor)


def _bind(world: World, guest: Guest, order: Order, actor: Actor) -> Walk:
    """Bind the address; the sync after it runs on beside the start: its ``ready`` overwrites ``starting``."""
    new = None
    if order.eip_id:
        world.bind_address(guest, order.eip_id)
    elif network := elastic.network_for(world):
        name = f"eip-for-srv-{guest.name}"
        new = elastic.allocate(world, guest.project_id, name, network, order.eip_bandwidth)
    sync = elastic.bind_address(world, guest, actor, new=new)
    if not order.auto_start:
        yield from sync
        return
    for steps in sync:
        yield steps
        if guest.status == "start_sync_status":
            world.run(guest, "sync", sync)
            break
    yield 0.3


def _first_sync(world: World, guest: Guest, actor: Actor) -> Walk:
    """Sync at the end of a creation: ``power_states`` stays unknown until something really asks the host."""
    power = guest.row["power_states"]
    yield from settle(world, guest, actor)
    if power == "unknown" and guest.status == "ready":
        guest.row["power_states"] = "unknown"
        guest.encoded = None


def _schedule(world: World, guest: Guest, order: Order) -> Host | None:
    if world.settings.scheduler_down or world.settings.keystone_down:
        return None
    return world.inventory.place(
        int(guest.row["vcpu_count"]),
        int(guest.row["vmem_size"]),
        host_id=order.host_id,
        zone_id=order.zone_id,
    )


def _occupy(world: World, guest: Guest, host: Host, actor: Actor) -> None:
    host.cpu_used += int(guest.row["vcpu_count"])
    host.memory_mib_used += int(guest.row["vmem_size"])
    world.store.write(guest, host_id=host.id)
    world.events.add(guest, "update", {"host_id": {"new": host.id, "old": ""}}, actor)
    world.events.add(guest, "schedule", {"host_id": host.id}, actor)


def _attach_nics(world: World, guest: Guest, order: Order, actor: Actor) -> bool:
    """Attach the NICs asked for, or one of the platform's choice; False if no address is left."""
    wanted = order.nics or (WantedNic(next(iter(world.inventory.networks.values()))),)
    chosen = next((index for index, nic in enumerate(wanted) if nic.default), 0)
    for index, nic in enumerate(wanted):
        network = nic.network
        address = network.take(nic.address)
        if address is None:
            return False
        guest.nics.append(
            Nic(
                network.id,
                network.name,
                address,
                nic.mac or world.inventory.mac(),
                index,
                network.mask,
                nic.address6,
                nic.bandwidth or 1000,
                index == chosen,
                network.vpc_id,
                network.vpc,
            )
        )
        world.events.add(
            guest, "attach", {"id": network.id, "ip_addr": address, "res_name": "guestnetwork"}, actor
        )
    return True


def _attach_disks(world: World, guest: Guest, order: Order, actor: Actor) -> None:
    for index, wanted in enumerate(order.disks):
        size = wanted.size_mib
        if index == 0:
            size = max(size, ROOT_DISK_MINIMUM_MIB, wanted.image.minimum_mib if wanted.image else 0)
        attach_disk(world, guest, wanted, size, actor)


def attach_disk(world: World, guest: Guest, wanted: WantedDisk, size_mib: int, actor: Actor) -> Disk:
    """Make one disk and hang it on *guest*: no version of the server moves with it."""
    ident = str(uuid.uuid4())
    image = wanted.image
    disk = Disk(
        ident,
        f"vdisk-{guest.name}-{uuid.UUID(ident).int % 10**19}",
        0,
        size_mib,
        "sys" if image else "data",
        wanted.backend,
        wanted.medium,
        wanted.driver,
        wanted.cache,
        image.shown_name() if image else "",
        image.id if image else "",
        wanted.auto_delete,
    )
    # A new disk takes the user tags of its server, an owner's mark among them.
    disk.metadata = {key: value for key, value in guest.metadata.items() if key.startswith("user:")}
    world.disks.hang(guest, disk)
    world.events.add(
        guest, "attach", {"id": ident, "name": disk.name, "res_name": "guestdisk", "size": size_mib}, actor
    )
    return disk


def _refuse(world: World, guest: Guest, fate: Fate | None, actor: Actor) -> None:
    """Write sched_fail, and take the lock off: it is the only failure that does."""
    text = NO_SCHEDULER if world.settings.scheduler_down or world.settings.keystone_down else NO_ROOM
    text = fate.text if fate and fate.text else text
    world.set_status(guest, "sched_fail", text, actor)
    world.events.add(guest, "alloc_fail", text, actor)
    if guest.locked:
        world.store.write(guest, disable_delete=False)


def _fail(world: World, guest: Guest, fate: Fate, actor: Actor) -> None:
    text = fate.text or WAY_TO_FAIL.get(fate.status, "stub refuses")
    world.set_status(guest, fate.status, text, actor)
    if fate.status == "deploy_fail":
        world.events.add(guest, "deploy_fail", text, actor)
    world.events.add(guest, "alloc_fail", text, actor)
