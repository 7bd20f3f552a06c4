"""
How an object is let go, and what becomes of its server.

    force-detach      finalizer off, at once, whatever else is wrong
    never sent        finalizer off; so it is after a restart if each POST was refused, and the id is a 404
    Retain            a server that we stopped for a change is started → owner tags off → finalizer off
    RecycleBin        disks kept → unlock → time recorded → DELETE → in the bin, or a 404 → finalizer off
    Delete            the same past the bin → a proven 404 → finalizer off
    before each       an EIP of the object's own is deleted, or its owner tags come off (Retain)

Statuses on the way prove nothing: ``ready`` and ``deploying`` are shown in the middle of a deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import CONFIRM_DELETE
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginDeletion, Hold, Look, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import Delete, Disown, Unlock
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import DELETING_STATUSES, Phase
from onecloud_operator.core.ownership import bound_id, forged, ours
from onecloud_operator.core.plan import eip_release
from onecloud_operator.core.plan.attempt import settled_at, unmade
from onecloud_operator.core.plan.eip_release import before_release
from onecloud_operator.core.plan.fresh_reads import NEVER, former_ids, found_again, next_look, possible_ids
from onecloud_operator.core.plan.guards import elsewhere, owned_by_another, too_many_gone
from onecloud_operator.core.plan.keep_disks import before_delete, out_of_the_bin
from onecloud_operator.core.plan.leaving_disks import disks_before_delete, disown_disks, left_unrecorded
from onecloud_operator.core.plan.release import protected, start_before_release
from onecloud_operator.core.plan.retry import MAX_SAID, blocked
from onecloud_operator.core.policies import deletion_policy, observing
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.values import time_of_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Problem

_NOT_TAGGED = Hold(
    Reason.OWNED_BY_ANOTHER,
    "The server does not carry this object's owner tags, so it is not deleted. Set "
    f"deletionPolicy: Retain, or {DETACH}",
)
UNDER_WAY = "The server is being removed."  # said from the record to the end, so that it is written once


def plan(facts: Facts) -> Step:
    """Return the next step of an object that has a deletionTimestamp."""
    return before_release(facts, _plan(facts))


def _plan(facts: Facts) -> Step:
    resource, records = facts.resource, facts.resource.records
    if not resource.held:
        return _released(resource)
    if resource.force_detach:
        return RemoveFinalizer("Detached")
    if observing(resource):
        return RemoveFinalizer("Observed")
    if resource.spec is not None and resource.spec.deletion_protection:
        return protected(facts)
    if records.bound_id is None:
        return _unrecorded(facts)
    if resource.spec is None:
        return Hold(
            Reason.INVALID_SPEC,
            f"{resource.flaw or 'The spec cannot be read.'} So it is not known what is to become of the "
            f"server. Correct the spec, or {DETACH}",
        )
    if forged(resource):
        return Hold(
            Reason.OWNED_BY_ANOTHER,
            "status.creation names a server that this object cannot have made, so nothing is deleted. Remove "
            f"status.creation, or {DETACH}",
        )
    return _elsewhere(facts) or _hidden(facts) or _bound(facts)


def _hidden(facts: Facts) -> Step | None:
    """Return the step for an object of which only the status says that a server is its own."""
    if not facts.hidden:
        return None
    kept = deletion_policy(facts.resource) == "Retain"
    return _unproven(facts) or (RemoveFinalizer("Retained") if kept else _NOT_TAGGED)


def _released(resource: Resource) -> Hold | Settled:
    """Say of an object that only others hold that nothing more is done here."""
    others = ", ".join(resource.finalizers)
    if not others:
        return Settled()
    return Hold(
        Reason.RELEASED,
        "The operator has done its part and let the object go. It stays until others take their finalizers "
        f"off: {others[:MAX_SAID]}.",
    )


def _elsewhere(facts: Facts) -> Hold | Look | None:
    """Return what is to be said while the cloud of the object's server cannot be asked."""
    if facts.trouble is not None:
        return _cut_off(facts.trouble)
    mismatch = elsewhere(facts)
    if isinstance(mismatch, Hold) and DETACH not in mismatch.message:
        return replace(mismatch, message=f"{mismatch.message} Or {DETACH}")
    return mismatch


