"""The table of disks. One outlives its place on a server: it hangs on one, lies loose, or is in the bin."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .guests import Guest

STORAGE = "cd4c33e8-e596-49bf-8cd3-289234d87c0f"


@dataclass(slots=True, eq=False)
class Disk:
    """
    One disk. *index* says where it hangs, never which disk it is; it means nothing while *guest_id* is empty.

    *auto_delete* decides what becomes of it when its server is deleted for good. The cleaner of the bin does
    not look at it.
    """

    id: str
    name: str
    index: int
    size_mib: int
    disk_type: str = "data"
    backend: str = "local"
    medium: str = "ssd"
    driver: str = "scsi"
    cache: str = "none"
    image: str = ""
    image_id: str = ""
    auto_delete: bool = True
    project_id: str = ""
    guest_id: str = ""
    storage_id: str = STORAGE
    status: str = "ready"
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    recycled_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 3
    alone: bool = False  # made by itself, not with a server or by one of its actions
    gone: bool = False

    @property
    def pending(self) -> bool:
        """Return whether the disk is in the recycle bin."""
        return self.recycled_at is not None


class Disks:
    """Disks by id (case is ignored); the ids of deleted ones stay burnt."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._rows: dict[str, Disk] = {}
        self.burnt: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def all(self) -> Iterator[Disk]:
        """Yield every disk that was not deleted for good, recycled ones too."""
        return iter(self._rows.values())

    def get(self, ident: str) -> Disk | None:
        return self._rows.get(ident.casefold())

    def named(self, name: str) -> list[Disk]:
        """Return the disks with this name that are not in the bin."""
        wanted = name.strip().casefold()
        return [row for row in self._rows.values() if row.name.casefold() == wanted and not row.pending]

    def knows(self, ident: str) -> bool:
        """Return whether *ident* was ever inserted, be the row alive or not."""
        return ident.casefold() in self.burnt

    def add(self, disk: Disk) -> None:
        """Insert a row."""
        now = self._now()
        disk.created_at = disk.created_at or now
        disk.updated_at = disk.updated_at or now
        disk.gone = False
        self._rows[disk.id.casefold()] = disk
        self.burnt.add(disk.id.casefold())

    def touch(self, disk: Disk, *, bump: int = 1) -> None:
        """Move the version and the time of a row that was written."""
        disk.version += bump
        disk.updated_at = self._now()

    def erase(self, disk: Disk) -> None:
        """Delete a disk for good."""
        disk.gone = True
        disk.guest_id = ""
        self._rows.pop(disk.id.casefold(), None)

    # --- on a server

    def hang(self, guest: "Guest", disk: Disk) -> None:
        """Hang *disk* on a server, at the lowest index that is free."""
        if self.get(disk.id) is not disk:
            self.add(disk)
        taken = {other.index for other in guest.disks}
        disk.index = next(number for number in range(len(taken) + 1) if number not in taken)
        disk.guest_id = guest.id
        disk.project_id = disk.project_id or guest.project_id
        guest.disks.append(disk)
        guest.disks.sort(key=lambda found: found.index)

    def take_off(self, guest: "Guest", disk: Disk) -> None:
        """Take *disk* off its server: it lies loose, the others keep their indexes."""
        guest.disks.remove(disk)
        disk.guest_id = ""
        self.touch(disk, bump=2)

    def adopt(self, guest: "Guest") -> None:
        """Take the disks of a server that is inserted as it is into the table."""
        for disk in guest.disks:
            disk.guest_id = guest.id
            disk.project_id = disk.project_id or guest.project_id
            self.add(disk)
        if guest.pending:
            self.recycle_with(guest)

    # --- the recycle bin

    def recycle(self, disk: Disk) -> None:
        if not disk.pending:
            disk.recycled_at = self._now()
            self.touch(disk)

    def restore(self, disk: Disk) -> None:
        """Take a disk out of the bin; one that hangs on a recycled server stays there and will outlive it."""
        if disk.pending:
            disk.recycled_at = None
            self.touch(disk)

    def recycle_with(self, guest: "Guest") -> None:
        """Put all disks of a server into the bin, also those that are not deleted with it."""
        for disk in guest.disks:
            self.recycle(disk)

    def restore_with(self, guest: "Guest") -> None:
        for disk in guest.disks:
            self.restore(disk)

    def leave(self, guest: "Guest") -> None:
        """
        Part with a server that is deleted for good.

        A disk without ``auto_delete`` stays as it is: loose and ready if the server went straight from life,
        in the bin, and so purged in the end, if it had been recycled with its server.
        """
        for disk in guest.disks:
            if disk.auto_delete:
                self.erase(disk)
            else:
                disk.guest_id = ""

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)
