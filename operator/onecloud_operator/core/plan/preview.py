"""
All that is about to be done for an object, as a person reads it before it is done.

    deleted                  what becomes of server, disks and elastic IP, by their policies
    to be adopted            its owner tags; what it differs in is known, and planned, once it is adopted
    none, or lost            the server that is made, field by field; disks that a lost one leaves
    rests                    each difference that is mended
    paused, observed, held   nothing

``plan`` decides one step at a time; this looks ahead as far as can be known, and decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.ownership import forged
from onecloud_operator.core.plan import restore
from onecloud_operator.core.plan.guards import elsewhere
from onecloud_operator.core.plan.preview_changes import changes
from onecloud_operator.core.plan.preview_creation import creation
from onecloud_operator.core.plan.preview_removal import left_behind, removal
from onecloud_operator.core.plan_step import (
    MAX_STEPS,
    OWNER_TAGS,
    SERVER,
    Effect,
    PlanStep,
    hash_of,
    mark_of,
    ordered,
    planned,
)
from onecloud_operator.core.policies import observing
from onecloud_operator.core.tenancy import not_allowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.resource import Resource

__all__ = ["Effect", "PlanStep", "known_preview", "plan_hash", "preview", "server_of", "whole_preview"]


def preview(facts: Facts) -> tuple[PlanStep, ...]:
    """Return what is about to be done, as far as it is known; () where that is nothing."""
    return known_preview(facts) or ()


def known_preview(facts: Facts) -> tuple[PlanStep, ...] | None:
    """Return what is about to be done; None while it cannot be told: the server moves, or was not read."""
    found = whole_preview(facts)
    return None if found is None else found[:MAX_STEPS]


def whole_preview(facts: Facts) -> tuple[PlanStep, ...] | None:
    """Return the same with what is beyond the room of one plan."""
    found = _steps(facts)
    return None if found is None else ordered(found)


def plan_hash(resource: Resource, steps: Sequence[PlanStep], *, after: str | None = None) -> str:
    """Return the hash by which *steps* are approved; *after*: the one that was approved before, if any."""
    marks = [mark_of(step) for step in steps]
    return hash_of(resource.uid, resource.generation, server_of(resource), after, marks)


def server_of(resource: Resource) -> str | None:
    """
    Return the id of the server that a plan is about, None for one that is to be made.

    That of an attempt which is not complete does not count: the next attempt is no other plan.
    """
    records = resource.records
    if resource.deleting or records.creation is None:
        return records.bound_id
    return records.creation.id if records.creation.completed_at is not None else None


def _steps(facts: Facts) -> Iterable[PlanStep] | None:
    resource, records = facts.resource, facts.resource.records
    if resource.deleting:
        return _removal(facts)
    if resource.paused or resource.spec is None or resource.flaw is not None or observing(resource):
        return ()
    if forged(resource) or facts.hidden or not_allowed(facts) is not None:
        return ()
    if facts.trouble is not None or elsewhere(facts) is not None:
        return None
    if records.creation is None and records.adopted_at is None:
        return _first(facts)
    if records.creation is not None and records.creation.completed_at is None:
        return creation(resource, facts.config)
    if facts.reading.gone:
        again = records.creation is not None and resource.spec.on_external_deletion == "Recreate"
        return (*left_behind(facts), *creation(resource, facts.config)) if again else ()
    return _existing(facts)


def _first(facts: Facts) -> Iterable[PlanStep] | None:
    """Return the plan of an object that has no server: one is found, or one is made."""
    resource = facts.resource
    adoption = resource.spec.adoption if resource.spec is not None else None
    if adoption is None or adoption.policy == "Never":
        return creation(resource, facts.config)
    if facts.candidates is None:
        return None
    living = [server for server in facts.candidates if not server.recycled]
    if len(living) > 1:
        return None
    if not living and facts.candidates and restore.asks_for(resource, facts.candidates[0]):
        name = facts.candidates[0].name or facts.candidates[0].id
        return (planned(SERVER, f"{name} in the recycle bin", f"{name} restored", Effect.LIVE), _tags(facts))
    if living:
        return (_tags(facts),)
    return creation(resource, facts.config) if adoption.policy == "AdoptOrCreate" else ()


def _existing(facts: Facts) -> Iterable[PlanStep] | None:
    resource, server, restored = facts.resource, facts.server, facts.resource.records.restore
    if server is None or not facts.fresh or not server.detailed:
        return None
    if server.recycled:
        if restored is None or restored.done_at is not None:
            return ()
        name = server.name or server.id
        return (planned(SERVER, f"{name} in the recycle bin", f"{name} restored", Effect.LIVE), _tags(facts))
    if resource.records.creation is None and (server.owner is None or server.owner.uid != resource.uid):
        return (_tags(facts),)
    if not server.phase.stable:
        return None
    return changes(facts, server)


def _removal(facts: Facts) -> Iterable[PlanStep] | None:
    resource, reading = facts.resource, facts.reading
    if not resource.held or resource.force_detach or observing(resource) or resource.spec is None:
        return ()
    if resource.records.bound_id is None or forged(resource):
        return ()
    if facts.trouble is not None or elsewhere(facts) is not None:
        return None
    if reading.gone:
        return removal(facts, None)
    server = facts.server
    if server is None or not facts.fresh:
        return None
    return removal(facts, server)


def _tags(facts: Facts) -> PlanStep:
    resource = facts.resource
    return planned(OWNER_TAGS, None, f"{resource.namespace}/{resource.name}", Effect.LIVE)
