"""
What was tried before, and is not tried again yet, or not by itself.

A refusal holds back the steps of its kind until its time; a step that was accepted and changed nothing is
repeated at growing intervals, or, where each try may stop the server, only when a person asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, ReadDisk, ReadEip, Settled
from onecloud_operator.core.card_writes import (
    AttachCard,
    BindGroup,
    ChangeAddress,
    DetachCard,
    LimitCard,
    UnbindGroup,
)
from onecloud_operator.core.cloud_writes import GrowDisk, KeepDisk, OfflineWrite, Resize, Stop, Update
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite, TagDisk
from onecloud_operator.core.eip_writes import EipWrite
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.login_writes import DeployKeypair, DeployPassword, SetPassword
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.failure_cause import asking, of_accepted, said
from onecloud_operator.core.records import HeldBack
from onecloud_operator.core.step_text import at_work, words_of
from onecloud_operator.core.waits import Waits

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts, Memory
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.retry_state import Acceptance, Refusal
    from onecloud_operator.core.values import Problem

ACCEPTED_TWICE = 2
HELD_SECONDS = 30.0  # what worked for so long has not failed; a server that ends sooner may end each time
REPEATS = Waits(60.0, 600.0)
UNHEARD_TRIES = 3  # of a change whose answer is lost, before a server that is stopped for it is started again
MAX_SAID = 700  # of a refusal's text, so that what follows it is not cut off
_SPENT = (
    "Since it may stop the server each time, it is not repeated by itself: a change of the spec, or the "
    "annotation onecloud.io/reconcile-requested-at, has it tried again."
)


def kind_of(step: Step) -> str:
    """Return what kind of step it is: a refusal of one holds back the others of its kind."""
    if isinstance(step, EipWrite | ReadEip):
        return f"{type(step).__name__} {step.eip_id}"
    match step:
        case Update(fields=((first, _), *_)):
            return f"Update {first}"
        case GrowDisk(disk_id=disk_id):
            return f"GrowDisk {disk_id}"
        case (
            AttachCard(network=name)
            | AddDisk(label=name)
            | WriteConnection(secret=name)
            | DropConnection(secret=name)
        ):
            return f"{type(step).__name__} {name}"
        case DetachCard(mac=mac) | ChangeAddress(mac=mac):
            return f"{type(step).__name__} {mac}{' live' if step.live else ''}"
        case LimitCard(mac=mac):
            return f"LimitCard {mac}"
        case BindGroup(group_id=group) | UnbindGroup(group_id=group):
            return f"{type(step).__name__} {group}"
        case SetPassword(secret=secret) | DeployPassword(secret=secret):
            return f"{type(step).__name__} {secret.version}"  # another version is another change
        case DeployKeypair(keypair_id=keypair_id):
            return f"DeployKeypair {keypair_id}"
        case _ if isinstance(step, KeepDisk | ReadDisk | DiskWrite):
            untags = isinstance(step, TagDisk) and step.label is None
            return f"{'UntagDisk' if untags else type(step).__name__} {step.disk_id}"
        case Resize(live=True):
            return "Resize live"  # what is refused while a server runs may be done when it does not
        case _:
            return type(step).__name__


def same_intent(resource: Resource) -> bool:
    """Return whether the status is of the object as it is: nothing new was asked for since."""
    asked = resource.reconcile_requested_at
    return (
        resource.status.get("observedGeneration") == resource.generation
        and asked in {None, resource.records.last_handled}  # the annotation may be taken off again
    )


def spent_before(facts: Facts, step: Step) -> HeldBack | None:
    """
    Return what the status tells of *step*, if it is spent for this very intent.

    A new process remembers no attempts. Without the record it would stop the server once more for what
    cannot be done, at every restart of the operator.
    """
    kind = kind_of(step)
    here = (a.intent for other, a in facts.memory.acceptances.items() if kind_of(other) == kind)
    if _refused(facts, step) is not None or facts.intent in here or not same_intent(facts.resource):
        return None
    return next((held for held in facts.resource.records.held_back if held.change == kind), None)


def hold_spent(facts: Facts, step: Step) -> Hold:
    """Hold a step that has cost a restart, or would cost one, and has changed nothing."""
    refusal = _refused(facts, step)
    if refusal is not None and not _passing(refusal):
        reason, message = refusal.problem.reason, f"{refusal.problem.message[:MAX_SAID]} {_SPENT}"
    elif (held := spent_before(facts, step)) is not None:
        reason, message = held.reason, held.message
    else:
        reason, message = Reason.OPERATION_FAILED, f"{_without_effect(facts, step)} {_SPENT}"
    hold = Hold(reason, message, spent=(HeldBack(kind_of(step), reason, message),))
    refused = refusal is not None and not _passing(refusal)
    acceptance = acceptance_of(facts, step)
    if not refused and acceptance is not None and acceptance.worked_at is None:
        return asking(facts, of_accepted(facts, step, acceptance), hold)
    return hold


def _without_effect(facts: Facts, step: Step) -> str:
    """Return what is said of a step that was accepted and changed nothing, with the cloud's own words."""
    acceptance = acceptance_of(facts, step)
    why = said(facts, of_accepted(facts, step, acceptance)) if acceptance is not None else None
    if acceptance is not None and acceptance.worked_at is not None:
        soon = "since" if _held(facts, acceptance) else f"within {HELD_SECONDS:.0f} s"
        return f"The cloud carried out {words_of(step).noun}, and it was undone {soon}."
    lead = f"The cloud accepted {words_of(step).noun}, and the server still differs"
    return f"{lead}: {why}." if why else f"{lead}; see its operation log in the cloud."


