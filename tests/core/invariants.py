"""
What must hold at every step, judged by what really is in the cloud and in Kubernetes.

The operator's own records and readings are no witnesses here: it may be wrong about either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.actions import BeginAdoption, BeginCreation, RemoveFinalizer
from onecloud_operator.core.card_writes import CardWrite
from onecloud_operator.core.cloud_writes import (
    Claim,
    CloudWrite,
    Create,
    Delete,
    Disown,
    GrowDisk,
    Resize,
    Restore,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    Unlock,
    Update,
)
from onecloud_operator.core.disk_records import BOUND, MAKING, RECYCLE, REMOVING, RETAIN
from onecloud_operator.core.disk_writes import DetachDisk, DiskWrite, MakeDisk, RecycleDisk, TagDisk
from onecloud_operator.core.eip_writes import AsideWrite
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.observed import CREATE_FAILURES, DELETING_STATUSES, Phase
from onecloud_operator.core.plan.keep_disks import READ_SECONDS
from onecloud_operator.core.policies import deletion_policy, power
from onecloud_operator.core.values import time_of_text
from tests.core.eip_invariants import keep_eips
from tests.core.fixtures import OTHER_UID

if TYPE_CHECKING:
    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Disk
    from onecloud_operator.core.resource import Resource
    from tests.core.cards import Cards
    from tests.core.cloud import Row
    from tests.core.world import World

REPEAT_SECONDS = 60.0
MAX_REPEATS = 7  # lost answers are looked after at 2, 4, 8, 16 and 32 seconds


def keep(world: World, facts: Facts, step: Step) -> None:
    """Judge *step* before it is taken."""
    if isinstance(step, BeginCreation):
        _begin_creation(world, step)
    if isinstance(step, BeginAdoption | Claim):
        assert not made(world), "an adoption beside a server of its own"
    if isinstance(step, RemoveFinalizer):
        _let_go(world, step)
    keep_eips(world, step)
    if not isinstance(step, CloudWrite):
        return
    assert world.trouble is None, "a write without credentials that work"
    stored = world.cluster.stored
    back = isinstance(step, Start) and stored.records.restart is not None
    assert back or not _swept_away(world, facts), (
        "a write towards a removal, of one of too many that nobody agreed to"
    )
    assert stored.held, "a write for an object that nothing holds"
    assert stored.records.place == world.place, "a write elsewhere than where its server is"
    assert not facts.resource.paused or facts.resource.deleting, "a write for a paused object"
    assert _management(stored) != "Observe", "a write for an object that only observes"
    if isinstance(step, Create):
        _create(world, step)
        return
    if isinstance(step, DiskWrite):
        _disk(world, step)
    row = world.cloud.rows.get(step.server_id)
    if row is None or isinstance(step, AsideWrite) or _parts_with_its_own(world, step):
        return
    _write(world, facts, step, row)


def _swept_away(world: World, facts: Facts) -> bool:
    """Say whether the object is one of too many that are deleted, and is to stay until somebody agrees."""
    stored, heard = world.cluster.stored, facts.resource
    agreed, deleted_at = time_of_text(world.surroundings.agreed_deletion), time_of_text(heard.deleted_at)
    if not (world.deletions.too_many or stored.records.deleting_reason == Reason.TOO_MANY_DELETIONS):
        return False
    if not heard.deleting or heard.records.deletion_requested_at or stored.records.deletion_requested_at:
        return False
    if deletion_policy(heard) == "Retain" or (heard.spec is not None and heard.spec.deletion_protection):
        return False
    return agreed is None or deleted_at is None or deleted_at >= agreed


def made(world: World) -> set[str]:
    """Return the ids of the servers that the object has, or will have when a late POST arrives."""
    uid = world.cluster.stored.uid
    there = {server_id for server_id, row in world.cloud.rows.items() if row.made_for == uid}
    late = {step.creation.id for _, step, _ in world.cloud.under_way if isinstance(step, Create)}
    return there | (late - world.cloud.used)


def one_at_most(world: World) -> None:
    """See that the object has one server, made or adopted."""
    uid = world.cluster.stored.uid
    rows = world.cloud.rows.items()
    adopted = {server_id for server_id, row in rows if row.server.owner and row.server.owner.uid == uid}
    assert len(made(world) | adopted) <= 1, "a second server"


def nothing_refused_is_made(world: World) -> None:
    """See that no server is there, or on its way, while the status says that its creation was refused."""
    creation = world.cluster.stored.records.creation
    refused = creation is not None and creation.refused_at is not None
    assert not (refused and creation and creation.id in made(world)), "refused on record, and made"


def _begin_creation(world: World, step: BeginCreation) -> None:
    assert made(world) <= {step.creation.id}, "a second server begun beside the first"
    records = world.cluster.stored.records
    old = records.creation
    lost = records.seen and old is not None and old.failure is None and old.id != step.creation.id
    spec = world.cluster.heard.spec
    if lost:
        assert spec is not None, "no spec"
        assert spec.on_external_deletion == "Recreate", "made again without being asked"
        assert not world.too_many_gone, "made again while too many are gone"


def _create(world: World, step: Create) -> None:
    creation = world.cluster.stored.records.creation
    assert creation is not None, "a POST that is not on record"
    assert creation.id == step.creation.id, "a POST of another id than is on record"
    assert creation.refused_at is None, "a POST while the record says that none is under way"
    assert made(world) <= {step.creation.id}, "a second server beside the first"


def _write(world: World, facts: Facts, step: CloudWrite, row: Row) -> None:
    stored = world.cluster.stored
    owner = row.server.owner
    certain = not world.feed.stalled and not world.feed.lying
    assert not (certain and owner and owner.uid == OTHER_UID), "a write to what another object owns"
    assert row.made_for == stored.uid or _adopts(stored, row), "a write to a server that is not ours"
    if isinstance(step, Delete):
        _delete(world, facts, step, row)
    if isinstance(step, Restore):
        _restore(world, step)
    if isinstance(step, CardWrite):
        world.cloud.cards.keep(row, step)
    if isinstance(step, Stop):
        _stop(world, facts)
    if isinstance(step, Rebuild):
        _rebuild(world, facts, step)
    assert not _left_to_others(facts, step), "a write to what is left to others"
    assert not (certain and vain(step, row)), "a write that changes nothing"
    again = [
        at for at, sent, intent in world.sent[world.sent_before :] if sent == step and intent == facts.intent
    ]
    recent = [at for at in again if world.now - at < REPEAT_SECONDS and at > world.memory.born_at]
    assert len(recent) < MAX_REPEATS, "one and the same write over and over"


def _adopts(stored: Resource, row: Row) -> bool:
    adoption = stored.spec.adoption if stored.spec else None
    if adoption is None or adoption.policy == "Never":
        return False
    server = stored.spec.server if stored.spec else None
    ours = row.server.owner is not None and row.server.owner.uid == stored.uid
    return ours or row.server.id == adoption.id or row.server.name == (server.name if server else None)


def _restore(world: World, step: Restore) -> None:
    stored = world.cluster.stored
    adoption, record = stored.spec.adoption if stored.spec else None, stored.records.restore
    assert adoption is not None, "a server taken out of the bin unasked"
    assert (adoption.restore, adoption.id) == (True, step.server_id), "a server taken out of the bin unasked"
    assert record is not None, "a restoration that is not on record"
    assert record.done_at is None, "a server taken out of the bin once more"
    owner = world.cloud.rows[step.server_id].server.owner
    ours = owner is None or (owner.namespace, owner.name) == (stored.namespace, stored.name)
    assert ours or world.feed.stalled or world.feed.lying, "another's server taken out of the bin"


def _delete(world: World, facts: Facts, step: Delete, row: Row) -> None:
    stored = world.cluster.stored
    spec, creation = facts.resource.spec, stored.records.creation
    if facts.resource.deleting:
        policy = spec.deletion_policy if spec is not None else None
        assert stored.deleting, "a deletion that nobody asked for"
        assert spec is not None, "a deletion, and nobody knows which"
        assert not spec.deletion_protection, "a deletion of a protected object's server"
        assert stored.records.deletion_requested_at, "a deletion that is not on record"
        assert policy != "Retain", "a deletion of what is to be kept"
        assert policy is not None or row.made_for == stored.uid, "a deletion of what was adopted"
        assert step.for_good == (policy == "Delete"), "the other kind of deletion than was asked for"
        assert not lost_with(world, row), "a deletion that takes along what is to outlive it"
        return
    assert row.made_for == stored.uid, "a deletion of what was not made here"
    assert creation is None or creation.completed_at is None, "a server that was complete"
    assert not row.started, "a server that ran"
    left = row.server.status in CREATE_FAILURES
    on_its_way = row.condemned and row.server.status in {*DELETING_STATUSES, "delete_fail"}
    assert left or on_its_way, "a deletion that nobody asked for"
    row.condemned = True


def _disk(world: World, step: DiskWrite) -> None:
    """See that a disk is made once only, and that none is thrown away that its policy keeps."""
    stored, cloud = world.cluster.stored, world.cloud
    recorded = {record.id: record for record in stored.records.disks}
    record, disk = recorded.get(step.disk_id), cloud.disks.get(step.disk_id)
    assert record is not None, "a write to a disk that is not on record"
    if isinstance(step, MakeDisk):
        assert record.stage == MAKING, "a disk that is not recorded as being made"
        twins = (one for one, each in cloud.disks.items() if each.label == step.label and not each.recycled)
        twins = (one for one in twins if one != step.disk_id and cloud.disks[one].made_for == stored.uid)
        assert not [one for one in twins if not cloud.taken_away(one)], "a second disk of one name"
    throws = isinstance(step, RecycleDisk) or (isinstance(step, DetachDisk) and not step.keep)
    if throws and disk is not None:
        assert record.policy == RECYCLE, "a disk thrown away that its policy keeps"
        assert disk.owner is None or disk.owner.uid == stored.uid, "another's disk thrown away"
        assert not step.disk_id.startswith("disk-0"), "the root disk thrown away"
    if isinstance(step, DetachDisk) and not stored.deleting:
        server = stored.spec.server if stored.spec is not None else None
        assert server is None or server.data_disks is not None, "a disk detached that nobody manages"


def _parts_with_its_own(world: World, step: CloudWrite) -> bool:
    """Say whether *step* takes the object's tags off a disk that carries them, on whatever server it is."""
    disk = world.cloud.disks.get(step.disk_id) if isinstance(step, TagDisk) and step.label is None else None
    return disk is not None and disk.owner is not None and disk.owner.uid == world.cluster.stored.uid


