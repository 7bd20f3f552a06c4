"""What one process remembers of elastic IPs (EIPs) between passes, and how that changes with each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from onecloud_operator.core.eip_record import EipRecord, EipState
from onecloud_operator.core.eip_writes import AsideWrite, MakeEip
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace

if TYPE_CHECKING:
    from onecloud_operator.core.values import Problem

LOOKS_KEPT = 4  # the recorded EIP, and those that the spec has named lately


@fast_dataclass(frozen=True, slots=True)
class LookedAtEip:
    """
    A GET of an EIP: when it was sent (monotonic), and what it showed, None for a proven 404.

    *since*: when the first of the GETs in a row that showed this was sent.
    """

    at: float
    state: EipState | None
    since: float = float("inf")


@fast_dataclass(frozen=True, slots=True)
class EipMemory:
    """
    Losing it costs time, never safety. Times are monotonic.

    *begun*: id of the one whose record this process wrote itself. *posted_at*: end of its last POST.
    *burnt_at*: when a POST's id or name was first found used with nothing behind it. *wrote_at*: end of the
    last write to an EIP.
    """

    looks: Mapping[str, LookedAtEip] = field(default_factory=dict)
    begun: str | None = None
    posted_at: float | None = None
    burnt_at: float | None = None
    wrote_at: float | None = None


def recorded(memory: EipMemory, before: EipRecord | None, now: EipRecord) -> EipMemory:
    """Return the memory after the record *now* followed on *before*."""
    if now.id == (before.id if before is not None else None):
        return memory
    return EipMemory(memory.looks, begun=now.id, wrote_at=memory.wrote_at)


def looked(memory: EipMemory, one_id: str, look: LookedAtEip, refusal: Problem | None) -> EipMemory:
    """Return the memory after a look at an EIP; *refusal*: of the last POST, if that was of this id."""
    before = memory.looks.get(one_id)
    same = before is not None and before.state == look.state
    look = replace(look, since=before.since if before is not None and same else look.at)
    looks = {**memory.looks, one_id: look}
    while len(looks) > LOOKS_KEPT:
        del looks[min(looks, key=lambda one: looks[one].at)]
    nothing = look.state is None and memory.burnt_at is None
    burnt = nothing and refusal is not None and (refusal.duplicate_id or refusal.duplicate_name)
    return replace(memory, looks=looks, burnt_at=memory.posted_at if burnt else memory.burnt_at)


def written(memory: EipMemory, step: AsideWrite, ended_at: float) -> EipMemory:
    """Return the memory after a write was accepted."""
    posted_at = ended_at if isinstance(step, MakeEip) else memory.posted_at
    return replace(memory, wrote_at=ended_at, posted_at=posted_at)


def write_refused(memory: EipMemory, step: AsideWrite, problem: Problem, ended_at: float) -> EipMemory:
    """Return the memory after a write failed, which may all the same have happened."""
    unclear = problem.ambiguous or problem.duplicate_id or problem.duplicate_name
    if isinstance(step, MakeEip) and not unclear:
        return memory  # a clear no: nothing was made, and nothing is under way
    return written(memory, step, ended_at)
