"""``POST /servers``: what is checked before the row is inserted, in the order that was recorded."""

import re
import uuid
from datetime import timedelta
from typing import Any

from . import references
from .birth import birth
from .checks import Checked, free_name
from .details import details
from .errors import (
    CloudError,
    bad_input,
    cannot_convert,
    duplicate_id,
    no_dict,
    wrapped,
)
from .events import Actor
from .guests import Guest, new_row
from .permissions import Caller, check_create
from .times import row_time
from .wire import Answer, Request, answer
from .world import World

LIVE_COLUMNS = ("bios", "machine", "boot_order", "vga", "vdi", "shutdown_behavior")
DRY_RUN_OMITS = frozenset(
    {
        *("backup_guest_status", "billing_type", "boot_order", "created_at", "health_status", "id"),
        *("imported_at", "is_daemon", "metadata", "power_states", "qga_status", "secgroup", "secgroups"),
        *("shutdown_behavior", "shutdown_mode", "source", "src_ip_check", "src_mac_check"),
        *("sshable_last_state", "status", "updated_at"),
    }
)
SHOWN_OF_TAKEN_ID = frozenset(
    {
        *(
            "disks",
            "disks_info",
            "id",
            "ips",
            "macs",
            "metadata",
            "networks",
            "nics",
            "secgroup",
            "secgroups",
        ),
        *("vpc", "vpc_external_access_mode", "vpc_id"),
    }
)


def create_servers(world: World, caller: Caller, request: Request) -> Answer:
    """Make one server, or *count* of them, or none at all (dry run)."""
    body = request.json()
    if not isinstance(body, dict):
        raise no_dict()
    if "server" not in body:
        raise bad_input("No request key: server")
    wanted = body["server"]
    if not isinstance(wanted, dict):
        raise no_dict()
    project_id = _project(world, caller, wanted)
    if references.flag(wanted, "dry_run"):
        return answer({"server": _dry_run(world, caller.actor, project_id, wanted)})
    count = references.integer(body, "count") or 1
    if count > 1:
        return _create_many(world, caller, project_id, wanted, count)
    guest = _create(world, caller.actor, project_id, wanted)
    return answer({"server": details(world, guest)})


def check_create_data(world: World, caller: Caller, request: Request) -> Answer:
    """Check a bare create body (or one under ``servers``); ``{"server": …}`` is a body without disks."""
    body = request.json()
    if not isinstance(body, dict):
        raise no_dict()
    nested = body.get("servers")
    wanted = nested if isinstance(nested, dict) else body
    return answer({"servers": _dry_run(world, caller.actor, _project(world, caller, wanted), wanted)})


def _project(world: World, caller: Caller, wanted: dict[str, Any]) -> str:
    ident = references.text(wanted, "project_id", "project", "tenant_id", "tenant")
    project = world.identity.project(ident) if ident else None
    check_create(caller, (project.id if project else ident) if ident else None)
    if ident and project is None:
        raise CloudError(404, "TenantNotFoundError", f"project {ident} not found")
    return project.id if project else caller.project_id


def _create(world: World, actor: Actor, project_id: str, wanted: dict[str, Any], name: str = "") -> Guest:
    checked = Checked(world, actor, project_id, wanted)
    ident = references.text(wanted, "id") or str(uuid.uuid4())
    if world.store.knows(ident):
        raise duplicate_id(ident)
    guest = _insert(world, project_id, wanted, checked, ident, name or checked.name)
    for key, value in (("app_tags", ""), ("create_params", "{}"), ("__os_profile__", "{}")):
        world.events.add(guest, "set_meta", [{"key": key, "nvalue": value}], actor)
    if checked.tags:
        world.events.add(guest, "set_meta", [{"key": k, "nvalue": v} for k, v in checked.tags.items()], actor)
    world.events.add(guest, "create", {"id": ident, "name": guest.name, "res_name": "server"}, actor)
    world.run(guest, "create", birth(world, guest, checked.order, actor, world.fate("create")))
    return guest