def lost_with(world: World, row: Row) -> set[str]:
    """Return the disks that are to outlive the server, and would be lost with it; not those of just now."""
    if not row.rested and not row.started:
        return set()
    disks = {disk.id: world.cloud.disks[disk.id] for disk in row.details.disks}
    threatened = {disk_id for disk_id, disk in disks.items() if disk.recycled or not row.server.recycled}
    policies = {record.id: record.policy for record in world.cluster.stored.records.disks}
    return {
        disk_id
        for disk_id in threatened
        if policies.get(disk_id, RECYCLE if disks[disk_id].auto_delete else RETAIN) == RETAIN
        and world.now - disks[disk_id].since > READ_SECONDS
    }


def _stop(world: World, facts: Facts) -> None:
    spec, stored = facts.resource.spec, world.cluster.stored
    if power(facts.resource) == "Stopped":
        return
    assert stored.records.restart is not None, "a stop that is not on record"
    assert spec is not None, "a stop for what nobody knows"
    assert spec.disruption is not None, "a stop without leave"
    assert spec.disruption.allow in {"Restart", "Rebuild"}, "a stop without leave"
    request = stored.records.restart_request
    asked = request is not None and request.under_way
    reports = spec.drift is not None and spec.drift.mode == "Report"
    assert asked or not reports, "a stop where nothing is to be changed"
    alone = stored.records.restart.why == RESTART_REQUESTED_AT
    if asked and alone:
        assert request not in world.restarted, "stopped once more for one request"
        world.restarted.add(request)


