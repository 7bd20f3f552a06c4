"""One reason for what a pass came to; conditions, state and retry all follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import DELETING_REASONS, UNTROUBLED, Reason, row_of
from onecloud_operator.core.actions import BeginCreation, Hold, MarkFailedCreation, Settled
from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.plan.delete import UNDER_WAY
from onecloud_operator.core.plan.maintenance import unknown_zone
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.policies import observing
from onecloud_operator.core.restart import stopped_by_us, stopped_for
from onecloud_operator.core.step_text import at_work

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.values import Problem

# Offline hosts, a sick image service and used addresses give the same 400 as a wrong spec.
WRONG_SPEC_COUNT = 3
WRONG_SPEC_SECONDS = 300.0

_UNDER_WAY = frozenset({Reason.REMOVING, Reason.WAITING_FOR_CLOUD, Reason.RELEASED})
_UNDER_WAY_REASONS = frozenset({Reason.CREATING, Reason.UPDATING})


@fast_dataclass(frozen=True, slots=True)
class Verdict:
    """
    What a pass came to.

    *synced*: status of the condition Synced. *reconciling*: the reason of that condition, None where it is
    absent. *error*: it belongs into ``lastError``. *own_retry*: its next try is this object's own matter.
    *removing*: the server is on its way out, or let go.
    """

    reason: Reason
    message: str
    synced: str
    stalled: bool
    reconciling: Reason | None
    error: bool
    own_retry: bool
    removing: bool


def verdict_of(facts: Facts, step: Step, problem: Problem | None) -> Verdict:
    """
    Return the verdict over *step*, done, or refused with *problem* as `explain` has it.

    *facts* have the records of the step already.
    """
    reason, message = _reason(facts, step, problem)
    row = row_of(reason)
    deleting = facts.resource.deleting
    final = problem is None and isinstance(step, Hold) and step.final
    stalled = final or (
        row.stalled and (reason != Reason.INVALID_SPEC or _surely_wrong(facts, step, problem))
    )
    return Verdict(
        reason=reason,
        message=message,
        synced=row.synced,
        stalled=stalled,
        reconciling=None if stalled else _reconciling(reason, own=row.scope == "own"),
        error=row.synced == "False" and reason not in UNTROUBLED,
        own_retry=row.scope == "own" and not final,
        removing=deleting and reason in _UNDER_WAY,
    )


def _reason(facts: Facts, step: Step, problem: Problem | None) -> tuple[Reason, str]:
    reason, message = _said(facts, step, problem)
    if facts.resource.deleting or reason not in DELETING_REASONS:
        return reason, message
    # What a failed creation left cannot be deleted yet; the object itself is not being deleted.
    creation = facts.resource.records.creation
    failure = creation.failure if creation is not None else None
    return (failure.reason if failure is not None else Reason.CREATION_FAILED), message


def _said(facts: Facts, step: Step, problem: Problem | None) -> tuple[Reason, str]:
    if problem is not None:
        return problem.reason, problem.message
    match step:
        case Hold(reason=reason, message=message):
            return reason, message
        case MarkFailedCreation(message=message, reason=reason):
            return reason, message
        case Settled() if observing(facts.resource):
            return Reason.OBSERVING, _observed(facts)
        case Settled():
            return Reason.UP_TO_DATE, "The server agrees with the spec."
        case _:
            pass
    creation = facts.resource.records.creation
    failure = creation.failure if creation is not None else None
    if failure is not None and not facts.resource.deleting and not isinstance(step, BeginCreation):
        # What is left of a failed attempt is being deleted: the failure is what a reader must see.
        return failure.reason, failure.message
    reason, message = at_work(facts.resource)
    return reason, UNDER_WAY if facts.resource.deleting else message


def _observed(facts: Facts) -> str:
    observed = "The server is observed; nothing is sent to the cloud."
    restart = facts.resource.records.restart
    if restart is None or facts.server is None or not stopped_by_us(facts.resource, facts.server):
        return observed
    return (
        f"{observed} It was stopped for {stopped_for(restart)}, so it is off: set managementPolicy: "
        "Manage to have it started again, or start it in the cloud."
    )


def _surely_wrong(facts: Facts, step: Step, problem: Problem | None) -> bool:
    """Return whether a refused spec was refused often and long enough to blame it."""
    if facts.resource.spec is None or unknown_zone(facts.resource) is not None:
        return True
    refusal = facts.memory.refusals.get("Create" if isinstance(step, Hold) else kind_of(step))
    if refusal is None or (problem is not None and refusal.problem.reason != problem.reason):
        return False
    return refusal.count >= WRONG_SPEC_COUNT and facts.now - refusal.since >= WRONG_SPEC_SECONDS


def _reconciling(reason: Reason, *, own: bool) -> Reason | None:
    if reason in _UNDER_WAY_REASONS:
        return reason
    if reason in {
        Reason.UP_TO_DATE,
        Reason.OBSERVING,
        Reason.DRIFT_REPORTED,
        Reason.PAUSED,
        Reason.FROZEN,
        Reason.IN_RECYCLE_BIN,
        *DELETING_REASONS,
    }:
        return None
    return Reason.RETRYING if own and reason != Reason.WAITING_FOR_WINDOW else Reason.WAITING
