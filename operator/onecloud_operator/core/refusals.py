"""How the memory of one object changes with a step that failed, and with a hold; and how long each waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import (
    Find,
    Hold,
    Look,
    ReadCause,
    ReadDisk,
    ReadEip,
    ReadHistory,
    Resolve,
)
from onecloud_operator.core.card_memory import carded, limit_unheard
from onecloud_operator.core.card_writes import AttachCard, DetachCard, GroupWrite, LimitCard
from onecloud_operator.core.cloud_writes import Create, Delete, KeepDisk, Stop, SyncStatus
from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.disk_memory import disk_refused
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite
from onecloud_operator.core.eip_memory import write_refused
from onecloud_operator.core.eip_writes import AsideWrite
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import LoginWrite
from onecloud_operator.core.memory import asked_for_history, rebuild_sent
from onecloud_operator.core.plan import group_tries, login_tries
from onecloud_operator.core.plan.failure_cause import answered
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.retry_state import WAITING, forgive, pace, refuse, wait_for_next
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.waits import Waits


def refused(facts: Facts, step: Step, problem: Problem, *, ended_at: float, wait_seconds: float) -> Memory:
    """
    Return the memory after *step* failed with *problem*.

    *wait_seconds*: how long nothing of its kind is sent. A write that failed may all the same have happened,
    so it counts as one: what was read before it is stale.
    """
    kind = kind_of(step)
    before = facts.memory.refusals.get(kind)
    memory = refuse(
        facts.memory,
        kind,
        problem,
        intent=facts.intent,
        ended_at=ended_at,
        wait_seconds=wait_seconds,
        step=step,
        version=facts.server.version if facts.server is not None else None,
    )
    if isinstance(step, AsideWrite):
        return replace(memory, eip=write_refused(memory.eip, step, problem, ended_at))
    match step:
        case Look() | ReadDisk() | ReadEip() | Find() | Resolve() | WriteConnection() | DropConnection():
            return memory
        case AttachCard() | DetachCard() if problem.ambiguous:
            return carded(memory, step, ended_at)
        case _ if isinstance(step, KeepDisk | DiskWrite | AddDisk):
            return disk_refused(facts, memory, step, problem, ended_at)
        case ReadCause():
            return answered(memory, step, None, ended_at)
        case ReadHistory():
            return asked_for_history(memory, None, ended_at)
        case Create():
            again = before is not None and before.problem.duplicate_id
            return _create_refused(memory, problem, again=again, ended_at=ended_at)
        case Delete() if not problem.ambiguous:
            return memory  # a clear no: it is not being removed
        case Delete():
            return replace(memory, deleted_at=ended_at, wrote_at=ended_at)
        case _:
            return replace(_of_server(facts, memory, step, problem, ended_at), wrote_at=ended_at)


def _of_server(facts: Facts, memory: Memory, step: Step, problem: Problem, ended_at: float) -> Memory:
    match step:
        case LimitCard() if problem.ambiguous:
            return limit_unheard(memory, step, ended_at)
        case _ if isinstance(step, GroupWrite):
            return group_tries.refused(memory, step, problem, ended_at)
        case _ if isinstance(step, LoginWrite) and problem.ambiguous:
            return replace(memory, login=login_tries.unheard(facts, step, ended_at))
        case Rebuild() if problem.ambiguous:
            return rebuild_sent(memory)
        case Stop() if problem.ambiguous:
            return replace(memory, stop_lost_at=ended_at)
        case SyncStatus():
            return replace(memory, login=login_tries.cut_short(memory.login))
        case _:
            return memory


def _create_refused(memory: Memory, problem: Problem, *, again: bool, ended_at: float) -> Memory:
    """Return the memory after a POST failed; *again*: the one before found its id used, too."""
    if not (problem.ambiguous or problem.duplicate_id or problem.duplicate_name):
        return memory  # a clear no: nothing was made, and nothing is under way
    burnt, lost = memory.burnt_at, ended_at if problem.ambiguous else memory.lost_at
    if burnt is None and problem.duplicate_id and again:
        burnt = memory.posted_at  # it was sent again only since nothing was found under its id
    return replace(memory, posted_at=ended_at, wrote_at=ended_at, burnt_at=burnt, lost_at=lost)


def paced(facts: Facts, hold: Hold, waits: Waits) -> tuple[Memory, Hold]:
    """Give *hold* the time until the next look, which grows while it is for one reason."""
    problem = Problem(hold.reason, hold.message)
    memory, wait = pace(facts.memory, problem, intent=facts.intent, now=facts.now, waits=waits)
    return memory, replace(hold, requeue_after=wait, paced=True)


def unpaced(memory: Memory) -> Memory:
    """Forget what a hold had to wait for: it is over."""
    return forgive(memory, WAITING)


def wait_after(problem: Problem, facts: Facts, step: Step, waits: Waits) -> float:
    """Return how long to wait after a refusal, longer each time while it stays the same."""
    if problem.duplicate_id:
        return facts.config.burnt_seconds
    return wait_for_next(facts.memory, kind_of(step), problem, intent=facts.intent, waits=waits)
