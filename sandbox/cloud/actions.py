"""``POST /servers/<id>/<action>``: what each action asks of the status, and the task that it starts."""

import re
from collections.abc import Callable
from typing import Any

from . import references, walks
from .birth import attach_disk
from .create import free_name
from .details import details
from .errors import CloudError, bad_input, invalid_status, not_found, wrapped
from .guests import Guest
from .permissions import Caller
from .servers import fetch
from .tasks import Walk
from .wire import Answer, Request, answer
from .world import World

STARTABLE = frozenset(
    {"ready", "start_fail", "save_disk_failed", "suspend", "kickstart_pending", "kickstart_failed"}
)
STOPPABLE = frozenset({"running", "stop_fail"})
SETTLED = frozenset({"ready", "running"})
NEEDS_HOST = frozenset({"start", "stop", "restart", "reset", "rebuild-root", "change-config", "deploy"})
VERSION = "unknown(2de295222d19700101)"

Action = Callable[[World, Guest, Caller, dict[str, Any]], None]


def perform(world: World, caller: Caller, request: Request, ident: str, action: str) -> Answer:
    """Run one action and return the server as it is right after."""
    guest = fetch(world, caller, request, ident, "perform")
    act = ACTIONS.get(action)
    if act is None:
        text = f"Action {action} not found, please check service version, current version: {VERSION}"
        raise CloudError(404, "ActionNotFoundError", text)
    host = world.host_of(guest)
    if action in NEEDS_HOST and host is not None and not (host.online and host.enabled):
        raise wrapped(
            "PreCheckPerformAction",
            400,
            "InvalidStatusError",
            "host status %s and enabled %s, can't do server %s",
            "online" if host.online else "offline",
            "true" if host.enabled else "false",
            action,
        )
    act(world, guest, caller, request.inner("server"))
    return answer({"server": details(world, guest)})


def _run(world: World, guest: Guest, name: str, walk: Walk) -> None:
    world.tasks.start(guest, walk, name)