def _insert(
    world: World, project_id: str, wanted: dict[str, Any], checked: Checked, ident: str, name: str
) -> Guest:
    now = world.store.now()
    row = new_row(ident, name, project_id, now)
    row |= {
        "auto_renew": references.flag(wanted, "auto_renew"),
        "billing_type": references.text(wanted, "billing_type") or "postpaid",
        "description": references.text(wanted, "description"),
        "disable_delete": references.flag(wanted, "disable_delete", default=True),
        "hostname": references.text(wanted, "hostname") or name[:60],
        "hypervisor": checked.hypervisor,
        "instance_type": checked.instance_type,
        "is_system": references.flag(wanted, "is_system"),
        "keypair_id": checked.keypair_id,
        "secgrp_id": checked.secgroups[0],
        "src_ip_check": references.flag(wanted, "src_ip_check", default=True),
        "src_mac_check": references.flag(wanted, "src_mac_check", default=True),
        "vcpu_count": checked.cpu,
        "vmem_size": checked.memory,
    }
    row |= {key: str(wanted[key]) for key in LIVE_COLUMNS if wanted.get(key)}
    if duration := references.text(wanted, "duration"):
        row |= {
            "billing_type": "prepaid",
            "billing_cycle": duration,
            "expired_at": row_time(now + _span(duration, wanted)),
        }
    # Tags are written after the row is inserted, so they move the version once more.
    row["update_version"] = 4 if len(checked.metadata) > 1 else 3
    guest = Guest(row, now)
    guest.metadata = checked.metadata
    guest.hidden = {"create_params": "{}", "__os_profile__": '{"os_type":"Linux"}'}
    guest.secgroups = checked.secgroups
    guest.keypair_id = checked.keypair_id
    guest.inside = {"password": references.text(wanted, "password"), "keypair": checked.keypair_id}
    for device in checked.order.devices:
        world.inventory.devices[device].guest_id = ident
    world.store.add(guest)
    return guest


def _span(duration: str, wanted: dict[str, Any]) -> timedelta:
    match = re.fullmatch(r"(\d+)([hHdDwWmMyY])", duration)
    if match is None:
        raise cannot_convert("duration", duration, "ServerCreateInput", wanted)
    days = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}[match[2].lower()]
    return timedelta(days=int(match[1]) * days)


def _create_many(world: World, caller: Caller, project_id: str, wanted: dict[str, Any], count: int) -> Answer:
    """All or nothing. With a client's id the second row collides, and the id is burnt by the first."""
    checked = Checked(world, caller.actor, project_id, wanted)
    if ident := references.text(wanted, "id"):
        world.store.burnt.add(ident.casefold())
        inner = duplicate_id(ident)
        raise wrapped("createResults: batchCreateDoCreateItem", 500, "UnclassifiedError", "%s", inner.details)
    guests = []
    for number in range(count):
        name = checked.name if number == 0 else free_name(world, f"{checked.name}-{number + 1}")
        guests.append(_create(world, caller.actor, project_id, wanted | {"name": name, "generate_name": ""}))
        if checked.generate_name:
            guests[-1].metadata["generate_name"] = checked.generate_name
    return answer({"servers": [{"body": details(world, guest), "status": 200} for guest in guests]})


def _dry_run(world: World, actor: Actor, project_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
    checked = Checked(world, actor, project_id, wanted)
    row = new_row("", checked.name, project_id, world.store.now())
    row |= {
        "cpu_sockets": 0,
        "disable_delete": references.flag(wanted, "disable_delete", default=True),
        "progress": 0,
        "update_version": 0,
        "vcpu_count": checked.cpu,
        "vmem_size": checked.memory,
        "instance_type": checked.instance_type,
    }
    guest = Guest(row, world.store.now(), secgroups=checked.secgroups)
    shown = details(world, guest)
    shown = {key: value for key, value in shown.items() if key not in DRY_RUN_OMITS}
    # An id that is taken is not noticed; the reply even shows that server's disks.
    taken = world.store.get(references.text(wanted, "id"))
    if taken is not None:
        other = details(world, taken)
        shown |= {key: value for key, value in other.items() if key in SHOWN_OF_TAKEN_ID}
    elif ident := references.text(wanted, "id"):
        shown["id"] = ident
    return shown
