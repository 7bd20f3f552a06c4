"""What a create request refers to and asks for: each part checked as the platform checks it, in its words."""

import base64
import gzip
import string
from typing import Any

import yaml

from .birth import WantedDisk, WantedNic
from .errors import CloudError, bad_input, cannot_convert, compact, not_found
from .inventory import Inventory
from .world import Settings

HYPERVISORS = frozenset(
    {"kvm", "esxi", "baremetal", "aliyun", "aws", "azure", "qcloud", "huawei", "openstack", "google"}
)
CPU_BOUNDS = (1, 128)
MEMORY_BOUNDS_MIB = (8, 524_288)
SHORTEST_PASSWORD = 12
MAX_TAGS = 20
LONGEST_TAG_KEY = 64


def integer(body: dict[str, Any], name: str, *, into: str = "ServerCreateInput") -> int | None:
    """Return *name* as an integer; a text of digits will do, any other fails the whole request with 500."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        return int(value)
    try:
        return int(str(value))
    except ValueError:
        raise cannot_convert(name, value, into, body) from None


def text(body: dict[str, Any], *names: str) -> str:
    """Return the first of *names* that is set, as a text."""
    for name in names:
        value = body.get(name)
        if value not in (None, ""):
            return str(value)
    return ""


def flag(body: dict[str, Any], name: str, *, default: bool = False) -> bool:
    value = body.get(name)
    if value is None:
        return default
    return str(value).lower() in {"true", "yes", "on", "1"}


def items(value: Any) -> list[Any]:
    """Return a list as it is and a single value as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def wanted_disks(inventory: Inventory, body: dict[str, Any]) -> tuple[WantedDisk, ...]:
    """Return the disks; the first one must boot, by an image or a size. Old text descriptors are no disks."""
    found = [disk for disk in items(body.get("disks")) if isinstance(disk, dict)]
    found.sort(key=lambda disk: integer(disk, "index") or 0)
    if not found or not (found[0].get("image_id") or found[0].get("size") or found[0].get("snapshot_id")):
        raise bad_input("No bootable disk information provided")
    return tuple(wanted_disk(inventory, disk, root=index == 0) for index, disk in enumerate(found))


def wanted_disk(inventory: Inventory, disk: dict[str, Any], *, root: bool = False) -> WantedDisk:
    image = None
    if ident := text(disk, "image_id"):
        image = inventory.find_image(ident)
        if image is None:
            prefix = "Invalid root image: fillDiskConfigByImage: " if root else ""
            raise bad_input(f"{prefix}modules.Images.GetByName: NotFoundError")
    return WantedDisk(
        max(integer(disk, "size") or 0, 0) or (image.minimum_mib if image else 0) or 10_240,
        image,
        text(disk, "backend") or "local",
        text(disk, "medium") or "ssd",
        text(disk, "driver") or "scsi",
        text(disk, "cache") or "none",
        flag(disk, "auto_delete", default=True),
    )


def check_image_service(settings: Settings) -> None:
    """
    Refuse an image that region cannot ask glance about, with the words of that inner call.

    With keystone down glance can verify nobody: a 400 that has nothing to do with what was sent.
    """
    asking = "Invalid root image: fillDiskConfigByImage: modules.Images.GetByName"
    if settings.glance_down:
        where = "http://127.0.0.1:39292/v1/images"
        text = f'Head "{where}": dial tcp 127.0.0.1:39292: connect: connection refused'
        inner = {"class": "ConnectRefusedError", "code": 499, "details": text}
        raise bad_input(f"{asking}: {compact({'error': inner})}")
    if settings.keystone_down:
        raise bad_input(f"{asking}: 403 Forbidden")


