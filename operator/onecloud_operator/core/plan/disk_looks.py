"""What a look at one disk tells: whether it may be taken, and whether it may be thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.disk_status import RECORDED_DISKS
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, ReadDisk
from onecloud_operator.core.disk_records import OVER, attempt_disk_id
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.unsettled import unsettled
from onecloud_operator.core.tenancy import named, other

if TYPE_CHECKING:
    from onecloud_operator.api.disks import DataDisk
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts, LookedAtDisk
    from onecloud_operator.core.observed import DiskState, Observed

LOOK_SECONDS = 60.0  # how old the look may be on which a disk is taken or left
SOON_SECONDS = 2.0  # while the cloud is at work on it


def looked(facts: Facts, disk_id: str, seconds: float = LOOK_SECONDS) -> LookedAtDisk | None:
    """Return the last look at a disk, None if it is older than that, or than our last write to it."""
    look = facts.memory.disks.get(disk_id)
    return look if look is not None and facts.now - look.at < seconds else None


def look_at(facts: Facts, server_id: str, disk_id: str) -> ReadDisk | Hold:
    """Return the look at a disk, or a short wait if it was looked at a moment ago."""
    last = facts.memory.disks.get(disk_id)
    if last is not None and facts.now - last.at < SOON_SECONDS:
        return at_work(disk_id)
    return ReadDisk(server_id, disk_id)


def at_work(disk_id: str) -> Hold:
    """Wait for the cloud, which is at work on a disk."""
    return Hold(Reason.UPDATING, f"The cloud is at work on disk {disk_id}.", SOON_SECONDS)


def look_again(facts: Facts, server: Observed, disk_id: str) -> Look | Hold:
    """Return a look at the server, whose details may be older than what the disk itself says."""
    last = facts.memory.looked_at
    return Look(server.id) if last is None or facts.now - last >= SOON_SECONDS else at_work(disk_id)


def foreign(facts: Facts, state: DiskState) -> bool:
    """
    Return whether a disk carries the owner tags of another object.

    One of the same namespace and name in this cluster was this one, before it was deleted and made again.
    """
    owner, resource = state.owner, facts.resource
    if owner is None or owner.uid == resource.uid:
        return False
    same = (owner.cluster, owner.namespace, owner.name)
    return same != (facts.config.cluster, resource.namespace, resource.name)


def surely_ours(facts: Facts, record: DiskRecord, state: DiskState) -> bool:
    """Return whether the object made the disk: its id can be no other's, or it carries our owner tags."""
    if foreign(facts, state):
        return False
    derived = attempt_disk_id(facts.resource.uid, record.name, record.attempt)
    return record.id == derived or state.owner is not None


def not_to_be_had(facts: Facts, server: Observed, disk_id: str, state: DiskState | None) -> Hold | None:
    """Return why a disk cannot be attached to *server*, None if it can."""
    way_out = "Give another diskID, or take the entry out of dataDisks."
    if state is None:
        return Hold(Reason.REFERENCE_NOT_FOUND, f"The project has no disk {disk_id}. {way_out}")
    if state.owner is not None and foreign(facts, state):
        owner = named(facts, state.owner)
        return Hold(
            Reason.OWNED_BY_ANOTHER,
            f"Disk {disk_id} carries the owner tags of {owner}, so it is not touched. Take those tags "
            f"off in the cloud. {way_out}",
        )
    if state.project_id not in {"", server.project_id}:
        return Hold(Reason.OWNED_BY_ANOTHER, f"Disk {disk_id} is in another project. {way_out}")
    if state.server_ids and server.id not in state.server_ids:
        return Hold(
            Reason.OWNED_BY_ANOTHER,
            f"Disk {disk_id} is attached to {other(facts, f'server {state.server_ids[0]}')}. Detach it "
            f"there. {way_out}",
        )
    if state.recycled:
        return Hold(
            Reason.REFERENCE_NOT_FOUND,
            f"Disk {disk_id} is in the recycle bin. Restore it in the cloud. {way_out}",
        )
    return None


def no_room(facts: Facts, entry: DataDisk) -> Hold | None:
    """Return a hold while each disk on record is still in use or to leave, so that none can be forgotten."""
    records = facts.resource.records.disks
    known = any(one.name == entry.name or one.stage in OVER for one in records)
    if known or len(records) < RECORDED_DISKS:
        return None
    return Hold(
        Reason.OPERATION_FAILED,
        f"The status has room for {RECORDED_DISKS} data disks, and each of those is in use or still to leave "
        f"the server. dataDisks[{entry.name}] follows once one has left.",
    )


def unready(facts: Facts, server: Observed) -> Step | None:
    """Return the step for a server in a state in which no disk is attached to it or detached, else None."""
    if server.phase is not Phase.SUSPENDED:
        return unsettled(facts, server)
    return Hold(
        Reason.RESTART_NEEDED,
        "A change of dataDisks needs the server running or stopped, and it is suspended. Resume it or stop "
        "it, here by powerState: Running or in the cloud.",
    )
