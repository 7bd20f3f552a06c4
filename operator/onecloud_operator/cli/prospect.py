"""What the operator will do about an object as it will be: the operator's own decisions, asked ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_OID, uuid5

from onecloud_operator.api.reasons import UNTROUBLED, Reason
from onecloud_operator.cli.tenancy import Around
from onecloud_operator.controller.server_object import resource_of
from onecloud_operator.core.actions import DryRun, Hold, Look, Resolve
from onecloud_operator.core.config import Config
from onecloud_operator.core.effective import effective
from onecloud_operator.core.facts import Facts
from onecloud_operator.core.observed import Observed, Owner, Reading
from onecloud_operator.core.plan.differing import open_doubts
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.plan.preview import known_preview
from onecloud_operator.core.references import Resolved
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.core.tenancy import no_leave, not_found
from onecloud_operator.core.values import Place
from onecloud_operator.kube.bounded_json import slim
from onecloud_operator.translate import recall

if TYPE_CHECKING:
    from datetime import datetime

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.plan_step import PlanStep
    from onecloud_operator.core.references import Names, Reference
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Problem

# The server as the status shows it counts as seen twice, just now.
FIRST_SEEN: Final = 1.0
ASKED: Final = 2.0
NOW: Final = 3.0
MOST_QUESTIONS: Final = 64  # a spec has no more names
# Waits that a person asked for, and that say why nothing follows an apply.
ASKED_TO: Final = frozenset({Reason.FROZEN, Reason.WAITING_FOR_WINDOW, Reason.PLAN_PENDING, Reason.PAUSED})


@dataclass(frozen=True, slots=True)
class Prospect:
    """*steps*: None where they cannot be told. *held*: why something that the spec asks for waits."""

    steps: tuple[PlanStep, ...] | None
    held: Hold | None


def prospect(
    body: Mapping[str, Any],
    wall: datetime,
    *,
    seen: Observed | None = None,
    around: Around | None = None,
    names: Names | None = None,
) -> Prospect:
    """
    Return what will be done; *seen*: the server as the cloud shows it, else it is the status'.

    *names*: what the cloud says of names in the spec.
    """
    around = around or Around()
    resource = effective(resource_of(slim(body)), around.provider)
    if not resource.deleting:
        resource = replace(resource, finalizers=(FINALIZER,))  # the first step, and one that tells nothing
    server = seen if seen is not None else _recalled(resource)
    reading = Reading(server, first_seen_at=FIRST_SEEN, asked_at=ASKED)
    facts = Facts(
        resource,
        NOW,
        wall,
        reading=reading,
        place=_place(resource),
        trouble=_no_leave(resource, around),
        surroundings=around.surroundings,
        provider=around.provider,
        names=names or {},
    )
    if server is not None:
        facts = replace(facts, names=_presumed(facts, server))
    facts, step = _decided(facts)
    return Prospect(known_preview(facts), _held(step))


def _presumed(facts: Facts, server: Observed) -> Names:
    """
    Return the names that are known, and those that nobody was asked for as names of something else.

    What the server has goes by its name, too, and is known by that: what is left is most likely a change.
    """
    found = dict(facts.names)
    while unknown := {
        doubt.reference
        for doubt in open_doubts(replace(facts, names=found), server)
        if doubt.reference not in found
    }:
        found |= {each: _another(each) for each in unknown}
    return found


def _decided(facts: Facts) -> tuple[Facts, Step]:
    """Return what is decided once all is known that the operator asks for before."""
    for _ in range(MOST_QUESTIONS):
        step, server = plan(facts), facts.server
        match step:
            case Resolve(reference=reference) if reference not in facts.names:
                facts = replace(facts, names={**facts.names, reference: _another(reference)})
            case Look() if server is not None and facts.memory.looked_version != server.version:
                facts = replace(facts, memory=replace(facts.memory, looked_version=server.version))
            case _:
                return facts, step
    return facts, plan(facts)


def _another(reference: Reference) -> Resolved:
    return Resolved(str(uuid5(NAMESPACE_OID, str(reference))))


def _held(step: Step) -> Hold | None:
    """Return the hold that a person should know of; of a server that is to be made under approval, too."""
    if isinstance(step, DryRun):
        return Hold(Reason.PLAN_PENDING, "It waits for an approval: approval is Manual.")
    if not isinstance(step, Hold) or step.unread:
        return None
    return step if step.reason not in UNTROUBLED or step.reason in ASKED_TO else None


def _place(resource: Resource) -> Place | None:
    """Return where the server is, for a new one some place: only there anything would be begun."""
    records = resource.records
    new = records.creation is None and records.adopted_at is None
    return records.place or (Place("", "", "") if new else None)


def _no_leave(resource: Resource, around: Around) -> Problem | None:
    """Return why the object may not use its provider, as far as that can be told from here."""
    if around.seen is None or around.seen.hidden:
        return None
    if around.provider is None:
        return not_found(around.seen.name)
    if around.provider.allowed_selector is not None:
        return None  # whether selectors count is a setting of the operator
    return no_leave(resource, around.provider, None)


def _recalled(resource: Resource) -> Observed | None:
    """Return the bound server as the status shows it, which lacks whose it is."""
    records = resource.records
    found = recall(records.mirror) if records.bound_id is not None else None
    if found is None or found.details is None or found.id != records.bound_id:
        return None
    owner = Owner(
        cluster=Config().cluster, namespace=resource.namespace, name=resource.name, uid=resource.uid
    )
    owned = records.creation is not None or records.adopted_at is not None
    details = replace(found.details, owner=owner if owned else None, owner_known=owned)
    return replace(found, details=details)
