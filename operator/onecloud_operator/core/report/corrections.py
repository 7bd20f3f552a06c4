"""What is told of a step that corrects a drift: which fields, from what, to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.actions import BeginRestart, RecordCards, RecordDisk, RecordLogin
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
from onecloud_operator.core.plan.differing import open_differences
from onecloud_operator.core.policies import reporting
from onecloud_operator.core.values import cut

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

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


def correction_of(facts: Facts, step: Step) -> KubeEvent | None:
    """Return the Event of *step* if it is the first to correct a drift, which no edit asks for."""
    resource, server = facts.resource, facts.server
    synced = standing(resource.status, "Synced")
    if not isinstance(step, _CORRECTS) or resource.deleting or server is None or not server.detailed:
        return None
    if reporting(resource):
        return None  # only a restart that is asked for is sent
    if synced is None or synced.get("status") != "True":
        return None  # nothing that agreed has changed, or it was told with the first step
    if synced.get("observedGeneration") != resource.generation:
        return None
    found = [
        f"{each.field} from {_shown(each.have)} to {_shown(each.want)}"
        for each in open_differences(facts, server)
    ]
    if not found:
        return None
    more = f" and {len(found) - SHOWN} more fields" if len(found) > SHOWN else ""
    message = f"The server differs from the spec; correcting {', '.join(found[:SHOWN])}{more}."
    return KubeEvent("Normal", EventReason.DRIFT_CORRECTED, message)


def _shown(value: str | None) -> str:
    return cut(value, SHOWN_LENGTH) if value else "nothing"
