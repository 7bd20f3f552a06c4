"""
Which disk an entry of ``dataDisks`` is on a server that was taken out of the recycle bin.

    on the server, with this entry's owner tags      that one
    loose, with them, kept when the server went      that one, which is attached
    in the bin, on another server, or two of them    hold: the message asks for diskID
    surely none                                      a new one is made
    anything that is not certain                     hold: the message asks for diskID

The owner tags count that name an object of this namespace and name in this cluster, with the name in the spec
beside them. A list by tags only says what to look at. That a disk is not in it counts if the root disk is, as
that has the tags of its server, or another disk that is known to have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import FindDisks, Hold, RecordDisk
from onecloud_operator.core.disk_ids import root_of
from onecloud_operator.core.disk_records import BOUND, DiskRecord, policy_of
from onecloud_operator.core.plan.disk_looks import LOOK_SECONDS, foreign, look_at, looked

if TYPE_CHECKING:
    from onecloud_operator.api.spec import DataDisk
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import DiskState, Observed

MOST_DISKS = 64  # that are looked at for one server


def restored_step(facts: Facts, server: Observed, entry: DataDisk) -> Step | None:
    """Return the step to the disk of *entry*, which is not on record; None if a new one is to be made."""
    last, root = facts.memory.found_disks, root_of(facts.resource, server)
    if last is None or facts.now - last.at >= LOOK_SECONDS:
        return FindDisks(server.id, facts.resource.name)
    if root is None or server.details is None:
        return _unsure(entry, "It is not known which disk of the restored server is its root disk")
    taken = {record.id for record in facts.resource.records.disks} | {root.id}
    shown = [disk.id for disk in server.details.disks if disk.id not in taken]
    listed = [disk_id for disk_id in last.ids if disk_id not in taken]
    known = tuple(dict.fromkeys((*shown, *listed)))
    if len(known) > MOST_DISKS:
        return _unsure(entry, f"More than {MOST_DISKS} disks carry this object's owner tags")
    states: dict[str, DiskState] = {}
    for disk_id in known:
        if (look := looked(facts, disk_id)) is None:
            return look_at(facts, server.id, disk_id)
        if look.state is not None:
            states[disk_id] = look.state
    return _chosen(facts, server, entry, states) or _none(
        facts, entry, states, complete=last.complete and _proves(facts, root.id, states)
    )


def _chosen(
    facts: Facts, server: Observed, entry: DataDisk, states: dict[str, DiskState]
) -> RecordDisk | Hold | None:
    """Return the record of the one disk that has the tags of *entry*, or the hold if it cannot be had."""
    own = {
        disk_id: state
        for disk_id, state in states.items()
        if state.owner is not None and not foreign(facts, state) and state.label == entry.name
    }
    here = [disk_id for disk_id, state in own.items() if server.id in state.server_ids]
    loose = [disk_id for disk_id, state in own.items() if not state.server_ids and not state.recycled]
    found = here or loose
    if len(found) == 1:
        return RecordDisk(DiskRecord(entry.name, policy_of(entry), BOUND, found[0]))
    if found:
        return _unsure(entry, f"Disks {', '.join(found[:4])} all have the owner tags of this entry")
    if own:
        disk_id = next(iter(own))
        where = "in the recycle bin" if own[disk_id].recycled else "on another server"
        return _unsure(entry, f"Disk {disk_id}, which has the owner tags of this entry, is {where}")
    return None


def _none(facts: Facts, entry: DataDisk, states: dict[str, DiskState], *, complete: bool) -> Hold | None:
    """Return a hold unless it is certain that no disk is that of *entry*."""
    unnamed = [
        disk_id
        for disk_id, state in states.items()
        if not foreign(facts, state) and (state.owner is None or state.label is None)
    ]
    if unnamed:
        return _unsure(entry, f"Disk {unnamed[0]} may be the one, and its tags do not say so")
    if not complete:
        return _unsure(entry, "The cloud does not tell surely that no disk has the owner tags of this entry")
    return None


def _proves(facts: Facts, root_id: str, states: dict[str, DiskState]) -> bool:
    """Return whether the list by tags names a disk that has them, so that it did not just say nothing."""
    last = facts.memory.found_disks
    tagged = {disk_id for disk_id, state in states.items() if state.owner is not None}
    return last is not None and bool({root_id, *tagged} & set(last.ids))


def _unsure(entry: DataDisk, why: str) -> Hold:
    return Hold(
        Reason.IMMUTABLE_FIELD,
        f"The server was restored, and it is not certain which disk dataDisks[{entry.name}] was. {why}. So "
        "none is attached or made for it. Give the entry the disk's id as diskID instead of size, or take it "
        "out.",
    )
