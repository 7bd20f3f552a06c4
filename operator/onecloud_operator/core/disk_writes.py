"""The steps that change a data disk in the cloud, or have a server take or leave one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MakeDisk:
    """
    POST a disk of a recorded attempt, with owner tags and *label*, its name in the spec.

    May be repeated at any time: the id can be used once only. It lies loose until it is attached.
    """

    server_id: str
    disk_id: str
    label: str
    size_mib: int
    storage_id: str
    driver: str | None = None
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class AttachDisk:
    """Attach a disk that is attached to no server."""

    server_id: str
    disk_id: str


@dataclass(frozen=True, slots=True)
class DetachDisk:
    """Detach a disk, and *keep* it; else it goes into the recycle bin."""

    server_id: str
    disk_id: str
    keep: bool


@dataclass(frozen=True, slots=True)
class RecycleDisk:
    """Put a disk that is attached to no server into the recycle bin."""

    server_id: str
    disk_id: str


@dataclass(frozen=True, slots=True)
class TagDisk:
    """Set our owner tags on a disk, with *label*, its name in the spec; None: take them off."""

    server_id: str
    disk_id: str
    label: str | None


@dataclass(frozen=True, slots=True)
class SetDiskPolicy:
    """Say whether a disk is deleted together with its server."""

    server_id: str
    disk_id: str
    auto_delete: bool


@dataclass(frozen=True, slots=True)
class AddDisk:
    """
    Have the cloud make a disk on a storage of its choice, and attach it; *label*: its name in the spec.

    Not repeatable: the cloud chooses the id, and makes one more each time.
    """

    server_id: str
    label: str
    size_mib: int
    backend: str | None
    medium: str | None
    driver: str | None
    cache: str | None
    auto_delete: bool


DiskWrite = MakeDisk | AttachDisk | DetachDisk | RecycleDisk | TagDisk | SetDiskPolicy
