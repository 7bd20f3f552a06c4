"""``status.heldBack``: the changes that are not repeated by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.actions import BeginAdoption, BeginCreation, Hold
from onecloud_operator.core.conditions import cut_message
from onecloud_operator.core.plan.retry import hold_spent, same_intent
from onecloud_operator.core.plan.stops import vain_stop
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.report.verdict import Verdict
    from onecloud_operator.core.values import Problem

HELD_LENGTH = 16  # the CRD's bound


def held_back(
    facts: Facts, step: Step, verdict: Verdict, problem: Problem | None
) -> list[dict[str, Any]] | None:
    """
    Return what is not repeated by itself: for one intent, whatever happens, until all is up to date.

    What was refused to a server that was stopped for it stands here before that is started again, or the next
    process would stop it once more.
    """
    old, held = facts.resource.status.get("heldBack"), {}
    settled = verdict.synced == "True" or isinstance(step, BeginCreation | BeginAdoption)
    if isinstance(old, list) and same_intent(facts.resource) and not settled:
        kept = (each for each in old if isinstance(each, dict) and isinstance(each.get("change"), str))
        held = {each["change"]: each for each in kept}
    spent_now = step.spent if isinstance(step, Hold) else ()
    if problem is not None and vain_stop(facts, step):
        spent_now = hold_spent(facts, step).spent
    for each in spent_now:
        entry = {"change": each.change, "reason": each.reason, "message": cut_message(each.message)}
        if not entry.items() <= held.get(each.change, {}).items():
            held[each.change] = {**entry, "since": text_of_time(facts.wall)}
    return list(held.values())[:HELD_LENGTH] or None
