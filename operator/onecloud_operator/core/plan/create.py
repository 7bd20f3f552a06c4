"""
How a server comes to be, exactly once.

    nothing recorded     finalizer → record attempt and place → POST
    POST answered 200    wait until it first rests: then the creation is complete, for good
    POST unanswered      look, then the same POST again: its id can be used once only
    POST clearly refused that is recorded, and taken out of the record before the same POST again
    name taken, not us   NameConflict: nothing touched, the same POST again later
    a former server back the same: a restored cloud shows again what was gone, and no second one is made
    the next attempt     after a disk that was added to the former server, and is loose, has had its policy
    id used, no server   twice, 60 s apart: that id is burnt, next attempt
    failed in the cloud  record the failure → look → unlock → delete for good → proven 404 → next attempt
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    AskAgain,
    BeginCreation,
    BeginRestart,
    Hold,
    Look,
    ReadEip,
    RecordCards,
    RecordEip,
    Settled,
)
from onecloud_operator.core.cloud_writes import CloudWrite, Create
from onecloud_operator.core.creation_digests import sent_again, sent_of
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import (
    CREATE_FAILURES,
    Phase,
)
from onecloud_operator.core.ownership import bound_id
from onecloud_operator.core.plan import existing
from onecloud_operator.core.plan.attempt import begun_disks, completes, refused_with, settled_at, unmade
from onecloud_operator.core.plan.failed_create import after_failure, clean, retry_seconds
from onecloud_operator.core.plan.fresh_reads import (
    LATELY_SECONDS,
    NEVER,
    former_ids,
    found_again,
    next_look,
    round_seconds,
)
from onecloud_operator.core.plan.guards import too_many_gone
from onecloud_operator.core.plan.keep_disks import out_of_the_bin
from onecloud_operator.core.plan.leaving_disks import disks_before_another
from onecloud_operator.core.plan.login_begun import login_at_creation
from onecloud_operator.core.plan.retry import blocked
from onecloud_operator.core.records import Creation, attempt_id
from onecloud_operator.core.server_names import server_name
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import FailedAttempt

TAKEN = (
    "The cloud says that the id or the name of this server is taken, and does not let these credentials see "
    "by what: it belongs to another project. Give another server.name, or delete this object and "
    f"{DETACH}"
)


def begin(facts: Facts, *, attempt: int) -> Step:
    """Return the step that leads to attempt *attempt* being recorded."""
    resource = facts.resource
    if facts.place is None:
        return Hold(Reason.NOT_YET_OBSERVED, "The credentials have not been tried yet.")
    spec = resource.server_spec
    if spec is None:
        return Hold(Reason.INVALID_SPEC, "spec.server is needed to make a server.")
    if facts.lacking is not None:
        # Before the record: after a restart nobody could tell that no POST has followed it.
        return Hold(facts.lacking.reason, facts.lacking.message)
    if not resource.held:
        return AddFinalizer()
    if resource.records.bound_id is not None and (leaving := disks_before_another(facts)) is not None:
        return leaving
    return BeginCreation(
        Creation(
            attempt,
            attempt_id(resource.uid, attempt),
            server_name(resource, facts.config),
            text_of_time(facts.wall),
            sent=sent_of(spec),
        ),
        facts.place,
    )


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
            Reason.CREATING, "Waiting for a reading that is newer than the last request.", 1.0, unread=True
        )
    if server.owner is not None and server.owner.uid != facts.resource.uid:
        return Hold(
            Reason.OWNED_BY_ANOTHER,
            "The server carries the owner tags of another object, so nothing is done to it. Take those tags "
            f"off in the cloud, or delete this object and {DETACH}",
        )
    if server.recycled:
        return out_of_the_bin(facts, server) or Hold(
            Reason.IN_RECYCLE_BIN,
            "The server was put into the cloud's recycle bin while it was made. Restore it in the cloud, or "
            "delete this object.",
        )
    step = _made(facts, server)
    follows = isinstance(step, CloudWrite | BeginRestart | RecordCards | RecordEip | ReadEip)
    follows = follows or (isinstance(step, Settled) and _has_disks(facts))
    if follows and completes(facts):
        # What is written now may take it out of the rest by which it is known to be complete.
        return Hold(
            Reason.UPDATING, "The server is made; what else the spec asks for follows.", requeue_after=1.0
        )
    return step


def _has_disks(facts: Facts) -> bool:
    """Return whether there are data disks to see to, once they are known by their ids."""
    spec = facts.resource.server_spec
    if spec is None or spec.data_disks is None:
        return False
    return bool(spec.data_disks or facts.resource.records.disks)


def _made(facts: Facts, server: Observed) -> Step:
    """Return the next step for what the attempt has made."""
    if (failure := _failure(facts)) is not None:
        return clean(facts, server, failure)
    if server.phase is Phase.FAILED and server.status in CREATE_FAILURES:
        return after_failure(facts, server)
    return existing.plan(facts, server)


def _unseen(facts: Facts) -> Step:
    if facts.resource.records.creation is None:
        msg = "only a recorded creation comes here"
        raise AssertionError(msg)
    # An attempt that this process recorded itself, and never sent, cannot have been made by anybody.
    if facts.never_sent:
        return _create(facts)
    if facts.reading.missing or facts.memory.posted_at is not None:
        return _look(facts)
    return Hold(Reason.CREATING, "Looking whether the server has been made.")


def _absent(facts: Facts) -> Step:
    """Return the step after a proven 404 of the attempt's id."""
    records, memory, reading = facts.resource.records, facts.memory, facts.reading
    if memory.posted_at is not None and reading.asked_at < memory.posted_at:
        return _look(facts)
    if records.seen:
        return _vanished(facts)
    problem = refused_with(facts)
    if problem is None:
        return _create(facts)
    if not problem.duplicate_id:
        # That nothing was made is known only by a 404 of after that time; then the refusal can be recorded.
        unsure = not unmade(facts) and facts.now >= settled_at(facts)
        return _look(facts) if unsure else _create(facts)
    burnt = memory.burnt_at
    apart = facts.config.burnt_seconds
    if burnt is not None and memory.posted_at is not None and memory.posted_at - burnt >= apart:
        return _next(facts)
    return _create(facts)


