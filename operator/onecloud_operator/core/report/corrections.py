"""What is told of a step that corrects a drift: which fields, from what, to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.actions import BeginRestart, RecordCards, RecordDisk, RecordLogin, Settled
from onecloud_operator.core.card_writes import AttachCard, ChangeAddress, DetachCard, LimitCard
from onecloud_operator.core.cloud_writes import (
    GrowDisk,
    Resize,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    Update,
)
from onecloud_operator.core.conclusion import KubeEvent
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.disk_writes import AttachDisk
from onecloud_operator.core.eip_writes import BindEip, ChangeEip, UnbindEip
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.plan.differing import open_differences
from onecloud_operator.core.policies import reporting
from onecloud_operator.core.values import cut

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts, Memory

SHOWN = 8
SHOWN_LENGTH = 64  # of each value
_CORRECTS = (
    AttachDisk,
    BeginRestart,
    BindEip,
    ChangeEip,
    GrowDisk,
    RecordDisk,
    RecordLogin,
    Resize,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    UnbindEip,
    Update,
    *(AttachCard, ChangeAddress, DetachCard, LimitCard, RecordCards),
)


def after_step(facts: Facts, step: Step, memory: Memory) -> Memory:
    """Return *memory* with whether the server agrees with its spec after *step*, which was done."""
    corrects = isinstance(step, _CORRECTS)
    agreed = facts.resource.generation if isinstance(step, Settled) else 0 if corrects else memory.agreed
    return memory if agreed == memory.agreed else replace(memory, agreed=agreed)


def correction_of(facts: Facts, step: Step) -> KubeEvent | None:
    """Return the Event of *step* if it is the first to correct a drift, which no edit asks for."""
    resource, server = facts.resource, facts.server
    if not isinstance(step, _CORRECTS) or resource.deleting or server is None or not server.detailed:
        return None
    if reporting(resource):
        return None  # only a restart that is asked for is sent
    if _agreed(facts) != resource.generation:
        return None  # nothing that agreed has changed, or it was told with the first step
    found = [
        f"{each.field} from {_shown(each.have)} to {_shown(each.want)}"
        for each in open_differences(facts, server)
    ]
    if not found:
        return None
    more = f" and {len(found) - SHOWN} more fields" if len(found) > SHOWN else ""
    message = f"The server differs from the spec; correcting {', '.join(found[:SHOWN])}{more}."
    return KubeEvent("Normal", EventReason.DRIFT_CORRECTED, message)


def _agreed(facts: Facts) -> object:
    """
    Return the generation with which the server agreed until it changed in the cloud.

    The status may say no more of it: on the way to a change the cloud was at work on the server.
    """
    if facts.memory.agreed is not None:
        return facts.memory.agreed
    synced = standing(facts.resource.status, "Synced") or {}
    return synced.get("observedGeneration") if synced.get("status") == "True" else None


def _shown(value: str | None) -> str:
    return cut(value, SHOWN_LENGTH) if value else "nothing"
