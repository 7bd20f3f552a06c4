"""
How a server comes to be, exactly once.

    nothing recorded     finalizer → record attempt and place → POST
    POST answered 200    wait until it first rests: then the creation is complete, for good
    POST unanswered      look, then the same POST again: its id can be used once only
    name taken, not us   NameConflict: nothing touched, the same POST again later
    id used, no server   twice, 60 s apart: that id is burnt, next attempt
    failed in the cloud  record the failure → look → unlock → delete for good → proven 404 → next attempt
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    Create,
    Delete,
    Hold,
    Look,
    MarkFailedCreation,
    ReadHistory,
    Unlock,
)
from onecloud_operator.core.holds import too_many_gone
from onecloud_operator.core.living import failed, rest
from onecloud_operator.core.observed import (
    AMBIGUOUS_CREATE_FAILURES,
    CREATE_FAILURES,
    DELETING_STATUSES,
    Phase,
)
from onecloud_operator.core.policy import bound_id, server_name
from onecloud_operator.core.records import Creation, attempt_id
from onecloud_operator.core.times import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.problem import Problem
    from onecloud_operator.core.records import Failure

HISTORY_AGAIN_SECONDS = 60.0
# A server in one of these was never started, whatever became of it later.
NEVER_RAN = CREATE_FAILURES - AMBIGUOUS_CREATE_FAILURES


_TAKEN = (
    "The cloud says that the id or the name of this server is taken, and does not let these credentials see "
    "by what: it belongs to another project. Give another server.name."
)


def begin(facts: Facts, *, attempt: int) -> Step:
    """Return the step that leads to attempt *attempt* being recorded."""
    resource = facts.resource
    if facts.place is None:
        return Hold("NotYetObserved", "The credentials have not been tried yet.")
    if resource.spec is None or resource.spec.server is None:
        return Hold("InvalidSpec", "spec.server is needed to make a server.")
    if not resource.held:
        return AddFinalizer()
    return BeginCreation(
        Creation(
            attempt,
            attempt_id(resource.uid, attempt),
            server_name(resource, facts.config),
            text_of_time(facts.wall),
        ),
        facts.place,
    )


def unmade(facts: Facts) -> bool:
    """Say whether it is certain that the attempt has made no server, nor can a POST under way make one."""
    memory, reading = facts.memory, facts.reading
    creation = facts.resource.records.creation
    if creation is None or facts.resource.records.seen:
        return False
    if memory.begun_attempt == creation.attempt and memory.posted_at is None:
        return True
    if not reading.gone:
        return False
    sent_at = memory.posted_at if memory.posted_at is not None else memory.born_at
    refused = _refusal(facts)
    answered = memory.posted_at is not None and refused is not None and not refused.ambiguous
    return reading.asked_at >= sent_at + (0.0 if answered else facts.config.post_settle_seconds)


def go_on(facts: Facts) -> Step:
    """Return the next step of an attempt that is recorded and not complete."""
    if not facts.resource.held:
        return AddFinalizer()
    reading, server = facts.reading, facts.server
    if reading.gone:
        return _absent(facts)
    if reading.missing and server is not None:
        return _look(facts)
    if server is None:
        return _unseen(facts)
    if not facts.fresh:
        return Hold(
            "Creating", "Waiting for a reading that is newer than the last request.", 1.0, unread=True
        )
    if server.owner is not None and server.owner.uid != facts.resource.uid:
        return Hold(
            "OwnedByAnother", "The server carries the owner tags of another object; nothing is done to it."
        )
    if server.recycled:
        return Hold(
            "InRecycleBin",
            "The server was put into the cloud's recycle bin while it was made. Restore it in the cloud, or "
            "delete this object.",
        )
    if (failure := _failure(facts)) is not None:
        return _clean(facts, server, failure)
    if server.phase is Phase.FAILED and server.status in CREATE_FAILURES:
        return _failed(facts, server)
    return rest(facts, server)


def _unseen(facts: Facts) -> Step:
    records, memory = facts.resource.records, facts.memory
    if records.creation is None:
        msg = "only a recorded creation comes here"
        raise AssertionError(msg)
    # An attempt that this process recorded itself, and never sent, cannot have been made by anybody.
    if memory.begun_attempt == records.creation.attempt and memory.posted_at is None:
        return _create(facts)
    if facts.reading.missing or facts.memory.posted_at is not None:
        return _look(facts)
    return Hold("Creating", "Looking whether the server has been made.")


def _absent(facts: Facts) -> Step:
    """Return the step after a proven 404 of the attempt's id."""
    records, memory, reading = facts.resource.records, facts.memory, facts.reading
    if memory.posted_at is not None and reading.asked_at < memory.posted_at:
        return _look(facts)
    if records.seen:
        return _vanished(facts)
    problem = _refusal(facts)
    if problem is None or not problem.duplicate_id:
        return _create(facts)
    burnt = memory.burnt_at
    apart = facts.config.burnt_seconds
    if burnt is not None and memory.posted_at is not None and memory.posted_at - burnt >= apart:
        return _next(facts)
    return _create(facts)


