"""
What the data disks of a server are told, while it runs or not.

    entries            made or given, attached; back again: the disk that was kept (made_disks)
    growth             at once
    entries gone       by their last policy: kept, or into the recycle bin (leaving_disks)
    owner tags, policy told to the cloud, once for each disk
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.core.actions import RecordDisk
from onecloud_operator.core.cloud_writes import GrowDisk
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.disk_records import BOUND, RECYCLE, declared
from onecloud_operator.core.disk_writes import SetDiskPolicy, TagDisk
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import MatchedDisks
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.leaving_disks import leaves, leaving_step
from onecloud_operator.core.plan.made_disks import entry_step
from onecloud_operator.core.plan.stops import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource


def disk_differences(resource: Resource, server: Observed) -> Iterator[Difference]:
    """Yield entries whose disks are not on *server*, which must be detailed, and disks without entries."""
    spec, details = resource.server_spec, server.details
    if spec is None or spec.data_disks is None or details is None or not _complete(resource):
        return
    shown = {disk.id for disk in details.disks}
    records = {record.name: record for record in resource.records.disks}
    for entry in spec.data_disks:
        record = records.pop(entry.name, None)
        there = record is not None and record.stage == BOUND and record.id in shown
        if not there or (record is not None and entry.disk_id not in {None, record.id}):
            yield Difference(_path(entry.name), entry.size or entry.disk_id or "", None)
    for record in records.values():
        if leaves(record):
            yield Difference(_path(record.name), "", record.id)


def _complete(resource: Resource) -> bool:
    """Return whether the server is made, or adopted, so that it is known which disks it came with."""
    creation = resource.records.creation
    return creation is None or creation.completed_at is not None


def _path(name: str) -> str:
    return f"dataDisks[{name}]"


def data_disk_steps(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Iterator[Candidate]:
    """Yield what is done about data disks that are to be there, to grow or to leave, among *by_field*."""
    disks = disks_of(facts.resource, server.details) if server.details else MatchedDisks()
    if disks.trouble is not None:
        return
    for data in spec.data_disks or ():
        if data.size is not None and f"{_path(data.name)}.size" in by_field:
            yield Candidate(GrowDisk(server.id, disks.data[data.name].id, mib_of(data.size)))
    for data in spec.data_disks or ():
        if _path(data.name) in by_field and (step := entry_step(facts, server, data)) is not None:
            yield Candidate(step)
    names = {data.name for data in spec.data_disks or ()}
    for record in facts.resource.records.disks:
        if record.name not in names and _path(record.name) in by_field:
            yield Candidate(leaving_step(facts, server, record))


def disk_upkeep(facts: Facts, server: Observed) -> Step | None:
    """Return the step that tells the cloud whose a disk is, or what becomes of it with its server."""
    spec, details = facts.resource.server_spec, server.details
    if spec is None or details is None or not spec.data_disks or not _complete(facts.resource):
        return None
    shown = {disk.id for disk in details.disks}
    wanted = {entry.name for entry in spec.data_disks}
    for record in declared(facts.resource.records.disks, spec):
        if record.name not in wanted or record.stage != BOUND or record.id is None or record.id not in shown:
            continue
        if (step := _upkeep(facts, server.id, record, record.id)) is not None:
            return step
    return None


def _upkeep(facts: Facts, server_id: str, record: DiskRecord, disk_id: str) -> Step | None:
    if not record.tagged and not record.given:
        tag = TagDisk(server_id, disk_id, record.name)
        return RecordDisk(replace(record, tagged=True)) if tag in facts.memory.acceptances else tag
    if record.applied != record.policy:
        tell = SetDiskPolicy(server_id, disk_id, auto_delete=record.policy == RECYCLE)
        if tell in facts.memory.acceptances:
            return RecordDisk(replace(record, applied=record.policy))
        # Until it answers nobody knows which of the two the cloud has, whatever is declared next.
        return tell if record.applied is None else RecordDisk(replace(record, applied=None))
    return None