def _start(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if guest.status not in STARTABLE:
        raise invalid_status(f"Cannot do start server in status {guest.status}")
    walk = walks.resume if guest.status == "suspend" else walks.start
    _run(world, guest, "start", walk(world, guest, caller.actor, world.fate("start")))


def _stop(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if guest.status not in STOPPABLE and not references.flag(body, "is_force"):
        text = f"Cannot stop server: Cannot stop server in status {guest.status}: InvalidStatusError"
        raise invalid_status(text)
    _run(world, guest, "stop", walks.stop(world, guest, caller.actor, world.fate("stop")))


def _restart(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    forced = references.flag(body, "is_force") and guest.status == "stopping"
    if guest.status not in STOPPABLE and not forced:
        raise invalid_status(f"Cannot do restart server in status {guest.status}")
    _run(world, guest, "restart", walks.restart(world, guest, caller.actor, world.fate("start")))


def _suspend(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if guest.status != "running":
        raise invalid_status(f"Cannot suspend VM in status {guest.status}")
    _run(world, guest, "suspend", walks.suspend(world, guest, caller.actor, world.fate("suspend")))


def _resume(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if guest.status != "suspend":
        raise invalid_status(f"Cannot resume VM in status {guest.status}")
    _run(world, guest, "resume", walks.resume(world, guest, caller.actor, world.fate("resume")))


def _syncstatus(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    _run(world, guest, "syncstatus", walks.settle(world, guest, caller.actor))


def _memory_mib(value: Any) -> int:
    """Return memory as change-config takes it: ``2048``, ``"2048"``, ``"2048M"``, ``"4g"``."""
    match = re.fullmatch(r"(\d+)\s*([mMgGtT]?)[bB]?", str(value).strip())
    if match is None:
        raise bad_input(f"invalid vmem_size {value}")
    return int(match[1]) * {"": 1, "m": 1, "g": 1024, "t": 1024 * 1024}[match[2].lower()]


def _change_config(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if guest.status not in SETTLED:
        raise invalid_status(f"Cannot change config in status {guest.status}")
    cpu, memory = int(guest.row["vcpu_count"]), int(guest.row["vmem_size"])
    name = references.text(body, "instance_type", "sku", "flavor")
    if name:
        sku = world.inventory.skus.get(name)
        if sku is None:
            raise wrapped(
                "ValidateGuestChangeConfigInput: SBaseGuestDriver.ValidateGuestChangeConfigInput: "
                "FetchSkuByNameAndProvider",
                404,
                "ResourceNotFoundError",
                "%s %s not found",
                "serversku",
                name,
            )
        cpu, memory = sku.cpu, sku.memory_mib
    else:
        cpu = references.integer(body, "vcpu_count", into="ServerChangeConfigInput") or cpu
        memory = _memory_mib(body["vmem_size"]) if body.get("vmem_size") else memory
    references.check_cpu(cpu)
    references.check_memory(memory)
    bigger = cpu > int(guest.row["vcpu_count"]) or memory > int(guest.row["vmem_size"])
    smaller = cpu < int(guest.row["vcpu_count"]) or memory < int(guest.row["vmem_size"])
    force_stop = references.flag(body, "force_stop")
    hot = guest.metadata.get("hotplug_cpu_mem") == "enable" and not smaller
    if guest.status == "running" and (bigger or smaller) and not hot and not force_stop:
        raise invalid_status(
            "cannot change CPU/Memory spec in power status on: host plug cpu memory is disabled: InvalidStatusError"
        )
    _check_room(world, guest, cpu, memory)
    columns: dict[str, Any] = {"vcpu_count": cpu, "vmem_size": memory}
    if bigger or smaller or name:
        columns["instance_type"] = name or world.inventory.sku_of(cpu, memory) or ""
    walk = walks.change_config(
        world,
        guest,
        caller.actor,
        columns,
        force_stop=force_stop,
        auto_start=references.flag(body, "auto_start") and guest.status == "ready",
        hot=hot and not force_stop,
        fate=world.fate("change-config"),
    )
    _run(world, guest, "change-config", walk)


def _check_room(world: World, guest: Guest, cpu: int, memory_mib: int) -> None:
    host = world.host_of(guest)
    if host is None:
        return
    more_cpu = cpu - int(guest.row["vcpu_count"])
    more_memory = memory_mib - int(guest.row["vmem_size"])
    full = (
        host.cpu_used + more_cpu > host.cpu_total
        or host.memory_mib_used + more_memory > host.memory_mib_total
    )
    if memory_mib > host.memory_mib_per_guest or full:
        raise CloudError(400, "InsufficientResourceError", "No matching resources: host memory not enough")


def _resize_disk(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    ident = references.text(body, "disk_id", "disk")
    disk = next((disk for disk in guest.disks if ident in (disk.id, disk.name)), None)
    if disk is None:
        raise not_found("disk", ident)
    if guest.status not in SETTLED:
        raise invalid_status(f"Cannot resize disk in status {guest.status}")
    if guest.status == "running" and disk.index == 0:
        raise invalid_status("Cannot resize system disk online")
    size = _memory_mib(body.get("size", ""))
    if size < disk.size_mib:
        raise bad_input("Disk cannot be thrink")
    fate = world.fate("resize-disk")
    _run(world, guest, "resize-disk", walks.resize_disk(world, guest, caller.actor, disk.id, size, fate))


def _createdisk(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    wanted = [references.wanted_disk(world.inventory, disk) for disk in references.items(body.get("disks"))]
    if not wanted:
        raise bad_input("No disk information provided")

    def attach() -> Walk:
        yield walks.HOST
        for disk in wanted:
            index = max((d.index for d in guest.disks), default=-1) + 1
            attach_disk(world, guest, disk, index, disk.size_mib, caller.actor)

    _run(world, guest, "createdisk", attach())


def _secgroups(mode: str) -> Action:
    def act(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
        if guest.status not in SETTLED | {"suspend"}:
            raise bad_input(f"Cannot {mode} security groups in status {guest.status}")
        found = []
        for ident in references.items(body.get("secgroup_ids") or body.get("secgroup_id")):
            group = world.inventory.find_security_group(str(ident))
            if group is None:
                raise not_found("secgroup", str(ident))
            found.append(group.id)
        if not found:
            raise CloudError(400, "MissingParameterError", "Missing parameter secgroup_ids")
        have = guest.secgroups
        match mode:
            case "set":
                wanted = list(dict.fromkeys(found))
            case "add":
                wanted = list(dict.fromkeys(have + found))
            case "assign":
                wanted = list(dict.fromkeys(found[:1] + have[1:]))
            case _:
                wanted = [ident for ident in have if ident not in found] or ["default"]
        guest.secgroups = wanted
        if guest.row["secgrp_id"] != wanted[0]:
            world.store.write(guest, bump=0, secgrp_id=wanted[0])
        _run(world, guest, "sync", walks.sync_firewall(world, guest, caller.actor))

    return act


def _metadata(mode: str) -> Action:
    def act(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
        tags = {key: references.tag_text(value) for key, value in body.items() if not isinstance(value, dict)}
        tags |= {key: str(value) for key, value in body.items() if isinstance(value, dict)}
        if mode != "raw":
            tags = {f"user:{key}": value for key, value in tags.items()}
        if mode == "replace":
            for key in [key for key in guest.metadata if key.startswith("user:") and key not in tags]:
                del guest.metadata[key]
        if not caller.administrator:
            tags = {key: value for key, value in tags.items() if not key.startswith("__")}
        world.set_tags(guest, {key[:64]: value for key, value in tags.items()}, caller.actor)

    return act


def _cancel_delete(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    """Take a server out of the bin; if its name was taken meanwhile it is renamed without a word."""
    if not guest.pending:
        return
    others = [other for other in world.store.named(guest.name) if other is not guest]
    name = free_name(world, guest.name) if others else guest.name
    world.store.write(guest, pending_deleted=False, pending_deleted_at="", name=name)
    world.events.add(guest, "cancel_delete", "", caller.actor)


def _associate_eip(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    ident = references.text(body, "eip_id", "eip")
    address = world.inventory.find_address(ident)
    if address is None:
        raise not_found("eip", ident)
    if guest.eip_id:
        raise invalid_status("already associate with eip")
    if guest.status not in SETTLED:
        raise invalid_status(f"cannot associate eip in status {guest.status}")
    if not guest.nics:
        text = f"failed getting guest network of {guest.name}({guest.id}): sql: no rows in result set"
        raise wrapped("ValidateAssociateEip", 500, "UnclassifiedError", "%s", text)
    fate = world.fate("associate-eip")
    _run(world, guest, "eip", walks.bind_address(world, guest, caller.actor, address.id, fate))


def _dissociate_eip(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if not guest.eip_id:
        raise invalid_status("No eip to dissociate")
    _run(world, guest, "eip", walks.unbind_address(world, guest, caller.actor, world.fate("dissociate-eip")))


def _freeze(*, frozen: bool) -> Action:
    def act(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
        world.store.write(guest, freezed=frozen)

    return act


def _status(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    if not caller.administrator:
        raise CloudError(403, "ForbiddenError", "not allow to perform status")
    world.set_status(guest, references.text(body, "status"), references.text(body, "reason"), caller.actor)


def _purge(world: World, guest: Guest, caller: Caller, body: dict[str, Any]) -> None:
    host = world.host_of(guest)
    if host is not None and host.enabled:
        raise invalid_status("Cannot purge server on enabled host")
    world.tasks.drop(guest)
    world.events.add(guest, "delete", "", caller.actor)
    world.erase(guest)


ACTIONS: dict[str, Action] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "suspend": _suspend,
    "resume": _resume,
    "syncstatus": _syncstatus,
    "change-config": _change_config,
    "resize-disk": _resize_disk,
    "createdisk": _createdisk,
    "set-secgroup": _secgroups("set"),
    "add-secgroup": _secgroups("add"),
    "revoke-secgroup": _secgroups("revoke"),
    "assign-secgroup": _secgroups("assign"),
    "user-metadata": _metadata("user"),
    "set-user-metadata": _metadata("replace"),
    "metadata": _metadata("raw"),
    "cancel-delete": _cancel_delete,
    "associate-eip": _associate_eip,
    "dissociate-eip": _dissociate_eip,
    "freeze": _freeze(frozen=True),
    "unfreeze": _freeze(frozen=False),
    "status": _status,
    "purge": _purge,
}
