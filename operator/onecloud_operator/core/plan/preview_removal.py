"""What becomes of a server, its disks and its elastic IP when its object is deleted, or it is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.disk_records import RECYCLE, declared
from onecloud_operator.core.eip_record import MADE
from onecloud_operator.core.ownership import ours
from onecloud_operator.core.plan.leaving_disks import before_another, leaves
from onecloud_operator.core.plan_step import OWNER_TAGS, SERVER, Effect, PlanStep, planned
from onecloud_operator.core.policies import deletion_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

_BIN = "recycle bin"


def removal(facts: Facts, server: Observed | None) -> Iterator[PlanStep]:
    """Yield what is about to be done for a deleted object; *server*: its own, None where it is gone."""
    resource = facts.resource
    policy = deletion_policy(resource)
    if server is not None and not ours(resource, server):
        return
    if policy == "Retain":
        if server is not None and server.owner is not None and server.owner.uid == resource.uid:
            yield planned(OWNER_TAGS, f"{resource.namespace}/{resource.name}", None, Effect.LIVE)
    elif server is not None:
        for_good = policy == "Delete"
        if for_good or not server.recycled:
            effect = Effect.DELETE if for_good else Effect.RECYCLE
            yield planned(SERVER, server.name or server.id, None if for_good else _BIN, effect)
    yield from _disks(facts, policy)
    record = resource.records.eip
    if record is not None and record.held and record.origin == MADE:
        retained = policy == "Retain"
        effect = Effect.LIVE if retained else Effect.DELETE
        yield planned("eip", record.address or record.id, "kept" if retained else None, effect)


def left_behind(facts: Facts) -> Iterator[PlanStep]:
    """Yield what becomes of the disks that a lost server leaves, before another one is made."""
    for record in before_another(facts):
        field, shown = f"dataDisks[{record.name}].former", record.id or record.name
        if record.policy == RECYCLE:
            yield planned(field, f"{shown}, if it is left", _BIN, Effect.RECYCLE)
        else:
            yield planned(field, f"{shown}, if it is left", "kept", Effect.LIVE)


def _disks(facts: Facts, policy: str) -> Iterator[PlanStep]:
    for record in filter(leaves, declared(facts.resource.records.disks, facts.resource.server_spec)):
        field, shown = f"dataDisks[{record.name}]", record.id or record.name
        if policy == "Retain" or record.policy != RECYCLE:
            yield planned(field, shown, "kept", Effect.LIVE)
        elif policy == "Delete":
            yield planned(field, shown, None, Effect.DELETE)
        else:
            yield planned(field, shown, _BIN, Effect.RECYCLE)
