"""
What waits for a person's approval, under ``approval: Manual``.

    nothing about to be done     no plan
    a plan                       shown, with its hash; the annotation with that hash: recorded, then done
    part of it is done           the rest of the same plan goes on, whatever its order, also after a crash
    something new differs        the approved rest goes on; all of it is a new plan, and the new part waits
    done, and differs again      a new plan: its hash has the approved one in it

No approval is needed for what brings to its end what was begun: the start of a server that was stopped, the
clean-up of a failed creation, ``syncstatus``; nor for what only reads, or lets the object go by force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import APPROVE_PLAN
from onecloud_operator.api.fixed import GROUPS
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginCreation, DryRun, Hold, RecordApproval
from onecloud_operator.core.approval_record import Approval, Mark
from onecloud_operator.core.cloud_writes import Delete, KeepDisk, Start, Stop, SyncStatus, Unlock
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.ownership import forged
from onecloud_operator.core.plan.card_limits import BANDWIDTH
from onecloud_operator.core.plan.concerns import Guarded, concerns
from onecloud_operator.core.plan.preview import known_preview, plan_hash, server_of, whole_preview
from onecloud_operator.core.plan_step import (
    MAX_STEPS,
    OWNER_TAGS,
    SERVER,
    Effect,
    Plan,
    PlanStep,
    digest_of,
    mark_of,
    ordered,
    planned,
    steps_text,
)
from onecloud_operator.core.policies import asks_first, observing
from onecloud_operator.core.status_values import mapping
from onecloud_operator.core.step_text import DETACH, words_of
from onecloud_operator.core.values import cut, text_of_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

DRY_RUN_AGAIN_SECONDS = 600.0  # of one that was refused
SAID_LENGTH = 500
_WELL, _REFUSED = " The cloud's dry run finds nothing wrong with it.", " The cloud's dry run refuses it: "
# What a step comes from moves along with its way: off, suspended, asked for and not answered yet.
_MOVING_FIELDS = frozenset({"powerState", "passwordFrom", "keypair", GROUPS})
_WEIGHT = {
    Effect.LIVE: 0,
    Effect.RESTART: 1,
    Effect.CREATE: 1,
    Effect.REBUILD: 2,
    Effect.RECYCLE: 3,
    Effect.DELETE: 4,
}


def gate(facts: Facts, step: Step) -> Step | None:
    """Return what comes before *step* under ``approval: Manual``: a hold, mostly; None: nothing."""
    if not asks_first(facts.resource) or not isinstance(step, Guarded) or _ends_what_was_begun(facts, step):
        return None
    steps = whole_preview(facts)
    if steps is None and open_marks(facts):
        return None  # a removal goes on while its server moves
    if not any(concerns(step, one) for one in steps or ()):
        unforeseen = planned(SERVER, None, words_of(step).noun, Effect.LIVE)
        steps = ordered((unforeseen, *(steps or ())))
    if any(concerns(step, one) for one in steps or () if _covered(facts, one)):
        return None
    steps = (steps or ())[:MAX_STEPS]
    waiting = _awaiting(facts, steps)
    if not isinstance(waiting, Hold) or not isinstance(step, BeginCreation):
        return waiting
    if (told := _told(facts, waiting)) is not None:
        return told
    return DryRun(step.creation) if _dry_run_due(facts) else waiting


def awaiting(facts: Facts) -> RecordApproval | Hold | None:
    """Return what is done about the plan that is not wholly approved; None: there is none."""
    plan = awaited(facts)
    return None if plan is None else _awaiting(facts, plan.steps)


def awaited(facts: Facts) -> Plan | None:
    """Return the plan that waits for an approval; None while nothing does, or nothing is known."""
    if not asks_first(facts.resource):
        return None
    steps = known_preview(facts)
    if not steps or not _missing(facts, steps):
        return None
    return Plan(_hash(facts, steps), steps)


def withheld(facts: Facts) -> frozenset[str]:
    """Return the fields of a server that rests of which nothing is done, for want of an approval."""
    if not asks_first(facts.resource):
        return frozenset()
    return frozenset(step.field for step in _missing(facts, whole_preview(facts) or ()))


def open_marks(facts: Facts) -> tuple[Mark, ...]:
    """Return what is approved and not yet done."""
    resource, approval = facts.resource, facts.resource.records.approval
    if approval is None or resource.approves != approval.hash:
        return ()
    if not approval.made_for(resource.uid, resource.generation):
        return ()
    if approval.server_id != server_of(resource) and not _brings_a_server(approval):
        return ()
    return approval.open


def approval_after(facts: Facts, *, settled: bool) -> Approval | None:
    """Return the record of the approved plan, with what this reading shows to be done of it."""
    approval = facts.resource.records.approval
    if approval is None or facts.resource.spec is None:
        return approval
    if not asks_first(facts.resource):
        return None
    left = open_marks(facts)
    if not left or not _tells(facts, settled=settled) or (now := whole_preview(facts)) is None:
        return approval
    there = {digest_of(path) for each in now for path in (each.field, _whole(each.field))}
    done = [one for one in left if one.field not in there]
    return approval.without([one for one in done if settled or not _unforeseen(one)])


def _tells(facts: Facts, *, settled: bool) -> bool:
    """Return whether what is not about to be done is done, and not only held."""
    resource, server = facts.resource, facts.server
    if resource.paused or resource.flaw is not None or observing(resource) or forged(resource):
        return False
    return settled or server is None or server.phase is not Phase.SUSPENDED


def covers(approved: Mark, step: PlanStep) -> bool:
    """Return whether *step* is *approved*, or what follows from it, and disturbs the server no more."""
    if _WEIGHT[step.effect] > _WEIGHT[approved.effect]:
        return False
    if approved.field == digest_of(step.field):
        moves = step.field in _MOVING_FIELDS or step.field.endswith(f"].{BANDWIDTH}")
        same = approved.effect is Effect.CREATE or moves
        return approved.after == digest_of(step.after) and (
            same or digest_of(step.before) in {approved.before, ""}
        )
    whole = _whole(step.field)
    if whole == "tags" and approved.effect is not Effect.CREATE:
        return False
    return whole != step.field and approved.field == digest_of(whole)


def _whole(field: str) -> str:
    """Return the field that *field* is a part of: a disk's size, a card's address; else itself."""
    if field.startswith(("dataDisks[", "networks[")) and "]." in field:
        return f"{field.partition('].')[0]}]"
    whole, _, part = field.partition(".")
    return whole if part and whole in {"eip", "tags"} else field


def _covered(facts: Facts, step: PlanStep) -> bool:
    return any(covers(one, step) for one in open_marks(facts))


def _missing(facts: Facts, steps: Iterable[PlanStep]) -> tuple[PlanStep, ...]:
    given = open_marks(facts)
    return tuple(step for step in steps if not any(covers(one, step) for one in given))


def _hash(facts: Facts, steps: Sequence[PlanStep]) -> str:
    approval = facts.resource.records.approval
    return plan_hash(facts.resource, steps, after=approval.hash if approval is not None else None)


def _awaiting(facts: Facts, steps: tuple[PlanStep, ...]) -> RecordApproval | Hold:
    resource, approval = facts.resource, facts.resource.records.approval
    plan = Plan(_hash(facts, steps), steps)
    after = approval.hash if approval is not None else None
    if resource.approves == plan.hash:
        at, marks = text_of_time(facts.wall), tuple(mark_of(step) for step in steps)
        return RecordApproval(Approval(plan.hash, at, marks, after, server_of(resource)))
    said = cut(steps_text(_missing(facts, steps) or steps), SAID_LENGTH)
    message = (
        f"Waits for approval: {said}. To approve all of status.plan, set the annotation {APPROVE_PLAN}: "
        f"{plan.hash}.{_dry_run_text(facts, steps)}"
    )
    if resource.deleting:
        message = f"{message} Or {DETACH}"
    return Hold(Reason.PLAN_PENDING, message, awaits=plan)


def _ends_what_was_begun(facts: Facts, step: Guarded) -> bool:
    records = facts.resource.records
    if isinstance(step, SyncStatus):
        return True
    if isinstance(step, Start | Stop):
        return records.restart is not None
    failed = records.creation is not None and records.creation.failure is not None
    return failed and not facts.resource.deleting and isinstance(step, Unlock | Delete | KeepDisk)


def _brings_a_server(approval: Approval) -> bool:
    """Return whether the plan was to make or adopt a server: then it goes on with that one."""
    server, tags = digest_of(SERVER), digest_of(OWNER_TAGS)
    return any(
        (one.field == server and one.effect is Effect.CREATE) or (one.field == tags and one.after != "")
        for one in approval.whole
    )


def _unforeseen(one: Mark) -> bool:
    return one.field == digest_of(SERVER) and one.effect is Effect.LIVE and one.before == ""


# -- the cloud's dry run ---------------------------------------------------------------------------------
def _told(facts: Facts, waiting: Hold) -> Hold | None:
    """Return *waiting* with what the status tells of the dry run: after a restart none is asked for again."""
    said = standing(facts.resource.status, "Synced") or {}
    message = str(said.get("message", ""))
    same = mapping(facts.resource.status.get("plan")).get("hash") == (waiting.awaits and waiting.awaits.hash)
    if facts.memory.dry_run is not None or said.get("reason") != Reason.PLAN_PENDING or not same:
        return None
    lately = facts.now - facts.memory.born_at < DRY_RUN_AGAIN_SECONDS
    if message == waiting.message + _WELL or (lately and message.startswith(waiting.message + _REFUSED)):
        return replace(waiting, message=message)
    return None


def _dry_run_due(facts: Facts) -> bool:
    last = facts.memory.dry_run
    if last is None or last.intent != facts.intent:
        return True
    return last.problem is not None and facts.now - last.at >= DRY_RUN_AGAIN_SECONDS


def _dry_run_text(facts: Facts, steps: Sequence[PlanStep]) -> str:
    last = facts.memory.dry_run
    if last is None or last.intent != facts.intent or not any(one.effect is Effect.CREATE for one in steps):
        return ""
    if last.problem is None:
        return _WELL
    return f"{_REFUSED}{cut(last.problem.message, SAID_LENGTH)}"
