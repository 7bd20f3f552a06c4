"""
Which disk is which: by its id.

An index says where a disk is, never which disk it is: a root disk can be detached from a running server
without a word, and the next disk that is attached takes its place. So ids are remembered once the server is
made or adopted, and everything that is decided of a disk goes by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import ACCEPT_ROOT_DISK
from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.disk_records import BOUND, bound_in_order
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import MatchedDisks

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Details, Disk, Observed
    from onecloud_operator.core.records import Records
    from onecloud_operator.core.resource import Resource

ROOT_INDEX = 0


def disks_of(resource: Resource, details: Details) -> MatchedDisks:
    """Return which of the disks in *details* the spec speaks of."""
    root, trouble = _root(resource, details)
    return MatchedDisks(root, _data(resource, details), trouble)


def root_of(resource: Resource, server: Observed) -> Disk | None:
    """Return the root disk of *server*, None where it is not known which it is, or it is another one."""
    disks = disks_of(resource, server.details) if server.details is not None else MatchedDisks()
    return None if disks.trouble is not None else disks.root


def root_id(resource: Resource, details: Details) -> str | None:
    """
    Return the id of the server's root disk, wherever it is; None where that is not known.

    A record that names a disk without an image, out of its place, beside one that has one is not believed:
    the disk that it names would go with its server, whatever is to become of it.
    """
    if (root := disks_of(resource, details).root) is not None:
        return root.id
    recorded = next((disk for disk in details.disks if disk.id == resource.records.root_disk_id), None)
    if recorded is not None and not _imaged(recorded) and any(map(_imaged, details.disks)):
        return None
    return resource.records.root_disk_id


def root_trouble(facts: Facts, server: Observed) -> Hold | None:
    """Return a hold if the server's root disk is missing, or is another one."""
    trouble = disks_of(facts.resource, server.details).trouble if server.details is not None else None
    return Hold(Reason.OPERATION_FAILED, trouble) if trouble is not None else None


def placed(details: Details, index: int = ROOT_INDEX) -> Disk | None:
    """Return the disk in one place, by default the root disk's."""
    return next((disk for disk in details.disks if disk.index == index), None)


def remembered(facts: Facts, records: Records, server: Observed | None, *, new: bool) -> Records:
    """
    Return *records* with the ids of the disks that *server* shows.

    *new*: it was made or adopted just now, so the disk in the first place is its root disk, unless the
    images say otherwise.
    """
    if server is None or server.details is None or not server.detailed:
        return records
    details, resource = server.details, facts.resource
    if new and records.root_disk_id is None and (first := _first(details)) is not None:
        records = replace(records, root_disk_id=first.id)
    if records is not resource.records:
        resource = replace(resource, records=records)
    root = disks_of(resource, details).root
    root_id = root.id if root is not None else records.root_disk_id
    disks = bound_in_order(records.disks, details.disks, root_id)
    if (root_id, disks) == (records.root_disk_id, records.disks):
        return records
    return replace(records, root_disk_id=root_id, disks=disks)


def _root(resource: Resource, details: Details) -> tuple[Disk | None, str | None]:
    there = placed(details)
    if there is not None and resource.confirms(ACCEPT_ROOT_DISK, there.id):
        return there, None
    recorded = resource.records.root_disk_id
    if recorded is None:
        return _unrecorded(resource, details, there)
    if there is None:
        return None, (
            f"The server's root disk, {recorded}, is not in its place on the server, and no other one is. "
            "No disk is grown. Attach it again in the cloud; a disk that is to take its place must be "
            f"accepted by the annotation {ACCEPT_ROOT_DISK} with that disk's id."
        )
    if there.id != recorded:
        return None, (
            f"The server's root disk, {recorded}, is not in its place on the server: disk {there.id} is. No "
            "disk is grown. Put the root disk back in the cloud, or, to accept the other one in its place, "
            f"set the annotation {ACCEPT_ROOT_DISK}: {there.id}."
        )
    return there, None


def _unrecorded(resource: Resource, details: Details, there: Disk | None) -> tuple[Disk | None, str | None]:
    """Return the root disk of an object that has no record of it: with an image, or alone, it is no other."""
    if there is None or _imaged(there) or len(details.disks) == 1:
        return there, None
    spec = resource.server_spec
    size = spec.root_disk.size if spec is not None and spec.root_disk is not None else None
    if size is None or mib_of(size) <= there.size_mib:
        return None, None
    return None, (
        f"It is not known whether disk {there.id}, the first one of the server, is its root disk, so no disk "
        f"is grown. If it is, set the annotation {ACCEPT_ROOT_DISK}: {there.id}."
    )


def _data(resource: Resource, details: Details) -> dict[str, Disk]:
    spec = resource.server_spec
    by_id = {disk.id: disk for disk in details.disks}
    ids = {record.name: record.id for record in resource.records.disks if record.stage == BOUND}
    return {
        wanted.name: by_id[disk_id]
        for wanted in (spec.data_disks if spec is not None else None) or ()
        if (disk_id := ids.get(wanted.name)) in by_id and disk_id is not None
    }


def _first(details: Details) -> Disk | None:
    there = placed(details)
    other = any(_imaged(disk) for disk in details.disks if disk is not there)
    return None if there is not None and other and not _imaged(there) else there


def _imaged(disk: Disk) -> bool:
    return bool(disk.image or disk.image_id)
