"""What is asked of the cloud, in its words: the bodies of the requests that change something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.disk_records import RECYCLE, policy_of
from onecloud_operator.translate.card_requests import wanted_card
from onecloud_operator.translate.columns import PLAIN_COLUMNS, PlainColumn
from onecloud_operator.translate.convert import MEDIUM, flag, wire_word
from onecloud_operator.translate.to_observed import owner_tags
from onecloud_operator.translate.to_status import USER_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onecloud_operator.api.spec import (
        DiskOptions,
        IsolatedDevice,
        Placement,
        ServerSpec,
    )
    from onecloud_operator.core.observed import Owner

NO_VALUE = "none"  # as the value of a tag: delete it

LOCK = PlainColumn("locked", "disable_delete", flag, put=True)  # no field of the spec
UPDATABLE = {column.path: column for column in (*PLAIN_COLUMNS, LOCK) if column.put}


def create_body(  # noqa: PLR0913 - a creation is made of these
    spec: ServerSpec,
    *,
    server_id: str,
    name: str,
    hostname: str,
    owner: Owner,
    password: str | None,
    user_data: str | None,
) -> dict[str, Any]:
    """
    Return the server to make, with the platform's lock against deletion on.

    It never says how many, nor lets the cloud choose a name or a project: with all three fixed, the same
    body can be sent again at any time and makes one server at most.
    """
    body = _plain(spec) | {
        "id": server_id,
        "name": name,
        "hostname": hostname,
        "disable_delete": True,
        "auto_start": spec.power_state != "Stopped",
        "instance_type": spec.instance_type,
        "vcpu_count": spec.cpu,
        "vmem_size": _mib(spec.memory),
        "disks": _disks(spec),
        "nets": [wanted_card(network, network.network) for network in spec.networks or ()],
        "secgroups": list(spec.security_groups or ()),
        "keypair_id": spec.keypair,
        "login_account": spec.admin_user,
        "password": password,
        "user_data": user_data,
        "isolated_devices": [_device(device) for device in spec.isolated_devices or ()],
        "groups": list(spec.instance_groups or ()),
        "__meta__": {
            USER_TAG + key: value for key, value in {**(spec.tags or {}), **owner_tags(owner)}.items()
        },
    }
    if spec.placement:
        body |= _placement(spec.placement)
    if hardware := spec.hardware:
        body |= {"cdrom": hardware.cdrom, "enable_tpm": hardware.tpm}
    if billing := spec.billing:
        body |= {"duration": billing.duration}
    return _given(body)


def update_changes(fields: Mapping[str, str | bool]) -> dict[str, Any]:
    """Return the columns to set. Raises KeyError for a field that no PUT can change."""
    return {UPDATABLE[path].wire: UPDATABLE[path].sent(value) for path, value in fields.items()}


def change_config(*, cpu: int | None, memory_mib: int | None, instance_type: str | None) -> dict[str, Any]:
    """
    Return a new size.

    Never with ``force_stop``: it does not stop a server for what it cannot do while it runs, and where it
    does, nobody sees it stop.
    """
    return _given({"vcpu_count": cpu, "vmem_size": memory_mib, "instance_type": instance_type})


def resize_disk(disk_id: str, size_mib: int) -> dict[str, Any]:
    """Return the new size of a disk."""
    return {"disk_id": disk_id, "size": size_mib}


def detach_disk(disk_id: str) -> dict[str, Any]:
    """Return which disk is to be detached and to stay: without the word it goes into the recycle bin."""
    return {"disk_id": disk_id, "keep_disk": True}


def security_groups(references: Iterable[str]) -> dict[str, Any]:
    """Return the whole set of security groups, by id or name."""
    return {"secgroup_ids": list(references)}


def tags(put: Mapping[str, str], remove: Iterable[str]) -> dict[str, str]:
    """Return the tags to merge into the user's: *put* as they are, those of *remove* deleted."""
    return {**dict.fromkeys(remove, NO_VALUE), **put}


def _plain(spec: ServerSpec) -> dict[str, Any]:
    wanted = {field.path: field.wanted_in(spec) for field in PLAIN_FIELDS}
    return {
        column.wire: column.sent(value)
        for column in PLAIN_COLUMNS
        if (value := wanted[column.path]) is not None
    }


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value != []}


def _mib(quantity: str | None) -> int | None:
    return None if quantity is None else mib_of(quantity)


def _disks(spec: ServerSpec) -> list[dict[str, Any]]:
    root = spec.root_disk
    first: dict[str, Any] = {"index": 0, "image_id": spec.image, "size": _mib(root.size) if root else None}
    disks = [_given(first | (_disk_options(root) if root else {}))]
    made = (disk for disk in spec.data_disks or () if disk.size is not None)
    for index, disk in enumerate(made, start=1):
        body = {"index": index, "size": _mib(disk.size), "auto_delete": policy_of(disk) == RECYCLE}
        disks.append(_given(body | _disk_options(disk)))
    return disks


def _disk_options(disk: DiskOptions) -> dict[str, Any]:
    medium = None if disk.medium is None else wire_word(MEDIUM, disk.medium)
    return {"backend": disk.backend, "medium": medium, "driver": disk.driver, "cache": disk.cache}


def _device(device: IsolatedDevice) -> dict[str, Any]:
    return _given({"id": device.id, "dev_type": device.type, "model": device.model})


def _placement(placement: Placement) -> dict[str, Any]:
    return {
        "prefer_region_id": placement.region_id,
        "prefer_zone_id": placement.zone_id,
        "prefer_manager_id": placement.manager_id,
        "prefer_host_id": placement.host,
        "schedtags": [
            {"id": tag.id, "strategy": tag.strategy.lower()} for tag in placement.scheduling_tags or ()
        ],
    }
