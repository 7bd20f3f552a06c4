"""
The whole decision: facts in, one step out.

    deleting                        delete         policy → unlock → record → DELETE → finalizer off
    paused, flawed, no credentials  Hold           nothing is sent
    not allowed by the provider     Hold           what the spec asks for may be another namespace's
    elsewhere than pinned           Hold           CredentialsMismatch: not even a 404 from there counts
    Observe                         adopt          look, never write
    no server yet                   create         finalizer → record → POST → until it first rests
                                    adopt          find → finalizer → record → owner tags
    server                          existing       gone? in the bin? unknown, failed, moving? else update
    then, whatever the step         tenancy        the limits of the provider
                                    fresh_reads    what it rests on was read just now, or is read first
                                    gates          what changes the cloud, or begins to, may be held
                                    retry          what was refused, or changed nothing, waits its time
    and where nothing is to be done connection     how the server is reached goes into a Secret

A step is taken and observed before the next one is planned, so a crash between any two is a repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import AddFinalizer, Hold, Look
from onecloud_operator.core.cloud_writes import Claim
from onecloud_operator.core.ownership import bound_id, forged, once_ours
from onecloud_operator.core.plan import adopt, attempt, create, delete, existing, restore
from onecloud_operator.core.plan.connection import connecting
from onecloud_operator.core.plan.fresh_reads import look_first
from onecloud_operator.core.plan.gates import gated
from onecloud_operator.core.plan.guards import elsewhere, owned_by_another, too_many_gone
from onecloud_operator.core.plan.keep_disks import kept_text, out_of_the_bin
from onecloud_operator.core.plan.maintenance import unknown_zone
from onecloud_operator.core.plan.retry import blocked
from onecloud_operator.core.policies import observing
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.tenancy import limited, may, named, not_allowed

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed


def plan(facts: Facts) -> Step:
    """Return the one step that brings the world closer to the object, or why there is none."""
    step = _wanted(facts)
    step = limited(facts, step) or look_first(facts, step) or step
    step = gated(facts, step) or step
    step = blocked(facts, step) or step
    return connecting(facts, step) or step


def _wanted(facts: Facts) -> Step:
    resource, records = facts.resource, facts.resource.records
    if resource.deleting:
        return delete.plan(facts)
    if resource.paused:
        return Hold(
            Reason.PAUSED, "Paused by the annotation onecloud.io/paused; nothing is sent to the cloud."
        )
    if resource.spec is None or resource.flaw is not None:
        return Hold(Reason.INVALID_SPEC, resource.flaw or "The spec cannot be read.")
    if facts.trouble is not None:
        unread = facts.trouble.reason is Reason.NOT_YET_OBSERVED
        return Hold(facts.trouble.reason, facts.trouble.message, unread=unread)
    if (hold := not_allowed(facts)) is not None:
        return hold
    if mismatch := elsewhere(facts):
        return mismatch
    if observing(resource):
        return adopt.observe(facts)
    if (flaw := unknown_zone(resource)) is not None:
        return flaw
    if forged(resource):
        return Hold(
            Reason.OWNED_BY_ANOTHER,
            "status.creation names a server that this object cannot have made; nothing is done to it. "
            f"Remove status.creation, or delete the object and {DETACH}",
        )
    adopting = resource.spec.adoption_policy != "Never" and may(facts, "Adopt")
    if records.creation is not None:
        if records.creation.completed_at:
            return _existing(facts)
        # A name that was taken, or a list that lied: while nothing was made, an adoption may still be had.
        return adopt.adopt(facts) if adopting and attempt.unmade(facts) else create.go_on(facts)
    if records.adopted_at is not None and records.id is not None:
        return _existing(facts)
    return adopt.adopt(facts) if adopting else create.begin(facts, attempt=1)


def _existing(facts: Facts) -> Step:
    reading = facts.reading
    if reading.gone:
        return _gone(facts)
    if reading.missing:
        return Look(bound_id(facts.resource))
    server = reading.server
    if server is None:
        return Hold(Reason.NOT_YET_OBSERVED, "The server has not been read yet.", unread=True)
    if not facts.fresh:
        return Hold(
            Reason.UPDATING, "Waiting for a reading that is newer than the last change.", 1.0, unread=True
        )
    if (step := restore.go_on(facts, server)) is not None:
        return step
    if not_ours := _ownership(facts, server):
        return not_ours
    if not facts.resource.held:
        return AddFinalizer()
    if server.recycled:
        return out_of_the_bin(facts, server) or Hold(
            Reason.IN_RECYCLE_BIN,
            "The server is in the cloud's recycle bin, and it was not put there for this object. "
            f"Restore it in the cloud, or delete this object.{kept_text(facts)}",
        )
    return existing.plan(facts, server)


def _ownership(facts: Facts, server: Observed) -> Step | None:
    resource = facts.resource
    if resource.records.creation is not None:
        return owned_by_another(facts, server)
    wanted = resource.spec.adoption if resource.spec else None
    if wanted is not None and wanted.id is not None and wanted.id != server.id:
        return Hold(
            Reason.IMMUTABLE_FIELD,
            f"This object has adopted server {server.id}; adoption.id cannot name another one. Set it back, "
            "and make a new object for the other.",
        )
    if server.owner is not None and server.owner.uid == resource.uid:
        return None
    if server.details is None or not server.detailed:
        return Hold(Reason.NOT_YET_OBSERVED, "The server's tags have not been read yet.", unread=True)
    owner = server.owner
    free = owner is None or owner.uid not in facts.rivals or once_ours(owner, resource, facts.config)
    asked = may(facts, "Adopt") and adopt.asked_for(facts, server)
    if asked and (free or adopt.may_take_over(facts, server)):
        return Claim(server.id) if resource.held else AddFinalizer()
    carried = f"those of {named(facts, owner)}" if owner is not None else "none"
    return Hold(
        Reason.OWNED_BY_ANOTHER,
        f"The server does not carry this object's owner tags any more but {carried}, so it is left alone. "
        "Take them off in the cloud and adopt it again by spec.adoption, or delete this object and "
        f"{DETACH}",
    )


def _gone(facts: Facts) -> Step:
    resource, records = facts.resource, facts.resource.records
    again = resource.spec is not None and resource.spec.on_external_deletion == "Recreate"
    if records.creation is None:
        return Hold(
            Reason.EXTERNALLY_DELETED,
            "The server, which was adopted, was deleted in the cloud, not by this object, and no new one is "
            "made for it. Delete this object.",
        )
    if not again:
        return Hold(
            Reason.EXTERNALLY_DELETED,
            "The server was deleted in the cloud, not by this object. Delete this object, or set "
            "onExternalDeletion: Recreate to have a new server made.",
        )
    if facts.too_many_gone:
        return too_many_gone(facts)
    return create.begin(facts, attempt=records.creation.attempt + 1)
