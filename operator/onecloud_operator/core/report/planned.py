"""
``status.plan``: what is about to be done, as far as it can be told.

Under ``approval: Automatic`` nobody waits for it, so it goes along with what is written anyway. What stands
there is taken away with the news that all is well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.approval_record import step_status
from onecloud_operator.core.plan.approval import awaited, open_marks
from onecloud_operator.core.plan.preview import known_preview, plan_hash
from onecloud_operator.core.plan_step import Plan
from onecloud_operator.core.policies import asks_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

PLAN = "plan"


def with_plan(facts: Facts, step: Step, status: Mapping[str, Any], *, written: bool) -> dict[str, Any]:
    """Return the new *status* with the plan that goes with it; *written*: something else in it is news."""
    old = facts.resource.status.get(PLAN)
    kept = {**status, PLAN: old} if isinstance(old, dict) else dict(status)
    if isinstance(step, Settled):
        return dict(status)
    if not written and not asks_first(facts.resource):
        return kept
    found = _plan(facts, step)
    if found is None:
        return kept
    return {**status, PLAN: _shown(found)} if found.steps else dict(status)


def _plan(facts: Facts, step: Step) -> Plan | None:
    """Return the plan, one without steps where nothing is about to be done; None while that is not known."""
    if isinstance(step, Hold) and step.awaits is not None:
        return step.awaits
    if (waiting := awaited(facts)) is not None:
        return waiting
    steps = known_preview(facts)
    if steps is None:
        return None
    approval = facts.resource.records.approval
    if approval is not None and open_marks(facts):
        return Plan(approval.hash, steps)
    return Plan(plan_hash(facts.resource, steps), steps)


def _shown(plan: Plan) -> dict[str, Any]:
    return {"hash": plan.hash, "steps": [step_status(step) for step in plan.steps]}
