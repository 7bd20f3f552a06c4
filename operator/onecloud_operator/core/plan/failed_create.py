"""
What becomes of a creation that failed in the cloud: the one deletion that nobody asks for.

It is done only to a server that never ran: by its status and, so far as they are known, by its events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, MarkFailedCreation, ReadHistory
from onecloud_operator.core.cloud_writes import Delete, Unlock
from onecloud_operator.core.observed import (
    AMBIGUOUS_CREATE_FAILURES,
    CREATE_FAILURES,
    DELETING_STATUSES,
    Phase,
)
from onecloud_operator.core.ownership import bound_id
from onecloud_operator.core.plan import existing
from onecloud_operator.core.plan.failure_cause import of_status, said, wait_seconds
from onecloud_operator.core.plan.unsettled import failed_operation
from onecloud_operator.core.waits import Waits

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import FailedAttempt

HISTORY_AGAIN_SECONDS = 60.0
_CAUSE_SOUGHT = "The cloud failed to make the server; its events are read for the cause."
# A server in one of these was never started, unless its events say that it was.
NEVER_RAN = CREATE_FAILURES - AMBIGUOUS_CREATE_FAILURES


def after_failure(facts: Facts, server: Observed) -> Step:
    """Return the step after a creation that the cloud failed: it is recorded as such, or left as it is."""
    if (reading := _unread(facts)) is not None:
        return reading
    history = facts.memory.history
    if (left := _may_have_run(facts, server)) is not None:
        return left if history is None else failed_operation(facts, server)
    text = history.failure if history else None
    if not text:
        question = of_status(facts, server)
        text, wait = said(facts, question), wait_seconds(facts, question)
        if wait is not None:  # what is cleaned up has no events that could be read
            return question if wait <= 0 else Hold(Reason.CREATING, _CAUSE_SOUGHT, requeue_after=wait)
    text = text or "the cloud gives no cause"
    no_room = server.status == "sched_fail" and _tells_of_room(text)
    return MarkFailedCreation(
        f"The cloud could not make the server ({server.status}): {text}. What is left of it is deleted and "
        "it is made again.",
        Reason.NO_CAPACITY if no_room else Reason.CREATION_FAILED,
    )


def clean(facts: Facts, server: Observed, failure: FailedAttempt) -> Step:
    """Delete for good what a failed attempt left; the failure is on record."""
    memory = facts.memory
    waited = facts.now - memory.latest(memory.deleted_at)
    quiet = facts.now - memory.latest(memory.moved_at)
    apart = facts.config.delete_again_seconds
    ahead = retry_seconds(facts)
    wait = Hold(failure.reason, failure.message, ahead if ahead > 0 else None, look_seconds=apart / 4)
    hung = server.status in DELETING_STATUSES and min(waited, quiet) >= apart
    if server.status not in {*CREATE_FAILURES, "delete_fail"} and not hung:
        # On its way out (``ready`` and ``deploying`` are shown then, too), or brought back by somebody.
        if not (server.phase.stable and facts.reading.confirmed and min(waited, quiet) >= apart):
            return wait
        if server.phase is Phase.RUNNING:
            return existing.plan(facts, server)
        return Hold(
            Reason.CREATION_FAILED,
            "The creation failed, but the cloud now shows the server at rest, so it is not deleted. Start it "
            "to keep it, or delete it in the cloud to have it made again.",
        )
    if memory.deleted_at is not None and server.status != "delete_fail" and min(waited, quiet) < apart:
        return wait
    if server.status not in NEVER_RAN and (reading := _unread(facts)) is not None:
        return reading
    if (left := _may_have_run(facts, server)) is not None:
        return left
    if memory.looked_version != server.version or memory.looked_at is None:
        return Look(server.id)
    if server.locked:
        return Unlock(server.id)
    return Delete(server.id, for_good=True, cleaning=True)


def retry_seconds(facts: Facts, *, failed_at: float | None = None) -> float:
    """Return in how many seconds the next attempt may be made; they grow with the number of attempts."""
    memory, config, creation = facts.memory, facts.config, facts.resource.records.creation
    if creation is None or memory.failed_intent not in {None, facts.intent}:
        return 0.0
    waits = Waits(config.retry_create_first_seconds, config.retry_create_max_seconds)
    since = memory.latest(memory.failed_at) if failed_at is None else failed_at
    return since + waits.after(creation.attempt - 1) - facts.now


def _unread(facts: Facts) -> ReadHistory | None:
    """Return the step that reads what happened to the server up to its newest step, if that is not known."""
    asked, memory = facts.memory.history_asked_at, facts.memory
    # By versions: a poll that was sent before the events were read may show a row that is younger than they.
    known = asked is not None and memory.history_version == memory.moved_version
    again = asked is None or facts.now - asked >= HISTORY_AGAIN_SECONDS
    unreadable = facts.memory.history is None
    return ReadHistory(bound_id(facts.resource)) if not known or (unreadable and again) else None


def _may_have_run(facts: Facts, server: Observed) -> Hold | None:
    """
    Return why *server* is left as it is: it ran, or its status may hide that it did and nobody can tell.

    For such a status its events must have been read; for another they count if they were.
    """
    history = facts.memory.history
    if history is None and server.status in NEVER_RAN:
        return None
    if history is None:
        return Hold(
            Reason.OPERATION_FAILED,
            f"The server is {server.status}, and its events cannot be read to see whether it ever ran: "
            "it is left as it is. Look at it in the cloud; delete this object to have it removed.",
            max(facts.memory.latest(facts.memory.history_asked_at) + HISTORY_AGAIN_SECONDS - facts.now, 0.0),
        )
    if history.started:
        return Hold(
            Reason.OPERATION_FAILED,
            f"The server is {server.status}, but it ran before, so it is left as it is. "
            "Look at it in the cloud; delete this object to have it removed.",
        )
    return None


def _tells_of_room(text: str) -> bool:
    lowered = text.lower()
    return any(
        word in lowered
        for word in ("insufficient", "no enough", "not enough", "out of resource", "no resource")
    )
