"""
How the disks that are to outlive a server are kept from going with it.

    living, before its DELETE   look → read its disks → record → detach each, keeping it → seen loose → noted
    in the recycle bin          look → read its disks → record → take each out of the bin → seen out → noted

The cloud's bin takes the disks along with the server, and its cleaner purges them without looking at
``auto_delete``. A recorded disk is kept or goes by its policy, another one by what the cloud says; whatever
cannot be known of a disk keeps it. The root disk always stays with its server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import ACCEPT_ROOT_DISK
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginKeeping, EndKeeping, Hold, Look, ReadDisk, ReadHistory
from onecloud_operator.core.cloud_writes import KeepDisk, SyncStatus
from onecloud_operator.core.disk_ids import placed, root_id
from onecloud_operator.core.disk_records import KEPT, OVER, RETAIN, declared, policy_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import AMBIGUOUS_CREATE_FAILURES, CREATE_FAILURES, Phase
from onecloud_operator.core.plan.disk_looks import foreign
from onecloud_operator.core.plan.retry import blocked
from onecloud_operator.core.plan.unsettled import sync_seconds
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.values import time_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts, LookedAtDisk
    from onecloud_operator.core.observed import Disk, Observed
    from onecloud_operator.core.values import Problem

READ_SECONDS = 60.0  # how old the look may be on which a server is deleted: a disk may be attached any time
DISK_READ_SECONDS = 600.0  # and that on a disk; a server may have very many
HISTORY_AGAIN_SECONDS = 60.0
RECORDED_AT_ONCE = 16  # of the 64 that the status has room for
_PASSES = " This passes by itself."


def before_delete(facts: Facts, server: Observed) -> Step | None:
    """Return the step that must come before *server* is deleted, or None if no disk would be lost by it."""
    if (reading := _unread(facts, server)) is not None:
        return reading
    if _never_ran(facts, server):
        return None
    return _keep(facts, server, since=facts.now - READ_SECONDS, read_since=facts.now - DISK_READ_SECONDS)


def out_of_the_bin(facts: Facts, server: Observed) -> Step | None:
    """Return the step that takes the disks of *server*, which is in the recycle bin, out of it."""
    if server.phase is Phase.MOVING and not facts.hangs:
        return None  # it is on its way there, and its disks are with it only when it has arrived
    seen = facts.reading.first_seen_at
    return _keep(facts, server, since=seen, read_since=seen)


def kept_text(facts: Facts) -> str:
    """Return a sentence that names the disks that were kept, or nothing."""
    kept = [disk.id for disk in facts.resource.records.kept_disks if disk.kept_at is not None]
    return f" Kept disks: {', '.join(kept)}." if kept else ""


def unkept(facts: Facts, step: Step, problem: Problem) -> Problem:
    """Return what to say of a refusal: that of a disk holds up a removal, and says the way out."""
    match step:
        case KeepDisk(disk_id=disk_id) | ReadDisk(disk_id=disk_id):
            reason = Reason.OPERATION_FAILED if problem.again else problem.reason
            said = f"{problem.message.removesuffix(_PASSES)} {_way_out(facts, step, disk_id)}"
            return replace(problem, reason=reason, message=said, again=False)
        case _:
            return problem


def _way_out(facts: Facts, step: KeepDisk | ReadDisk, disk_id: str) -> str:
    if facts.server is not None and facts.server.recycled:
        return (
            f"So disk {disk_id}, which is to outlive the server or may have to, is not known to be safe yet. "
            "Take it out of the recycle bin in the cloud, or detach it there and keep it."
        )
    unread = isinstance(step, ReadDisk)
    what = "cannot be read, and may have to outlive the server" if unread else "is to outlive the server"
    return (
        f"Disk {disk_id} {what}, which is therefore not deleted yet. Detach the disk in the cloud, keeping "
        f"it, or set deletionPolicy: Retain, or {DETACH}"
    )


def _keep(facts: Facts, server: Observed, *, since: float, read_since: float) -> Step | None:
    if (waiting := _refused(facts)) is not None:
        return waiting
    details = server.details
    if details is None or not _read(facts, server, since):
        return Look(server.id)
    if not details.disks_known:
        return Hold(
            Reason.OPERATION_FAILED,
            "The cloud does not tell all disks of the server, so it cannot be seen whether one is to outlive "
            f"it, and nothing is deleted. It is asked again; or set deletionPolicy: Retain, or {DETACH}",
        )
    threatened: list[Disk] = []
    for disk in _others(facts, server):
        look = _look(facts, disk.id, read_since)
        if look is None:
            return ReadDisk(server.id, disk.id)
        if _outlives(facts, disk, look) and _way(server, look, attached=True) is not None:
            threatened.append(disk)
    if threatened and (kept := _prepaid(facts, server) or _root_among(facts, server, threatened)) is not None:
        return kept
    recorded = {disk.id for disk in facts.resource.records.kept_disks if disk.kept_at is None}
    for disk in threatened:
        if disk.id in recorded:
            return _one(facts, server, disk)
    if threatened:
        ids = tuple(disk.id for disk in threatened)
        return BeginKeeping(ids[:RECORDED_AT_ONCE], restored=server.recycled)
    return _proven(facts, server, max(read_since, facts.reading.first_seen_at))


def _read(facts: Facts, server: Observed, since: float) -> bool:
    """
    Return whether the disks of *server* were read since *since*, and since one was last kept.

    A disk that is attached to a stopped server does not move its version, so there only a look will do.
    """
    memory, reading, details = facts.memory, facts.reading, server.details
    since = max(since, memory.kept_at) if memory.kept_at is not None else since
    moves_its_version = server.phase is Phase.RUNNING or server.recycled
    known = details is not None and details.disks_known and server.detailed
    if known and moves_its_version and reading.asked_at >= since:
        return True
    looked = memory.looked_at is not None and memory.looked_at >= since
    return looked and details is not None and details.version >= (memory.looked_version or 0)


def _one(facts: Facts, server: Observed, disk: Disk) -> Step:
    """Return the step that keeps *disk*, which *server* shows."""
    if not server.recycled and server.phase is Phase.MOVING and not facts.hangs:
        return Hold(
            Reason.WAITING_FOR_CLOUD,
            f"Disk {disk.id} is to outlive the server, and is detached once the server rests.",
        )
    if not server.detailed:
        return Look(server.id)  # it may be detached by now
    if not server.recycled and server.phase in {Phase.MOVING, Phase.FAILED} and sync_seconds(facts) <= 0:
        # From a server that hangs, or on which an operation failed, maybe ours, nothing is detached.
        sync = SyncStatus(server.id)
        if blocked(facts, sync) is None:
            return sync
    look = facts.memory.disks[disk.id]
    return _taken(facts, KeepDisk(server.id, disk.id, _way(server, look, attached=True) or "detach"))


def _proven(facts: Facts, server: Observed, since: float) -> Step | None:
    """Return the step that notes what became of a disk that was to be kept; None if all is noted."""
    attached = {disk.id for disk in server.details.disks} if server.details is not None else set()
    for kept in facts.resource.records.kept_disks:
        if kept.kept_at is not None:
            continue
        look = _look(facts, kept.id, since)
        if look is None:
            return ReadDisk(server.id, kept.id)
        if look.state is None:
            return EndKeeping(kept.id, kept=False)
        way = _way(server, look, attached=kept.id in attached)
        if way is not None:
            return _taken(facts, KeepDisk(server.id, kept.id, way))
        return EndKeeping(kept.id, kept=True)
    return None


def _taken(facts: Facts, step: KeepDisk) -> Step:
    """Return *step*, or why it is not taken yet, with the way out."""
    obstacle = blocked(facts, step)
    if obstacle is None:
        return step
    said = f"{obstacle.message.removesuffix(_PASSES)} {_way_out(facts, step, step.disk_id)}"
    return replace(obstacle, message=said)


def _refused(facts: Facts) -> Hold | None:
    """Return the hold of a disk that could not be kept, or read, just now; nothing is read meanwhile."""
    for refusal in facts.memory.refusals.values():
        step, until = refusal.step, refusal.until
        if isinstance(step, KeepDisk | ReadDisk) and refusal.intent == facts.intent and facts.now < until:
            problem = unkept(facts, step, refusal.problem)
            return Hold(problem.reason, problem.message, until - facts.now)
    return None


def _others(facts: Facts, server: Observed) -> Iterator[Disk]:
    """Yield the disks that *server* shows, all but its root disk."""
    details = server.details
    if details is not None:
        root = root_id(facts.resource, details)
        yield from (disk for disk in details.disks if disk.id != root)


def _prepaid(facts: Facts, server: Observed) -> Hold | None:
    """Return a hold if the cloud would refuse the deletion: then no disk is taken off a server that stays."""
    until = time_of_text(server.expires_at)
    prepaid = server.plain("billing.type") == "Prepaid"
    if server.recycled or not prepaid or until is None or until <= facts.wall:
        return None
    return Hold(
        Reason.PREPAID_NOT_EXPIRED,
        f"The server is prepaid until {server.expires_at}, and the cloud does not delete it before. Disks "
        "that are to outlive it stay on it until then. Wait until it expires, or set deletionPolicy: Retain "
        "to let the server go.",
    )


def _root_among(facts: Facts, server: Observed, threatened: list[Disk]) -> Hold | None:
    """Return a hold if one of *threatened* may be the root disk, which stays with its server."""
    first = placed(server.details) if server.details is not None else None
    if (
        first not in threatened
        or server.details is None
        or root_id(facts.resource, server.details) is not None
    ):
        return None
    return Hold(
        Reason.OPERATION_FAILED,
        f"Disk {first.id}, the first one of the server, is not to go with it, and may be its root disk, so "
        "the server is not deleted. If it is the root disk, and is to go, set the annotation "
        f"{ACCEPT_ROOT_DISK}: {first.id}; else detach it in the cloud, keeping it, or {DETACH}",
    )


def _look(facts: Facts, disk_id: str, since: float) -> LookedAtDisk | None:
    look = facts.memory.disks.get(disk_id)
    return look if look is not None and look.at >= since else None


def _outlives(facts: Facts, disk: Disk, look: LookedAtDisk) -> bool:
    """Return whether *disk* is to outlive its server, by the cloud, by the spec, or since nobody can tell."""
    spec = facts.resource.server_spec
    records = declared(facts.resource.records.disks, spec)
    if look.state is None or foreign(facts, look.state):
        return True
    named = [record for record in records if record.id == disk.id]
    # One that has left, and was put back under another name, does not go by what it was before.
    if policies := {record.policy for record in named if record.stage not in OVER}:
        return RETAIN in policies
    if look.state.auto_delete is not True or any((one.stage, one.policy) == (KEPT, RETAIN) for one in named):
        return True
    known = {record.name for record in records if record.id is not None}
    wanted = {entry.name: policy_of(entry) for entry in (spec.data_disks if spec is not None else None) or ()}
    unknown = {record.name: record.policy for record in records if record.id is None} | wanted
    return any(policy == RETAIN for name, policy in unknown.items() if name not in known)  # it may be one


def _way(server: Observed, look: LookedAtDisk, *, attached: bool) -> str | None:
    """Return how a disk that is to outlive *server* is kept from going with it; None: it does not go."""
    state = look.state
    if attached and not server.recycled:
        return "detach"
    if state is not None and state.recycled:
        return "restore"
    if attached and state is not None and state.auto_delete is not False:
        return "spare"  # out of the bin, but a deletion of the server for good takes it along
    return None


def _failed(facts: Facts, server: Observed) -> bool:
    """Return whether *server* was never complete, and its creation looks as if it had failed."""
    creation = facts.resource.records.creation
    return creation is not None and creation.completed_at is None and server.status in CREATE_FAILURES


def _unread(facts: Facts, server: Observed) -> ReadHistory | None:
    asked = facts.memory.history_asked_at
    due = asked is None or facts.now - asked >= HISTORY_AGAIN_SECONDS
    unsure = _failed(facts, server) and server.status in AMBIGUOUS_CREATE_FAILURES
    return ReadHistory(server.id) if unsure and due and facts.memory.history is None else None


def _never_ran(facts: Facts, server: Observed) -> bool:
    """Return whether *server* is what a failed creation left, so that nothing is on its disks."""
    history = facts.memory.history
    if history is None:
        return _failed(facts, server) and server.status not in AMBIGUOUS_CREATE_FAILURES
    return _failed(facts, server) and not history.started
