"""Calls about single disks: details that a server's row leaves out, and what keeping a disk takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ProtocolError
from .protocol import Request, Traffic, id_path
from .replies import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Row
    from .protocol import Reply


def get_disk(disk_id: str) -> Request:
    """Read one disk, in the recycle bin or not."""
    return Request("get_disk", "GET", id_path("disks", disk_id), "/disks/{id}", Traffic.READ)


def list_tagged(key: str, value: str) -> Request:
    """List the disks that have a user tag, *key* without ``user:``."""
    query = (
        ("tags.0.key", f"user:{key}"),
        ("tags.0.value", value),
        ("details", "false"),
        ("field", "id"),
        ("field", "name"),
    )
    return Request("list_disks", "GET", "/disks", "/disks", Traffic.LIST, query)


def update_disk(disk_id: str, changes: Mapping[str, Any]) -> Request:
    """Update a disk's plain fields."""
    path = id_path("disks", disk_id)
    return Request("update_disk", "PUT", path, "/disks/{id}", Traffic.WRITE, body={"disk": dict(changes)})


def restore_disk(disk_id: str) -> Request:
    """Restore a disk from the recycle bin; its server may stay there."""
    path = f"{id_path('disks', disk_id)}/cancel-delete"
    return Request(
        "restore_disk", "POST", path, "/disks/{id}/cancel-delete", Traffic.WRITE, body={"disk": {}}
    )


def create_disk(body: Mapping[str, Any]) -> Request:
    """Make one disk that is attached to no server."""
    return Request("create_disk", "POST", "/disks", "/disks", Traffic.WRITE, body={"disk": dict(body)})


def delete_disk(disk_id: str) -> Request:
    """Put a disk that is attached to no server into the recycle bin."""
    return Request("delete_disk", "DELETE", id_path("disks", disk_id), "/disks/{id}", Traffic.WRITE)


def tag_disk(disk_id: str, tags: Mapping[str, str]) -> Request:
    """Set user tags of a disk (keys without ``user:``). The values ``none`` and ``null`` remove a tag."""
    path = f"{id_path('disks', disk_id)}/user-metadata"
    return Request("tag_disk", "POST", path, "/disks/{id}/user-metadata", Traffic.WRITE, body=dict(tags))


def parse_created_disk(request: Request, reply: Reply) -> Row:
    """Return the disk that was made."""
    disk = json_object(request, reply).get("disk")
    if not isinstance(disk, dict) or not isinstance(disk.get("id"), str):
        raise ProtocolError(
            "the cloud answered with no disk",
            request.call(reply.request_id),
            ambiguous=True,
            status=reply.status,
        )
    return disk
