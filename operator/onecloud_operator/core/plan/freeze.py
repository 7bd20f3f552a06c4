"""
Nothing is changed in the cloud while somebody has said so, on the object, its namespace or its provider.

It holds in the middle of a change, too: a server that was stopped for one stays off. So the message tells
what waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import FREEZE
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.differing import open_differences
from onecloud_operator.core.plan.retry import MAX_SAID
from onecloud_operator.core.restart import stopped_by_us, stopped_for
from onecloud_operator.core.step_text import DETACH, change_of
from onecloud_operator.core.values import cut

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

ASKED_SECONDS = 1.0
_WAITS_ALSO = frozenset({Reason.PLAN_PENDING, Reason.WAITING_FOR_WINDOW})


def gate(facts: Facts, step: Step) -> Hold | None:
    """Return why *step* may not be taken: the object is frozen, or nobody knows yet whether it is."""
    frozen_by = _frozen_by(facts)
    if frozen_by is not None:
        return Hold(Reason.FROZEN, f"{frozen_by} {_waits(facts, step)}")
    if not facts.surroundings.known:
        said = (
            f"It is not known yet whether the namespace {facts.resource.namespace} is frozen, so nothing is "
            "changed. If this lasts, the operator's log says why."
        )
        said += f" Or {DETACH}" if facts.resource.deleting else ""
        return Hold(Reason.NOT_YET_OBSERVED, said, ASKED_SECONDS, unread=True)
    return None


def said_first(facts: Facts, hold: Hold) -> Hold | None:
    """
    Return *hold* with the freeze before it, where both keep the same change back; None: nothing is frozen.

    Neither an approval nor the next window would have it done.
    """
    frozen_by = _frozen_by(facts) if hold.reason in _WAITS_ALSO else None
    if frozen_by is None:
        return None
    return replace(
        hold,
        reason=Reason.FROZEN,
        message=f"{frozen_by} {hold.message}",
        requeue_after=None,
        look_seconds=hold.requeue_after,
    )


def _frozen_by(facts: Facts) -> str | None:
    """Return who holds all changes, and how that ends, in a sentence."""
    if facts.resource.frozen:
        return f"Frozen by the annotation {FREEZE}; remove it to go on."
    if (by := facts.surroundings.frozen_by) is not None:
        return f"Frozen by {by}; whoever set it removes it to go on."
    if facts.provider is not None and facts.provider.frozen:
        return (
            f"Frozen by spec.freeze, or the annotation {FREEZE}, of the provider {facts.provider.name}; "
            "whoever set it removes it to go on."
        )
    return None


def _waits(facts: Facts, step: Step) -> str:
    """Return what waits, in sentences."""
    resource, server, restart = facts.resource, facts.server, facts.resource.records.restart
    if resource.deleting:
        return f"This waits until then: {change_of(step)}. Or {DETACH}"
    said = f"This waits until then: {change_of(step)}"
    if server is not None and server.details is not None:
        fields = sorted({difference.field for difference in open_differences(facts, server)})
        said += cut(f"; the server differs in {', '.join(fields)}", MAX_SAID) if fields else ""
    if restart is not None and server is not None and stopped_by_us(resource, server):
        said += f". The server was stopped for {stopped_for(restart)}, and stays off"
    return f"{said}."
