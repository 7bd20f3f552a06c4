"""
A restart that a person asks for by an annotation, once for each value.

    runs, allowed     record it → stop → off: record that it is done → start
    runs, forbidden   hold, and name it; so it is outside of the object's windows
    is off            there is nothing to restart; one that is being started counts as restarted
    is suspended      hold, unless it is resumed anyway: what runs in it would be lost

It is an explicit request and no correction, so ``drift.mode`` does not matter. A stop for any other purpose
counts as it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import EndRestart, Hold
from onecloud_operator.core.cloud_writes import Stop
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.maintenance import closed
from onecloud_operator.core.plan.stops import Candidate, may_restart
from onecloud_operator.core.policies import power
from onecloud_operator.core.restart import (
    asked_restart,
    awaits_stop,
    pending_seconds,
    power_now,
    under_way,
)
from onecloud_operator.core.restart_request import DONE, RestartRequest
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

_ASKED = f"The annotation {RESTART_REQUESTED_AT} asks for a restart"


def ended_restart(facts: Facts, server: Observed) -> EndRestart | None:
    """Return the record that *server* is off, which must stand before it is started again."""
    resource, request = facts.resource, facts.resource.records.restart_request
    if server.phase is not Phase.STOPPED:
        return None
    value = asked_restart(resource)
    starts = power_now(resource, server) in {"Running", "Suspended"}
    if request is not None and request.under_way:
        value = value or request.value  # what was asked for meanwhile is done with it
    elif value is None or not starts:
        return None
    return EndRestart(RestartRequest(value, DONE, text_of_time(facts.wall)))


def _still_asked(facts: Facts, request: RestartRequest) -> bool:
    return facts.resource.restart_requested_at == request.value


def restart_steps(facts: Facts, server: Observed) -> Iterator[Candidate]:
    """Yield what is to be done about the restart that is asked for, of a server that runs or is suspended."""
    records, wanted = facts.resource.records, power(facts.resource)
    request, restart, value = records.restart_request, records.restart, asked_restart(facts.resource)
    if request is not None and request.under_way and restart is not None:
        if awaits_stop(facts):
            yield Candidate(Hold(Reason.UPDATING, under_way(restart), pending_seconds(facts)))
            return
        if _still_asked(facts, request):
            if server.phase is Phase.RUNNING:
                yield _restart(facts, server)
            return
    if value is None or server.phase is Phase.STOPPED or wanted == "Stopped":
        return
    if server.phase is Phase.SUSPENDED:
        if wanted != "Running":
            yield Candidate(
                Hold(
                    Reason.RESTART_NEEDED,
                    f"{_ASKED}, and the server is suspended, so what runs in it would be lost. Resume it, "
                    "here by powerState: Running or in the cloud, or take the annotation off.",
                )
            )
    else:
        yield _restart(facts, server)


def _restart(facts: Facts, server: Observed) -> Candidate:
    """Return the stop of a server that runs, or why it waits."""
    if not may_restart(facts):
        return Candidate(
            Hold(
                Reason.RESTART_NEEDED,
                f"{_ASKED}. Set disruption.allow: Restart to have the server stopped and started again, or "
                "take the annotation off.",
            )
        )
    waiting = closed(facts, f"the restart that the annotation {RESTART_REQUESTED_AT} asks for")
    return Candidate(Stop(server.id), restarts=True) if waiting is None else Candidate(waiting)