def _left_to_others(facts: Facts, step: CloudWrite) -> set[str]:
    """Return the words of ``drift.ignore`` that *step* does not leave alone."""
    spec = facts.resource.spec
    ignored = set(spec.drift.ignore or ()) if spec is not None and spec.drift is not None else set()
    match step:
        case Update(fields=fields):
            touched = {path.rpartition(".")[2] for path, _ in fields}
        case SetTags():
            touched = {"tags"}
        case SetSecurityGroups():
            touched = {"securityGroups"}
        case Resize(cpu=cpu, memory_mib=memory, instance_type=kind):
            sizes = {"cpu": cpu, "memory": memory, "instanceType": kind}
            touched = {word for word, value in sizes.items() if value is not None}
        case GrowDisk(disk_id=disk_id):
            touched = {"rootDisk" if disk_id == facts.resource.records.root_disk_id else "dataDisks"}
        case Start() | Stop() | Suspend() | Resume() if facts.resource.records.restart is None:
            touched = {"powerState"}
        case Rebuild():
            touched = {"image"}
        case _:
            touched = set()
    return touched & ignored


def _rebuild(world: World, facts: Facts, step: Rebuild) -> None:
    spec, record = facts.resource.spec, world.cluster.stored.records.image
    assert record is not None, "a rebuild without a record of what there was"
    assert record.rebuild is not None, "a rebuild that is not on record"
    assert record.rebuild.id == step.image_id, "a rebuild of another image than is on record"
    assert spec is not None, "a rebuild for what nobody knows"
    assert spec.disruption is not None, "a rebuild without leave"
    assert spec.disruption.allow == "Rebuild", "a rebuild without leave"
    assert spec.drift is None or spec.drift.mode != "Report", "a rebuild where nothing is to be changed"
    assert spec.server is not None, "a rebuild for what nobody knows"
    assert spec.server.image not in {None, record.text}, "a rebuild that no edit asks for"


