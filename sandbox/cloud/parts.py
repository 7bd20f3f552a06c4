"""The tables of what servers are made of and hang on, as lists and GET by id or name read them."""

from collections.abc import Iterator
from functools import partial

from . import faces
from .inventory import FOUNDED
from .tables import Line, Table
from .world import World


def _networks(world: World) -> Iterator[Line]:
    for row in world.inventory.networks.values():
        columns = {"server_type": row.server_type}
        face = partial(faces.network, world, row)
        yield Line(row.id, row.name, FOUNDED, face, row.project_id, columns=columns)


def _groups(world: World) -> Iterator[Line]:
    for row in world.inventory.security_groups.values():
        yield Line(row.id, row.name, FOUNDED, partial(faces.group, world, row), row.project_id)


def _keypairs(world: World) -> Iterator[Line]:
    for row in world.inventory.keypairs.values():
        face = partial(faces.keypair, world, row)
        yield Line(row.id, row.name, FOUNDED, face, user_id=row.owner_id)


def _zones(world: World) -> Iterator[Line]:
    for row in world.inventory.zones.values():
        yield Line(row.id, row.name, FOUNDED, partial(faces.zone, world, row))


def _skus(world: World) -> Iterator[Line]:
    for row in world.inventory.skus.values():
        yield Line(row.id, row.name, FOUNDED, partial(faces.sku, world, row))


def _disks(world: World) -> Iterator[Line]:
    for row in world.disks.all():
        face = partial(faces.disk, world, row)
        yield Line(row.id, row.name, row.created_at, face, row.project_id, row.metadata, pending=row.pending)


def _addresses(world: World) -> Iterator[Line]:
    for row in world.inventory.addresses.values():
        face = partial(faces.address, world, row)
        yield Line(row.id, row.name, row.created_at, face, row.project_id, row.metadata)


DISKS = Table("disk", "disks", _disks, faces.OF_DISKS, frozenset({"access_path", "auto_delete"}))
ADDRESSES = Table("eip", "eips", _addresses, faces.OF_ADDRESSES, frozenset({"auto_dellocate"}))
NETWORKS = Table("network", "networks", _networks, faces.OF_NETWORKS, frozenset({"alloc_timout_seconds"}))
TABLES = {
    table.plural: table
    for table in (
        DISKS,
        ADDRESSES,
        NETWORKS,
        Table("secgroup", "secgroups", _groups, faces.OF_GROUPS),
        Table("keypair", "keypairs", _keypairs, faces.OF_KEYPAIRS),
        Table("zone", "zones", _zones, faces.OF_ZONES),
        Table("serversku", "serverskus", _skus, faces.OF_SKUS),
    )
}