def _cut_off(trouble: Problem) -> Hold:
    """Hold a removal for which the cloud cannot be asked; what is wrong may be beyond mending."""
    way_out = f"Or {DETACH}"
    if trouble.reason == Reason.SECRET_NOT_FOUND:
        way_out = f"Where none can be made any more, since the namespace is being deleted, {DETACH}"
    return Hold(trouble.reason, f"{trouble.message[:MAX_SAID]} {way_out}")


def _unrecorded(facts: Facts) -> Step:
    """
    Let an object go that has no record of a server, but our finalizer.

    A crash came between the two, or somebody took the record out of the status: so it is looked whether
    there is a server under an id that the object can have made.
    """
    if step := _elsewhere(facts):
        return step
    posted = facts.memory.posted_at
    settled_at = posted + facts.config.post_settle_seconds if posted is not None else facts.memory.born_at
    if facts.now < settled_at:
        return _still_under_way(settled_at - facts.now)
    return _made_unrecorded(facts, settled_at) or left_unrecorded(facts) or RemoveFinalizer("NeverMade")


def _unproven(facts: Facts) -> Look | Hold | None:
    """
    Return the step if ``adoptedAt`` is all that tells of an adoption: neither the spec nor the server does.

    Whoever may write the status can put it in the place of the record of a server that the object made.
    """
    adoption = facts.resource.spec.adoption if facts.resource.spec else None
    if facts.resource.records.creation is not None or (adoption and adoption.policy == "Adopt"):
        return None
    return _made_unrecorded(facts, facts.memory.born_at)


def _made_unrecorded(facts: Facts, since: float) -> Look | Hold | None:
    """Return the step while a server may be there that the object made and has no record of."""
    return _until_none_is_there(
        facts,
        possible_ids(facts),
        "The cloud has server {}, which this object must have made, but the record of it is gone from the "
        "status, so nothing is done to it.",
        since=since,
    )


def _come_back(facts: Facts) -> Look | Hold | None:
    """Return the step if a former server of the object may be there again: the cloud may be restored."""
    return _until_none_is_there(
        facts,
        former_ids(facts),
        "Server {}, which this object made earlier, was gone from the cloud and has come back. It is not the "
        "recorded one, so nothing is done to it.",
    )


def _until_none_is_there(
    facts: Facts, server_ids: Sequence[str], found: str, *, since: float = NEVER
) -> Look | Hold | None:
    """Return the next look for *server_ids*, or a hold that says *found* of one that is there."""
    if (look := next_look(facts, server_ids, since=since)) is not None:
        return look
    if (server_id := found_again(facts, server_ids)) is None:
        return None
    message = f"{found.format(server_id)} Delete it in the cloud for good, or {DETACH}"
    return Hold(Reason.OWNED_BY_ANOTHER, message)


def _bound(facts: Facts) -> Step:
    reading, server = facts.reading, facts.server
    if reading.gone:
        return _gone(facts)
    if server is None and facts.never_sent:
        return RemoveFinalizer("NeverMade")
    if server is None or reading.missing:
        return Look(bound_id(facts.resource))
    if not facts.fresh:
        if facts.resource.records.deletion_requested_at is not None:
            return Hold(Reason.REMOVING, UNDER_WAY, 1.0)
        return Hold(
            Reason.WAITING_FOR_CLOUD, "Waiting for a reading that is newer than the last change.", 1.0
        )
    if not ours(facts.resource, server):
        if not server.detailed:
            return Look(server.id)
        if (step := _unproven(facts)) is not None:
            return step
        if deletion_policy(facts.resource) == "Retain":
            return disown_disks(facts) or RemoveFinalizer("Retained")
        return _NOT_TAGGED
    if (hold := owned_by_another(facts, server)) is not None:
        return hold
    policy = deletion_policy(facts.resource)
    match policy:
        case "Retain":
            kept = Disown(server.id) if _tagged(facts, server) else RemoveFinalizer("Retained")
            return start_before_release(facts, server) or disown_disks(facts) or kept
        case "Delete":
            return _delete(facts, server, for_good=True)
        case _:
            return _recycled(facts, server) if server.recycled else _delete(facts, server, for_good=False)


