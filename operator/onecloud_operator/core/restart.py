"""
A server that we stop, for a change or a restart: how that is remembered, what it means, and when it is over.

    record          status.restart, before the first stop
    meanwhile       the server is to run, whatever its powerState, unless that is Stopped
    over            it runs again, and no stop of ours can still be under way; or it is to be off

Nobody tells what came of a stop whose answer was lost, or that a process sent before it died: so while one
may still come true, the record stays, though the server is seen to run.

A restart that is asked for is done once the server was seen to be off, which is recorded before it is started
again. It is stopped for it once: where that may have been sent and the server goes on running, this is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import RESTART_REQUESTED_AT
from onecloud_operator.core.actions import BeginRestart
from onecloud_operator.core.cloud_writes import Start, Stop
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.policies import power

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import Restart
    from onecloud_operator.core.resource import Resource


def stopped_for(restart: Restart) -> str:
    """Return what the server is stopped for, in words."""
    if restart.why == RESTART_REQUESTED_AT:
        return f"the restart that the annotation {restart.why} asks for"
    return f"a change of {restart.why}"


def under_way(restart: Restart) -> str:
    """Return what is said from the stop until the server runs again."""
    return f"The server is stopped for {stopped_for(restart)}, and started again after it."


def asked_restart(resource: Resource) -> str | None:
    """Return the restart that is asked for and not on record yet: the value of the annotation."""
    value, request = resource.restart_requested_at, resource.records.restart_request
    return None if request is not None and request.value == value else value


def stop_unsent(facts: Facts) -> bool:
    """Return whether surely nobody has sent a stop since the recorded restart began."""
    restart, memory = facts.resource.records.restart, facts.memory
    begun_at, server_id = memory.restart_begun_at, facts.resource.records.bound_id
    if restart is None or begun_at is None or memory.begun_restart != restart.since or server_id is None:
        return False
    accepted = memory.acceptances.get(Stop(server_id))
    lost_at = memory.stop_lost_at
    return (accepted is None or accepted.at < begun_at) and (lost_at is None or lost_at < begun_at)


def stopped_by_us(resource: Resource, server: Observed) -> bool:
    """
    Return whether *server*, the object's own, is off because of a change of ours, and is to run.

    The record is believed as far as it goes: it is one that whoever may write the status can forge, and all
    that it brings about is the start of a server that the object has anyway.
    """
    return (
        resource.records.restart is not None
        and server.phase is Phase.STOPPED
        and power(resource) != "Stopped"
    )


def power_now(resource: Resource, server: Observed) -> str:
    """Return the power state to bring about: that of the spec, or Running for what we have stopped."""
    return "Running" if stopped_by_us(resource, server) else power(resource)


def pending_seconds(facts: Facts) -> float:
    """Return for how long a stop of ours may still come true; 0 if it cannot."""
    restart, memory, config = facts.resource.records.restart, facts.memory, facts.config
    if restart is None:
        return 0.0
    begun_here = memory.begun_restart == restart.since
    lost_at = memory.stop_lost_at if begun_here else memory.latest(memory.stop_lost_at)
    ends = [facts.now]
    if lost_at is not None:
        ends.append(lost_at + config.post_settle_seconds)
    if (stopped_at := _unanswered_stop(facts)) is not None:
        ends.append(stopped_at + config.hung_seconds + config.post_settle_seconds)
    return max(ends) - facts.now


def _unanswered_stop(facts: Facts) -> float | None:
    """
    Return when the newest stop that the cloud accepted was sent, unless a start has followed on it.

    A host whose agent is away does it when that is back, and meanwhile the server is seen to run.
    """
    server_id, accepted = facts.resource.records.bound_id, facts.memory.acceptances
    if server_id is None or (stop := accepted.get(Stop(server_id))) is None:
        return None
    start = accepted.get(Start(server_id))
    return stop.at if start is None or start.at < stop.at else None


def awaits_stop(facts: Facts) -> bool:
    """Return whether a stop may have been sent for a restart that is asked for: then no other one is."""
    request, restart = facts.resource.records.restart_request, facts.resource.records.restart
    return request is not None and request.under_way and restart is not None and not stop_unsent(facts)


def over(facts: Facts, step: Step) -> bool:
    """Return whether the record has served its purpose, once *step* is taken."""
    resource, server, reading = facts.resource, facts.server, facts.reading
    if resource.records.restart is None:
        return False
    if reading.gone or (resource.spec is not None and power(resource) == "Stopped"):
        return True
    if server is None or server.recycled or not facts.fresh or facts.trouble is not None:
        return False
    runs = server.phase is Phase.RUNNING or (server.phase is Phase.SUSPENDED and reading.confirmed)
    return runs and not isinstance(step, Stop | BeginRestart) and pending_seconds(facts) <= 0.0
