"""What is done while a server is not at rest: it is on its way, an operation failed, or nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.cloud_writes import SyncStatus
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.failure_cause import asking, of_status, said
from onecloud_operator.core.policies import reporting
from onecloud_operator.core.step_text import doing
from onecloud_operator.core.waits import Waits

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

FAILED_SYNC_FIRST_SECONDS = 60.0
SYNC_MAX_SECONDS = 600.0
_ASKED = "The cloud is asked for its real state and the operation is tried again at growing intervals."
_LEFT = "Differences are reported only (drift.mode Report), so nothing is done about it."


def unsettled(facts: Facts, server: Observed) -> Step | None:
    """Return the step for a server that is not at rest, None if it is."""
    match server.phase:
        case Phase.UNKNOWN:
            return Hold(
                Reason.SERVER_UNKNOWN,
                "The cloud has lost contact with the server's host, so its state is not known. "
                "Nothing is done until it is known again.",
            )
        case Phase.FAILED:
            return failed_operation(facts, server)
        case Phase.MOVING:
            return _moving(facts, server)
        case Phase.RUNNING | Phase.STOPPED | Phase.SUSPENDED:
            return None
        case _:
            assert_never(server.phase)


def _moving(facts: Facts, server: Observed) -> Step:
    """Wait for a server that is on its way; when it has not changed for long, have the cloud check it."""
    records = facts.resource.records
    creation_open = records.creation and not records.creation.completed_at
    wait = Hold(
        Reason.CREATING if creation_open else Reason.UPDATING, doing(facts.resource), until_settled=True
    )
    changed_at = facts.memory.moved_at
    hung = facts.config.hung_seconds
    if changed_at is None or facts.now - changed_at < hung or only_reporting(facts):
        return wait
    return SyncStatus(server.id) if sync_seconds(facts, hung) <= 0 else wait


def failed_operation(facts: Facts, server: Observed) -> Step:
    """Have the cloud look again at a server on which an operation failed; its data is intact."""
    question, passive = of_status(facts, server), only_reporting(facts)
    wait = sync_seconds(facts)
    if not passive and wait <= 0:
        return SyncStatus(server.id)
    text = said(facts, question)
    failure = f"An operation on the server failed ({server.status}{': ' if text else ''}{text or ''})"
    message = f"{failure}; its disks are intact. {_LEFT if passive else _ASKED}"
    return asking(
        facts, question, Hold(Reason.OPERATION_FAILED, message, requeue_after=None if passive else wait)
    )


def only_reporting(facts: Facts) -> bool:
    """
    Return whether nothing is sent, as the object wants it.

    A stop that was begun is brought to its end, and so is the removal of the object.
    """
    resource = facts.resource
    return reporting(resource) and not resource.deleting and resource.records.restart is None


def sync_seconds(facts: Facts, first_seconds: float = FAILED_SYNC_FIRST_SECONDS) -> float:
    """Return in how many seconds the cloud may be asked (again) to look at the server."""
    last = facts.memory.synced_at
    if last is None:
        return 0.0
    waits = Waits(first_seconds, max(SYNC_MAX_SECONDS, first_seconds))
    return max(last + waits.after(max(facts.memory.sync_count - 1, 0)) - facts.now, 0.0)