def left_off(world: World, row: Row) -> bool:
    """Say whether the operator has stopped a server, and does not see to it that it runs again."""
    return row.halted and not row.server.recycled and power(world.cluster.stored) != "Stopped"


def _let_go(world: World, step: RemoveFinalizer) -> None:
    """See that nothing is left behind that nobody will look after."""
    stored, rows = world.cluster.stored, world.cloud.rows
    if step.why in {"Detached", "Observed"} or stored.version != world.cluster.heard.version:
        return  # asked for, or a write that will be refused
    left = made(world)
    if step.why == "NeverMade":
        assert not left, "let go, and its server comes after it"
    elif step.why == "Deleted":
        assert not left & set(rows), "let go, and its server lives"
        assert not left, "let go, and its server comes after it"
    elif step.why == "Recycled":
        assert all(rows[server_id].server.recycled for server_id in left), "let go, and its server lives"
        lost = {disk for server_id in left for disk in lost_with(world, rows[server_id])}
        assert not lost, "let go, and what is to outlive its server is in the bin with it"
    else:
        assert not any(left_off(world, row) for row in rows.values()), "let go, and left off"
        owners = (row.server.owner for row in rows.values())
        assert not any(o is not None and o.uid == stored.uid for o in owners), "let go, and still its owner"


def _management(resource: Resource) -> str | None:
    return resource.spec.management_policy if resource.spec else None


