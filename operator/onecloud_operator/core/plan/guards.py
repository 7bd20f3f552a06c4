"""Reasons to do nothing that several plans share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import CONFIRM_GONE
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold, Look, Resolve
from onecloud_operator.core.ownership import bound_id
from onecloud_operator.core.references import UnderWay
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.tenancy import named

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.references import Reference


ASKED_SECONDS = 30.0  # who waits for another's lookup is woken; this is for when nobody wakes it


def look_up(facts: Facts, reference: Reference) -> Resolve | Hold | None:
    """Return what must come before the answer for *reference* can be had; None if it stands in the facts."""
    answer = facts.names.get(reference)
    if answer is None:
        return Resolve(reference)
    if isinstance(answer, UnderWay):
        return Hold(
            Reason.NOT_YET_OBSERVED, f"The {reference} is being looked up.", ASKED_SECONDS, unread=True
        )
    return None


def elsewhere(facts: Facts) -> Hold | Look | None:
    """
    Return a hold if the credentials lead to another place than the object's server was pinned to.

    If the record of that place was lost, only the server itself, seen at this one, proves that it is right.
    """
    pinned = facts.resource.records.place
    if facts.place is None or pinned == facts.place:
        return None
    if pinned is None:
        return _unpinned(facts)
    return Hold(
        Reason.CREDENTIALS_MISMATCH,
        f"The credentials lead to project {facts.place.project_id} in region "
        f"{facts.place.region or '(default)'} at {facts.place.auth_url}, but this server lives in project "
        f"{pinned.project_id}, region {pinned.region or '(default)'}, at {pinned.auth_url}. Nothing is sent. "
        "Give credentials for that place, or make a new object. A changed Secret is taken within seconds.",
    )


def proven(facts: Facts) -> bool:
    """Return whether the object's server was read where the credentials lead, and is surely its own."""
    server, records = facts.server, facts.resource.records
    if facts.place is None or server is None or server.id != records.bound_id or facts.reading.missing:
        return False
    return server.project_id == facts.place.project_id and (
        server.owner is not None and server.owner.uid == facts.resource.uid
    )


def _unpinned(facts: Facts) -> Hold | Look | None:
    if facts.resource.records.bound_id is None or proven(facts):
        return None
    if not facts.reading.gone and (facts.server is None or not facts.server.detailed):
        return Look(bound_id(facts.resource))
    return Hold(
        Reason.CREDENTIALS_MISMATCH,
        "status.cloud, the record of where this server lives, is missing, and no server with this object's "
        "owner tags is there where the credentials lead. So nothing is sent, and a server that cannot be "
        "found does not count as gone. Give credentials that lead to where it is, or delete the object and "
        f"{DETACH}",
    )


def owned_by_another(facts: Facts, server: Observed) -> Hold | None:
    """Return a hold if the tags of a server that we made name another living object by now."""
    owner = server.owner
    if owner is None or owner.uid == facts.resource.uid or owner.uid not in facts.rivals:
        return None
    return Hold(
        Reason.OWNED_BY_ANOTHER,
        f"The server carries the owner tags of {named(facts, owner)} by now, so nothing is done to it. Take "
        f"those tags off in the cloud, or delete this object and {DETACH}",
    )


def too_many_gone(facts: Facts) -> Hold:
    """Hold what would follow a deletion while a whole share of the fleet vanished at once."""
    resource = facts.resource
    annotation = f"onecloud.io/confirm-gone: {bound_id(resource)}"
    if resource.confirms(CONFIRM_GONE, resource.records.bound_id):
        ask = (
            f"the annotation {annotation} is set on this object again. The one that stands there does not "
            "count: it is older than this question, or this operator. Take it off, and set it once this "
            "message has changed"
        )
    else:
        ask = f"the annotation {annotation} is set on this object, which confirms it for this namespace"
    return Hold(
        Reason.TOO_MANY_GONE,
        "So many servers of this project vanished within ten minutes that the cloud may have lost its "
        f"database. Nothing is made again or let go until {ask}.",
    )


def still_coming(field: str, seconds: float) -> Hold:
    """Wait for an earlier change of *field*, of which nobody knows what came, until it cannot come true."""
    return Hold(
        Reason.UPDATING,
        f"An earlier change of {field} was sent and may still come true, so the next one waits until it "
        "cannot any more.",
        seconds,
    )
