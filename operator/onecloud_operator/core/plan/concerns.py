"""Which step of a plan, as a person reads and approves it, a step of the operator belongs to."""

from __future__ import annotations

from typing import assert_never

from onecloud_operator.api.fixed import GROUPS, IMAGE, NETWORKS
from onecloud_operator.core.actions import (
    AskAgain,
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    BeginKeeping,
    BeginRestart,
)
from onecloud_operator.core.card_writes import BindGroup, CardWrite, UnbindGroup
from onecloud_operator.core.cloud_writes import (
    Claim,
    CloudWrite,
    Create,
    Delete,
    Disown,
    GrowDisk,
    KeepDisk,
    Resize,
    Restore,
    Resume,
    SetSecurityGroups,
    SetTags,
    Start,
    Stop,
    Suspend,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.disk_writes import AddDisk, DiskWrite
from onecloud_operator.core.eip_writes import EipWrite
from onecloud_operator.core.image_writes import Rebuild
from onecloud_operator.core.login_writes import DeployKeypair, LoginWrite
from onecloud_operator.core.plan.beginnings import Beginning
from onecloud_operator.core.plan.login import KEYPAIR, PASSWORD
from onecloud_operator.core.plan_step import OWNER_TAGS, RESTART, SERVER, Effect, PlanStep
from onecloud_operator.core.step_text import words_of

Guarded = CloudWrite | Beginning

_STOPS = frozenset({Effect.RESTART, Effect.REBUILD})
_REMOVES = frozenset({Effect.RECYCLE, Effect.DELETE})


def concerns(step: Guarded, one: PlanStep) -> bool:
    """Return whether *step* is taken for *one*, or on the way to it."""
    if one.field == SERVER and one.effect is Effect.LIVE and one.after == words_of(step).noun:
        return True  # of a step that the preview did not foresee
    return _concerns(step, one, one.field)


def _concerns(  # noqa: C901, PLR0911, PLR0912 - a table, one row a step
    step: Guarded, one: PlanStep, field: str
) -> bool:
    match step:
        case Create() | BeginCreation() | AskAgain():
            return field == SERVER and one.effect is Effect.CREATE
        case Claim() | Disown():
            return field == OWNER_TAGS
        case BeginAdoption(restore=restore):
            return field == (OWNER_TAGS if restore is None else SERVER) and one.effect is Effect.LIVE
        case Restore():
            return field == SERVER and one.effect is Effect.LIVE
        case Unlock() | Delete() | BeginDeletion():
            return _removes(one)
        case KeepDisk() | BeginKeeping():
            return _removes(one) or _disk(field)
        case Update(fields=fields):
            return field in dict(fields)
        case SetTags():
            return field.startswith("tags.")
        case SetSecurityGroups():
            return field == "securityGroups"
        case Start() | Suspend() | Resume():
            return field == "powerState"
        case Stop() | BeginRestart():
            return field in {"powerState", RESTART} or one.effect in _STOPS
        case Resize():
            return field in {"cpu", "memory", "instanceType"}
        case GrowDisk():
            return field == "rootDisk.size" or _disk(field)
        case SyncStatus():
            return True
        case _ if isinstance(step, CardWrite):
            groups = isinstance(step, BindGroup | UnbindGroup)
            return field == GROUPS if groups else field.startswith(f"{NETWORKS}[")
        case _ if isinstance(step, LoginWrite):
            return field == (KEYPAIR if isinstance(step, DeployKeypair) else PASSWORD)
        case Rebuild():
            return field == IMAGE
        case _ if isinstance(step, EipWrite):
            return field.partition(".")[0] == "eip" or _removes(one) or field == OWNER_TAGS
        case _ if isinstance(step, DiskWrite | AddDisk):
            return _disk(field) or _removes(one) or field == OWNER_TAGS
        case _:
            assert_never(step)


def _removes(one: PlanStep) -> bool:
    return one.field == SERVER and one.effect in _REMOVES


def _disk(field: str) -> bool:
    return field.startswith("dataDisks[")
