"""What comes before an object lets its server go: one that was stopped for a change is started again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import Start
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import ours
from onecloud_operator.core.plan import existing
from onecloud_operator.core.plan.guards import owned_by_another
from onecloud_operator.core.plan.retry import MAX_SAID, blocked
from onecloud_operator.core.policies import power
from onecloud_operator.core.restart import pending_seconds, stopped_for
from onecloud_operator.core.step_text import DETACH

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

CONFIRM_SECONDS = 1.0


def start_before_release(facts: Facts, server: Observed) -> Step | None:
    """Return the step that leads to *server* running again, if we stopped it; None if it may be let go."""
    restart = facts.resource.records.restart
    if restart is None or server.recycled or power(facts.resource) == "Stopped":
        return None
    message = (
        f"The server was stopped for {stopped_for(restart)}, so it is started again before this object "
        f"goes. To have it left off set powerState: Stopped; else {DETACH}"
    )
    match server.phase:
        case Phase.RUNNING | Phase.SUSPENDED:
            seconds = pending_seconds(facts)
            return Hold(Reason.WAITING_FOR_CLOUD, message, seconds) if seconds > 0.0 else None
        case Phase.STOPPED if not facts.reading.confirmed:
            return Hold(Reason.WAITING_FOR_CLOUD, message, CONFIRM_SECONDS)
        case Phase.STOPPED:
            step: Step = blocked(facts, Start(server.id)) or Start(server.id)
        case _:
            step = existing.plan(facts, server)
    if not isinstance(step, Hold):
        return step
    if step.reason in {Reason.UPDATING, Reason.REMOVING}:
        return Hold(Reason.WAITING_FOR_CLOUD, message, step.requeue_after)
    return replace(step, message=f"{step.message[:MAX_SAID]} {message}")


def started_again(facts: Facts) -> Step | None:
    """Return the step to the server of an object that stays running again, if we stopped it; else None."""
    resource, server = facts.resource, facts.server
    reached = facts.trouble is None and facts.place is not None and facts.place == resource.records.place
    if not reached or server is None or not facts.fresh or not server.detailed or not ours(resource, server):
        return None
    return start_before_release(facts, server) if owned_by_another(facts, server) is None else None


def protected(facts: Facts) -> Step:
    """Hold a protected object; a server that was stopped for a change of it is started all the same."""
    return started_again(facts) or Hold(
        Reason.DELETION_PROTECTED,
        "deletionProtection is on, so the server is kept and this object stays. Switch it off to go on.",
    )
