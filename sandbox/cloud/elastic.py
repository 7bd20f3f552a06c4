"""The life of an elastic address: allocated from a network, changed, and given back for good."""

import uuid

from .addresses import ElasticAddress
from .events import Actor
from .guests import Guest
from .inventory import Network
from .tasks import Walk
from .walks import QUEUED, settle_after_start
from .world import Fate, World

STEP = 1.0
CLASSIC_NETWORK = '{"__reason__":"no eip on a classic network","__stage__":"OnInit","__status__":"error"}'


def allocate(
    world: World,
    project_id: str,
    name: str,
    network: Network,
    bandwidth: int,
    *,
    ident: str = "",
    tags: dict[str, str] | None = None,
    auto_dellocate: bool = False,
) -> ElasticAddress:
    """Insert a row that has no address yet; the task that takes one is ``allocation``."""
    now = world.store.now()
    row = ElasticAddress(
        ident or str(uuid.uuid4()),
        name,
        "",
        network_id=network.id,
        project_id=project_id,
        bandwidth=bandwidth,
        status="allocate",
        auto_dellocate=auto_dellocate,
        metadata=dict(tags or {}),
        created_at=now,
        updated_at=now,
        version=2 if tags else 1,
    )
    world.inventory.addresses[row.id] = row
    world.inventory.burnt_addresses.add(row.id.casefold())
    return row


def allocation(world: World, row: ElasticAddress) -> Walk:
    """Take an address from the network; without one that is free the row stays and says so."""
    yield STEP
    address = world.inventory.networks[row.network_id].take()
    world.write_row(row, bump=2, status="ready" if address else "allocate_fail", address=address or "")


def release(world: World, row: ElasticAddress) -> None:
    """Delete an address for good and give it back to its network."""
    if network := world.inventory.networks.get(row.network_id):
        network.used.discard(row.address)
    row.gone = True
    world.inventory.addresses.pop(row.id, None)


def network_for(world: World, ident: str = "") -> Network | None:
    """Return the network that EIPs come from: the one asked for, or one of the cloud's choice."""
    if ident:
        found = world.inventory.find_network(ident)
        return found if found and found.server_type == "eip" else None
    return next((n for n in world.inventory.networks.values() if n.server_type == "eip"), None)


def bind_address(
    world: World,
    guest: Guest,
    actor: Actor,
    *,
    new: ElasticAddress | None = None,
    fate: Fate | None = None,
) -> Walk:
    """
    Go associate_eip → start_sync_status → sync_status → what it was.

    On a classic network it ends in ``associate_eip_failed``, and the address is bound and shown all the same.
    *new*: it is still to be allocated.
    """
    world.set_status(guest, "associate_eip", "", actor)
    if new is not None:
        yield from allocation(world, new)
        if new.status != "ready":
            world.set_status(guest, "associate_eip_failed", "no address is left", actor)
            return
        world.bind_address(guest, new.id)
    yield QUEUED
    if fate is None and all(nic.vpc_id == "default" for nic in guest.nics):
        fate = Fate("associate-eip", "associate_eip_failed", CLASSIC_NETWORK)
    if fate:
        if bound := world.inventory.addresses.get(guest.eip_id):
            world.write_row(bound, status="associate_fail")
        world.set_status(guest, fate.status, fate.text, actor)
        return
    world.events.add(guest, "eip_attach", "", actor)
    yield from settle_after_start(world, guest, actor)


def unbind_address(
    world: World, guest: Guest, actor: Actor, *, drop: bool = False, fate: Fate | None = None
) -> Walk:
    """Go dissociate_eip → start_sync_status → sync_status → what it was; *drop*: it is given back."""
    world.set_status(guest, "dissociate_eip", "", actor)
    yield QUEUED
    if fate:
        world.set_status(guest, fate.status, fate.text, actor)
        return
    part_with_address(world, guest, actor, drop=drop)
    yield from settle_after_start(world, guest, actor)


def part_with_address(world: World, guest: Guest, actor: Actor, *, drop: bool = False) -> None:
    """Take the elastic address off a server; *drop*: give it back for good."""
    address = world.inventory.addresses.get(guest.eip_id)
    world.unbind_address(guest)
    world.events.add(guest, "eip_detach", "", actor)
    if address is not None and address.status == "associate_fail":
        world.write_row(address, status="ready")
    if address is not None and drop:
        release(world, address)
