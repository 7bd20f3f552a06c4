"""Whose a server is: which one an object has, and whether it may be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.observed import Owner
from onecloud_operator.core.policies import observing
from onecloud_operator.core.records import attempt_id

if TYPE_CHECKING:
    from onecloud_operator.core.config import Config
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource


def owner_of(resource: Resource, config: Config) -> Owner:
    """Return what the owner tags of the object's server say."""
    return Owner(config.cluster, resource.namespace, resource.name, resource.uid)


def once_ours(owner: Owner, resource: Resource, config: Config) -> bool:
    """
    Return whether *owner* is this object, or one that had its name in this cluster before it.

    Two of one name cannot live at once, so the other is gone, whether or not its end was heard of already.
    """
    name = (config.cluster, resource.namespace, resource.name)
    return owner.uid == resource.uid or (owner.cluster, owner.namespace, owner.name) == name


def target_id(resource: Resource) -> str | None:
    """Return the id whose readings this object needs; None while it has none."""
    if not observing(resource) or has_own_server(resource):
        return resource.records.bound_id
    adoption = resource.spec.adoption if resource.spec else None
    return (adoption.id if adoption else None) or resource.records.id


def bound_id(resource: Resource) -> str:
    """Return the id of the object's server; only for objects that have one."""
    server_id = resource.records.bound_id
    if server_id is None:
        msg = "the object has no server"
        raise AssertionError(msg)
    return server_id


def has_own_server(resource: Resource) -> bool:
    """Return whether the object has, or had, a server of its own: then it observes that one and no other."""
    records, creation = resource.records, resource.records.creation
    if records.bound_id is None or forged(resource):
        return False
    return (
        creation is None or creation.completed_at is not None or (records.seen and creation.failure is None)
    )


def forged(resource: Resource) -> bool:
    """
    Return whether the creation record is not ours: its id is none that this object can have made.

    Whoever may write the status must not be able to point the operator at another's server.
    """
    creation = resource.records.creation
    return creation is not None and creation.id != attempt_id(resource.uid, creation.attempt)


def ours(resource: Resource, server: Observed) -> bool:
    """Return whether *server* may be written to: we made it, or adopted it and it carries our UID."""
    if resource.records.creation is not None:
        return not forged(resource) and server.id == resource.records.creation.id
    if resource.records.adopted_at is None or server.id != resource.records.id:
        return False
    return server.owner is not None and server.owner.uid == resource.uid
