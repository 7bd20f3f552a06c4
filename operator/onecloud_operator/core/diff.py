"""What the spec wants and the server has not."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of, text_of_mib
from onecloud_operator.core.observed import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import DiskOptions, ServerSpec
    from onecloud_operator.core.disks import Disks
    from onecloud_operator.core.observed import Details, Disk, Observed


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Change(enum.Enum):
    """How a difference can be mended."""

    LIVE = "live"  # at once, the server notices nothing
    STOP = "stop"  # the server must be stopped for it
    POWER = "power"  # by starting or stopping it
    NEVER = "never"  # by nothing but a new server


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One field that differs. *field* is its path below ``spec.server``; *want* and *have* are texts to show.

    *have* is None where the server has nothing there.
    """

    field: str
    want: str
    have: str | None
    change: Change


def differences(
    spec: ServerSpec, server: Observed, *, power: str, managed_tags: tuple[str, ...], disks: Disks
) -> tuple[Difference, ...]:
    """
    Return every difference, in the order in which they are mended.

    Only what the spec gives is compared. *power* is the wanted state, its default resolved: ``Running``,
    ``Stopped`` or ``Unmanaged``. *server* must be detailed, *disks* are its disks as the spec names them.
    """
    details = server.details
    if details is None:
        msg = "differences() needs a server with details"
        raise AssertionError(msg)
    return (
        *_plain(spec, server),
        *_tags(spec, details, managed_tags),
        *_security_groups(spec, details),
        *_size(spec, server),
        *_disks(spec, disks),
        *_fixed(spec, server, details, disks),
        *_power(power, server),
    )


def _plain(spec: ServerSpec, server: Observed) -> Iterator[Difference]:
    pairs: list[tuple[str, object, object]] = [
        ("name", spec.name, server.name),
        ("description", spec.description, server.description),
    ]
    if hardware := spec.hardware:
        pairs += [
            ("hardware.bootOrder", hardware.boot_order, server.boot_order),
            ("hardware.vga", hardware.vga, server.vga),
            ("hardware.vdi", hardware.vdi, server.vdi),
            ("hardware.shutdownBehavior", hardware.shutdown_behavior, server.shutdown_behavior),
            ("hardware.sourceIPCheck", hardware.source_ip_check, server.source_ip_check),
            ("hardware.sourceMACCheck", hardware.source_mac_check, server.source_mac_check),
        ]
    for path, want, have in pairs:
        if want is not None and want != have:
            yield Difference(path, _shown(want), None if have is None else _shown(have), Change.LIVE)


def _tags(spec: ServerSpec, details: Details, managed: tuple[str, ...]) -> Iterator[Difference]:
    wanted = spec.tags or {}
    for key, value in wanted.items():
        if details.tags.get(key) != value:
            yield Difference(f"tags.{key}", value, details.tags.get(key), Change.LIVE)
    for key in managed:
        if key not in wanted and key in details.tags:
            yield Difference(f"tags.{key}", "", details.tags[key], Change.LIVE)


def _security_groups(spec: ServerSpec, details: Details) -> Iterator[Difference]:
    if spec.security_groups is None:
        return
    have = details.security_groups
    # A group may be given by id or by name; names are compared as the cloud does, without regard to case.
    met = [
        g
        for g in have
        if any(w in (g.id, g.name) or w.lower() == g.name.lower() for w in spec.security_groups)
    ]
    unmet = [
        w
        for w in spec.security_groups
        if not any(w in (g.id, g.name) or w.lower() == g.name.lower() for g in have)
    ]
    if unmet or len(met) != len(have):
        yield Difference(
            "securityGroups",
            ", ".join(sorted(spec.security_groups)),
            ", ".join(sorted(g.name or g.id for g in have)) or None,
            Change.LIVE,
        )


def _size(spec: ServerSpec, server: Observed) -> Iterator[Difference]:
    if spec.cpu is not None and spec.cpu != server.cpu:
        yield Difference("cpu", str(spec.cpu), str(server.cpu), Change.STOP)
    if spec.memory is not None and mib_of(spec.memory) != server.memory_mib:
        yield Difference("memory", spec.memory, text_of_mib(server.memory_mib), Change.STOP)
    # The platform fills the type in by itself after a resize, so it counts only when it is asked for.
    if spec.instance_type is not None and spec.instance_type != server.instance_type:
        yield Difference("instanceType", spec.instance_type, server.instance_type, Change.STOP)