def tried(facts: Facts, step: Step) -> bool:
    """Return whether *step* was sent before for this intent, whatever came of it."""
    refusal = _refused(facts, step)
    return (
        (refusal is not None and not _passing(refusal))
        or acceptance_of(facts, step) is not None
        or spent_before(facts, step) is not None
    )


def passing(facts: Facts, step: Step) -> bool:
    """Return whether *step* failed in a way that tells nothing yet: it is sent again soon."""
    refusal = _refused(facts, step)
    return refusal is not None and _passing(refusal)


def _passing(refusal: Refusal) -> bool:
    return refusal.problem.again or (refusal.problem.ambiguous and refusal.count < UNHEARD_TRIES)


def refused_for_good(facts: Facts, step: Step) -> Refusal | None:
    """Return the refusal of *step* that says that it cannot be done to a server like this, or None."""
    refusal = _refused(facts, step)
    if refusal is None or refusal.problem.ambiguous or _moot(facts, refusal):
        return None
    return refusal if refusal.problem.stuck or refusal.problem.reason == Reason.PROVIDER_ERROR else None


def refusal_text(facts: Facts, live: Step) -> str:
    """Return why *live* is not tried again while the server runs, "" if it may be."""
    if (refusal := refused_for_good(facts, live)) is not None:
        return refusal.problem.message
    if acceptance_of(facts, live) is not None:
        return "The cloud accepted it for the running server, which did not change."
    return ""


def reassessed(facts: Facts, step: Step, problem: Problem) -> Problem:
    """
    Return what a refusal of *step* means, by the one before it.

    "Not in this state" passes while the server moves, or has moved since. Said once more of a server that
    rests and is the same as then, it does not.
    """
    server, before = facts.server, facts.memory.refusals.get(kind_of(step))
    if not problem.again or server is None or before is None:
        return problem
    if server.phase is Phase.MOVING and not facts.hangs:
        return problem
    told_before = before.intent == facts.intent and (before.problem.again or before.problem.stuck)
    if not told_before or before.version != server.version or facts.reading.asked_at < before.at:
        return problem
    return replace(problem, reason=Reason.OPERATION_FAILED, again=False, stuck=True)


def _moot(facts: Facts, refusal: Refusal) -> bool:
    """Return whether the cloud refused it for a state that the server has left since."""
    server = facts.server
    return refusal.problem.stuck and server is not None and server.version != refusal.version


def _refused(facts: Facts, step: Step) -> Refusal | None:
    refusal = facts.memory.refusals.get(kind_of(step))
    return refusal if refusal is not None and refusal.intent == facts.intent else None


def acceptance_of(facts: Facts, step: Step) -> Acceptance | None:
    """
    Return how often the cloud accepted *step* for this intent in this process, in a row, or None for never.

    What worked for a while is over, whatever has undone it since; but not what may stop the server: against
    somebody who changes it back each time it would be stopped again and again.
    """
    acceptance = facts.memory.acceptances.get(step)
    if acceptance is None or acceptance.intent != facts.intent:
        return None
    return None if not _may_stop(step) and _held(facts, acceptance) else acceptance


def stopped_since(memory: Memory, step: Stop) -> bool:
    """Return whether the server was off since the cloud accepted *step* last."""
    past = memory.acceptances.get(step)
    return past is not None and past.worked_at is not None


def _may_stop(step: Step) -> bool:
    live = isinstance(step, Resize | DetachCard | ChangeAddress) and step.live
    return isinstance(step, OfflineWrite) and not live


def _held(facts: Facts, acceptance: Acceptance) -> bool:
    """Return whether it did its work, and that was undone only later: this ends the count."""
    moved_at = facts.memory.moved_at
    if acceptance.worked_at is None or moved_at is None:
        return False
    return moved_at - acceptance.worked_at >= HELD_SECONDS


def blocked(facts: Facts, step: Step) -> Hold | None:
    """
    Return why *step* may not be taken yet, or None.

    Either the cloud refused one of its kind and its time has not come, or it accepted this very step before
    and the server still differs: twice at once, then at growing intervals. A step that restarts the server,
    or that grows a disk, is not repeated by itself any more then.
    """
    if isinstance(step, Hold | Settled):
        return None
    refusal = _refused(facts, step)
    if refusal is not None and facts.now < refusal.until and not _moot(facts, refusal):
        if refusal.problem.again:
            return Hold(*at_work(facts.resource), refusal.until - facts.now)
        return Hold(refusal.problem.reason, refusal.problem.message, refusal.until - facts.now)
    stops = facts.resource.records.restart is not None
    costly = _may_stop(step) and (stops or isinstance(step, GrowDisk))
    acceptance = acceptance_of(facts, step)
    if acceptance is None:
        return hold_spent(facts, step) if costly and spent_before(facts, step) is not None else None
    free = 1 if isinstance(step, GrowDisk) else ACCEPTED_TWICE
    if acceptance.count < free:
        return None
    if costly:
        return hold_spent(facts, step)
    until = acceptance.at + REPEATS.after(acceptance.count - free)
    if facts.now >= until:
        return None
    message = f"{_without_effect(facts, step)} It is tried again at growing intervals."
    if acceptance.worked_at is not None:
        return Hold(Reason.UPDATING, message, until - facts.now)
    return asking(
        facts, of_accepted(facts, step, acceptance), Hold(Reason.OPERATION_FAILED, message, until - facts.now)
    )