def _create(facts: Facts) -> Step:
    creation = facts.resource.records.creation
    if creation is None:
        msg = "only a recorded creation can be sent"
        raise AssertionError(msg)
    # The name may be corrected while no server is made, so it is the spec's of today.
    name = server_name(facts.resource, facts.config)
    if name != creation.name and facts.place is not None:
        return BeginCreation(Creation(creation.attempt, creation.id, name, creation.started_at), facts.place)
    return Create(creation)


def _look(facts: Facts) -> Step:
    """Look for the attempt's id; a 403 for an id that a POST found taken means that others have it."""
    refused, unseen = _refusal(facts), facts.memory.refusals.get("Look")
    taken = refused is not None and (refused.duplicate_id or refused.duplicate_name)
    if taken and unseen is not None and unseen.problem.reason == "Forbidden" and facts.now < unseen.until:
        return Hold("OwnedByAnother", _TAKEN)
    return Look(bound_id(facts.resource))


def _refusal(facts: Facts) -> Problem | None:
    refusal = facts.memory.refusals.get("Create")
    return refusal.problem if refusal else None


def _failure(facts: Facts) -> Failure | None:
    creation = facts.resource.records.creation
    return creation.failure if creation is not None and facts.resource.records.seen else None


def told(facts: Facts, step: Step, problem: Problem) -> Problem:
    """Return what to say of a refusal: a look that is forbidden, at what a POST found taken, is telling."""
    create = _refusal(facts)
    taken = create is not None and (create.duplicate_id or create.duplicate_name)
    if isinstance(step, Look) and problem.reason == "Forbidden" and taken:
        return replace(problem, reason="OwnedByAnother", message=_TAKEN)
    return problem


def _unread(facts: Facts) -> ReadHistory | None:
    """Return the step that reads what happened to the server up to its newest step, if that is not known."""
    asked, moved = facts.memory.history_asked_at, facts.memory.moved_at
    known = asked is not None and (moved is None or asked >= moved)
    again = asked is None or facts.now - asked >= HISTORY_AGAIN_SECONDS
    unreadable = facts.memory.history is None
    return ReadHistory(bound_id(facts.resource)) if not known or (unreadable and again) else None


def _may_have_run(facts: Facts, server: Observed) -> Hold | None:
    """Return why *server* is left as it is: it ran, or nobody can tell. Its events must have been read."""
    history = facts.memory.history
    if history is None:
        return Hold(
            "OperationFailed",
            f"The server is {server.status}, and its events cannot be read to see whether it ever ran: "
            "it is left as it is. Look at it in the cloud; delete this object to have it removed.",
            HISTORY_AGAIN_SECONDS,
        )
    if history.started:
        return Hold(
            "OperationFailed",
            f"The server is {server.status}, but it ran before, so it is left as it is. "
            "Look at it in the cloud; delete this object to have it removed.",
        )
    return None


def _failed(facts: Facts, server: Observed) -> Step:
    """Judge a creation that the cloud failed; this leads to the one deletion that nobody asks for."""
    if (reading := _unread(facts)) is not None:
        return reading
    history = facts.memory.history
    if server.status not in NEVER_RAN and (left := _may_have_run(facts, server)) is not None:
        return left if history is None else failed(facts, server)
    text = (history.failure if history else None) or "the cloud gives no cause"
    no_room = server.status == "sched_fail" and _tells_of_room(text)
    return MarkFailedCreation(
        f"The cloud could not make the server ({server.status}): {text}. What is left of it is deleted and "
        "it is made again.",
        "NoCapacity" if no_room else "CreationFailed",
    )


