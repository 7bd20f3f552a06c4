"""A server as the cloud shows it, in the operator's words; whatever is not as expected counts as absent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import (
    DATA_DISKS_LENGTH,
    Details,
    Disk,
    DiskState,
    Nic,
    Observed,
    Owner,
    SecurityGroup,
    carried,
    phase_of,
)
from onecloud_operator.translate.columns import SHORT, TEXT
from onecloud_operator.translate.convert import (
    MEDIUM,
    count,
    filled,
    flag,
    items,
    mac,
    one_id,
    text,
    time,
    word,
)
from onecloud_operator.translate.to_status import (
    MAX_ITEMS,
    USER_TAG,
    disks_by_index,
    index_of,
    mirror_of,
    renewed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OWNER_TAGS: tuple[str, ...] = (
    "onecloud.io/cluster",
    "onecloud.io/namespace",
    "onecloud.io/name",
    "onecloud.io/uid",
)
NAME_TAG = OWNER_TAGS[2]
DISK_TAG = "onecloud.io/disk"
HOT_PLUG = "hotplug_cpu_mem"
HOT_REMOVE = "hot_remove_nic"
LOGIN_ACCOUNT, LOGIN_SET_AT = "login_account", "login_key_timestamp"
LONGEST_ADDRESS = 45  # an IPv6 address with an IPv4 one in it
MAX_DISKS = 1 + DATA_DISKS_LENGTH
NAME, WORD = filled(256), filled(64)

# All within the status's bounds, so that a row of any size is kept as a small one; what a spec can say fits.
# Plain fields stand in the mirror alone. Attribute, wire name, reader, whether the empty text is a value too.
COLUMNS: tuple[tuple[str, str, Callable[[object], Any], bool], ...] = (
    ("status", "status", TEXT, True),
    ("version", "update_version", count, True),
    ("updated_at", "updated_at", SHORT, True),
    ("project_id", "project_id", one_id, True),
    ("project_id", "tenant_id", one_id, True),
    ("recycled", "pending_deleted", flag, True),
    ("locked", "disable_delete", flag, True),
    ("cpu", "vcpu_count", count, True),
    ("memory_mib", "vmem_size", count, True),
    ("instance_type", "instance_type", TEXT, False),
    ("expires_at", "expired_at", time, False),
)
_MEDIUM = word(MEDIUM)


class Untranslatable(ValueError):
    """A server without a usable id: nothing can be done with it."""


def observed_from_details(server: Mapping[str, Any], *, whole: bool = False) -> Observed:
    """Return what a detailed reply shows, *whole*: of one server. Raises Untranslatable, and nothing else."""
    columns = _columns(server)
    mirror = mirror_of(server)
    details = _details(server, columns.get("version", 0), mirror)
    return replace(_observed(_id(server), columns, details, mirror), whole=whole)


def carried_over(server: Observed, previous: Observed | None) -> Observed:
    """
    Return *server* with what only a GET of one shows, as last read.

    Without that the mirror would change, and be written, each time that the other kind of reply comes.
    """
    if previous is None or previous.id != server.id or server.whole:
        return server
    mirror = carried(server.mirror, previous.mirror)
    return server if mirror is server.mirror else replace(server, mirror=mirror)


def observed_from_row(row: Mapping[str, Any], previous: Observed | None) -> Observed:
    """
    Return what a bare row shows, and of *previous* what it does not. Raises Untranslatable.

    The details stay those of *previous*, under the version that they were read with.
    """
    server_id = _id(row)
    columns = _columns(row)
    if previous is None or previous.id != server_id:
        return _observed(server_id, columns, None, renewed({}, row))
    if status := columns.get("status"):
        columns["phase"] = phase_of(status)
    return replace(previous, **columns, mirror=renewed(previous.mirror, row))


def owner_tags(owner: Owner) -> dict[str, str]:
    """Return the tags that name *owner*, under their names in ``user-metadata``."""
    return dict(zip(OWNER_TAGS, (owner.cluster, owner.namespace, owner.name, owner.uid), strict=True))


def disk_state(disk: Mapping[str, Any]) -> DiskState:
    """Return what a disk's own reply shows; one that does not say that it is out of the bin is in it."""
    guests = (one_id(guest.get("id")) for guest in items(disk.get("guests"))[:MAX_ITEMS])
    metadata = disk.get("metadata")
    return DiskState(
        auto_delete=flag(disk.get("auto_delete")),
        recycled=flag(disk.get("pending_deleted")) is not False,
        status=WORD(disk.get("status")) or "",
        server_ids=tuple(guest for guest in guests if guest is not None),
        owner=owner_in(metadata),
        label=NAME(metadata.get(USER_TAG + DISK_TAG)) if isinstance(metadata, dict) else None,
        project_id=one_id(disk.get("tenant_id")) or "",
    )