def _disks(spec: ServerSpec, disks: Disks) -> Iterator[Difference]:
    root = disks.root
    if spec.root_disk and spec.root_disk.size and root and mib_of(spec.root_disk.size) > root.size_mib:
        yield Difference("rootDisk.size", spec.root_disk.size, text_of_mib(root.size_mib), Change.STOP)
    for want in spec.data_disks or ():
        path = f"dataDisks[{want.index}]"
        have = disks.data.get(want.index)
        if have is None:
            yield Difference(path, want.size, None, Change.NEVER)
        elif mib_of(want.size) > have.size_mib:
            yield Difference(f"{path}.size", want.size, text_of_mib(have.size_mib), Change.LIVE)


def _fixed(spec: ServerSpec, server: Observed, details: Details, disks: Disks) -> Iterator[Difference]:
    root = disks.root
    pairs: list[tuple[str, object, object]] = [("hypervisor", spec.hypervisor, server.hypervisor)]
    if spec.image is not None and root is not None and spec.image not in {root.image, root.image_id}:
        pairs.append(("image", spec.image, root.image or root.image_id))
    if spec.keypair is not None and spec.keypair not in {details.keypair, details.keypair_id}:
        pairs.append(("keypair", spec.keypair, details.keypair or details.keypair_id))
    if hardware := spec.hardware:
        pairs += [
            ("hardware.bios", hardware.bios, server.bios),
            ("hardware.machine", hardware.machine, server.machine),
        ]
    if placement := spec.placement:
        pairs += [
            ("placement.regionID", placement.region_id, details.region_id),
            ("placement.zoneID", placement.zone_id, details.zone_id),
            ("placement.managerID", placement.manager_id, details.manager_id),
        ]
    if billing := spec.billing:
        pairs += [
            ("billing.type", billing.type, server.billing_type),
            ("billing.autoRenew", billing.auto_renew, server.auto_renew),
        ]
    if devices := spec.isolated_devices:
        pairs.append(("isolatedDevices", len(devices), details.device_count))
    for path, want, have in (*pairs, *_disk_kinds(spec, disks), *_networks(spec, details)):
        if want is not None and want != have:
            yield Difference(path, _shown(want), None if have is None else _shown(have), Change.NEVER)


def _disk_kinds(spec: ServerSpec, disks: Disks) -> Iterator[tuple[str, object, object]]:
    wanted: list[tuple[Disk | None, str, DiskOptions]] = []
    wanted += [(disks.root, "rootDisk", spec.root_disk)] if spec.root_disk else []
    wanted += [(disks.data.get(d.index), f"dataDisks[{d.index}]", d) for d in spec.data_disks or ()]
    for have, path, want in wanted:
        if have is not None:
            yield f"{path}.backend", want.backend, have.backend
            yield f"{path}.medium", want.medium, have.medium
            yield f"{path}.driver", want.driver, have.driver
            yield f"{path}.cache", want.cache, have.cache


def _networks(spec: ServerSpec, details: Details) -> Iterator[tuple[str, object, object]]:
    if not spec.networks:
        return
    if len(spec.networks) != len(details.nics):
        yield "networks", len(spec.networks), len(details.nics)
        return
    # NICs carry the id of their network only, so one that is given by name is known by its address or MAC.
    for want in spec.networks:
        path = f"networks[{want.network}]"
        if _ID.fullmatch(want.network) and not any(want.network == nic.network_id for nic in details.nics):
            yield path, want.network, None
        if want.address is not None and not any(want.address == nic.address for nic in details.nics):
            yield f"{path}.address", want.address, None
        if want.mac is not None and not any(want.mac == nic.mac for nic in details.nics):
            yield f"{path}.mac", want.mac, None


def _power(power: str, server: Observed) -> Iterator[Difference]:
    if power == "Unmanaged":
        return
    want = Phase.RUNNING if power == "Running" else Phase.STOPPED
    # A suspended server can be started but not stopped (only killed), so for ``Stopped`` it is left as it is.
    if server.phase is not want and not (power == "Stopped" and server.phase is Phase.SUSPENDED):
        yield Difference("powerState", power, server.phase.value, Change.POWER)


def _shown(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return str(value)
