"""What is remembered of a server's disks: looks at them, and what was done to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.disk_records import ADDING, MAKING, unsent_key
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite, MakeDisk
from onecloud_operator.core.facts import FoundDisks, LookedAtDisk, Memory
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.retry_state import REFUSALS_KEPT

if TYPE_CHECKING:
    from onecloud_operator.core.actions import ReadDisk
    from onecloud_operator.core.cloud_writes import KeepDisk
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.outcome import Done
    from onecloud_operator.core.values import Problem

DISKS_KEPT = REFUSALS_KEPT  # of 65 disks that a server shows, and of 64 that were kept of it


def disk_read(memory: Memory, step: ReadDisk, done: Done) -> Memory:
    """Remember a look at one disk."""
    disks = {**memory.disks, step.disk_id: LookedAtDisk(done.began_at, done.disk)}
    while len(disks) > DISKS_KEPT:  # a cloud may show other disks each time
        del disks[min(disks, key=lambda one: disks[one].at)]
    return replace(memory, disks=disks)


def disks_found(memory: Memory, done: Done) -> Memory:
    """Remember which disks carry the object's tags."""
    return replace(memory, found_disks=FoundDisks(done.began_at, done.disks[:DISKS_KEPT], done.complete))


def disk_recorded(facts: Facts, memory: Memory, record: DiskRecord) -> Memory:
    """Forget what was done to a disk before: the record says what came of it."""
    acceptances = {
        step: past
        for step, past in memory.acceptances.items()
        if not (isinstance(step, DiskWrite) and step.disk_id == record.id)
        and not (isinstance(step, AddDisk) and step.label == record.name)
    }
    memory = replace(memory, acceptances=acceptances)
    known = frozenset(key for one in facts.resource.records.disks if (key := unsent_key(one)) is not None)
    key = unsent_key(record)
    if record.stage not in {MAKING, ADDING} or key is None or key in known:
        return memory
    return replace(memory, unsent_disks=(memory.unsent_disks & known) | {key})


def disk_refused(
    facts: Facts, memory: Memory, step: KeepDisk | DiskWrite | AddDisk, problem: Problem, ended_at: float
) -> Memory:
    """Remember that a write to a disk failed, which it may all the same have reached."""
    unclear = problem.ambiguous or problem.duplicate_id or problem.duplicate_name
    if isinstance(step, MakeDisk | AddDisk) and not unclear:
        return memory  # a clear no: nothing was made, and nothing is under way
    if isinstance(step, AddDisk):
        return disk_added(facts, memory, step, ended_at)
    return disk_kept(memory, step, ended_at)


def disk_added(facts: Facts, memory: Memory, step: AddDisk, ended_at: float) -> Memory:
    """Remember that the server may have, or get, one more disk."""
    mine = {unsent_key(one) for one in facts.resource.records.disks if one.name == step.label}
    return replace(memory, unsent_disks=memory.unsent_disks - mine, kept_at=ended_at, wrote_at=ended_at)


def disk_kept(memory: Memory, step: KeepDisk | DiskWrite, ended_at: float) -> Memory:
    """Forget the looks at a disk from before it was written to."""
    disks = {other: look for other, look in memory.disks.items() if other != step.disk_id}
    unsent = memory.unsent_disks - {step.disk_id} if isinstance(step, MakeDisk) else memory.unsent_disks
    return replace(memory, disks=disks, kept_at=ended_at, wrote_at=ended_at, unsent_disks=unsent)
