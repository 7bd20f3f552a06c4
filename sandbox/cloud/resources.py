"""Everything that region serves beside servers and their events: which handler answers which path."""

from . import disk_requests, eip_requests, instance_groups, snapshots
from .errors import list_refused, no_handler, no_spec
from .parts import TABLES as PARTS
from .permissions import Caller
from .tables import fetch, get_row, list_rows
from .wire import Answer, Request
from .world import World

TABLES = PARTS | {
    table.plural: table
    for table in (instance_groups.GROUPS, snapshots.SNAPSHOTS, snapshots.INSTANCE_SNAPSHOTS)
}

CREATES = {
    "disks": disk_requests.create,
    "eips": eip_requests.create,
    "instancegroups": instance_groups.create,
    "snapshots": snapshots.create,
}


def handle(world: World, caller: Caller, request: Request, parts: list[str]) -> Answer:
    serve = _read if request.method == "GET" else _write
    return serve(world, caller, request, parts)


def _read(world: World, caller: Caller, request: Request, parts: list[str]) -> Answer:
    match parts:
        case ["storages"] if not caller.administrator:
            allow = caller.allowance("list")
            raise list_refused("compute", "storages", require="domain", allow=allow, query="domain")
        case [plural] if plural in TABLES:
            return list_rows(world, caller, request, TABLES[plural])
        case [plural, ident] if plural in TABLES:
            return get_row(world, caller, request, TABLES[plural], ident)
        case [plural, ident, spec] if plural in TABLES:
            fetch(world, caller, request, TABLES[plural], ident, "get")
            raise no_spec(TABLES[plural].singular, ident, spec)
    raise no_handler(request.path)


def _write(world: World, caller: Caller, request: Request, parts: list[str]) -> Answer:
    match request.method, parts:
        case "POST", [plural] if plural in CREATES:
            return CREATES[plural](world, caller, request)
        case "POST", ["disks", ident, action]:
            return disk_requests.perform(world, caller, request, ident, action)
        case "PUT", ["disks", ident]:
            return disk_requests.update(world, caller, request, ident)
        case "DELETE", ["disks", ident]:
            return disk_requests.delete(world, caller, request, ident)
        case "POST", ["eips", ident, action]:
            return eip_requests.perform(world, caller, request, ident, action)
        case "PUT", ["eips", ident]:
            return eip_requests.update(world, caller, request, ident)
        case "DELETE", ["eips", ident]:
            return eip_requests.delete(world, caller, request, ident)
    raise no_handler(request.path)
