"""The life of an elastic address: allocated from a network, changed, and given back for good."""

import uuid

from .addresses import ElasticAddress
from .inventory import Network
from .tasks import Walk
from .world import World

STEP = 1.0


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
