"""What is asked of the cloud about single disks, in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.translate.convert import MEDIUM, wire_word
from onecloud_operator.translate.to_observed import DISK_TAG, OWNER_TAGS, owner_tags
from onecloud_operator.translate.to_status import USER_TAG

if TYPE_CHECKING:
    from onecloud_operator.core.disk_writes import AddDisk, MakeDisk
    from onecloud_operator.core.observed import Owner

NAME_LENGTH = 128
NO_VALUE = "none"  # as the value of a tag: delete it


def disk_body(step: MakeDisk, owner: Owner) -> dict[str, Any]:
    """
    Return the disk to make. It names id, name and storage, so the same body makes one disk at most.

    The end of its id is in the name, since a name may not be taken by any disk of the cloud.
    """
    whole = f"{owner.namespace}.{owner.name}.{step.label}"
    body = {
        "id": step.disk_id,
        "name": f"{whole[: NAME_LENGTH - 9]}-{step.disk_id[-8:]}",
        "size": step.size_mib,
        "storage_id": step.storage_id,
        "driver": step.driver,
        "cache": step.cache,
        "__meta__": {USER_TAG + key: value for key, value in disk_tags(owner, step.label).items()},
    }
    return {key: value for key, value in body.items() if value is not None}


def disk_to_add(step: AddDisk) -> dict[str, Any]:
    """Return the one disk that the cloud is to make, on a storage of its choice."""
    disk = {
        "size": step.size_mib,
        "backend": step.backend,
        "medium": None if step.medium is None else wire_word(MEDIUM, step.medium),
        "driver": step.driver,
        "cache": step.cache,
        "auto_delete": step.auto_delete,
    }
    return {"disks": [{key: value for key, value in disk.items() if value is not None}]}


def disk_tags(owner: Owner, label: str | None) -> dict[str, str]:
    """Return the tags that name a disk's owner, and its name in the spec; None: to take them off."""
    if label is None:
        return dict.fromkeys((*OWNER_TAGS, DISK_TAG), NO_VALUE)
    return {**owner_tags(owner), DISK_TAG: label}


def disk_to_leave(disk_id: str, *, keep: bool) -> dict[str, Any]:
    """Return which disk is to be detached; what is not kept goes into the recycle bin."""
    return {"disk_id": disk_id, "keep_disk": keep}
