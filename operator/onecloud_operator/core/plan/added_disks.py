"""
How a disk is made where another storage than the root disk's is asked for, once.

    nothing on record        look → record the disks that are there → createdisk
    refused, clearly         nothing was made: again when its time has come
    answered or not          look: one fitting newcomer is the disk, and that is put on record
    none, or two             looked for, then held: only a person has it tried again

The cloud chooses the id, and makes one more disk for each request. So one that nobody heard of is not
repeated by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, RecordDisk
from onecloud_operator.core.disk_records import (
    ADDING,
    BOUND,
    GONE,
    RECYCLE,
    DiskRecord,
    asked_of,
    fits,
    policy_of,
    unsent_key,
)
from onecloud_operator.core.disk_writes import AddDisk
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.disk_looks import foreign, look_at, looked
from onecloud_operator.core.records import HeldBack
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.api.spec import DataDisk
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Disk, Observed

LOOKED_SECONDS = 30.0  # how old the look may be on which a disk is asked for
LOOK_AGAIN_SECONDS = 10.0  # between two looks for a disk that may still come


def elsewhere(entry: DataDisk, root: Disk) -> bool:
    """Return whether *entry* asks for another storage than that of the root disk."""
    backend, medium = entry.backend, entry.medium
    return (backend is not None and backend != root.backend) or (medium is not None and medium != root.medium)


def begin_adding(facts: Facts, server: Observed, entry: DataDisk, attempt: int) -> Step:
    """Return the record of the disks that are there; only then may one more be asked for."""
    others = (record for record in facts.resource.records.disks if record.name != entry.name)
    if (first := next((one for one in others if one.stage == ADDING), None)) is not None:
        return Hold(Reason.UPDATING, f"dataDisks[{first.name}] is made first.", LOOK_AGAIN_SECONDS)
    if server.details is None or not _lately(facts, server) or not server.details.disks_known:
        return Look(server.id)
    record = DiskRecord(
        entry.name,
        policy_of(entry),
        ADDING,
        attempt=attempt,
        asked=asked_of(entry),
        since=text_of_time(facts.wall),
        request=_request(facts),
    )
    return RecordDisk(record, tuple(disk.id for disk in server.details.disks))


def adding_step(facts: Facts, server: Observed, entry: DataDisk | None, record: DiskRecord) -> Step:
    """Return the next step for a disk that is on record as asked for; *entry* None: it left the spec."""
    if unsent_key(record) in facts.memory.unsent_disks:
        if entry is None:
            return RecordDisk(replace(record, stage=GONE, asked=()))
        if asked_of(entry) != record.asked:
            return begin_adding(facts, server, entry, record.attempt)
        return _wish(server, entry)
    sent_at = max(_sent_at(facts, record), facts.memory.born_at)
    until, looked_at = sent_at + facts.config.post_settle_seconds, facts.memory.looked_at
    if looked_at is None or looked_at < sent_at:
        return Look(server.id)
    found = newcomers(facts, server, record)
    if len(found) == 1:
        if (look := looked(facts, found[0].id)) is None:
            return look_at(facts, server.id, found[0].id)
        if look.state is not None and foreign(facts, look.state):
            found = []  # another object's, which somebody attached meanwhile
    if len(found) == 1:
        return RecordDisk(replace(record, stage=BOUND, id=found[0].id, asked=()))
    if not found and looked_at < until:
        wait = min(looked_at + LOOK_AGAIN_SECONDS, until) - facts.now
        said = f"Looking for the disk of dataDisks[{record.name}], which was asked for."
        return Hold(Reason.UPDATING, said, wait) if wait > 0 else Look(server.id)
    if entry is None:
        return RecordDisk(replace(record, stage=GONE, asked=()))  # what is not certain is left alone
    if _request(facts) not in {None, record.request}:
        return begin_adding(facts, server, entry, record.attempt)
    return _held(entry, record, len(found))


def newcomers(facts: Facts, server: Observed, record: DiskRecord) -> list[Disk]:
    """Return the disks that have come since *record* was made, and fit what was asked for."""
    records = facts.resource.records
    known = {*records.disks_before, *(one.id for one in records.disks), records.root_disk_id}
    disks = server.details.disks if server.details is not None else ()
    return [disk for disk in disks if disk.id not in known and fits(record, disk)]


def _held(entry: DataDisk, record: DiskRecord, number: int) -> Hold:
    found = "no new disk of the server fits" if number == 0 else f"{number} new disks fit"
    message = (
        f"dataDisks[{record.name}]: a disk was asked for at {record.since}, and {found}, so it is not known "
        "what came of it. It is not asked for again by itself, or there might be one too many. Look at the "
        "server's disks in the cloud, and give the id of the one meant as diskID instead of size; or set the "
        f"annotation {RECONCILE_REQUESTED_AT} to the time of day to have it tried once more."
    )
    spent = HeldBack(f"AddDisk {entry.name}", Reason.OPERATION_FAILED, message)
    return Hold(Reason.OPERATION_FAILED, message, spent=(spent,))


def _lately(facts: Facts, server: Observed) -> bool:
    at = facts.memory.looked_at
    return (
        at is not None and facts.memory.looked_version == server.version and facts.now - at < LOOKED_SECONDS
    )


def _request(facts: Facts) -> str | None:
    return facts.resource.reconcile_requested_at or facts.resource.records.last_handled


def _sent_at(facts: Facts, record: DiskRecord) -> float:
    """Return when the disk was last asked for by this process."""
    accepted = (
        past.at
        for step, past in facts.memory.acceptances.items()
        if isinstance(step, AddDisk) and step.label == record.name
    )
    refusal = facts.memory.refusals.get(f"AddDisk {record.name}")
    return max((*accepted, refusal.at if refusal is not None else 0.0))


def _wish(server: Observed, entry: DataDisk) -> AddDisk:
    return AddDisk(
        server.id,
        entry.name,
        mib_of(entry.size or "1Gi"),
        backend=entry.backend,
        medium=entry.medium,
        driver=entry.driver,
        cache=entry.cache,
        auto_delete=policy_of(entry) == RECYCLE,
    )