def _tells_of_room(text: str) -> bool:
    lowered = text.lower()
    return any(
        word in lowered
        for word in ("insufficient", "no enough", "not enough", "out of resource", "no resource")
    )


def _clean(facts: Facts, server: Observed, failure: Failure) -> Step:
    """Delete for good what a failed attempt left; the failure is on record."""
    memory = facts.memory
    waited = facts.now - (memory.deleted_at if memory.deleted_at is not None else memory.born_at)
    quiet = facts.now - (memory.moved_at if memory.moved_at is not None else memory.born_at)
    apart = facts.config.delete_again_seconds
    wait = Hold(failure.reason, failure.message, seconds=apart / 4)
    hung = server.status in DELETING_STATUSES and min(waited, quiet) >= apart
    if server.status not in {*CREATE_FAILURES, "delete_fail"} and not hung:
        # On its way out (``ready`` and ``deploying`` are shown then, too), or brought back by somebody.
        if not (server.phase.stable and facts.reading.confirmed and min(waited, quiet) >= apart):
            return wait
        if server.phase is Phase.RUNNING:
            return rest(facts, server)
        return Hold(
            "CreationFailed",
            "The creation failed, but the cloud now shows the server at rest, so it is not deleted. Start it "
            "to keep it, or delete it in the cloud to have it made again.",
        )
    if memory.deleted_at is not None and server.status != "delete_fail" and min(waited, quiet) < apart:
        return wait
    if server.status not in NEVER_RAN:
        if (reading := _unread(facts)) is not None:
            return reading
        if (left := _may_have_run(facts, server)) is not None:
            return left
    if memory.looked_version != server.version or memory.looked_at is None:
        return Look(server.id)
    if server.locked:
        return Unlock(server.id)
    return Delete(server.id, for_good=True, cleaning=True)


def _vanished(facts: Facts) -> Step:
    """Return the step after a server that was seen is gone before it was complete."""
    resource = facts.resource
    if resource.records.creation is not None and resource.records.creation.failure is not None:
        return _next(facts)
    if resource.spec is not None and resource.spec.on_external_deletion == "Recreate":
        return too_many_gone(facts) if facts.too_many_gone else _next(facts)
    return Hold(
        "ExternallyDeleted",
        "The server was deleted in the cloud while it was made, not by this object. Delete this object, or "
        "set onExternalDeletion: Recreate to have a new server made.",
    )


def _next(facts: Facts) -> Step:
    """Return the next attempt, after a wait that grows with their number."""
    creation, memory, config = facts.resource.records.creation, facts.memory, facts.config
    if creation is None:
        msg = "only a recorded creation has a next attempt"
        raise AssertionError(msg)
    wait = min(
        config.retry_create_first_seconds * 2.0 ** min(creation.attempt - 1, 16),
        config.retry_create_most_seconds,
    )
    since = memory.failed_at if memory.failed_at is not None else memory.born_at
    if facts.now - since < wait and memory.failed_wish in {None, facts.wish}:
        failure = creation.failure
        return Hold(
            failure.reason if failure else "CreationFailed",
            failure.message if failure else "The creation failed; it is tried again after a wait.",
            seconds=since + wait - facts.now,
        )
    return begin(facts, attempt=creation.attempt + 1)


def completes(facts: Facts) -> bool:
    """
    Say whether the attempt is complete with this reading: the server rests for the first time.

    From then on no state of it ever leads to a deletion that nobody asked for.
    """
    creation, server = facts.resource.records.creation, facts.server
    if creation is None or creation.completed_at is not None or server is None:
        return False
    if not facts.fresh or server.recycled or facts.resource.deleting or facts.trouble is not None:
        return False
    if creation.failure is None:
        return server.phase is Phase.RUNNING or (server.phase.stable and facts.reading.confirmed)
    quiet_since = facts.memory.moved_at if facts.memory.moved_at is not None else facts.memory.born_at
    quiet = facts.now - quiet_since >= facts.config.delete_again_seconds
    return server.phase is Phase.RUNNING and facts.reading.confirmed and quiet
