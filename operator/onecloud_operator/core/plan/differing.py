"""What a resting server differs in from its spec, over all its parts, and what cannot be told yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import IMAGE
from onecloud_operator.core.creation_digests import edited
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.plan.attempt import completes
from onecloud_operator.core.plan.card_match import MatchedCards, cards_of
from onecloud_operator.core.plan.cards import card_differences
from onecloud_operator.core.plan.create_only import Doubt, Odd, compared
from onecloud_operator.core.plan.data_disks import disk_differences
from onecloud_operator.core.plan.diff import Difference, difference, differences
from onecloud_operator.core.plan.eip import eip_differences
from onecloud_operator.core.plan.image import uncompared
from onecloud_operator.core.plan.instance_groups import group_differences
from onecloud_operator.core.plan.login import login_differences, login_doubts
from onecloud_operator.core.plan.own_tags import managed_tags
from onecloud_operator.core.plan.security_groups import group_doubts
from onecloud_operator.core.policies import ignored
from onecloud_operator.core.restart import power_now

if TYPE_CHECKING:
    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource


def open_differences(facts: Facts, server: Observed) -> tuple[Difference, ...]:
    """Return what differs between the object's spec and *server*, which must be detailed."""
    spec = spec_of(facts.resource)
    if spec is None or server.details is None:
        return ()
    records, disks = facts.resource.records, disks_of(facts.resource, server.details)
    found = differences(
        spec,
        server,
        power=power_now(facts.resource, server),
        managed_tags=managed_tags(facts),
        disks=disks,
        names=facts.names,
        image=records.image,
    )
    found = (
        *found,
        *card_differences(matched_cards(facts, server)),
        *group_differences(facts.resource),
        *login_differences(facts, spec, server.details),
        *eip_differences(spec.eip, records.eip, server.details),
    )
    if records.creation is None:  # what cannot be changed of a server that we made is no difference
        fixed = (odd for odd in compared(spec, server, disks, facts.names) if isinstance(odd, Odd))
        found = (*found, *(difference(odd.field, odd.want, odd.have) for odd in fixed if _open(facts, odd)))
    found = (*found, *disk_differences(facts.resource, server))
    return tuple(each for each in found if looked_after(facts, each.field))


def _open(facts: Facts, one: Odd | Doubt) -> bool:
    """Return whether *one* counts: of an image, once it is known of which the disk is, only an edit does."""
    return one.field != IMAGE or uncompared(facts.resource)


def spec_of(resource: Resource) -> ServerSpec | None:
    """Return the spec, with the name that a server had which got another one on its way out of the bin."""
    spec, restore = resource.server_spec, resource.records.restore
    if spec is None or spec.name is not None or restore is None or restore.done_at is None:
        return spec
    return spec.model_copy(update={"name": restore.name})


def looked_after(facts: Facts, field: str) -> bool:
    """Return whether *field* counts; of the power state `power` tells, as what we stopped runs again."""
    return field == "powerState" or not ignored(facts.resource, field)


def open_doubts(facts: Facts, server: Observed) -> tuple[Doubt, ...]:
    """Return what cannot be compared, since a name in the spec leads to no id."""
    spec, creation = facts.resource.server_spec, facts.resource.records.creation
    if spec is None or server.details is None:
        return ()
    found: tuple[Doubt, ...] = (
        *group_doubts(spec, server.details, facts.names),
        *matched_cards(facts, server).doubts,
        *login_doubts(facts, spec, server.details),
    )
    fields = None if creation is None else edited(spec, creation)
    if fields is None or fields:
        disks = disks_of(facts.resource, server.details)
        fixed = compared(spec, server, disks, facts.names, fields)
        found = (*found, *(one for one in fixed if isinstance(one, Doubt) and _open(facts, one)))
    return tuple(each for each in found if looked_after(facts, each.field))


def matched_cards(facts: Facts, server: Observed) -> MatchedCards:
    """Return which card each entry of the spec is, of a server that is adopted, or complete by now."""
    creation = facts.resource.records.creation
    made = creation is None or creation.completed_at is not None or completes(facts)
    return cards_of(facts, server.details) if made and server.details is not None else MatchedCards()
