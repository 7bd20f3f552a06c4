"""Reasons to do nothing that several plans share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import Hold
from onecloud_operator.core.policy import bound_id

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts


def elsewhere(facts: Facts) -> Hold | None:
    """Return a hold if the credentials lead to another place than the object's server was pinned to."""
    pinned = facts.resource.records.place
    if pinned is None or facts.place is None or pinned == facts.place:
        return None
    return Hold(
        "CredentialsMismatch",
        f"The credentials lead to project {facts.place.project_id} in region "
        f"{facts.place.region or '(default)'} at {facts.place.auth_url}, but this server lives in project "
        f"{pinned.project_id}, region {pinned.region or '(default)'}, at {pinned.auth_url}. Nothing is sent. "
        "Give credentials for that place, or make a new object.",
    )


def too_many_gone(facts: Facts) -> Hold:
    """Hold what would follow a deletion while a whole share of the fleet vanished at once."""
    return Hold(
        "TooManyGone",
        "So many servers of this project vanished within ten minutes that the cloud may have lost its "
        "database. Nothing is made again or let go until the annotation onecloud.io/confirm-gone: "
        f"{bound_id(facts.resource)} is set on this object, which confirms it for the whole project.",
    )
