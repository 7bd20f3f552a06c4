"""
``status.server``: the server as the cloud shows it, under the resource's names and within its bounds.

An allow-list: what no table here names is left out, above all the rest of ``metadata``, where the cloud
returns the user data of the creation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.observed import DATA_DISKS_LENGTH, Phase, phase_of
from onecloud_operator.translate.columns import (
    COLUMNS,
    DEVICE,
    DISK,
    GROUP,
    LONG,
    MAIN_GROUP,
    METADATA,
    NIC,
    PARTS,
    SHORT,
    Table,
)
from onecloud_operator.translate.convert import PUBLIC_ADDRESS, any_text, count, items, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

USER_TAG = "user:"
OWNER_TAG = "onecloud.io/"

MAX_TAGS = 64
MAX_ADDRESSES = 64
MAX_ITEMS = 32  # of every other list
NO_INDEX = -1
RESTING = frozenset({Phase.RUNNING, Phase.STOPPED, Phase.SUSPENDED, Phase.UNKNOWN})


def mirror_of(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mirror of a detailed reply."""
    mirror: dict[str, Any] = {}
    _set_columns(mirror, server)
    _set(mirror, "powerState", _power_state(server.get("status")))
    _set_disks(mirror, server)
    _set(mirror, "addresses", _addresses(server))
    _set(mirror, "networks", _rows(server.get("nics"), NIC))
    _set(mirror, "securityGroups", _rows(server.get("secgroups"), GROUP) or _main_group(server))
    _set(mirror, "isolatedDevices", _rows(server.get("isolated_devices"), DEVICE))
    metadata = server.get("metadata")
    if isinstance(metadata, dict):
        mirror |= _row(metadata, METADATA)
        _set(mirror, "tags", user_tags(metadata))
    return mirror


def renewed(mirror: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return *mirror* with what a bare *row* shows; its joined parts stay as they were."""
    fresh = {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in mirror.items()
        if isinstance(value, dict) or key not in PARTS  # a recalled one may have been tampered with
    }
    for wire, part, name, read in COLUMNS:
        if wire in row and read(row[wire]) == "":
            (fresh.get(part, {}) if part else fresh).pop(name, None)
    _set_columns(fresh, row)
    if text(row.get("status")):
        fresh.pop("powerState", None)
        _set(fresh, "powerState", _power_state(row["status"]))
    return {key: value for key, value in fresh.items() if value != {}}


def user_tags(metadata: object) -> dict[str, str]:
    """Return the user's tags among a server's metadata, all but the owner's, within the status's bounds."""
    if not isinstance(metadata, dict):
        return {}
    start = len(USER_TAG)
    tags = {
        key[start:]: value
        for key, value in metadata.items()
        if isinstance(key, str)
        and key.startswith(USER_TAG)
        and not key.startswith(OWNER_TAG, start)
        and isinstance(value, str)
    }
    kept = sorted(tags)[:MAX_TAGS] if len(tags) > MAX_TAGS else tags
    return {SHORT(key) or "": LONG(tags[key]) or "" for key in kept if key}


def disks_by_index(server: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the disks in the order of their indexes; the cloud may leave gaps, or tell no index at all."""
    found = enumerate(items(server.get("disks_info")))
    return [disk for _, disk in sorted(found, key=lambda each: (index_of(each[1]), each[0]))]


def index_of(disk: Mapping[str, Any]) -> int:
    """Return where a disk is on its server, -1 where it does not say."""
    index = count(disk.get("index"))
    return NO_INDEX if index is None else index


def _set(target: dict[str, Any], name: str, value: object) -> None:
    if value is not None and value not in ("", [], {}):
        target[name] = value


def _set_columns(mirror: dict[str, Any], server: Mapping[str, Any]) -> None:
    for wire, part, name, read in COLUMNS:
        found = server.get(wire)
        if found is None or found == "":
            continue
        value = read(found)
        if value is None or value == "":
            continue
        if part:
            mirror.setdefault(part, {})[name] = value
        else:
            mirror[name] = value


def _row(source: Mapping[str, Any], table: Table) -> dict[str, Any]:
    row = {}
    for wire, name, read in table:
        found = source.get(wire)
        if found is None or found == "":
            continue
        value = read(found)
        if value is not None and value != "":
            row[name] = value
    return row


def _rows(source: object, table: Table) -> list[dict[str, Any]]:
    return [row for item in items(source)[:MAX_ITEMS] if (row := _row(item, table))]


def _set_disks(mirror: dict[str, Any], server: Mapping[str, Any]) -> None:
    data: list[dict[str, Any]] = []
    for disk in disks_by_index(server):
        row = _row(disk, DISK)
        if row.get("index") != 0 or "rootDisk" in mirror:
            data.append(row)
            continue
        _set(mirror, "image", row.pop("image", None))
        _set(mirror, "imageID", row.pop("imageID", None))
        mirror["rootDisk"] = row
    _set(mirror, "dataDisks", data[:DATA_DISKS_LENGTH])


def _addresses(server: Mapping[str, Any]) -> list[dict[str, str]]:
    mode = any_text(server.get("eip_mode")) or ""
    kinds = (
        ("ips", "InternalIP"),
        ("virtual_ips", "VirtualIP"),
        ("eip", PUBLIC_ADDRESS.get(mode, SHORT(mode) or "ElasticIP")),
    )
    found = [
        {"type": kind, "address": SHORT(address) or ""}
        for wire, kind in kinds
        for address in _listed(server.get(wire))
    ]
    return found[:MAX_ADDRESSES]


def _listed(value: object) -> Iterable[str]:
    return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else []


def _main_group(server: Mapping[str, Any]) -> list[dict[str, Any]]:
    row = _row(server, MAIN_GROUP)
    return [row] if row else []


def _power_state(status: object) -> str | None:
    phase = phase_of(status) if isinstance(status, str) else Phase.MOVING
    return phase.value if phase in RESTING else None
