"""
What a step changes in the cloud, for the audit log: which field, from what, to what.

A password or key is only ever named by the Secret that it comes from; user data is not told at all. Every
text is cut, since tags, names and addresses are others' words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from onecloud_operator.api.quantity import text_of_mib
from onecloud_operator.core.card_writes import (
    AttachCard,
    BindGroup,
    CardWrite,
    ChangeAddress,
    DetachCard,
    LimitCard,
    UnbindGroup,
)
from onecloud_operator.core.cloud_writes import (
    Claim,
    Create,
    Delete,
    Disown,
    GrowDisk,
    KeepDisk,
    Resize,
    Restore,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.disk_writes import (
    AddDisk,
    AttachDisk,
    DetachDisk,
    DiskWrite,
    MakeDisk,
    RecycleDisk,
    SetDiskPolicy,
    TagDisk,
)
from onecloud_operator.core.eip_writes import (
    BindEip,
    ChangeEip,
    DeleteEip,
    DisownEip,
    EipWrite,
    MakeEip,
    UnbindEip,
)
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, LoginWrite, SetPassword
from onecloud_operator.core.values import cut, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.cloud_writes import CloudWrite
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

MOST_CHANGES = 64
LONGEST_FIELD, LONGEST_VALUE = 128, 256
BIN = "recycle bin"
_POWER = {Start: "Running", Stop: "Stopped", Suspend: "Suspended", Resume: "Running"}
# Of a new server; what else it is made of stands in the object.
_OF_NEW = ("name", "image", "instanceType", "cpu", "memory")


@dataclass(frozen=True, slots=True)
class Change:
    """*field*: a path as in ``spec.server``, or a part of the server; None: nothing there, or not known."""

    field: str
    before: str | None = None
    after: str | None = None


def changes_of(facts: Facts, step: CloudWrite) -> tuple[Change, ...]:
    """Return what *step* changes, bounded in number and length."""
    found = [
        Change(cut(each.field, LONGEST_FIELD), _short(each.before), _short(each.after))
        for each, _ in zip(_changes(facts, step), range(MOST_CHANGES + 1), strict=False)
    ]
    if len(found) > MOST_CHANGES:
        return (*found[: MOST_CHANGES - 1], Change("…"))
    return tuple(found)


def _short(text: str | None) -> str | None:
    return None if text is None else cut(text, LONGEST_VALUE)


def _changes(facts: Facts, step: CloudWrite) -> Iterator[Change]:  # noqa: C901, PLR0912, PLR0915 - a table
    server = facts.server
    match step:
        case Create(creation=creation):
            yield Change("server", None, creation.id)
            yield from _of_new(facts.resource.server_spec, creation.name)
        case Claim():
            yield Change("ownerTags", _owner(server), facts.resource.uid)
        case Disown():
            yield Change("ownerTags", _owner(server), None)
        case Update(fields=fields):
            for path, value in fields:
                yield Change(path, _text(server.plain(path) if server else None), _text(value))
        case SetTags(put=put, remove=remove):
            tags = server.details.tags if server and server.details else {}
            for key, value in put:
                yield Change(f"tags.{key}", tags.get(key), value)
            for key in remove:
                yield Change(f"tags.{key}", tags.get(key), None)
        case SetSecurityGroups(groups=groups):
            have = server.details.security_groups if server and server.details else ()
            yield Change("securityGroups", ", ".join(g.id or g.name for g in have), ", ".join(groups))
        case Start() | Stop() | Suspend() | Resume():
            yield Change("powerState", server.phase.value if server else None, _POWER[type(step)])
        case Resize():
            yield from _resized(step, server)
        case GrowDisk(disk_id=disk_id, size_mib=size):
            yield Change(f"disks[{disk_id}].size", _disk_size(server, disk_id), text_of_mib(size))
        case KeepDisk(disk_id=disk_id, how="detach"):
            yield Change(f"disks[{disk_id}].server", step.server_id, None)
        case KeepDisk(disk_id=disk_id, how="restore"):
            yield Change(f"disks[{disk_id}]", BIN, "kept")
        case KeepDisk(disk_id=disk_id):
            yield Change(f"disks[{disk_id}].autoDelete", None, "false")
        case Rebuild(image_id=image_id):
            yield Change("image", _image(server), image_id)
            if step.password is not None:
                yield Change("password", None, str(step.password))
            if step.keypair_id is not None:
                yield Change("keypair", _keypair(server), step.keypair_id)
        case SyncStatus():
            yield Change("status", server.status if server else None, "read anew")
        case Restore(server_id=server_id):
            yield Change("server", BIN, server_id)
        case Unlock():
            yield Change("deletionLock", "true", "false")
        case Delete(server_id=server_id, for_good=for_good):
            yield Change("server", server_id, None if for_good else BIN)
        case _ if isinstance(step, CardWrite):
            yield _of_card(step, server)
        case _ if isinstance(step, EipWrite):
            yield from _of_eip(facts, step)
        case _ if isinstance(step, LoginWrite):
            yield _of_login(step, server)
        case _ if isinstance(step, DiskWrite | AddDisk):
            yield _of_disk(facts, step)
        case _:
            assert_never(step)


def _of_new(spec: ServerSpec | None, name: str) -> Iterator[Change]:
    asked = spec.model_dump(by_alias=True, exclude_none=True, include={*_ATTRIBUTES}) if spec else {}
    for each in _OF_NEW:
        if (value := name if each == "name" else asked.get(each)) is not None:
            yield Change(each, None, _text(value))


_ATTRIBUTES = ("image", "instance_type", "cpu", "memory")


def _resized(step: Resize, server: Observed | None) -> Iterator[Change]:
    if step.cpu is not None:
        yield Change("cpu", str(server.cpu) if server else None, str(step.cpu))
    if step.memory_mib is not None:
        have = text_of_mib(server.memory_mib) if server else None
        yield Change("memory", have, text_of_mib(step.memory_mib))
    if step.instance_type is not None:
        yield Change("instanceType", server.instance_type if server else None, step.instance_type)


def _of_card(step: CardWrite, server: Observed | None) -> Change:
    nics = server.details.nics if server and server.details else ()
    match step:
        case AttachCard(network=network, network_id=network_id):
            return Change(f"networks[{network}]", None, step.address or network_id)
        case DetachCard(mac=mac):
            return Change(f"cards[{mac}]", next((n.network_id for n in nics if n.mac == mac), None), None)
        case ChangeAddress(mac=mac, address=address):
            have = next((n.address for n in nics if n.mac == mac), None)
            return Change(f"cards[{mac}].address", have, address)
        case LimitCard(mac=mac, bandwidth=bandwidth):
            return Change(f"cards[{mac}].bandwidth", None, str(bandwidth))
        case BindGroup(group_id=group):
            return Change("instanceGroups", None, group)
        case UnbindGroup(group_id=group):
            return Change("instanceGroups", group, None)


def _of_eip(facts: Facts, step: EipWrite) -> Iterator[Change]:
    place = f"eips[{step.eip_id}]"
    record = facts.resource.records.eip
    match step:
        case MakeEip():
            yield Change(place, None, step.name)
            yield Change(f"{place}.bandwidth", None, str(step.bandwidth))
        case BindEip(server_id=server_id):
            yield Change(f"{place}.server", None, server_id)
        case UnbindEip(server_id=server_id):
            yield Change(f"{place}.server", server_id, None)
        case ChangeEip(bandwidth=bandwidth):
            known = record is not None and record.id == step.eip_id and record.bandwidth is not None
            yield Change(
                f"{place}.bandwidth", str(record.bandwidth) if known and record else None, str(bandwidth)
            )
        case DisownEip():
            yield Change(f"{place}.ownerTags", facts.resource.uid, None)
        case DeleteEip():
            yield Change(place, step.eip_id, None)


def _of_login(step: LoginWrite, server: Observed | None) -> Change:
    match step:
        case SetPassword(secret=secret) | DeployPassword(secret=secret):
            return Change("password", None, str(secret))
        case DeployKeypair(keypair_id=keypair_id):
            return Change("keypair", _keypair(server), keypair_id)


def _of_disk(facts: Facts, step: DiskWrite | AddDisk) -> Change:
    match step:
        case MakeDisk(disk_id=disk_id, size_mib=size):
            return Change(f"disks[{disk_id}]", None, text_of_mib(size))
        case AddDisk(label=label, size_mib=size):
            return Change(f"dataDisks[{label}]", None, text_of_mib(size))
        case AttachDisk(disk_id=disk_id, server_id=server_id):
            return Change(f"disks[{disk_id}].server", None, server_id)
        case DetachDisk(disk_id=disk_id, server_id=server_id, keep=keep):
            return Change(f"disks[{disk_id}].server", server_id, None if keep else BIN)
        case RecycleDisk(disk_id=disk_id):
            return Change(f"disks[{disk_id}]", disk_id, BIN)
        case TagDisk(disk_id=disk_id, label=label):
            ours = facts.resource.uid
            return Change(f"disks[{disk_id}].ownerTags", *((ours, None) if label is None else (None, ours)))
        case SetDiskPolicy(disk_id=disk_id, auto_delete=auto_delete):
            return Change(f"disks[{disk_id}].autoDelete", _text(not auto_delete), _text(auto_delete))


def _text(value: object | None) -> str | None:
    return None if value is None else text_of(value)


def _owner(server: Observed | None) -> str | None:
    return server.owner.uid if server is not None and server.owner is not None else None


def _disk_size(server: Observed | None, disk_id: str) -> str | None:
    disks = server.details.disks if server and server.details else ()
    return next((text_of_mib(disk.size_mib) for disk in disks if disk.id == disk_id), None)


def _image(server: Observed | None) -> str | None:
    disks = server.details.disks if server and server.details else ()
    return next((disk.image_id for disk in disks if disk.image_id is not None), None)


def _keypair(server: Observed | None) -> str | None:
    return server.details.keypair_id if server is not None and server.details is not None else None