def wanted_nics(inventory: Inventory, body: dict[str, Any]) -> tuple[WantedNic, ...]:
    nics = []
    for net in items(body.get("nets")):
        if not isinstance(net, dict):
            continue
        ident = text(net, "network", "network_id")
        network = inventory.find_network(ident)
        if network is None:
            raise bad_input(
                'parse network description failed {"error":{"class":"ResourceNotFoundError","code":404,'
                f'"data":{{"fields":["network","{ident}"],"id":"%s %s not found"}},'
                f'"details":"network {ident} not found"}}}}'
            )
        address = text(net, "address") or None
        if address is not None and address in network.used:
            raise bad_input(f"Address {address} has been used")
        if address is not None and address not in network:
            raise bad_input(f"Address {address} not in range")
        nics.append(
            WantedNic(
                network,
                address,
                text(net, "address6"),
                text(net, "mac"),
                integer(net, "bw_limit") or 0,
                flag(net, "is_default"),
            )
        )
    return tuple(nics)


def sizes(inventory: Inventory, body: dict[str, Any]) -> tuple[int, int, str]:
    """Return cpu, memory and the name of the instance type (empty without one)."""
    cpu, memory = integer(body, "vcpu_count"), integer(body, "vmem_size")
    name = text(body, "sku", "instance_type", "flavor")
    if name:
        sku = inventory.find_sku(name)
        if sku is None:
            raise not_found("serversku", name)
        return sku.cpu, sku.memory_mib, name
    check_cpu(cpu)
    check_memory(memory)
    return cpu or 0, memory or 0, ""


def check_cpu(cpu: int | None) -> None:
    if cpu is None or not CPU_BOUNDS[0] <= cpu <= CPU_BOUNDS[1]:
        raise bad_input("CPU core count must be 1 ~ 128")


def check_memory(memory_mib: int | None) -> None:
    """Refuse what is too much or nothing. A negative size passes, as it really does."""
    low, high = MEMORY_BOUNDS_MIB
    if memory_mib is None or 0 <= memory_mib < low or memory_mib > high:
        raise bad_input("Memory size must be 8MB ~ 512 GB")


def user_data_tag(body: dict[str, Any]) -> str:
    """Return user data as it ends in the metadata, for all to read: gzip and base64."""
    data = text(body, "user_data")
    if not data:
        return ""
    if not _readable(data):
        raise bad_input("Invalid userdata: invalid shell scripts: InputParameterError")
    return base64.b64encode(gzip.compress(data.encode(), mtime=0)).decode()


def _readable(data: str) -> bool:
    if data.startswith("#cloud-config"):
        try:
            loaded = yaml.safe_load(data)
        except yaml.YAMLError:
            return False
        return loaded is None or isinstance(loaded, dict)
    return data.startswith(("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env"))


def check_password(body: dict[str, Any]) -> None:
    password = text(body, "password")
    kinds = (str.isdigit, str.islower, str.isupper, lambda c: c in string.punctuation)
    if password and (
        len(password) < SHORTEST_PASSWORD or not all(any(map(kind, password)) for kind in kinds)
    ):
        raise CloudError(
            400,
            "WeakPasswordError",
            "password must be 12 chars of at least one digit, letter, uppercase letter and punctuate",
        )


def tags(body: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a create request as texts; keys beyond 64 characters are cut without a word."""
    merged: dict[str, Any] = {}
    for name in ("metadata", "__meta__"):
        value = body.get(name)
        if isinstance(value, dict):
            merged |= value
    if len(merged) > MAX_TAGS:
        raise bad_input("metadata must be less than 20")
    # Keys that differ in case only are one key, and the one that came last is what stays.
    last = {key.casefold(): (key, value) for key, value in merged.items() if not key.startswith("__")}
    return {key[:LONGEST_TAG_KEY]: tag_text(value) for key, value in last.values()}


def merge_tags(table: dict[str, str], changes: dict[str, str]) -> None:
    """
    Merge *changes* into the tags of a row; the values none and null delete their key.

    Keys are compared without regard to case, and the spelling that came last stays.
    """
    for key, value in changes.items():
        for other in [other for other in table if other.casefold() == key.casefold()]:
            del table[other]
        if value.lower() not in {"none", "null"}:
            table[key] = value


def tag_text(value: Any) -> str:
    """Return a tag's value as the cloud stores it: always a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
