"""
How an entry of ``dataDisks`` comes to its disk, once the server is made.

    diskID       look → record → attach
    size         record the attempt and its id → POST on the root disk's storage → ready → bound → attach
    back again   the disk that was kept is looked at: free → bound → attach; else the next attempt
    id used up   in the recycle bin, proven gone, or another's by now: burnt, the next attempt follows

What is attached goes by the record, and only a look tells that a disk may be had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordDisk
from onecloud_operator.core.disk_ids import root_of
from onecloud_operator.core.disk_records import (
    ADDING,
    BOUND,
    GONE,
    KEPT,
    MAKING,
    OVER,
    PENDING,
    RECYCLED,
    REMOVING,
    DiskRecord,
    asked_of,
    attempt_disk_id,
    bound_in_order,
    policy_of,
)
from onecloud_operator.core.disk_writes import AttachDisk, MakeDisk
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.added_disks import adding_step, begin_adding, elsewhere
from onecloud_operator.core.plan.disk_looks import (
    SOON_SECONDS,
    at_work,
    foreign,
    look_again,
    look_at,
    looked,
    no_room,
    not_to_be_had,
    unready,
)
from onecloud_operator.core.plan.guards import too_many_gone
from onecloud_operator.core.plan.leaving_disks import shows
from onecloud_operator.core.plan.restored_disks import restored_step
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.api.spec import DataDisk
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Disk, DiskState, Observed

BURNT_TWICE = 2
READ_ONCE_SECONDS = 600.0  # how old the look may be at a disk whose tags are asked for


def record_of(facts: Facts, name: str) -> DiskRecord | None:
    """Return the record of the disk of this name in the spec."""
    return next((record for record in facts.resource.records.disks if record.name == name), None)


def entry_step(facts: Facts, server: Observed, entry: DataDisk) -> Step | None:
    """Return the next step on the way of *entry* to its disk, None if the disk is there."""
    record = record_of(facts, entry.name)
    if record is not None and record.stage == BOUND and shows(server, record.id) and _same(entry, record):
        return None
    if (held := unready(facts, server) or no_room(facts, entry)) is not None:
        return held
    if entry.disk_id is not None and (record is None or record.stage in {*OVER, PENDING, ADDING}):
        return _take(facts, server, entry, entry.disk_id)
    if record is None:
        return _none_yet(facts, server, entry)
    if not _same(entry, record):
        return Hold(
            Reason.IMMUTABLE_FIELD,
            f"dataDisks[{entry.name}] is disk {record.id}, so it cannot become {entry.disk_id}. Take the "
            "entry out first, or give the other disk an entry of another name.",
        )
    return _by_stage(facts, server, entry, record)


def _by_stage(facts: Facts, server: Observed, entry: DataDisk, record: DiskRecord) -> Step:
    match record.stage:
        case _ if record.stage == ADDING:
            return adding_step(facts, server, entry, record)
        case _ if record.stage == PENDING:
            return _bind(facts, server, entry)
        case _ if record.stage == MAKING:
            return _making(facts, server, entry, record)
        case _ if record.stage == BOUND:
            return _attach(facts, server, record)
        case _ if record.stage == REMOVING:
            return RecordDisk(replace(record, stage=BOUND, policy=policy_of(entry, record)))
        case _ if record.stage == KEPT and not record.given:
            return _take_back(facts, server, entry, record)
        case _:
            return begin(facts, server, entry, record.attempt + 1)


def _bind(facts: Facts, server: Observed, entry: DataDisk) -> Step:
    """Return the record of the disk that was made along with the server for *entry*, if that is certain."""
    root, details = root_of(facts.resource, server), server.details
    if root is not None and details is not None:
        bound = bound_in_order(facts.resource.records.disks, details.disks, root.id)
        record = next(one for one in bound if one.name == entry.name)
        if record.id is not None:
            return RecordDisk(record)
    return Hold(
        Reason.OPERATION_FAILED,
        f"It is not certain which disk of the server dataDisks[{entry.name}] is, so nothing is done about "
        "it. Give the entry that disk's id as diskID instead of size.",
    )


def _none_yet(facts: Facts, server: Observed, entry: DataDisk) -> Step:
    if facts.resource.records.restore is not None:
        return restored_step(facts, server, entry) or begin(facts, server, entry, 1)
    if facts.resource.records.creation is None:
        return _had_before(facts, server, entry) or Hold(
            Reason.IMMUTABLE_FIELD,
            f"The server was adopted, so no disk is made for dataDisks[{entry.name}]: it may be there. "
            "Give the entry the id of a disk as diskID instead of size, or take it out.",
        )
    # That none is on record may mean that the record was lost.
    return _had_before(facts, server, entry) or begin(facts, server, entry, 1)


def _had_before(facts: Facts, server: Observed, entry: DataDisk) -> Step | None:
    """
    Return the step to the disk of this name that the object had before, when it was deleted and made again.

    The tags of the disks on an adopted server tell: those of this namespace and name, with the entry's name.
    """
    root, details = root_of(facts.resource, server), server.details
    known = {record.id for record in facts.resource.records.disks}
    if root is None or details is None:
        return None
    for disk in details.disks:
        if disk.id == root.id or disk.id in known:
            continue
        if (look := looked(facts, disk.id, READ_ONCE_SECONDS)) is None:
            return look_at(facts, server.id, disk.id)
        state = look.state
        if state is not None and state.label == entry.name and state.owner and not foreign(facts, state):
            return RecordDisk(DiskRecord(entry.name, policy_of(entry), BOUND, disk.id))
    return None


def _same(entry: DataDisk, record: DiskRecord) -> bool:
    return entry.disk_id in {None, record.id}


def _take(facts: Facts, server: Observed, entry: DataDisk, disk_id: str) -> Step:
    """Return the step to a disk that exists, and is given by its id."""
    record = record_of(facts, entry.name)
    root = root_of(facts.resource, server)
    others = {one.id: one for one in facts.resource.records.disks if one.name != entry.name}
    if root is None or root.id == disk_id:
        return Hold(
            Reason.INVALID_SPEC,
            f"dataDisks[{entry.name}].diskID names {disk_id}, which is or may be the server's root disk. "
            "Give another one.",
        )
    if disk_id in others and others[disk_id].stage not in OVER:
        return Hold(
            Reason.INVALID_SPEC,
            f"Disk {disk_id} is dataDisks[{others[disk_id].name}] until that has left the server; "
            f"dataDisks[{entry.name}] cannot be the same one.",
        )
    if (look := looked(facts, disk_id)) is None:
        return look_at(facts, server.id, disk_id)
    if (hold := not_to_be_had(facts, server, disk_id, look.state)) is not None:
        return hold
    attempt = record.attempt if record is not None else 0
    return RecordDisk(DiskRecord(entry.name, policy_of(entry), BOUND, disk_id, given=True, attempt=attempt))


def _take_back(facts: Facts, server: Observed, entry: DataDisk, record: DiskRecord) -> Step:
    """Return the step to the disk that was kept when its entry went, or to the next attempt."""
    if record.id is None or (look := looked(facts, record.id)) is None:
        return look_at(facts, server.id, record.id or "")
    stage, others = BOUND, (one for one in facts.resource.records.disks if one.name != entry.name)
    if look.state is None or any(one.id == record.id and one.stage not in OVER for one in others):
        stage = GONE
    elif look.state.recycled:
        stage = RECYCLED
    elif not_to_be_had(facts, server, record.id, look.state) is not None:
        stage = GONE
    return RecordDisk(replace(record, stage=stage, policy=policy_of(entry), tagged=False, applied=None))


def begin(facts: Facts, server: Observed, entry: DataDisk, attempt: int) -> Step:
    """Return the record of an attempt at making a disk for *entry*; only then may it be asked for."""
    if isinstance(root := _storing(facts, server), Look | Hold):
        return root
    if facts.too_many_gone:
        return too_many_gone(facts)
    if elsewhere(entry, root):
        return begin_adding(facts, server, entry, attempt - 1)
    disk_id = attempt_disk_id(facts.resource.uid, entry.name, attempt)
    record = DiskRecord(
        entry.name,
        policy_of(entry),
        MAKING,
        disk_id,
        attempt=attempt,
        asked=asked_of(entry),
        tagged=True,
        since=text_of_time(facts.wall),
    )
    return RecordDisk(record)


def _storing(facts: Facts, server: Observed) -> Disk | Look | Hold:
    """Return the root disk with its storage, or the step that leads to it."""
    root = root_of(facts.resource, server)
    if root is not None and root.storage_id is not None:
        return root
    if facts.memory.looked_version != server.version:
        return Look(server.id)  # what the status recalls does not tell
    return Hold(
        Reason.OPERATION_FAILED,
        "It is not known on which storage the root disk is, so no disk can be made beside it. Make the disk "
        "in the cloud, and give its id as diskID.",
    )


def _making(facts: Facts, server: Observed, entry: DataDisk, record: DiskRecord) -> Step:
    """Return the next step of a recorded attempt."""
    if isinstance(root := _storing(facts, server), Look | Hold):
        return root
    disk_id, asked = record.id or "", asked_of(entry)
    make = MakeDisk(
        server.id,
        disk_id,
        entry.name,
        mib_of(dict(record.asked)["size"] if record.asked else entry.size or "0Mi"),
        root.storage_id or "",
        entry.driver,
        entry.cache,
    )
    refusal, accepted = facts.memory.refusals.get(kind_of(make)), was_made(facts, disk_id)
    problem = refusal.problem if refusal is not None else None
    unclear = problem is not None and (problem.ambiguous or problem.duplicate_id or problem.duplicate_name)
    if not (accepted or unclear):
        return make if asked == record.asked else RecordDisk(replace(record, asked=asked))
    if (look := looked(facts, disk_id, SOON_SECONDS)) is None:
        return look_at(facts, server.id, disk_id)
    if look.state is not None:
        return _found(facts, server, record, look.state)
    burnt = refusal is not None and refusal.problem.duplicate_id and refusal.count >= BURNT_TWICE
    if refusal is not None and burnt and refusal.at - refusal.since >= facts.config.burnt_seconds:
        return RecordDisk(replace(record, stage=GONE, asked=()))
    return make


def was_made(facts: Facts, disk_id: str) -> bool:
    """Return whether the cloud has accepted to make this disk."""
    return any(isinstance(step, MakeDisk) and step.disk_id == disk_id for step in facts.memory.acceptances)


def _found(facts: Facts, server: Observed, record: DiskRecord, state: DiskState) -> Step:
    """Return the step after the look that has found a disk under the attempt's id."""
    if state.recycled:
        return RecordDisk(replace(record, stage=RECYCLED, asked=()))
    if foreign(facts, state) or (state.server_ids and server.id not in state.server_ids):
        return RecordDisk(replace(record, stage=GONE, asked=()))
    if "fail" in state.status:
        return Hold(
            Reason.OPERATION_FAILED,
            f"The cloud has failed to make disk {record.id} for dataDisks[{record.name}] "
            f"({state.status[:64]}). Delete that disk there to have another one made, or take the entry out.",
        )
    if state.ready or server.id in state.server_ids:
        return RecordDisk(replace(record, stage=BOUND, asked=()))
    return at_work(record.id or "")


def _attach(facts: Facts, server: Observed, record: DiskRecord) -> Step:
    """Return the step that attaches a disk that is known, and not on the server."""
    disk_id = record.id or ""
    if (look := looked(facts, disk_id)) is None:
        return look_at(facts, server.id, disk_id)
    state = look.state
    if state is not None and server.id in state.server_ids and not state.recycled:
        return look_again(facts, server, disk_id)
    if not record.given and (state is None or state.recycled):
        if facts.too_many_gone:
            return too_many_gone(facts)
        return RecordDisk(replace(record, stage=GONE if state is None else RECYCLED))
    if (hold := not_to_be_had(facts, server, disk_id, state)) is not None:
        return hold
    if state is None or not state.ready:
        return look_at(facts, server.id, disk_id)
    return AttachDisk(server.id, disk_id)
