"""What the status remembers of a restart that a person asked for, where no step of its own says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import BeginAdoption, BeginCreation, BeginRestart, EndRestart
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import forged
from onecloud_operator.core.plan.attempt import completes
from onecloud_operator.core.policies import observing, power
from onecloud_operator.core.restart import stop_unsent
from onecloud_operator.core.restart_request import NOT_NEEDED, UNKNOWN, RestartRequest
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.records import Records


def with_request(facts: Facts, step: Step, records: Records) -> Records:
    """Return *records*, those after *step*, with what came of the request for a restart."""
    resource, old = facts.resource, facts.resource.records
    if isinstance(step, BeginRestart | EndRestart):
        return replace(records, restart_request=step.request or old.restart_request)
    if isinstance(step, BeginCreation | BeginAdoption) or completes(facts):
        return replace(records, restart_request=_counted(facts))
    if old.bound_id is None or observing(resource) or forged(resource):
        return records
    request = old.restart_request
    if request is not None and request.under_way:
        return replace(records, restart_request=_outcome(facts, request, records))
    return replace(records, restart_request=_counted(facts)) if _off(facts) else records


def _counted(facts: Facts) -> RestartRequest | None:
    """Return the record that there is nothing to restart for the value that stands there."""
    value, request = facts.resource.restart_requested_at, facts.resource.records.restart_request
    if value is None:
        return request if request is not None and not request.under_way else None
    if request is not None and request.value == value and not request.under_way:
        return request
    return RestartRequest(value, NOT_NEEDED, text_of_time(facts.wall))


def _off(facts: Facts) -> bool:
    """Return whether the server is off, and stays so: then there is nothing to restart."""
    server, resource = facts.server, facts.resource
    creation = resource.records.creation
    made = creation is None or creation.completed_at is not None
    rests = server is not None and server.phase is Phase.STOPPED and facts.reading.confirmed
    idle = not (resource.paused or resource.deleting) and facts.trouble is None and facts.fresh
    stays = resource.records.restart is None and power(resource) in {"Stopped", "Unmanaged"}
    return made and rests and idle and stays


def _outcome(facts: Facts, request: RestartRequest, records: Records) -> RestartRequest | None:
    """
    Return what is known of a restart that was begun, once its stop is over (*records* are those after that).

    It was not seen to be off: either no stop was sent, so it has not begun, or it is not known what it did.
    """
    server = facts.server
    if facts.reading.gone:
        return None
    runs = server is not None and server.phase in {Phase.RUNNING, Phase.SUSPENDED} and facts.fresh
    if records.restart is not None or not runs or power(facts.resource) == "Stopped":
        return request
    if stop_unsent(facts):
        return None
    return RestartRequest(request.value, UNKNOWN, text_of_time(facts.wall))
