"""How the memory of one object changes with a reading, and with a step that was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onecloud_operator.core.actions import (
    AddFinalizer,
    AskAgain,
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginKeeping,
    BeginRestart,
    DryRun,
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
    RecordApproval,
    RecordCards,
    RecordConnection,
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
from onecloud_operator.core.card_writes import AttachCard, DetachCard, GroupWrite, LimitCard
from onecloud_operator.core.cloud_writes import (
    Create,
    Delete,
    KeepDisk,
    OfflineWrite,
    Resume,
    Start,
    Stop,
    Suspend,
    SyncStatus,
)
from onecloud_operator.core.connection_memory import connected, on_record
from onecloud_operator.core.connection_writes import ConnectionWrite
from onecloud_operator.core.disk_memory import (
    disk_added,
    disk_kept,
    disk_read,
    disk_recorded,
    disks_found,
)
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite
from onecloud_operator.core.eip_memory import LookedAtEip, looked, recorded, written
from onecloud_operator.core.eip_writes import AsideWrite, MakeEip
from onecloud_operator.core.facts import DryRunAnswer, Looked, Memory, Stops
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import LoginWrite
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan import group_tries, login_tries
from onecloud_operator.core.plan.attempt import unmade
from onecloud_operator.core.plan.failure_cause import answered
from onecloud_operator.core.plan.retry import acceptance_of, kind_of, stopped_since
from onecloud_operator.core.retry_state import (
    count_accepted,
    expire,
    forgive,
    note_success,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts, History
    from onecloud_operator.core.observed import Reading
    from onecloud_operator.core.outcome import Done

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
    if isinstance(step, RecordConnection):
        return replace(memory, connection=on_record(memory.connection))
    if isinstance(step, ConnectionWrite):
        asked = facts.resource.reconcile_requested_at
        return replace(memory, connection=connected(memory.connection, step, done.ended_at, asked))
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
            return disks_found(memory, done)
        case Find():
            return replace(
                memory, found=(step, done.found), found_at=done.began_at, found_intent=facts.intent
            )
        case Settled():
            return note_success(expire(memory, done.ended_at), done.ended_at)
        case RecordCards(cards=cards):
            return begun_cards(facts, memory, cards)
        case RecordDisk(record=record):
            return disk_recorded(facts, memory, record)
        case AddFinalizer() | RemoveFinalizer() | Resolve() | Hold():
            return memory
        case BeginKeeping() | EndKeeping() | EndRestart() | EndRestore():
            return memory
        case RecordGroups(groups=groups):
            return group_tries.begun(facts, memory, groups)
        case RecordApproval():
            return memory
        case DryRun():
            return replace(memory, dry_run=DryRunAnswer(facts.intent, done.began_at, done.refusal))
        case AttachCard() | DetachCard() | LimitCard():
            return carded(_counted(facts, memory, step, done), step, done.ended_at)
        case _ if isinstance(step, GroupWrite):
            counted = _counted(facts, memory, step, done)
            return replace(group_tries.done(counted, step), wrote_at=done.ended_at)
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
            return disk_added(facts, _counted(facts, memory, step, done), step, done.ended_at)
        case _ if isinstance(step, KeepDisk | DiskWrite):
            return disk_kept(_counted(facts, memory, step, done), step, done.ended_at)
        case SyncStatus():
            return replace(
                memory,
                synced_at=done.ended_at,
                sync_count=memory.sync_count + 1,
                wrote_at=done.ended_at,
                login=login_tries.cut_short(memory.login),
            )
        case _:
            counted = replace(_counted(facts, memory, step, done), wrote_at=done.ended_at)
            return rebuild_sent(counted) if isinstance(step, Rebuild) else counted


def rebuild_sent(memory: Memory) -> Memory:
    """Return the memory after a root disk was asked for, by a request that may have come through."""
    return replace(memory, unsent_rebuild=None, login=login_tries.rebuilding(memory.login))


def _of_eip(facts: Facts, memory: Memory, step: RecordEip | ReadEip | AsideWrite, done: Done) -> Memory:
    if isinstance(step, RecordEip):
        return replace(memory, eip=recorded(memory.eip, facts.resource.records.eip, step.record))
    if isinstance(step, ReadEip):
        record, create = facts.resource.records.eip, None
        if record is not None and record.id == step.eip_id:
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
            return replace(memory, login=login_tries.begun(facts, record))
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


def _read(memory: Memory, step: ReadCause | ReadHistory, done: Done) -> Memory:
    if isinstance(step, ReadCause):
        return answered(memory, step, done.cause, done.began_at)
    return asked_for_history(memory, done.history, done.began_at)


def asked_for_history(memory: Memory, history: History | None, at: float) -> Memory:
    """Remember what the events tell of the server, None if they could not be read."""
    version = memory.moved_version
    return replace(memory, history=history, history_asked_at=at, history_version=version)


def _looked(facts: Facts, memory: Memory, step: Look | ReadDisk, done: Done) -> Memory:
    if isinstance(step, ReadDisk):
        return disk_read(memory, step, done)
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
    if isinstance(step, OfflineWrite):
        memory = replace(memory, stops=None)
    elif isinstance(step, Stop):
        memory = replace(memory, stops=_stops(facts, step))
    return count_accepted(memory, step, intent=facts.intent, ended_at=done.ended_at)


def _stops(facts: Facts, step: Stop) -> Stops | None:
    """Return how often the server was stopped in vain, if it is by *step*, which was accepted just now."""
    restart, before = facts.resource.records.restart, facts.memory.stops
    if restart is None:
        return before
    if before is None or (before.intent, before.why) != (facts.intent, restart.why):
        return Stops(facts.intent, restart.why, 1)
    return replace(before, count=before.count + 1) if stopped_since(facts.memory, step) else before
