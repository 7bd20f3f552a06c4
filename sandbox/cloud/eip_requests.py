"""Writes to ``/eips``: made once by an id of the client's, another bandwidth, given back."""

from typing import Any

from . import elastic, faces, references
from .addresses import ElasticAddress
from .errors import CloudError, bad_input, duplicate_id, invalid_status, missing_parameter, not_found
from .parts import ADDRESSES
from .permissions import Caller, Verb, check_create
from .tables import fetch
from .tasks import Walk
from .wire import Answer, Request, answer
from .world import World


def create(world: World, caller: Caller, request: Request) -> Answer:
    """
    Allocate an address.

    The same request again is a 409 by its name; an id that was ever used is a 500, also after its deletion.
    """
    check_create(caller, None)
    wanted = request.inner("eip")
    name = references.text(wanted, "name").strip()
    if not name:
        raise missing_parameter("name")
    bandwidth = references.integer(wanted, "bandwidth", into="SElasticipCreateInput") or 0
    if references.text(wanted, "charge_type") != "bandwidth":
        raise bad_input('OneCloud only supports eip charge type "bandwidth"')
    if bandwidth <= 0:
        raise missing_parameter("bandwidth")
    _check_name(world, name)
    network = elastic.network_for(world, references.text(wanted, "network", "network_id"))
    if network is None:
        raise not_found("network", references.text(wanted, "network", "network_id"))
    ident = references.text(wanted, "id")
    if ident and ident.casefold() in world.inventory.burnt_addresses:
        raise duplicate_id(ident)
    tags = references.tags(wanted)
    row = elastic.allocate(world, caller.project_id, name, network, bandwidth, ident=ident, tags=tags)
    world.run(row, "allocate", elastic.allocation(world, row))
    return _shown(world, row)


def update(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    """Change name and description; the version of a server that it is bound to does not move."""
    row = _find(world, caller, request, ident, "update")
    wanted = request.inner("eip")
    columns: dict[str, Any] = {key: str(wanted[key]) for key in ("name", "description") if wanted.get(key)}
    if "name" in columns:
        _check_name(world, columns["name"], but=row)
    world.write_row(row, **columns)
    return _shown(world, row)


def _check_name(world: World, name: str, *, but: ElasticAddress | None = None) -> None:
    """Refuse a name that any address has: names are unique over all projects, as those of servers."""
    for row in world.inventory.addresses.values():
        if row is not but and row.name.casefold() == name.casefold():
            raise CloudError(409, "DuplicateNameError", f"Duplicate name eip {name}")


def perform(world: World, caller: Caller, request: Request, ident: str, action: str) -> Answer:
    """Run one action on an address."""
    row = _find(world, caller, request, ident, "perform")
    wanted = request.inner("eip")
    match action:
        case "change-bandwidth":
            bandwidth = references.integer(wanted, "bandwidth", into="ElasticipBandwidthInput") or 0
            if row.status != "ready":
                raise invalid_status(f"cannot change bandwidth in status {row.status}")
            if bandwidth <= 0:
                raise bad_input("Invalid bandwidth")
            world.run(row, "change-bandwidth", _changing(world, row, bandwidth))
        case "user-metadata":
            tags = {f"user:{key}": references.tag_text(value) for key, value in wanted.items()}
            references.merge_tags(row.metadata, tags)
            world.write_row(row)
        case _:
            raise CloudError(404, "ActionNotFoundError", f"Action {action} not found")
    return _shown(world, row)


def _changing(world: World, row: ElasticAddress, bandwidth: int) -> Walk:
    world.write_row(row, status="change_bandwidth")
    yield elastic.STEP
    world.write_row(row, bump=2, status="ready", bandwidth=bandwidth)


def delete(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    """Give an address back for good: there is no bin for these."""
    row = _find(world, caller, request, ident, "delete")
    if row.guest_id:
        raise invalid_status("eip is associated with resources")
    world.run(row, "delete", _leaving(world, row))
    return _shown(world, row)


def _leaving(world: World, row: ElasticAddress) -> Walk:
    world.write_row(row, status="deallocate")
    yield elastic.STEP
    elastic.release(world, row)


def _find(world: World, caller: Caller, request: Request, ident: str, verb: Verb) -> ElasticAddress:
    return world.inventory.addresses[fetch(world, caller, request, ADDRESSES, ident, verb).id]


def _shown(world: World, row: ElasticAddress) -> Answer:
    return answer({"eip": faces.address(world, row)})
