"""One server by its id or name: GET, HEAD, PUT, DELETE and the read-only sub-resources."""

from typing import Any

from .death import death
from .details import details, prepaid
from .errors import CloudError, bad_input, invalid_status, not_found, wrapped
from .guests import Guest
from .likeness import create_params
from .permissions import Caller, check_object
from .references import items, tag_text
from .walks import sync_config
from .wire import Answer, Request, answer
from .world import World

UPDATABLE = {
    "description": str,
    "hostname": str,
    "disable_delete": bool,
    "boot_order": str,
    "shutdown_behavior": str,
    "vga": str,
    "vdi": str,
    "machine": str,
    "bios": str,
    "src_ip_check": bool,
    "src_mac_check": bool,
}
SHORTEST_NAME = 2
# ``field=`` on GET by id does not choose fields; it only leaves out these joined ones.
NOT_WITH_FIELD = frozenset(
    {
        *("disks", "disks_info", "ips", "macs", "metadata", "nics", "project", "project_domain"),
        *("secgroup", "secgroups", "tenant", "vpc", "vpc_external_access_mode", "vpc_id"),
    }
)
LIVING = frozenset({"running", "ready", "suspend"})


def fetch(world: World, caller: Caller, request: Request, ident: str, verb: str) -> Guest:
    """
    Return the server that *ident* names, or raise 404, and only then 403.

    A bare path reads the row as it is; any query string applies the filters of a list, which hide recycled
    servers unless ``pending_delete`` asks for them.
    """
    guest = world.by_reference(ident)
    check_object(caller, guest, verb)  # type: ignore[arg-type]
    if verb == "get" and request.query and guest.pending:
        wanted = (request.query.one("pending_delete") or "").lower()
        if wanted not in {"true", "all", "any"}:
            raise not_found("server", ident)
    return guest


def get_server(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    guest = fetch(world, caller, request, ident, "get")
    shown = details(world, guest)
    if request.query.all("field"):
        shown = {key: value for key, value in shown.items() if key not in NOT_WITH_FIELD}
    return answer({"server": shown})


def get_part(world: World, caller: Caller, request: Request, ident: str, part: str) -> Answer:
    """Answer ``/status``, ``/metadata``, ``/tasks`` and ``/create-params`` of one server."""
    guest = fetch(world, caller, request, ident, "get")
    match part:
        case "status":
            return answer({"server": {"status": guest.status}})
        case "metadata":
            tags = sorted((guest.metadata | guest.hidden).items())
            return answer({"server": {key: value for key, value in tags if value}})
        case "tasks":
            rows = [
                {"task_name": name, "obj_id": guest.id, "obj_type": "server"}
                for name in world.tasks.of(guest)
            ]
            return answer({"tasks": rows})
        case "create-params":
            return answer({"server": create_params(world, guest)})
    raise CloudError(404, "SpecNotFoundError", f"server {guest.id} {part} not found")


def update_server(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    """
    Change what can be changed, at any status, and ignore the rest in silence.

    Every PUT moves the version, an empty one too; a name in it, even the same one, starts a sync.
    """
    guest = fetch(world, caller, request, ident, "update")
    wanted = request.inner("server")
    columns: dict[str, Any] = {}
    for key, kind in UPDATABLE.items():
        if key in wanted and wanted[key] is not None:
            value = wanted[key]
            columns[key] = str(value).lower() in {"true", "1", "yes", "on"} if kind is bool else str(value)
    name = str(wanted.get("name") or "").strip()
    if name:
        _check_rename(world, guest, name)
        columns["name"] = name[:128]
    changed = {key: value for key, value in columns.items() if guest.row[key] != value}
    if changed:
        notes = {key: {"new": value, "old": guest.row[key]} for key, value in changed.items()}
        world.store.write(guest, bump=2, **changed)
        world.events.add(guest, "update", notes, caller.actor)
    else:
        world.store.write(guest)
    if isinstance(tags := wanted.get("__meta__"), dict):
        world.set_tags(guest, {key: tag_text(value) for key, value in tags.items()}, caller.actor)
    if name and guest.status in LIVING:
        world.run(guest, "sync", sync_config(world, guest, caller.actor))
    return answer({"server": details(world, guest)})


def _check_rename(world: World, guest: Guest, name: str) -> None:
    if len(name) < SHORTEST_NAME:
        raise bad_input("name: too short")
    if any(other is not guest for other in world.store.named(name)):
        prefix = (
            "ValidateUpdateData: SVirtualResourceBase.ValidateUpdateData: "
            "SStatusStandaloneResourceBase.ValidateUpdateData: SStandaloneResourceBase.ValidateUpdateData: "
            "alterNameValidator"
        )
        raise wrapped(prefix, 409, "DuplicateNameError", "Duplicate name %s %s", "name", name)


def delete_server(world: World, caller: Caller, request: Request, ident: str) -> Answer:
    """Start a deletion; each call starts one. Options count in the query string only, a body is ignored."""
    guest = fetch(world, caller, request, ident, "delete")
    host = world.host_of(guest)
    if host is not None and not (host.online and host.enabled):
        raise bad_input("Cannot delete server on offline host")
    if guest.locked:
        raise invalid_status("Virtual server is locked, cannot delete")
    if prepaid(world, guest):
        raise CloudError(403, "ForbiddenError", "not allow to delete prepaid server in valid status")
    if request.query.flag("purge"):
        shown = details(world, guest)
        world.tasks.drop(guest)
        world.events.add(guest, "delete", "", caller.actor)
        world.erase(guest)
        return answer({"server": shown})
    override = request.query.flag("override_pending_delete")
    world.run(guest, "delete", death(world, guest, caller.actor, override=override))
    return answer({"server": details(world, guest)})


def batch_user_metadata(world: World, caller: Caller, request: Request) -> Answer:
    """``POST /servers/batch-user-metadata``: the same user tags on many servers."""
    body = request.json()
    body = body if isinstance(body, dict) else {}
    tags = {f"user:{key}": tag_text(value) for key, value in (body.get("metadata") or {}).items()}
    for ident in items(body.get("resources")):
        guest = fetch(world, caller, request, str(ident), "perform")
        world.set_tags(guest, tags, caller.actor)
    return answer({})
