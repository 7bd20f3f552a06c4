"""How the memory of one object changes: with a reading, with an accepted step, with a refused one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from onecloud_operator.core.actions import (
    AddFinalizer,
    AskAgain,
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginKeeping,
    BeginRestart,
    EndKeeping,
    EndRestart,
    EndRestore,
    Find,
    FindDisks,
    Hold,
    Look,
    MarkFailedCreation,
    ReadCause,
    ReadDisk,
    ReadEip,
    ReadHistory,
    RecordCards,
    RecordDisk,
    RecordEip,
    RecordGroups,
    RecordImage,
    RecordLogin,
    RemoveFinalizer,
    Resolve,
    Settled,
)
from onecloud_operator.core.card_memory import begun_cards, carded
from onecloud_operator.core.card_writes import AttachCard, BindGroup, DetachCard, LimitCard, UnbindGroup
from onecloud_operator.core.cloud_writes import (
    Create,
    Delete,
    KeepDisk,
    Resume,
    Start,
    Stop,
    Suspend,
    SyncStatus,
)
from onecloud_operator.core.disk_records import ADDING, MAKING, unsent_key
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite, MakeDisk
from onecloud_operator.core.eip_memory import LookedAtEip, looked, recorded, write_refused, written
from onecloud_operator.core.eip_writes import AsideWrite, MakeEip
from onecloud_operator.core.facts import FoundDisks, Looked, LookedAtDisk, Memory
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import LoginWrite
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan import login_tries
from onecloud_operator.core.plan.attempt import unmade
from onecloud_operator.core.plan.failure_cause import answered
from onecloud_operator.core.plan.retry import acceptance_of, kind_of
from onecloud_operator.core.retry_state import (
    REFUSALS_KEPT,
    WAITING,
    count_accepted,
    expire,
    forgive,
    note_success,
    pace,
    refuse,
    wait_for_next,
)
from onecloud_operator.core.values import Problem
from onecloud_operator.core.waits import Waits

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.disk_records import DiskRecord
    from onecloud_operator.core.facts import Facts, History
    from onecloud_operator.core.observed import Reading
    from onecloud_operator.core.outcome import Done

DISKS_KEPT = REFUSALS_KEPT  # of 65 disks that a server shows, and of 64 that were kept of it
LOOKS_KEPT = 2048  # more than the attempts whose ids one round of looks may have to go through

# What a server shows that has been started, stopped and so on, to the end.
_AIMS: dict[Phase, tuple[type[Start | Stop | Suspend | Resume], ...]] = {
    Phase.RUNNING: (Start, Resume),
    Phase.STOPPED: (Stop,),
    Phase.SUSPENDED: (Suspend,),
}


def seeing(facts: Facts, reading: Reading) -> Facts:
    """Return *facts* with what is read of the server now, and remembered of it."""
    return replace(facts, reading=reading, memory=note_changes(facts.memory, reading, facts.now))


def note_changes(memory: Memory, reading: Reading, now: float) -> Memory:
    """Note whether the server has changed since the last pass."""
    server = reading.server
    if server is None:
        return memory
    if memory.moved_version != server.version:
        # Of the steps of a moving server not each is looked at; what was the newest long before is known.
        moved_at = now if memory.moved_version is None else min(reading.first_seen_at, now)
        memory = replace(memory, moved_version=server.version, moved_at=moved_at)
    if (login := login_tries.note_failure(memory.login, reading)) is not memory.login:
        memory = replace(memory, login=login)
    for aim in _AIMS.get(server.phase, ()):
        acceptance = memory.acceptances.get(aim(server.id))
        if acceptance is not None and reading.asked_at >= acceptance.at:
            memory = note_success(memory, now, aim(server.id))
    if server.phase is not Phase.MOVING:
        sync = 0 if server.phase.stable else memory.sync_count
        synced_at = memory.synced_at if sync else None
        if (memory.moving_since, memory.sync_count, memory.synced_at) == (None, sync, synced_at):
            return memory
        return replace(memory, moving_since=None, sync_count=sync, synced_at=synced_at)
    return memory if memory.moving_since is not None else replace(memory, moving_since=now)


def accepted(  # noqa: C901, PLR0911, PLR0912 - a table, one row a step
    facts: Facts, step: Step, done: Done
) -> Memory:
    """Return the memory after *step* was done."""
    memory = forgive(facts.memory, kind_of(step))
    if isinstance(step, RecordEip | ReadEip | AsideWrite):
        return _of_eip(facts, memory, step, done)
    match step:
        case BeginRestart(restart=restart):
            return replace(memory, begun_restart=restart.since, restart_begun_at=done.ended_at)
        case (
            RecordImage()
            | BeginCreation()
            | AskAgain()
            | BeginAdoption()
            | BeginDeletion()
            | RecordLogin()
            | MarkFailedCreation()
        ):
            return _recorded(facts, memory, step, done)
        case Look() | ReadDisk():
            return _looked(facts, memory, step, done)
        case FindDisks():
            found = FoundDisks(done.began_at, done.disks[:DISKS_KEPT], done.complete)
            return replace(memory, found_disks=found)
        case Find():
            return replace(
                memory, found=(step, done.found), found_at=done.began_at, found_intent=facts.intent
            )
        case Settled():
            return note_success(expire(memory, done.ended_at), done.ended_at)
        case RecordCards(cards=cards):
            return begun_cards(facts, memory, cards)
        case RecordDisk(record=record):
            return _disk_recorded(facts, memory, record)
        case AddFinalizer() | RemoveFinalizer() | Resolve() | Hold():
            return memory
        case BeginKeeping() | EndKeeping() | EndRestart() | EndRestore():
            return memory
        case RecordGroups():
            return memory
        case AttachCard() | DetachCard() | LimitCard() | BindGroup() | UnbindGroup():
            return carded(_counted(facts, memory, step, done), step, done.ended_at)
        case ReadCause() | ReadHistory():
            return _read(memory, step, done)
        case Create():
            return replace(
                _counted(facts, memory, step, done), posted_at=done.ended_at, wrote_at=done.ended_at
            )
        case Delete():
            return replace(
                _counted(facts, memory, step, done), deleted_at=done.ended_at, wrote_at=done.ended_at
            )
        case AddDisk():
            return _added(facts, _counted(facts, memory, step, done), step, done.ended_at)
        case _ if isinstance(step, KeepDisk | DiskWrite):
            return _kept(_counted(facts, memory, step, done), step, done.ended_at)
        case SyncStatus():
            return replace(
                memory,
                synced_at=done.ended_at,
                sync_count=memory.sync_count + 1,
                wrote_at=done.ended_at,
            )
        case _:
            unsent = None if isinstance(step, Rebuild) else memory.unsent_rebuild
            counted = _counted(facts, memory, step, done)
            return replace(counted, wrote_at=done.ended_at, unsent_rebuild=unsent)


def _of_eip(facts: Facts, memory: Memory, step: RecordEip | ReadEip | AsideWrite, done: Done) -> Memory:
    if isinstance(step, RecordEip):
        return replace(memory, eip=recorded(memory.eip, facts.resource.records.eip, step.record))
    if isinstance(step, ReadEip):
        create = facts.memory.refusals.get(f"{MakeEip.__name__} {step.eip_id}")
        look = LookedAtEip(done.began_at, done.eip)
        return replace(memory, eip=looked(memory.eip, step.eip_id, look, create.problem if create else None))
    return replace(_counted(facts, memory, step, done), eip=written(memory.eip, step, done.ended_at))


def _recorded(
    facts: Facts,
    memory: Memory,
    step: RecordImage
    | BeginCreation
    | AskAgain
    | BeginAdoption
    | BeginDeletion
    | RecordLogin
    | MarkFailedCreation,
    done: Done,
) -> Memory:
    match step:
        case RecordImage(record=record):
            return replace(memory, unsent_rebuild=record.rebuild.since if record.rebuild else None)
        case BeginCreation(creation=creation):
            old = facts.resource.records.creation
            if old is not None and old.attempt == creation.attempt:
                # Only its name was corrected: a POST of the old one may still be under way.
                return _asking_again(facts, memory) if creation.refused_at is None else memory
            # A new attempt has a new server: nothing that is remembered of the last one holds.
            return Memory(
                born_at=memory.born_at,
                begun_attempt=creation.attempt,
                begun_at=done.ended_at,
                found=memory.found,
            )
        case AskAgain():
            return _asking_again(facts, memory)
        case BeginDeletion():
            return replace(memory, begun_deletion=True, deleted_at=None)
        case RecordLogin(login=record):
            return replace(memory, login=login_tries.begun(memory.login, record))
        case MarkFailedCreation():
            return replace(memory, failed_at=done.ended_at, failed_intent=facts.intent)
        case BeginAdoption():
            return memory
        case _:
            assert_never(step)


def _asking_again(facts: Facts, memory: Memory) -> Memory:
    """Return the memory once the status does not say any more that each POST so far was refused."""
    creation = facts.resource.records.creation
    sure = creation is not None and creation.refused_at is not None and unmade(facts)
    return replace(memory, reopened_attempt=creation.attempt) if creation is not None and sure else memory


def _disk_recorded(facts: Facts, memory: Memory, record: DiskRecord) -> Memory:
    """Forget what was done to a disk before: the record says what came of it."""
    acceptances = {
        step: past
        for step, past in memory.acceptances.items()
        if not (isinstance(step, DiskWrite) and step.disk_id == record.id)
        and not (isinstance(step, AddDisk) and step.label == record.name)
    }
    memory = replace(memory, acceptances=acceptances)
    known = frozenset(key for one in facts.resource.records.disks if (key := unsent_key(one)) is not None)
    key = unsent_key(record)
    if record.stage not in {MAKING, ADDING} or key is None or key in known:
        return memory
    return replace(memory, unsent_disks=(memory.unsent_disks & known) | {key})


def _disk_refused(
    facts: Facts, memory: Memory, step: KeepDisk | DiskWrite | AddDisk, problem: Problem, ended_at: float
) -> Memory:
    unclear = problem.ambiguous or problem.duplicate_id or problem.duplicate_name
    if isinstance(step, MakeDisk | AddDisk) and not unclear:
        return memory  # a clear no: nothing was made, and nothing is under way
    if isinstance(step, AddDisk):
        return _added(facts, memory, step, ended_at)
    return _kept(memory, step, ended_at)


def _added(facts: Facts, memory: Memory, step: AddDisk, ended_at: float) -> Memory:
    """Remember that the server may have, or get, one more disk."""
    mine = {unsent_key(one) for one in facts.resource.records.disks if one.name == step.label}
    return replace(memory, unsent_disks=memory.unsent_disks - mine, kept_at=ended_at, wrote_at=ended_at)


def _kept(memory: Memory, step: KeepDisk | DiskWrite, ended_at: float) -> Memory:
    disks = {other: look for other, look in memory.disks.items() if other != step.disk_id}
    unsent = memory.unsent_disks - {step.disk_id} if isinstance(step, MakeDisk) else memory.unsent_disks
    return replace(memory, disks=disks, kept_at=ended_at, wrote_at=ended_at, unsent_disks=unsent)


def _read(memory: Memory, step: ReadCause | ReadHistory, done: Done) -> Memory:
    if isinstance(step, ReadCause):
        return answered(memory, step, done.cause, done.began_at)
    return _asked_for_history(memory, done.history, done.began_at)


def _asked_for_history(memory: Memory, history: History | None, at: float) -> Memory:
    version = memory.moved_version
    return replace(memory, history=history, history_asked_at=at, history_version=version)


def _looked(facts: Facts, memory: Memory, step: Look | ReadDisk, done: Done) -> Memory:
    if isinstance(step, ReadDisk):
        disks = {**memory.disks, step.disk_id: LookedAtDisk(done.began_at, done.disk)}
        while len(disks) > DISKS_KEPT:  # a cloud may show other disks each time
            del disks[min(disks, key=lambda one: disks[one].at)]
        return replace(memory, disks=disks)
    if step.server_id != facts.resource.records.bound_id:
        looks = {**memory.looks, step.server_id: Looked(done.began_at, done.version)}
        while len(looks) > LOOKS_KEPT:  # the spec may name another id each time
            del looks[min(looks, key=lambda one: looks[one].at)]
        return replace(memory, looks=looks)
    burnt = memory.burnt_at
    create = facts.memory.refusals.get("Create")
    if done.gone and create is not None and create.problem.duplicate_id and burnt is None:
        burnt = memory.posted_at
    return replace(memory, looked_at=done.began_at, looked_version=done.version, burnt_at=burnt)


def _counted(facts: Facts, memory: Memory, step: Step, done: Done) -> Memory:
    if step in memory.acceptances and acceptance_of(facts, step) is None:  # a success has ended the count
        kept = {other: past for other, past in memory.acceptances.items() if other != step}
        memory = replace(memory, acceptances=kept)
    if isinstance(step, LoginWrite):
        memory = replace(memory, login=login_tries.sent(facts, step, done.ended_at))
    return count_accepted(memory, step, intent=facts.intent, ended_at=done.ended_at)


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
        case Look() | ReadDisk() | ReadEip() | Find() | Resolve():
            return memory
        case AttachCard() | DetachCard() if problem.ambiguous:
            return carded(memory, step, ended_at)
        case _ if isinstance(step, KeepDisk | DiskWrite | AddDisk):
            return _disk_refused(facts, memory, step, problem, ended_at)
        case ReadCause():
            return answered(memory, step, None, ended_at)
        case ReadHistory():
            return _asked_for_history(memory, None, ended_at)
        case Create():
            again = before is not None and before.problem.duplicate_id
            return _create_refused(memory, problem, again=again, ended_at=ended_at)
        case Delete() if not problem.ambiguous:
            return memory  # a clear no: it is not being removed
        case Delete():
            return replace(memory, deleted_at=ended_at, wrote_at=ended_at)
        case _ if isinstance(step, LoginWrite) and problem.ambiguous:
            login = login_tries.unheard(facts, step, ended_at)
            return replace(memory, login=login, wrote_at=ended_at)
        case Rebuild() if problem.ambiguous:
            return replace(memory, unsent_rebuild=None, wrote_at=ended_at)
        case Stop() if problem.ambiguous:
            return replace(memory, stop_lost_at=ended_at, wrote_at=ended_at)
        case _:
            return replace(memory, wrote_at=ended_at)


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