def _former(facts: Facts) -> Step | None:
    """
    Return the step if a former server of this very object may be there again, None if a POST may be sent.

    It was a proven 404 once, and a cloud that was restored from a backup shows it again: beside it no other
    is made. A POST that follows on the 404 at once need not ask.
    """
    creation, memory = facts.resource.records.creation, facts.memory
    refusal = memory.refusals.get("Create")
    if creation is None:
        return None
    begun_at = memory.begun_at if facts.begun_here else None
    if refusal is None and begun_at is not None and facts.now - begun_at < LATELY_SECONDS:
        return None
    waits = refusal is not None and refusal.intent == facts.intent and facts.now < refusal.until
    if refusal is not None and waits and not refusal.problem.duplicate_name:
        return None  # it is not sent yet
    former = former_ids(facts)
    # What a POST found taken may have come back since the last look.
    since = memory.posted_at if memory.posted_at is not None else NEVER
    if (look := next_look(facts, former, since=since)) is not None:
        return look
    if (server_id := found_again(facts, former)) is None:
        return None
    ahead = settled_at(facts) - facts.now
    if ahead <= 0.0 and not unmade(facts):
        return _look(facts)  # that nothing was made is known only now; then it may be adopted
    return Hold(
        Reason.NAME_CONFLICT,
        f"Server {server_id}, which this object made earlier, was gone from the cloud and has come back. No "
        "second one is made beside it. To keep it, set spec.adoption to policy Adopt and this id, and "
        "onExternalDeletion to Report. To have a new one made, delete it there for good; while it is in the "
        "recycle bin it still counts.",
        ahead if ahead > 0.0 else round_seconds(facts, former),
    )


def _create(facts: Facts) -> Step:
    creation = facts.resource.records.creation
    if creation is None:
        msg = "only a recorded creation can be sent"
        raise AssertionError(msg)
    if (former := _former(facts)) is not None:
        return former
    # The name may be corrected while no server is made, so it is the spec's of today.
    name, sent = server_name(facts.resource, facts.config), _sent(facts, creation)
    post = Create(replace(creation, refused_at=None))
    waits = blocked(facts, post) is not None
    refused_at = creation.refused_at if waits else None
    again = Creation(
        creation.attempt, creation.id, name, creation.started_at, sent=sent, refused_at=refused_at
    )
    noted = creation.name, creation.sent, facts.resource.records.disks
    other = (name, sent, begun_disks(facts, again)) != noted or _other_password(facts, creation)
    if other and facts.place is not None:
        return BeginCreation(again, facts.place)
    return post if waits or creation.refused_at is None else AskAgain()


def _sent(facts: Facts, creation: Creation) -> tuple[tuple[str, str], ...] | None:
    """Return what the attempt's server is made of: by the next POST, or by one before."""
    spec = facts.resource.server_spec
    if spec is None or creation.sent is None:
        return creation.sent
    return sent_again(creation.sent, sent_of(spec), unmade=unmade(facts))


def _other_password(facts: Facts, creation: Creation) -> bool:
    """Return whether the next POST has the password of another Secret, or key, than is on record."""
    if (login := facts.resource.records.login) is None:
        return False
    now = login_at_creation(facts, creation.attempt).password
    return not now.of_same_key(login.password) if now is not None else login.password is not None


def _look(facts: Facts) -> Step:
    """Look for the attempt's id; a 403 for an id that a POST found taken means that others have it."""
    refused, unseen = refused_with(facts), facts.memory.refusals.get("Look")
    taken = refused is not None and (refused.duplicate_id or refused.duplicate_name)
    if (
        taken
        and unseen is not None
        and unseen.problem.reason == Reason.FORBIDDEN
        and facts.now < unseen.until
    ):
        return Hold(Reason.OWNED_BY_ANOTHER, TAKEN)
    return Look(bound_id(facts.resource))


def _failure(facts: Facts) -> FailedAttempt | None:
    creation = facts.resource.records.creation
    return creation.failure if creation is not None and facts.resource.records.seen else None


def _vanished(facts: Facts) -> Step:
    """Return the step after a server that was seen is gone before it was complete."""
    resource = facts.resource
    if resource.records.creation is not None and resource.records.creation.failure is not None:
        return _next(facts)
    if resource.spec is not None and resource.spec.on_external_deletion == "Recreate":
        return too_many_gone(facts) if facts.too_many_gone else _next(facts)
    return Hold(
        Reason.EXTERNALLY_DELETED,
        "The server was deleted in the cloud while it was made, not by this object. Delete this object, or "
        "set onExternalDeletion: Recreate to have a new server made.",
    )


def _next(facts: Facts) -> Step:
    """Return the next attempt, after a wait that grows with their number."""
    creation = facts.resource.records.creation
    if creation is None:
        msg = "only a recorded creation has a next attempt"
        raise AssertionError(msg)
    if (seconds := retry_seconds(facts)) > 0:
        failure = creation.failure
        return Hold(
            failure.reason if failure else Reason.CREATION_FAILED,
            failure.message if failure else "The creation failed; it is tried again after a wait.",
            requeue_after=seconds,
        )
    return begin(facts, attempt=creation.attempt + 1)
