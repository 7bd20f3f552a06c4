"""The checks of a create request, in the order that was recorded, and what a good one comes to."""

import re
from typing import Any

from . import references
from .bindings import check_charge_type
from .birth import Order
from .errors import CloudError, bad_input, duplicate_name, missing_parameter, not_found
from .events import Actor
from .world import World

LONGEST_NAME = 128
FORBIDDEN_IN_NAMES = re.compile(r"[/\\;\n\r\t]")


class Checked:
    """What a valid request comes to: the row's columns and the order for the task."""

    def __init__(self, world: World, actor: Actor, project_id: str, wanted: dict[str, Any]) -> None:
        inventory = world.inventory
        for field in ("vcpu_count", "vmem_size"):
            references.integer(wanted, field)
        disks = references.wanted_disks(inventory, wanted)
        if any(disk.image for disk in disks):
            references.check_image_service(world.settings)
        hypervisor = references.text(wanted, "hypervisor") or "kvm"
        if hypervisor not in references.HYPERVISORS:
            raise bad_input(f"Hypervisor {hypervisor} not supported")
        self.cpu, self.memory, self.instance_type = references.sizes(inventory, wanted)
        user_data = references.user_data_tag(wanted)
        zone_id, host_id = self._place(world, wanted)
        nics = references.wanted_nics(inventory, wanted)
        self.keypair_id = self._keypair(world, actor, wanted)
        self.secgroups = self._secgroups(world, project_id, wanted)
        references.check_password(wanted)
        self.tags = references.tags(wanted)
        self.generate_name = references.text(wanted, "generate_name").strip()
        self.name = self._name(world, wanted)
        self.metadata = {"app_tags": "", **self.tags}
        if self.generate_name:
            self.metadata["generate_name"] = self.generate_name
        if user_data:
            self.metadata["user_data"] = user_data
        if world.settings.quota is not None:
            self._quota(world, project_id)
        self.hypervisor = hypervisor
        self.order = Order(
            disks,
            nics,
            references.flag(wanted, "auto_start"),
            host_id,
            zone_id,
            eip_id=self._address(world, project_id, wanted),
            eip_bandwidth=self._new_address(wanted),
            login_account=references.text(wanted, "login_account") or "root",
            devices=self._devices(world, wanted),
        )

    def _place(self, world: World, wanted: dict[str, Any]) -> tuple[str | None, str | None]:
        zone_id = references.text(wanted, "prefer_zone_id", "prefer_zone") or None
        if zone_id and zone_id not in world.inventory.zones:
            raise _no_row("zone", zone_id)
        region_id = references.text(wanted, "prefer_region_id", "prefer_region")
        if region_id and region_id != world.inventory.region_id:
            raise _no_row("cloudregion", region_id)
        manager_id = references.text(wanted, "prefer_manager_id", "prefer_manager")
        if manager_id:
            raise _no_row("cloudprovider", manager_id)
        ident = references.text(wanted, "prefer_host_id", "prefer_host")
        host = world.inventory.find_host(ident) if ident else None
        if ident and host is None:
            raise not_found("Host", ident)
        return zone_id, (host.id if host else None)

    def _keypair(self, world: World, actor: Actor, wanted: dict[str, Any]) -> str:
        ident = references.text(wanted, "keypair_id", "keypair")
        keypair = world.inventory.find_keypair(ident, actor.user_id) if ident else None
        if ident and keypair is None:
            raise not_found("Keypair", ident)
        return keypair.id if keypair else ""

    def _secgroups(self, world: World, project_id: str, wanted: dict[str, Any]) -> list[str]:
        idents = references.items(wanted.get("secgrp_id")) + references.items(wanted.get("secgroups"))
        found = []
        for ident in idents:
            group = world.inventory.find_security_group(str(ident), project_id)
            if group is None:
                raise not_found("Secgroup", str(ident))
            if group.id not in found:
                found.append(group.id)
        return found or ["default"]

    def _address(self, world: World, project_id: str, wanted: dict[str, Any]) -> str:
        ident = references.text(wanted, "eip")
        address = world.inventory.find_address(ident, project_id) if ident else None
        if ident and address is None:
            raise not_found("eip", ident)
        if address and address.guest_id:
            raise CloudError(400, "InvalidStatusError", f"eip {ident} has been associated")
        return address.id if address else ""

    def _new_address(self, wanted: dict[str, Any]) -> int:
        """Return the bandwidth of the elastic address that is to be made as well, or 0."""
        bandwidth = references.integer(wanted, "eip_bw") or 0
        if bandwidth and not references.text(wanted, "eip"):
            check_charge_type(references.text(wanted, "eip_charge_type"))
            return bandwidth
        return 0

    def _devices(self, world: World, wanted: dict[str, Any]) -> tuple[str, ...]:
        taken: list[str] = []
        for device in references.items(wanted.get("isolated_devices")):
            match = next(
                (
                    d.id
                    for d in world.inventory.devices.values()
                    if d.guest_id is None
                    and d.id not in taken
                    and device.get("id", d.id) == d.id
                    and device.get("dev_type", d.kind) == d.kind
                    and device.get("model", d.model) == d.model
                ),
                None,
            )
            if match is None:
                raise not_found("isolated_device", str(device.get("id") or device.get("dev_type")))
            taken.append(match)
        return tuple(taken)

    def _name(self, world: World, wanted: dict[str, Any]) -> str:
        name = self.generate_name or references.text(wanted, "name").strip()
        if not name:
            raise missing_parameter("name")
        if FORBIDDEN_IN_NAMES.search(name):
            raise CloudError(400, "InvalidFormatError", f"name: {name!r} has illegal character")
        name = name[:LONGEST_NAME]
        if self.generate_name:
            return free_name(world, name)
        if world.store.named(name):
            raise duplicate_name(name)
        return name

    def _quota(self, world: World, project_id: str) -> None:
        used = sum(1 for guest in world.store.all() if guest.project_id == project_id)
        if used + 1 > (world.settings.quota or 0):
            raise CloudError(
                400,
                "OutOfQuotaError",
                "quotas.CheckSetPendingQuota: manager.checkSetPendingQuota: manager.checkQuota for key "
                f"domain_id=default,tenant_id={project_id}: Out of quota: [project.count] limit "
                f"{world.settings.quota} used {used} request 1",
            )


def free_name(world: World, name: str, first: int = 1) -> str:
    """Return *name*, or the first of ``name-1``, ``name-2``… that is free."""
    candidate, number = name, first
    while world.store.named(candidate):
        candidate = f"{name}-{number}"
        number += 1
    return candidate


def _no_row(kind: str, ident: str) -> CloudError:
    return CloudError(500, "UnclassifiedError", f"{kind} fetch by id {ident}: sql: no rows in result set")
