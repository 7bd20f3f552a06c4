"""Small rules that several decisions share: whose a server is, and what the defaults are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from onecloud_operator.core.observed import Owner
from onecloud_operator.core.records import attempt_id

if TYPE_CHECKING:
    from onecloud_operator.core.config import Config
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource

NAME_LENGTH = 60  # the cloud cuts hostnames there, and silently cuts names at 128
HASH_LENGTH = 8
HOST_NAME_LENGTH, HOST_NAME_SHORTEST = 15, 2  # Windows takes no longer one, and nothing a shorter one
HOST_HASH_LENGTH = 4


def server_name(resource: Resource, config: Config) -> str:
    """
    Return the name of a new server: the spec's, else ``<prefix><namespace>.<name>``, hashed above 60.

    A namespace has no dot, so two objects of one cluster never meet.
    """
    spec = resource.server_spec
    if spec is not None and spec.name:
        return spec.name
    name = f"{config.name_prefix}{resource.namespace}.{resource.name}"
    if len(name) <= NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{name[: NAME_LENGTH - HASH_LENGTH - 1].rstrip('.-')}-{digest}"


def host_name(name: str) -> str:
    """
    Return the host name of a server whose object has this *name*: one that every image takes.

    None at all would have the platform make one of the server's name, whose first part is the namespace.
    """
    if HOST_NAME_SHORTEST <= len(name) <= HOST_NAME_LENGTH and not name.isdigit():
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HOST_HASH_LENGTH]
    return f"{name[: HOST_NAME_LENGTH - HOST_HASH_LENGTH - 1].rstrip('.-')}-{digest}"


def owner_of(resource: Resource, config: Config) -> Owner:
    """Return what the owner tags of the object's server say."""
    return Owner(config.cluster, resource.namespace, resource.name, resource.uid)


def observing(resource: Resource) -> bool:
    """Return whether nothing may be sent to the cloud for this object."""
    return resource.spec is not None and resource.spec.management_policy == "Observe"


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


def deletion_policy(resource: Resource) -> str:
    """Return what a delete would do now: RecycleBin, Delete or Retain."""
    if observing(resource):
        return "Retain"
    if resource.spec and resource.spec.deletion_policy:
        return resource.spec.deletion_policy
    if resource.records.creation is None and (resource.records.adopted_at or _adopts_only(resource)):
        return "Retain"
    return "RecycleBin"


def _adopts_only(resource: Resource) -> bool:
    adoption = resource.spec.adoption if resource.spec else None
    return adoption is not None and adoption.policy == "Adopt"


def power(resource: Resource) -> str:
    """Return the wanted power state: Running, Stopped or Unmanaged."""
    server = resource.server_spec
    if server is not None and server.power_state is not None:
        return server.power_state
    return "Unmanaged" if resource.records.creation is None else "Running"


def reporting(resource: Resource) -> bool:
    """Return whether differences are reported only."""
    return bool(resource.spec and resource.spec.drift and resource.spec.drift.mode == "Report")