def vain(step: CloudWrite, row: Row) -> bool:
    """Say whether *step* asks for what is there already."""
    server, details = row.server, row.details
    match step:
        case Update(fields=fields):
            return all(server.plain(path) == value for path, value in fields)
        case SetTags(put=put, remove=remove):
            return dict(put).items() <= details.tags.items() and not set(remove) & set(details.tags)
        case SetSecurityGroups(groups=groups):
            return {g.lower() for g in groups} == {g.name.lower() for g in details.security_groups}
        case Start() | Resume():
            return server.phase is Phase.RUNNING
        case Stop() | Suspend():
            return server.phase is (Phase.STOPPED if isinstance(step, Stop) else Phase.SUSPENDED)
        case Resize(cpu=cpu, memory_mib=memory, instance_type=kind):
            have = (server.cpu, server.memory_mib, server.instance_type)
            return all(want in (None, has) for want, has in zip((cpu, memory, kind), have, strict=True))
        case Rebuild(image_id=image_id):
            return any(d.index == 0 and d.image_id == image_id for d in details.disks)
        case GrowDisk(disk_id=disk_id, size_mib=size):
            return any(d.id == disk_id and d.size_mib >= size for d in details.disks)
        case Restore():
            return not server.recycled
        case Unlock():
            return not server.locked
        case Delete(for_good=for_good):
            return server.locked or (server.recycled and not for_good)
        case Disown():
            return server.owner is None
        case _:
            return False


def disks_that_differ(disks: tuple[Disk, ...], spec: ServerSpec, records: tuple[DiskRecord, ...]) -> set[str]:
    """Return the names of data disks that are not there, too small, or there without an entry."""
    there = {disk.id: disk.size_mib for disk in disks}
    have = {record.name: there[record.id] for record in records if record.id in there}
    wanted = {entry.name: mib_of(entry.size or "1Mi") for entry in spec.data_disks or ()}
    lacking = {name for name, size in wanted.items() if have.get(name, 0) < size}
    leaving = {record.name for record in records if record.stage in {BOUND, REMOVING} and record.id in there}
    return lacking | (leaving - set(wanted))


def disagreements(
    row: Row, spec: ServerSpec, wanted: str, cards: Cards, records: tuple[DiskRecord, ...] = ()
) -> set[str]:
    """Return the fields in which the server is not what *spec* asks for, read off the cloud's own row."""
    server, details = row.server, row.details
    disks = {disk.index: disk.size_mib for disk in details.disks}
    tags = spec.tags or {}
    phases = {
        "Running": {Phase.RUNNING},
        "Stopped": {Phase.STOPPED},
        "Suspended": {Phase.SUSPENDED},
        "Unmanaged": {Phase.RUNNING, Phase.STOPPED, Phase.SUSPENDED},
    }
    hardware = spec.hardware.model_dump(by_alias=True, exclude_none=True) if spec.hardware else {}
    live = {field.path for field in PLAIN_FIELDS if not field.fixed}
    agrees = {
        "name": spec.name in (None, server.name),
        "description": spec.description in (None, server.plain("description") or ""),
        "cpu": spec.cpu in (None, server.cpu),
        "memory": spec.memory is None or mib_of(spec.memory) == server.memory_mib,
        "instanceType": spec.instance_type in (None, server.instance_type),
        "tags": tags.items() <= details.tags.items() and not (row.own_tags & set(details.tags)) - set(tags),
        "securityGroups": spec.security_groups is None
        or {g.lower() for g in spec.security_groups} == {g.name.lower() for g in details.security_groups},
        "rootDisk.size": spec.root_disk is None
        or spec.root_disk.size is None
        or disks[0] >= mib_of(spec.root_disk.size),
        "dataDisks": spec.data_disks is None or not disks_that_differ(details.disks, spec, records),
        "hardware": all(
            server.plain(f"hardware.{name}") == want
            for name, want in hardware.items()
            if f"hardware.{name}" in live
        ),
        "powerState": server.phase in phases[wanted],
    }
    return {field for field, agreed in agrees.items() if not agreed} | cards.disagreements(row, spec)
