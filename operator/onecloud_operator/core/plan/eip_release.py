"""
How an object parts with the EIP that it gave its server.

    the entry goes            dissociate → one of its own: delete → proven 404 → record emptied
    before the server's end   one that was given, and would go with it: dissociate
    before the finalizer      one of its own: deleted, or under Retain its owner tags off; others are left
    binding failed            why → record → dissociate: the server is well without it

An EIP of its own whose owner tags were taken off is somebody else's by now, and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, ReadEip, RecordEip, RemoveFinalizer
from onecloud_operator.core.eip_record import GIVEN, MADE, EipRecord, asked_for
from onecloud_operator.core.eip_writes import DeleteEip, DisownEip, EipWrite, UnbindEip
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import EIP_FAILURE
from onecloud_operator.core.ownership import bound_id, once_ours
from onecloud_operator.core.plan.eip_looks import at_work, bound_elsewhere, fresh_look, read
from onecloud_operator.core.plan.failure_cause import of_status, said, wait_seconds
from onecloud_operator.core.plan.retry import MAX_SAID, blocked
from onecloud_operator.core.policies import deletion_policy
from onecloud_operator.core.step_text import DETACH

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.eip_record import EipState
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

_LEFT_BEHIND = frozenset({"Detached", "Observed"})  # why a finalizer goes whatever becomes of the EIP


def dropped(facts: Facts, record: EipRecord) -> Step:
    """Return the next step that parts a living server with the recorded EIP."""
    return _read_first(facts, record) or _dropped(
        facts, record, facts.memory.eip.looks[record.id or ""].state
    )


def _dropped(facts: Facts, record: EipRecord, state: EipState | None) -> Step:
    emptied = RecordEip(record.emptied())
    if state is None or not _still_its(facts, record, state):
        return emptied
    if state.holder_id == bound_id(facts.resource):
        return UnbindEip(bound_id(facts.resource), record.id or "")
    return _freed(facts, record, state)


def _freed(facts: Facts, record: EipRecord, state: EipState) -> Step:
    """Return the step for an EIP that is not bound to the server."""
    one_id, emptied = record.id or "", RecordEip(record.emptied())
    if record.origin == GIVEN:
        return DisownEip(bound_id(facts.resource), one_id) if _tagged(facts, state) else emptied
    if state.holder_id is not None:
        return bound_elsewhere(facts, one_id, record.label, state)
    return at_work(facts, record) if state.moving else DeleteEip(bound_id(facts.resource), one_id)


def before_delete(facts: Facts, server: Observed) -> Step | None:
    """Return the step that comes before *server* is deleted, since the cloud would delete an EIP with it."""
    record = facts.resource.records.eip
    shown = server.details.eip if server.details is not None else None
    if record is None or record.id is None or record.origin == MADE or shown is None or server.recycled:
        return None
    if (step := _read_first(facts, record)) is not None:
        return step
    state = facts.memory.eip.looks[record.id].state
    if state is None or not state.goes_along or state.holder_id != server.id:
        return None
    if not server.phase.stable:
        return Hold(
            Reason.WAITING_FOR_CLOUD,
            f"{record.label}, which was there before, would be deleted together with the server, and is "
            f"dissociated once that rests. Or dissociate it in the cloud, or {DETACH}",
        )
    return UnbindEip(server.id, record.id)


def with_way_out(message: str) -> str:
    """Return why an EIP holds up the removal of an object, with what lets that go all the same."""
    return f"{message[:MAX_SAID]} Where that does not help, {DETACH}"


def before_release(facts: Facts, step: Step) -> Step:
    """Return what comes before *step* lets the object go, if its EIP has not had its policy; else *step*."""
    parting = _before_release(facts, step)
    obstacle = blocked(facts, parting) if isinstance(parting, EipWrite | ReadEip) else parting
    if parting is step or not isinstance(obstacle, Hold) or DETACH in obstacle.message:
        return parting
    return replace(obstacle, message=with_way_out(obstacle.message))


def _before_release(facts: Facts, step: Step) -> Step:
    record = facts.resource.records.eip
    if not isinstance(step, RemoveFinalizer) or step.why in _LEFT_BEHIND or record is None or not record.held:
        return step
    if facts.resource.records.bound_id is None:
        return Hold(
            Reason.OWNED_BY_ANOTHER,
            f"The record of the server is gone from the status, and {record.label} is left of it. Take it "
            f"away in the cloud, if it is not wanted, and {DETACH}",
        )
    if (look := _read_first(facts, record)) is not None:
        return look
    state = facts.memory.eip.looks[record.id or ""].state
    emptied = RecordEip(record.emptied())
    if state is None or not _still_its(facts, record, state):
        return emptied
    if deletion_policy(facts.resource) == "Retain":
        if _tagged(facts, state):
            return DisownEip(bound_id(facts.resource), record.id or "")
        return emptied
    if state.holder_id == bound_id(facts.resource):
        return at_work(facts, record)  # the deletion of the server dissociates it
    return _freed(facts, record, state)


def undo_failed(facts: Facts, server: Observed) -> Step | None:
    """Return the step that takes an EIP off again which could not be bound, None for another failure."""
    record = facts.resource.records.eip
    if server.status != EIP_FAILURE or record is None or record.id is None:
        return None
    if not server.detailed or server.details is None:
        return Look(server.id)
    if record.refused_for != asked_for(facts.intent):
        question = of_status(facts, server)
        if wait_seconds(facts, question) == 0.0:
            return question
        why = said(facts, question)
        return RecordEip(
            replace(
                record,
                refused_for=asked_for(facts.intent),
                refusal=f"The cloud could not bind {record.label} to the server{f': {why}' if why else ''}. "
                "It is taken off again, and the server itself is well. On a classic network none can be "
                "bound: give the server a card of a VPC's network, or take eip out of the spec. An edit, or "
                "the annotation onecloud.io/reconcile-requested-at, has it tried again.",
            )
        )
    bound = server.details.eip is not None and record.address in {None, server.details.eip}
    return UnbindEip(server.id, record.id) if bound else None


def _read_first(facts: Facts, record: EipRecord) -> Step | None:
    """Return what comes before it is known what became of the recorded EIP."""
    one_id, memory = record.id or "", facts.memory
    unmade = record.origin == MADE and record.made_at is None
    if unmade and memory.eip.begun == one_id and memory.eip.posted_at is None:
        return RecordEip(record.emptied())  # nobody can have sent its POST
    look = fresh_look(facts, one_id)
    if look is None:
        return read(facts, one_id)
    settled_at = memory.latest(memory.eip.posted_at) + facts.config.post_settle_seconds
    if unmade and look.state is None and facts.now < settled_at:
        # A POST that timed out, in this process or in one that died, may still insert its row.
        return Hold(
            at_work(facts, record).reason,
            f"The cloud has no {record.label}, but the request that makes it may still be under way. It is "
            "looked for once more.",
            settled_at - facts.now,
        )
    return None


def _still_its(facts: Facts, record: EipRecord, state: EipState) -> bool:
    """Return whether an EIP that the object made is its own still."""
    if record.origin == GIVEN:
        return True
    return state.owner is not None and state.owner.uid == facts.resource.uid


def _tagged(facts: Facts, state: EipState) -> bool:
    """Return whether the EIP carries owner tags that are the object's, or were."""
    return state.owner is not None and once_ours(state.owner, facts.resource, facts.config)
