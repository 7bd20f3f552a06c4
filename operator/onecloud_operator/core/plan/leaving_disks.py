"""
How a data disk leaves, by its policy: its entry has gone from the spec, or its server goes.

    Retain    record → detached, and kept → owner tags off → noted
    Recycle   record → detached into the recycle bin; one that is attached to no server: put there → noted
    anew      before the next attempt at a server: the same for what is loose; what went with it is left out

The policy is the one last declared, and it is on record before anything is done by it. What another has
taken meanwhile is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, ReadDisk, RecordDisk
from onecloud_operator.core.cloud_writes import KeepDisk
from onecloud_operator.core.disk_ids import root_id
from onecloud_operator.core.disk_records import (
    ADDING,
    BOUND,
    GONE,
    KEPT,
    MAKING,
    OVER,
    PENDING,
    RECYCLE,
    RECYCLED,
    REMOVING,
    RETAIN,
    declared,
)
from onecloud_operator.core.disk_writes import DetachDisk, MakeDisk, RecycleDisk, TagDisk
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.ownership import bound_id
from onecloud_operator.core.plan.added_disks import adding_step
from onecloud_operator.core.plan.disk_looks import (
    foreign,
    look_again,
    look_at,
    looked,
    surely_ours,
    unready,
)
from onecloud_operator.core.plan.retry import blocked
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.tenancy import may

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts, LookedAtDisk
    from onecloud_operator.core.observed import DiskState, Observed

FRESH_SECONDS = 10.0  # how old the look may be on which a loose disk is thrown away
GONE_SECONDS = 600.0  # and that of which nothing follows: there may be very many


def leaves(record: DiskRecord) -> bool:
    """Return whether something is still to be done for a disk that is to leave."""
    return record.stage not in {*OVER, PENDING}


def before_another(facts: Facts) -> tuple[DiskRecord, ...]:
    """Return the disks that a lost server leaves; one that the spec gives by its id is the next one's."""
    spec = facts.resource.server_spec
    asked = {entry.disk_id.casefold() for entry in (spec.data_disks if spec else None) or () if entry.disk_id}
    found = filter(leaves, declared(facts.resource.records.disks, spec))
    return tuple(one for one in found if not (one.given and (one.id or "").casefold() in asked))


def leaving_step(facts: Facts, server: Observed | None, record: DiskRecord, *, untag: bool = True) -> Step:
    """
    Return the next step for a disk that leaves; *server* None: that is gone.

    *untag*: take the owner tags off one that is kept.
    """
    disk_id, server_id = record.id or "", bound_id(facts.resource)
    if record.stage == BOUND:
        return RecordDisk(replace(record, stage=REMOVING))
    if record not in facts.resource.records.disks:
        return RecordDisk(record)  # another policy was declared since it began to leave
    if record.stage == ADDING:
        unseen = RecordDisk(replace(record, stage=GONE, asked=()))
        return unseen if server is None or server.recycled else adding_step(facts, server, None, record)
    details = server.details if server is not None else None
    if details is not None and disk_id == root_id(facts.resource, details):
        return RecordDisk(replace(record, stage=KEPT, asked=()))  # it was put in the root disk's place
    if (look := looked(facts, disk_id)) is None:
        return look_at(facts, server_id, disk_id)
    if record.stage == MAKING:
        return _unmade(facts, record, look)
    if look.state is None:
        return RecordDisk(replace(record, stage=GONE))
    if server is not None and shows(server, disk_id) and not server.recycled:
        if foreign(facts, look.state):
            return RecordDisk(replace(record, stage=KEPT))  # it is another's by now, and stays where it is
        return unready(facts, server) or DetachDisk(server.id, disk_id, keep=record.policy == RETAIN)
    if server is not None and server.id in look.state.server_ids and not server.recycled:
        return look_again(facts, server, disk_id)
    return _loose(facts, record, look.state, untag=untag)


def shows(server: Observed, disk_id: str | None) -> bool:
    """Return whether *server* shows this disk."""
    return server.details is not None and any(disk.id == disk_id for disk in server.details.disks)


def _loose(facts: Facts, record: DiskRecord, state: DiskState, *, untag: bool) -> Step:
    """Return the step for a disk that is attached to no server, or to another one."""
    disk_id, server_id = record.id or "", bound_id(facts.resource)
    if any(one != server_id for one in state.server_ids) or foreign(facts, state):
        return RecordDisk(replace(record, stage=KEPT))
    if record.policy == RETAIN:
        if state.recycled:
            return KeepDisk(server_id, disk_id, "restore")
        if untag and state.owner is not None:
            return TagDisk(server_id, disk_id, None)
        return RecordDisk(replace(record, stage=KEPT, tagged=state.owner is not None))
    if state.recycled:
        return RecordDisk(replace(record, stage=RECYCLED))
    # A status can be edited: under a shared provider, that a disk was given proves nothing of itself.
    if not surely_ours(facts, record, state) and not (record.given and may(facts, "DiskID")):
        return RecordDisk(replace(record, stage=KEPT))
    if looked(facts, disk_id, FRESH_SECONDS) is None:
        return look_at(facts, server_id, disk_id)  # another server may have taken it since
    return RecycleDisk(server_id, disk_id)


