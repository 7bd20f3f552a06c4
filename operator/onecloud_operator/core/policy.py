"""Small rules that several decisions share: whose a server is, what the defaults are, what must wait."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from onecloud_operator.core.actions import GrowDisk, Hold, Resize, Settled, Update
from onecloud_operator.core.observed import Owner
from onecloud_operator.core.records import HeldBack, attempt_id
from onecloud_operator.core.words import words_of

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Attempt, Config, Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource

NAME_LENGTH = 60  # the cloud cuts hostnames there, and silently cuts names at 128
HASH_LENGTH = 8
ACCEPTED_TWICE = 2
REPEAT_FIRST_SECONDS = 60.0
REPEAT_MOST_SECONDS = 600.0
MOST_SAID = 700  # of a refusal's text, so that what follows it is not cut off
_SPENT = (
    "Since it may stop the server each time, it is not repeated by itself: a change of the spec, or the "
    "annotation onecloud.io/reconcile-requested-at, has it tried again."
)


def server_name(resource: Resource, config: Config) -> str:
    """
    Return the name of a new server: the spec's, else ``<prefix><namespace>.<name>``, hashed above 60.

    A namespace has no dot, so two objects of one cluster never meet.
    """
    if resource.spec and resource.spec.server and resource.spec.server.name:
        return resource.spec.server.name
    name = f"{config.name_prefix}{resource.namespace}.{resource.name}"
    if len(name) <= NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{name[: NAME_LENGTH - HASH_LENGTH - 1].rstrip('.-')}-{digest}"


def owner_of(resource: Resource, config: Config) -> Owner:
    """Return what the owner tags of the object's server say."""
    return Owner(config.cluster, resource.namespace, resource.name, resource.uid)


def observing(resource: Resource) -> bool:
    """Say whether nothing may be sent to the cloud for this object."""
    return resource.spec is not None and resource.spec.management_policy == "Observe"


def target_id(resource: Resource) -> str | None:
    """Return the id whose readings this object needs; None while it has none."""
    if not observing(resource):
        return resource.records.bound_id
    adoption = resource.spec.adoption if resource.spec else None
    return (adoption.id if adoption else None) or resource.records.id


def bound_id(resource: Resource) -> str:
    """Return the id of the object's server; only for objects that have one."""
    server_id = resource.records.bound_id
    if server_id is None:
        msg = "the object has no server"
        raise AssertionError(msg)
    return server_id


def keeps(resource: Resource) -> bool:
    """Say whether the object has a server of its own, that it must not forget for one that it observes."""
    records = resource.records
    made = records.creation is None or records.creation.completed_at is not None or records.seen
    return records.bound_id is not None and made


def forged(resource: Resource) -> bool:
    """
    Say whether the creation record is not ours: its id is none that this object can have made.

    Whoever may write the status must not be able to point the operator at another's server.
    """
    creation = resource.records.creation
    return creation is not None and creation.id != attempt_id(resource.uid, creation.attempt)


def ours(resource: Resource, server: Observed) -> bool:
    """Say whether *server* may be written to: we made it, or adopted it and it carries our UID."""
    if resource.records.creation is not None:
        return not forged(resource) and server.id == resource.records.creation.id
    if resource.records.adopted_at is None or server.id != resource.records.id:
        return False
    return server.owner is not None and server.owner.uid == resource.uid


def deletion_policy(resource: Resource) -> str:
    """Return what a delete would do now: RecycleBin, Delete or Retain."""
    if observing(resource):
        return "Retain"
    if resource.spec and resource.spec.deletion_policy:
        return resource.spec.deletion_policy
    if resource.records.creation is None and (resource.records.adopted_at or _adopts_only(resource)):
        return "Retain"
    return "RecycleBin"


def _adopts_only(resource: Resource) -> bool:
    adoption = resource.spec.adoption if resource.spec else None
    return adoption is not None and adoption.policy == "Adopt"


def power(resource: Resource) -> str:
    """Return the wanted power state: Running, Stopped or Unmanaged."""
    server = resource.spec.server if resource.spec else None
    if server is not None and server.power_state is not None:
        return server.power_state
    return "Unmanaged" if resource.records.creation is None else "Running"


