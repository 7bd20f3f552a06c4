"""Operators that break an invariant each: the storm must notice every one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    AskAgain,
    BeginCreation,
    BeginDeletion,
    BeginRestart,
    Hold,
    Look,
    RecordImage,
    RemoveFinalizer,
)
from onecloud_operator.core.cloud_writes import CloudWrite, Create, Delete, Stop
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.outcome import Failed
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Creation, attempt_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.conclusion import Conclusion
    from onecloud_operator.core.facts import Facts, Memory
    from onecloud_operator.core.outcome import Outcome
    from tests.core.world import Conclude

    Decide = Callable[[Facts], Step]

LEFT_OUT = [Look, *(kind for kind in get_args(CloudWrite) if kind not in {Create, Delete})]


def without(kind: type) -> Decide:
    """Return an operator that never takes a step of this kind."""

    def decide(facts: Facts) -> Step:
        step = plan(facts)
        return Hold(Reason.UPDATING, "It is left out.", 60.0) if isinstance(step, kind) else step

    return decide


def deletes_in(phase: Phase) -> Decide:
    """Return an operator that removes a server because of what the cloud says of it."""

    def decide(facts: Facts) -> Step:
        server, step = facts.server, plan(facts)
        if server is not None and server.phase is phase and server.owner_known and facts.place is not None:
            return Delete(server.id, for_good=True)
        return step

    return decide


def makes_another(facts: Facts) -> Step:
    """Take a question, whether the server is there, for an answer."""
    step, creation = plan(facts), facts.resource.records.creation
    if isinstance(step, Look) and creation is not None and facts.place is not None:
        number = creation.attempt + 1
        another = replace(creation, attempt=number, id=attempt_id(facts.resource.uid, number), failure=None)
        return BeginCreation(another, facts.place)
    return step


def posts_another(facts: Facts) -> Step:
    """Make a server under an id that stands nowhere."""
    step = plan(facts)
    if not isinstance(step, Create):
        return step
    made = step.creation
    return Create(Creation(made.attempt, attempt_id(facts.resource.uid, 50), made.name, made.started_at))


def asks_again_without_a_record(facts: Facts) -> Step:
    """Send a POST again, and leave it on record that none is under way."""
    step, creation = plan(facts), facts.resource.records.creation
    return Create(creation) if isinstance(step, AskAgain) and creation is not None else step


def asks_nobody(facts: Facts) -> Step:
    """Remove the server of an object however many are deleted with it."""
    return plan(replace(facts, deletions=Deletions(limited=False)))


def settles_at_once(facts: Facts) -> Step:
    """Believe that an unanswered POST is not at work any more."""
    return plan(replace(facts, config=replace(facts.config, post_settle_seconds=0.0)))


def lets_go_at_once(facts: Facts) -> Step:
    """Let a deleted object go, and its server be."""
    if facts.resource.deleting and facts.resource.held:
        return RemoveFinalizer("Deleted")
    return plan(facts)


def erases(facts: Facts) -> Step:
    """Pass by the recycle bin."""
    step = plan(facts)
    return replace(step, for_good=True) if isinstance(step, Delete) else step


def keeps_no_record(facts: Facts) -> Step:
    """Delete without the record of it."""
    step, server = plan(facts), facts.server
    if isinstance(step, BeginDeletion) and server is not None:
        return Delete(server.id, for_good=False)
    return step


def stops_without_a_record(facts: Facts) -> Step:
    """Stop a server for a change, and trust to remember that it ran."""
    step, server = plan(facts), facts.server
    return Stop(server.id) if isinstance(step, BeginRestart) and server is not None else step


def rebuilds_without_a_record(facts: Facts) -> Step:
    """Ask for a rebuild, and trust to remember it."""
    step, server = plan(facts), facts.server
    if isinstance(step, RecordImage) and step.record.rebuild is not None and server is not None:
        return Rebuild(server.id, step.record.rebuild.id)
    return step


def rebuilds_again(facts: Facts) -> Step:
    """Take it for certain that nothing has come of a rebuild that is on record."""
    record = facts.resource.records.image
    since = record.rebuild.since if record is not None and record.rebuild is not None else None
    return plan(replace(facts, memory=replace(facts.memory, unsent_rebuild=since)))


def rebuilds_what_differs(facts: Facts) -> Step:
    """Take another image in the cloud for an edit."""
    records, server = facts.resource.records, facts.server
    record = records.image
    if record is None or record.id is None or server is None or server.details is None:
        return plan(facts)
    if all(disk.image_id == record.id for disk in server.details.disks if disk.index == 0):
        return plan(facts)
    other = replace(records, image=replace(record, text="another"))
    return plan(replace(facts, resource=replace(facts.resource, records=other)))


def holds_nothing(facts: Facts) -> Step:
    """Write to the cloud for an object that may vanish at any time."""
    step = plan(facts)
    if isinstance(step, AddFinalizer) and facts.place is not None:
        uid = facts.resource.uid
        return BeginCreation(Creation(1, attempt_id(uid, 1), "shop.web-1", ""), facts.place)
    return step


def ignores_the_pause(facts: Facts) -> Step:
    """Write for a paused object."""
    return plan(replace(facts, resource=replace(facts.resource, annotations={})))


def forgets_refusals(facts: Facts) -> Step:
    """Send the same over and over."""
    return plan(replace(facts, memory=replace(facts.memory, refusals={}, acceptances={})))


def forgets_disks(facts: Facts) -> Step:
    """Let all disks of a server go with it."""
    server = facts.server
    if server is None or server.details is None:
        return plan(facts)
    root = tuple(disk for disk in server.details.disks if not disk.index)
    bare = replace(server, details=replace(server.details, disks=root))
    return plan(replace(facts, reading=replace(facts.reading, server=bare)))


def writes_all(facts: Facts, step: Step, outcome: Outcome, jitter: float) -> Conclusion[Memory]:
    """Write a status at every pass, whatever stands there."""
    made = conclude(facts, step, outcome, jitter)
    return made if made.status is not None else replace(made, status=dict(facts.resource.status))


def counts_what_is_unwritten(facts: Facts, step: Step, outcome: Outcome, jitter: float) -> Conclusion[Memory]:
    """Take a record for written before it is."""
    made = conclude(facts, step, outcome, jitter)
    return replace(made, unwritten=made.memory)


def forgets_what_failed(facts: Facts, step: Step, outcome: Outcome, jitter: float) -> Conclusion[Memory]:
    """Remember nothing of a step that failed, though it may have been done."""
    made = conclude(facts, step, outcome, jitter)
    lost = isinstance(outcome, Failed)
    return replace(made, memory=facts.memory, unwritten=facts.memory) if lost else made


DECIDE: dict[str, Decide] = {
    "deletes-what-is-unknown": deletes_in(Phase.UNKNOWN),
    "deletes-what-has-failed": deletes_in(Phase.FAILED),
    "deletes-what-is-stopped": deletes_in(Phase.STOPPED),
    "takes-missing-for-gone": makes_another,
    "posts-what-is-not-on-record": posts_another,
    "takes-silence-for-no": settles_at_once,
    "asks-again-without-a-record": asks_again_without_a_record,
    "lets-go-at-once": lets_go_at_once,
    "passes-by-the-recycle-bin": erases,
    "asks-nobody-before-many-go": asks_nobody,
    "deletes-without-a-record": keeps_no_record,
    "stops-without-a-record": stops_without_a_record,
    "rebuilds-without-a-record": rebuilds_without_a_record,
    "rebuilds-again": rebuilds_again,
    "rebuilds-what-differs": rebuilds_what_differs,
    "makes-without-a-finalizer": holds_nothing,
    "ignores-the-pause": ignores_the_pause,
    "forgets-refusals": forgets_refusals,
    "forgets-disks": forgets_disks,
} | {f"leaves-out-{kind.__name__}": without(kind) for kind in LEFT_OUT}


def takes_silence_for_a_refusal(
    facts: Facts, step: Step, outcome: Outcome, jitter: float
) -> Conclusion[Memory]:
    """Put a POST whose answer was lost on record as refused."""
    made, creation = conclude(facts, step, outcome, jitter), facts.resource.records.creation
    if made.status is None or creation is None or not isinstance(step, Create):
        return made
    status = {**made.status, "creation": {**made.status["creation"], "refusedAt": creation.started_at}}
    return replace(made, status=status)


CONCLUDE: dict[str, Conclude] = {
    "counts-what-is-unwritten": counts_what_is_unwritten,
    "forgets-what-failed": forgets_what_failed,
    "takes-silence-for-a-refusal": takes_silence_for_a_refusal,
}

# In a second or two; `make soak` takes the time for the others.
NOTICED_SOON = frozenset(
    {
        "deletes-what-has-failed",
        "deletes-what-is-stopped",
        "takes-missing-for-gone",
        "posts-what-is-not-on-record",
        "lets-go-at-once",
        "passes-by-the-recycle-bin",
        "deletes-without-a-record",
        "forgets-disks",
        "forgets-what-failed",
        "stops-without-a-record",
        "makes-without-a-finalizer",
        "leaves-out-Look",
        "leaves-out-Unlock",
    }
)
