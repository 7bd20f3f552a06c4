"""The tables of what servers are made of and hang on, as lists and GET by id or name read them."""

from collections.abc import Iterator
from functools import partial

from . import faces, part_faces
from .disks import Disk
from .tables import Line, Table
from .world import World


def _networks(world: World) -> Iterator[Line]:
    for row in world.inventory.networks.values():
        columns = {"server_type": row.server_type}
        face = partial(part_faces.network, world, row)
        yield Line(row.id, row.name, row.created_at, face, row.project_id, columns=columns)


def _groups(world: World) -> Iterator[Line]:
    for row in world.inventory.security_groups.values():
        yield Line(row.id, row.name, row.created_at, partial(part_faces.group, world, row), row.project_id)


def _keypairs(world: World) -> Iterator[Line]:
    for row in world.inventory.keypairs.values():
        face = partial(part_faces.keypair, world, row)
        yield Line(row.id, row.name, row.created_at, face, user_id=row.owner_id)


def _zones(world: World) -> Iterator[Line]:
    for row in world.inventory.zones.values():
        yield Line(row.id, row.name, row.created_at, partial(part_faces.zone, world, row))


def _skus(world: World) -> Iterator[Line]:
    for row in world.inventory.skus.values():
        yield Line(row.id, row.name, row.created_at, partial(part_faces.sku, world, row))


def _disks(world: World) -> Iterator[Line]:
    return (_disk(world, row) for row in world.disks.all())


def _disk(world: World, row: Disk) -> Line:
    face = partial(faces.disk, world, row)
    return Line(row.id, row.name, row.created_at, face, row.project_id, row.metadata, pending=row.pending)


def _disk_by_id(world: World, ident: str) -> Line | None:
    row = world.disks.get(ident)
    return _disk(world, row) if row else None


def _addresses(world: World) -> Iterator[Line]:
    for row in world.inventory.addresses.values():
        face = partial(faces.address, world, row)
        yield Line(row.id, row.name, row.created_at, face, row.project_id, row.metadata)


DISKS = Table(
    "disk",
    "disks",
    _disks,
    faces.OF_DISKS,
    single=frozenset({"access_path", "auto_delete"}),
    line=_disk_by_id,
)
ADDRESSES = Table("eip", "eips", _addresses, faces.OF_ADDRESSES, frozenset({"auto_dellocate"}))
NETWORKS = Table(
    "network", "networks", _networks, part_faces.OF_NETWORKS, frozenset({"alloc_timout_seconds"})
)
TABLES = {
    table.plural: table
    for table in (
        DISKS,
        ADDRESSES,
        NETWORKS,
        Table("secgroup", "secgroups", _groups, part_faces.OF_GROUPS),
        Table("keypair", "keypairs", _keypairs, part_faces.OF_KEYPAIRS),
        Table("zone", "zones", _zones, part_faces.OF_ZONES, listed=frozenset({"_i18n"})),
        Table("serversku", "serverskus", _skus, part_faces.OF_SKUS),
    )
}