def _unmade(facts: Facts, record: DiskRecord, look: LookedAtDisk) -> Step:
    """Return the step for an attempt at making a disk that is not wanted any more."""
    disk_id = record.id or ""
    if look.state is not None:
        return RecordDisk(replace(record, stage=REMOVING, asked=()))
    settled_at = _sent_at(facts, disk_id) + facts.config.post_settle_seconds
    if disk_id in facts.memory.unsent_disks or look.at >= settled_at:
        return RecordDisk(replace(record, stage=GONE, asked=()))
    if facts.now >= settled_at:
        return look_at(facts, bound_id(facts.resource), disk_id)
    return Hold(
        Reason.WAITING_FOR_CLOUD if facts.resource.deleting else Reason.UPDATING,
        f"The cloud has no disk {disk_id}, but the request that makes it may still be under way. It is "
        "looked for once more.",
        settled_at - facts.now,
    )


# -- before the server goes ------------------------------------------------------------------------------
def disks_before_delete(facts: Facts, server: Observed | None, *, for_good: bool = False) -> Step | None:
    """
    Return the step that gives a recorded disk its policy before the server goes, None if all have had it.

    What is attached and goes by its policy goes along with the server; what stays is taken off before.
    """
    for record in filter(leaves, declared(facts.resource.records.disks, facts.resource.server_spec)):
        attached = server is not None and shows(server, record.id)
        if attached and not (for_good and record.policy == RECYCLE):
            continue
        if attached and server is not None and record.id is not None:
            if (look := looked(facts, record.id)) is None:
                return look_at(facts, server.id, record.id)
            if look.state is None or look.state.auto_delete is not False or server.recycled:
                continue  # it goes along
        return _held_removal(facts, leaving_step(facts, server, record, untag=False))
    return None


def disown_disks(facts: Facts) -> Step | None:
    """Return the step that takes the owner tags off a recorded disk that stays with its server, or None."""
    server_id = bound_id(facts.resource)
    for record in filter(leaves, facts.resource.records.disks):
        disk_id = record.id or ""
        if record.stage == ADDING:
            return RecordDisk(replace(record, stage=GONE, asked=()))  # it stays with its server
        if (look := looked(facts, disk_id)) is None:
            return look_at(facts, server_id, disk_id)
        if look.state is None:
            if record.stage == MAKING and isinstance(step := _unmade(facts, record, look), Hold | ReadDisk):
                return step
            return RecordDisk(replace(record, stage=GONE, asked=()))
        if look.state.owner is None or foreign(facts, look.state):
            return RecordDisk(replace(record, stage=KEPT, tagged=False, asked=()))
        return _held_removal(facts, TagDisk(server_id, disk_id, None))
    return None


def left_unrecorded(facts: Facts) -> Hold | None:
    """Return a hold for disks that have not had their policy, and whose server is not on record any more."""
    left = [one.id for one in facts.resource.records.disks if leaves(one) and one.id is not None]
    if not left:
        return None
    return Hold(
        Reason.OWNED_BY_ANOTHER,
        f"The record of the server is gone from the status, and disks {', '.join(left)} are left of it. Take "
        f"them away in the cloud, if they are not wanted, and {DETACH}",
    )


def disks_before_another(facts: Facts) -> Step | None:
    """
    Return the step that gives a recorded disk its policy before another server is made, None if all had it.

    The server is gone for good, and the record of its disks goes with the next attempt: one that is loose
    would keep its owner tags, and nobody would look after it.
    """
    for record in before_another(facts):
        if record.stage == ADDING:
            continue  # it is not known which it is
        if record.stage != MAKING:
            if (look := looked(facts, record.id or "", GONE_SECONDS)) is None:
                return look_at(facts, bound_id(facts.resource), record.id or "")
            recycled = look.state is not None and look.state.recycled and record.policy == RECYCLE
            if record.stage == BOUND and (look.state is None or recycled or foreign(facts, look.state)):
                continue  # it has gone along, or is not ours to see to: the record goes without more ado
        step = leaving_step(facts, None, record)
        if isinstance(step, Hold) or (obstacle := blocked(facts, step)) is None:
            return step
        done = "kept, without this object's owner tags," if record.policy == RETAIN else "in the recycle bin"
        way_out = f"A new server is made once disk {record.id} is {done} or gone: have the cloud do it."
        return replace(obstacle, message=f"{obstacle.message} {way_out}")
    return None


def _held_removal(facts: Facts, step: Step) -> Step:
    """Return *step*, or why it is not taken yet, with the way out of a removal."""
    if isinstance(step, Hold):
        return replace(step, reason=Reason.WAITING_FOR_CLOUD) if step.reason == Reason.UPDATING else step
    if (obstacle := blocked(facts, step)) is None:
        return step
    way_out = f"Have the cloud do it, or {DETACH}"
    return replace(obstacle, message=f"{obstacle.message} {way_out}")


def _sent_at(facts: Facts, disk_id: str) -> float:
    """Return when the disk was last asked for, or may have been by a process before this one."""
    memory = facts.memory
    accepted = (
        past.at
        for step, past in memory.acceptances.items()
        if isinstance(step, MakeDisk) and step.disk_id == disk_id
    )
    refusal = memory.refusals.get(f"MakeDisk {disk_id}")
    refused = (refusal.at,) if refusal is not None else ()
    return float(max((*accepted, *refused, memory.born_at)))
