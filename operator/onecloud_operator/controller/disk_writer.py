"""The request that each step about a data disk makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from onecloud_operator.api.reasons import Reason
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
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.values import Problem
from onecloud_operator.translate import disk_body, disk_tags, disk_to_add, disk_to_leave

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.onecloud import Cloud


async def send_disk_write(
    cloud: Cloud, facts: Facts, step: DiskWrite | AddDisk
) -> Mapping[str, Any] | Problem | None:
    """Make the one request of *step*; return the server as the cloud answers, or why it was not made."""
    owner = owner_of(facts.resource, facts.config)
    match step:
        case MakeDisk():
            made = await cloud.create_disk(disk_body(step, owner))
            if made.get("id") != step.disk_id:
                return Problem(
                    Reason.PROVIDER_ERROR,
                    f"The cloud made disk {made.get('id')} instead of {step.disk_id}: it does not take "
                    "the ids that it is given. Delete that disk there, and give another one as diskID.",
                )
            return None
        case AddDisk(server_id=server_id):
            return await cloud.perform(server_id, "createdisk", disk_to_add(step))
        case AttachDisk(server_id=server_id, disk_id=disk_id):
            return await cloud.perform(server_id, "attachdisk", {"disk_id": disk_id})
        case DetachDisk(server_id=server_id, disk_id=disk_id, keep=keep):
            return await cloud.perform(server_id, "detachdisk", disk_to_leave(disk_id, keep=keep))
        case RecycleDisk(disk_id=disk_id):
            await cloud.delete_disk(disk_id)
            return None
        case TagDisk(disk_id=disk_id, label=label):
            await cloud.tag_disk(disk_id, disk_tags(owner, label))
            return None
        case SetDiskPolicy(disk_id=disk_id, auto_delete=auto_delete):
            await cloud.update_disk(disk_id, {"auto_delete": auto_delete})
            return None
    assert_never(step)
