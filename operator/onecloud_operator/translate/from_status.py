"""
A server as ``status.server`` remembers it, so that a restart need not read every server's details again.

A status can be edited by whoever may write it: whatever is not of its form counts as absent. What this
yields is believed only once the cloud shows the same version of the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.observed import (
    Details,
    Disk,
    Nic,
    Observed,
    SecurityGroup,
    phase_of,
)
from onecloud_operator.translate.convert import any_text, count, flag, items, mib_or_none, one_id, text
from onecloud_operator.translate.to_observed import ip_of
from onecloud_operator.translate.to_status import index_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def recall(mirror: Mapping[str, Any]) -> Observed | None:
    """
    Return the server that *mirror* was made of, or None if that is not clear. Never raises.

    The mirror has no owner tags, so whose the server is stays unknown until its details are read.
    """
    server_id, status = one_id(mirror.get("id")), text(mirror.get("status"))
    lifecycle = _part(mirror, "lifecycle")
    version = count(lifecycle.get("updateVersion"))
    if server_id is None or status is None or version is None:
        return None
    locked = flag(lifecycle.get("deletionLocked"))
    return Observed(
        id=server_id,
        status=status,
        phase=phase_of(status),
        version=version,
        updated_at=any_text(lifecycle.get("updatedAt")) or "",
        project_id=any_text(_part(mirror, "project").get("id")) or "",
        recycled=flag(lifecycle.get("pendingDeleted")) or False,
        locked=True if locked is None else locked,
        instance_type=text(mirror.get("instanceType")),
        cpu=count(mirror.get("cpu")) or 0,
        memory_mib=mib_or_none(mirror.get("memory")) or 0,
        expires_at=text(_part(mirror, "billing").get("expiresAt")),
        details=_details(mirror, version),
        mirror=mirror,
    )


def _details(mirror: Mapping[str, Any], version: int) -> Details:
    placement = _part(mirror, "placement")
    nics = tuple(_nic(row) for row in items(mirror.get("networks")))
    groups = ((text(g.get("id")), text(g.get("name"))) for g in items(mirror.get("securityGroups")))
    return Details(
        version=version,
        disks=_disks(mirror),
        disks_known=False,
        nics=nics,
        security_groups=tuple(SecurityGroup(i or "", name or "") for i, name in groups if i or name),
        tags={key: value for key, value in _part(mirror, "tags").items() if _is_tag(key, value)},
        owner_known=False,
        keypair=text(mirror.get("keypair")),
        keypair_id=text(mirror.get("keypairID")),
        region_id=text(placement.get("regionID")),
        zone_id=text(placement.get("zoneID")),
        manager_id=text(placement.get("managerID")),
        device_count=len(items(mirror.get("isolatedDevices"))),
        ip=ip_of(nics, _listed(mirror, "InternalIP")),
        eip=next(iter(_listed(mirror, "ElasticIP")), None),
    )


def _disks(mirror: Mapping[str, Any]) -> tuple[Disk, ...]:
    root = _part(mirror, "rootDisk")
    found = [_disk(root, mirror)] if text(root.get("id")) else []
    found += [_disk(row, row) for row in items(mirror.get("dataDisks")) if text(row.get("id"))]
    return tuple(sorted(found, key=lambda disk: disk.index))


def _disk(row: Mapping[str, Any], image: Mapping[str, Any]) -> Disk:
    return Disk(
        id=row["id"],
        index=index_of(row),
        size_mib=mib_or_none(row.get("size")) or 0,
        image=text(image.get("image")),
        image_id=text(image.get("imageID")),
        backend=text(row.get("backend")),
        medium=text(row.get("medium")),
        driver=text(row.get("driver")),
        cache=text(row.get("cache")),
    )


def _nic(row: Mapping[str, Any]) -> Nic:
    return Nic(
        network_id=text(row.get("networkID")) or "",
        address=text(row.get("address")),
        address6=text(row.get("address6")),
        mac=text(row.get("mac")),
        default=row.get("default") is True,
    )


def _listed(mirror: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    rows = items(mirror.get("addresses"))
    found = (text(row.get("address")) for row in rows if row.get("type") == kind)
    return tuple(address for address in found if address)


def _part(mirror: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = mirror.get(name)
    return part if isinstance(part, dict) else {}


def _is_tag(key: object, value: object) -> bool:
    return isinstance(key, str) and isinstance(value, str)
