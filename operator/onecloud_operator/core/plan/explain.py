"""What is said of a step that failed, in the pass in which it does; `retry.blocked` goes on saying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Look, ReadDisk, ReadEip
from onecloud_operator.core.cloud_writes import KeepDisk
from onecloud_operator.core.eip_writes import EipWrite
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.attempt import refused_with
from onecloud_operator.core.plan.create import TAKEN
from onecloud_operator.core.plan.eip_release import with_way_out
from onecloud_operator.core.plan.keep_disks import unkept
from onecloud_operator.core.step_text import at_work

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.values import Problem


def explain(facts: Facts, step: Step, problem: Problem) -> Problem:
    """
    Return *problem* with the reason and the message for the user.

    A look that is forbidden, at what a POST found taken, is telling; a disk or an EIP holds up a removal, and
    has a way out; "not now" is no failure.
    """
    create = refused_with(facts)
    taken = create is not None and (create.duplicate_id or create.duplicate_name)
    if isinstance(step, Look) and problem.reason == Reason.FORBIDDEN and taken:
        return replace(problem, reason=Reason.OWNED_BY_ANOTHER, message=TAKEN)
    if isinstance(step, KeepDisk | ReadDisk):
        return unkept(facts, step, problem)
    if isinstance(step, EipWrite | ReadEip) and facts.resource.deleting:
        return replace(problem, message=with_way_out(problem.message))
    if problem.again:
        reason, message = at_work(facts.resource)
        return replace(problem, reason=reason, message=message)
    return problem
