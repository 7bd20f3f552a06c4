"""
How a server comes to the power state that is wanted, one step at a time.

    wanted       runs            is off      is suspended
    Running      -               start       resume
    Stopped      stop            -           resume, then stop: only what runs can be shut down in order
    Suspended    suspend         start       -
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import Resume, Start, Stop, Suspend
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.restart import pending_seconds, under_way

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

# A server that is being suspended is shown to run once more, for a third of a second.
SUSPENDED_SECONDS = 10.0


def power_step(facts: Facts, server: Observed, wanted: str) -> Step:
    """Return the step that brings *server*, which rests, closer to *wanted*: Running, Stopped, Suspended."""
    match server.phase:
        case Phase.SUSPENDED:
            return Resume(server.id)
        case Phase.STOPPED:
            return Start(server.id)
        case _ if wanted == "Suspended":
            return _suspend(facts, server)
        case _:
            return Stop(server.id)


def _suspend(facts: Facts, server: Observed) -> Suspend | Hold:
    """Return the suspension, or the hold while it is under way, or a stop of ours may still come true."""
    step, restart = Suspend(server.id), facts.resource.records.restart
    if restart is not None:
        return Hold(Reason.UPDATING, under_way(restart), pending_seconds(facts))
    accepted = facts.memory.acceptances.get(step)
    left = accepted.at + SUSPENDED_SECONDS - facts.now if accepted and accepted.worked_at is None else 0.0
    return Hold(Reason.UPDATING, "The server is being suspended.", min(left, 1.0)) if left > 0.0 else step