def ip_of(nics: Iterable[Nic], others: Iterable[str] = ()) -> str | None:
    """Return the address to show: the default card's, else the first card's, else the first of *others*."""
    ordered = sorted(nics, key=lambda nic: not nic.default)
    found = (address for nic in ordered for address in (nic.address, nic.address6) if address)
    usable = (address for address in (*found, *others) if len(address) <= LONGEST_ADDRESS)
    return next(usable, None)


def _id(server: Mapping[str, Any]) -> str:
    server_id = one_id(server.get("id"))
    if server_id is None:
        raise Untranslatable("a server without a usable id")
    return server_id


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, wire, read, empty in COLUMNS:
        value = read(row.get(wire))
        if value is not None:
            columns[name] = value if empty or value != "" else None
    return columns


def _observed(
    server_id: str, columns: dict[str, Any], details: Details | None, mirror: Mapping[str, Any]
) -> Observed:
    status = columns.setdefault("status", "")
    required: dict[str, Any] = {"version": 0, "updated_at": "", "project_id": ""}
    columns = required | columns | {"phase": phase_of(status)}
    return Observed(id=server_id, details=details, mirror=mirror, **columns)


def _details(server: Mapping[str, Any], version: int, mirror: Mapping[str, Any]) -> Details:
    nics = tuple(_nic(nic) for nic in items(server.get("nics"))[:MAX_ITEMS])
    listed = text(server.get("ips"))
    found = [disk for disk in disks_by_index(server) if one_id(disk.get("id"))]
    disks = tuple(_disk(disk) for disk in found[:MAX_DISKS])
    shown = count(server.get("disk_count"))
    if shown is None and isinstance(server.get("disks_info"), list):
        shown = len(items(server["disks_info"]))
    return Details(
        version=version,
        disks=disks,
        disks_known=shown == len(disks),
        nics=nics,
        security_groups=_groups(server),
        tags=mirror.get("tags", {}),
        owner=owner_in(server.get("metadata")),
        keypair=NAME(server.get("keypair")),
        keypair_id=one_id(server.get("keypair_id")),
        region_id=one_id(server.get("cloudregion_id")) or one_id(server.get("region_id")),
        zone_id=one_id(server.get("zone_id")),
        manager_id=one_id(server.get("manager_id")),
        device_count=len(items(server.get("isolated_devices"))),
        login_account=_metadata(server, LOGIN_ACCOUNT),
        login_set_at=_metadata(server, LOGIN_SET_AT),
        hot_plug=_enabled(server.get("metadata"), HOT_PLUG),
        hot_remove=_enabled(server.get("metadata"), HOT_REMOVE),
        ip=ip_of(nics, listed.replace(",", " ").split() if listed else ()),
        eip=WORD(server.get("eip")) if server.get("eip_mode") != "public_ip" else None,
    )


def _disk(disk: Mapping[str, Any]) -> Disk:
    return Disk(
        id=disk["id"],
        index=index_of(disk),
        size_mib=count(disk.get("size")) or 0,
        image=NAME(disk.get("image")),
        image_id=one_id(disk.get("image_id")),
        backend=WORD(disk.get("storage_type")),
        medium=_MEDIUM(disk.get("medium_type")) or None,
        driver=WORD(disk.get("driver")),
        cache=WORD(disk.get("cache_mode")),
        storage_id=one_id(disk.get("storage_id")),
    )


def _nic(nic: Mapping[str, Any]) -> Nic:
    return Nic(
        network_id=one_id(nic.get("network_id")) or "",
        address=WORD(nic.get("ip_addr")),
        address6=WORD(nic.get("ip6_addr")),
        mac=mac(nic.get("mac")) or None,
        default=nic.get("is_default") is True,
    )


def _groups(server: Mapping[str, Any]) -> tuple[SecurityGroup, ...]:
    found = [(one_id(g.get("id")), NAME(g.get("name"))) for g in items(server.get("secgroups"))[:MAX_ITEMS]]
    if not any(group_id or name for group_id, name in found):
        found = [(one_id(server.get("secgrp_id")), NAME(server.get("secgroup")))]
    return tuple(SecurityGroup(group_id or "", name or "") for group_id, name in found if group_id or name)


def _enabled(metadata: object, key: str) -> bool:
    # The host agent writes it at each start; it is absent where none has done so, and then it is refused.
    return isinstance(metadata, dict) and metadata.get(key) == "enable"


def _metadata(server: Mapping[str, Any], key: str) -> str | None:
    metadata = server.get("metadata")
    return WORD(metadata.get(key)) if isinstance(metadata, dict) else None


def owner_in(metadata: object) -> Owner | None:
    """Return the owner that the tags of a server, or of something of its, name."""
    if not isinstance(metadata, dict):
        return None
    cluster, namespace, name, uid = (NAME(metadata.get(USER_TAG + tag)) for tag in OWNER_TAGS)
    if uid is None:
        return None
    return Owner(cluster or "", namespace or "", name or "", uid)