def _recycled(facts: Facts, server: Observed) -> Step:
    """Let the object go whose server is in the bin; unless we put it there, its disks are seen to first."""
    if facts.memory.deleted_at is None:
        if server.phase is Phase.MOVING and not facts.hangs:
            return Hold(Reason.REMOVING, UNDER_WAY)
        if (keeping := out_of_the_bin(facts, server)) is not None:
            return keeping
    return disks_before_delete(facts, server) or RemoveFinalizer("Recycled")


def _tagged(facts: Facts, server: Observed) -> bool:
    # Details of an older row may still show the tags; taking them off twice does no harm, leaving them does.
    return server.owner is not None and server.owner.uid == facts.resource.uid


def _gone(facts: Facts) -> Step:
    """Let the object go after a proven 404, unless the server may yet appear, or too many are gone."""
    records = facts.resource.records
    if (step := _unproven(facts)) is not None:
        return step
    asked_for = records.deletion_requested_at is not None
    if records.creation is not None and not records.seen and not asked_for:
        # A POST that timed out, in this process or in one that died, may still insert its row.
        if not unmade(facts):
            ahead = settled_at(facts) - facts.now
            return _still_under_way(ahead) if ahead > 0.0 else Look(bound_id(facts.resource))
        return _come_back(facts) or RemoveFinalizer("NeverMade")
    if facts.too_many_gone and not asked_for:
        return too_many_gone(facts)
    if deletion_policy(facts.resource) == "Retain":
        return disown_disks(facts) or RemoveFinalizer("Deleted")
    return disks_before_delete(facts, None) or RemoveFinalizer("Deleted")


def _still_under_way(seconds: float) -> Hold:
    return Hold(
        Reason.WAITING_FOR_CLOUD,
        "The cloud has no such server, but the request that makes it may still be under way. "
        "It is looked for once more before this object is let go.",
        requeue_after=seconds,
    )


def _delete(facts: Facts, server: Observed, *, for_good: bool) -> Step:
    resource, memory = facts.resource, facts.memory
    if facts.bin_off and not for_good and not resource.confirms(CONFIRM_DELETE, server.id):
        return Hold(
            Reason.RECYCLE_BIN_OFF,
            "This cloud has deleted a server for good that was to go to its recycle bin. To delete this one "
            f"for good, too, set the annotation onecloud.io/confirm-delete: {server.id}.",
        )
    requested = time_of_text(resource.records.deletion_requested_at)
    if requested is not None:
        apart = facts.config.delete_again_seconds
        # Unless this very process wrote the record and has sent nothing yet, a DELETE may be at work.
        may_run = not memory.begun_deletion or memory.deleted_at is not None
        moved = max(memory.latest(memory.moved_at), memory.latest(memory.deleted_at))
        recent = abs((facts.wall - requested).total_seconds()) < apart or facts.now - moved < apart
        if may_run and recent and server.status != "delete_fail":
            return Hold(Reason.REMOVING, UNDER_WAY)
    elif server.status in DELETING_STATUSES and not facts.hangs:
        return Hold(Reason.WAITING_FOR_CLOUD, "The server is being removed in the cloud by another.")
    delete = Delete(server.id, for_good=for_good)
    if requested is not None and (refused := blocked(facts, delete)) is not None:
        return refused
    if server.locked and (locked := _locked_again(facts, server)) is not None:
        return locked
    if (parting := eip_release.before_delete(facts, server)) is not None:
        return parting
    if (keeping := before_delete(facts, server)) is not None:
        return keeping
    if (leaving := disks_before_delete(facts, server, for_good=for_good)) is not None:
        return leaving
    if server.locked:
        return Unlock(server.id)
    if requested is None:
        return BeginDeletion()
    return delete


def _locked_again(facts: Facts, server: Observed) -> Hold | None:
    """Return why a server stays locked: we took the lock off, and somebody put it on again."""
    unlocked = facts.memory.acceptances.get(Unlock(server.id))
    if unlocked is None or unlocked.intent != facts.intent:
        return None
    return Hold(
        Reason.DELETION_PROTECTED,
        "Somebody locked the server in the cloud after it was unlocked for its removal, so it is kept. "
        "Unlock it there, or set onecloud.io/reconcile-requested-at anew to have it unlocked once more.",
    )