def reporting(resource: Resource) -> bool:
    """Say whether differences are reported only."""
    return bool(resource.spec and resource.spec.drift and resource.spec.drift.mode == "Report")


def kind_of(step: Step) -> str:
    """Return what kind of step it is: a refusal of one holds back the others of its kind."""
    match step:
        case Update(fields=((first, _), *_)):
            return f"Update {first}"
        case GrowDisk(disk_id=disk_id):
            return f"GrowDisk {disk_id}"
        case _:
            return type(step).__name__


def same_wish(resource: Resource) -> bool:
    """Say whether the status is of the object as it is: nothing new was asked for since."""
    asked = resource.reconcile_requested_at
    return (
        resource.status.get("observedGeneration") == resource.generation
        and asked in {None, resource.records.last_handled}  # the annotation may be taken off again
    )


def spent_before(facts: Facts, step: Step) -> HeldBack | None:
    """
    Return what the status tells of *step*, if it is spent for this very wish.

    A new process remembers no attempts. Without the record it would stop the server once more for what
    cannot be done, at every restart of the operator.
    """
    kind, memory = kind_of(step), facts.memory
    here = [a.wish for other, a in memory.attempts.items() if kind_of(other) == kind]
    here += [r.wish for other, r in memory.refusals.items() if other == kind]
    if facts.wish in here or not same_wish(facts.resource):
        return None
    return next((held for held in facts.resource.records.held_back if held.change == kind), None)


def spent(facts: Facts, step: Step) -> Hold:
    """Hold a step that has cost a restart, or would cost one, and has changed nothing."""
    refusal = facts.memory.refusals.get(kind_of(step))
    if refusal is not None and refusal.wish == facts.wish:
        reason, message = refusal.problem.reason, f"{refusal.problem.message[:MOST_SAID]} {_SPENT}"
    elif attempted(facts, step) is None and (held := spent_before(facts, step)) is not None:
        reason, message = held.reason, held.message
    else:
        what = words_of(step).noun
        told = f"The cloud accepted {what}, and the server still differs; see its operation log in the cloud."
        reason, message = "OperationFailed", f"{told} {_SPENT}"
    return Hold(reason, message, spent=(HeldBack(kind_of(step), reason, message),))


def tried(facts: Facts, step: Step) -> bool:
    """Say whether *step* was sent before for this wish, whatever came of it."""
    refusal = facts.memory.refusals.get(kind_of(step))
    return (
        (refusal is not None and refusal.wish == facts.wish)
        or attempted(facts, step) is not None
        or spent_before(facts, step) is not None
    )


def attempted(facts: Facts, step: Step) -> Attempt | None:
    """Return how often the cloud accepted *step* for this wish in this process, or None if it never did."""
    attempt = facts.memory.attempts.get(step)
    return attempt if attempt is not None and attempt.wish == facts.wish else None


def blocked(facts: Facts, step: Step) -> Hold | None:
    """
    Return why *step* may not be taken yet, or None.

    Either the cloud refused one of its kind and its time has not come, or it accepted this very step before
    and the server still differs: twice at once, then at growing intervals. A step that restarts the server,
    or that grows a disk, is not repeated by itself any more then.
    """
    if isinstance(step, Hold | Settled):
        return None
    refusal = facts.memory.refusals.get(kind_of(step))
    if refusal is not None and refusal.wish == facts.wish and facts.now < refusal.until:
        return Hold(refusal.problem.reason, refusal.problem.message, refusal.until - facts.now)
    costly = isinstance(step, GrowDisk) or (isinstance(step, Resize) and step.restart)
    attempt = attempted(facts, step)
    if attempt is None:
        return spent(facts, step) if costly and spent_before(facts, step) is not None else None
    free = 1 if isinstance(step, GrowDisk) else ACCEPTED_TWICE
    if attempt.count < free:
        return None
    if costly:
        return spent(facts, step)
    until = attempt.at + min(REPEAT_FIRST_SECONDS * 2.0 ** (attempt.count - free), REPEAT_MOST_SECONDS)
    if facts.now >= until:
        return None
    return Hold(
        "OperationFailed",
        f"The cloud accepted {words_of(step).noun}, but the server still differs. It is tried again at "
        "growing intervals; see the server's operation log in the cloud for the cause.",
        until - facts.now,
    )
