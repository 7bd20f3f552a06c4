"""
What must have been read just now before a step is taken.

    attempt n+1, an adoption instead, a disk that is
    left of a server, finalizer off                    rest on a 404: asked again unless it is of just now
    a write to a server, its removal, finalizer off    rest on whose it is: read unless this process has
    finalizer off a server that is kept                rests on what our last write left: read after it

A 404 is true of its moment only: a cloud may be restored with the server in it. And what a restart recalls
of a server is the status's word, without the owner tags, which another may have put on it meanwhile. A list
that lacks a row says that nothing has changed; after a write of ours it may be behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginRestart,
    Look,
    RecordCards,
    RecordImage,
    RemoveFinalizer,
)
from onecloud_operator.core.cloud_writes import CloudWrite, Create, KeepDisk
from onecloud_operator.core.disk_writes import DiskWrite
from onecloud_operator.core.records import attempt_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

LATELY_SECONDS = 180.0  # the slowest answer and its proof; what brings a database back takes longer
ROUND_SECONDS = 2.0 * LATELY_SECONDS  # after the newest look of a round the recorded id may be looked at
NEVER = float("-inf")
FORMER_ATTEMPTS = 8  # how far back it is looked for a server that was gone and has come back
_PARTING = DiskWrite | KeepDisk  # what is done to a disk whose server is gone
_UNCHECKED = frozenset({"Detached", "Observed"})  # why a finalizer goes whatever becomes of the server


def look_first(facts: Facts, step: Step) -> Look | None:
    """Return the look that must come before *step*, or None if what it rests on was read."""
    if isinstance(step, RemoveFinalizer) and step.why in _UNCHECKED:
        return None
    reading, server = facts.reading, facts.server
    if reading.gone and isinstance(step, BeginCreation | BeginAdoption | RemoveFinalizer | _PARTING):
        old, server_id = facts.now - reading.asked_at >= LATELY_SECONDS, facts.resource.records.bound_id
        return Look(server_id) if old and server_id is not None else None
    if isinstance(step, RemoveFinalizer) and step.why == "Retained" and server is not None:
        wrote_at, looked_at = facts.memory.wrote_at, facts.memory.looked_at
        unseen = wrote_at is not None and (looked_at is None or looked_at < wrote_at)
        return Look(server.id) if unseen or not server.owner_known else None
    begins = BeginRestart | BeginDeletion | RecordCards | RecordImage
    writes = isinstance(step, CloudWrite | begins | RemoveFinalizer) and not isinstance(step, Create)
    return Look(server.id) if writes and server is not None and not server.owner_known else None


def next_look(facts: Facts, server_ids: Sequence[str], *, since: float = NEVER) -> Look | None:
    """
    Return the next look of a round over *server_ids*, begun after *since*; None once it is complete.

    A cloud that is slow may need longer for the round than a single look is good for. So a round counts for
    so long after its newest look, or a long one would never end.
    """
    looks = facts.memory.looks
    moments = [looks[one].at if one in looks else NEVER for one in server_ids]
    if not moments:
        return None
    if moments[0] <= since or facts.now - max(moments) >= ROUND_SECONDS:
        return Look(server_ids[0])
    return next((Look(one) for one, at in zip(server_ids, moments, strict=True) if at < moments[0]), None)


def round_seconds(facts: Facts, server_ids: Sequence[str]) -> float:
    """Return in how many seconds the next round of looks over *server_ids* begins."""
    looks = facts.memory.looks
    newest = max((looks[one].at for one in server_ids if one in looks), default=facts.now)
    return max(newest + ROUND_SECONDS - facts.now, 0.0)


def found_again(facts: Facts, server_ids: Iterable[str]) -> str | None:
    """Return the first of *server_ids* that the last look at it has found."""
    looks = facts.memory.looks
    return next((one for one in server_ids if one in looks and looks[one].version is not None), None)


def former_ids(facts: Facts) -> tuple[str, ...]:
    """Return the ids of the attempts before the recorded one, the newest first."""
    creation = facts.resource.records.creation
    newest = creation.attempt - 1 if creation is not None else 0
    numbers = range(newest, max(newest - FORMER_ATTEMPTS, 0), -1)
    return tuple(attempt_id(facts.resource.uid, number) for number in numbers)


def possible_ids(facts: Facts) -> tuple[str, ...]:
    """Return the ids that the object can have made, as far as is known without the record of it."""
    uid, records = facts.resource.uid, facts.resource.records
    named = records.id, records.mirror.get("id")  # which somebody may have made anything
    named_attempts = [number for number in range(1, 101) if attempt_id(uid, number) in named]
    newest = max(FORMER_ATTEMPTS, facts.memory.begun_attempt or 0, *named_attempts, 0)
    return tuple(attempt_id(uid, number) for number in range(1, newest + 1))
