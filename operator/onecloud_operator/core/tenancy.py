"""
What a namespace may do with the cloud of a OneCloudProvider, which others share.

    no such provider      ProviderNotFound: nothing is sent
    not let in            NotAllowed: nothing is sent; a removal goes on under Retain only
    not in ``allow``      NotAllowed: what the object asks for may be another's
    as many as allowed    LimitReached: no further server is made

Whoever shares a sign-in sees what it sees, so no server is shown that is not proven to be the object's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import AddFinalizer, BeginAdoption, BeginCreation, Hold
from onecloud_operator.core.ownership import forged, has_own_server
from onecloud_operator.core.policies import deletion_policy, observing
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onecloud_operator.api.provider import Allowance
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed, Owner
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.resource import Resource

LIMIT_SECONDS = 60.0  # until a place that became free is looked for; an edit of the provider is heard of


def not_found(name: str) -> Problem:
    """Return why nothing is done for an object whose provider is not there."""
    return Problem(
        Reason.PROVIDER_NOT_FOUND,
        f"There is no OneCloudProvider {name}. Correct spec.providerRef, or have an administrator make it. "
        "It is then taken within seconds.",
    )


def no_leave(resource: Resource, provider: Provider, labels: Mapping[str, str] | None) -> Problem | None:
    """
    Return why the credentials of *provider* are not used for the object, or None.

    *labels*: of its namespace, None where they do not count. What stays in the cloud anyway may be let go.
    """
    if provider.flaw is not None:
        return Problem(
            Reason.PROVIDER_NOT_FOUND,
            f"OneCloudProvider {provider.name} cannot be used ({provider.flaw.reason}). Its status says why: "
            "have an administrator correct it.",
        )
    if provider.allows(resource.namespace, labels):
        return None
    if resource.deleting and deletion_policy(resource) == "Retain" and not observing(resource):
        return None
    return Problem(
        Reason.NOT_ALLOWED,
        f"OneCloudProvider {provider.name} does not allow namespace {resource.namespace}. Have an "
        "administrator add it to the provider's allowedNamespaces. Until then nothing is sent to the cloud "
        "for this object, and nothing is deleted.",
    )


def not_allowed(facts: Facts) -> Hold | None:
    """Return a hold if the spec asks for what may be another's, and the provider does not allow it."""
    if facts.hidden:
        return _withheld()
    provider, asked = facts.provider, tuple(_asked_for(facts))
    if provider is None or not asked:
        return None
    words = " and ".join(asked)
    return Hold(
        Reason.NOT_ALLOWED,
        f"OneCloudProvider {provider.name} is shared by namespaces, and does not allow {words}: it may be "
        "another's. Take it out of the spec, have an administrator add it to the provider's spec.allow, or "
        "use credentials of your own by credentialsRef.",
    )


def _asked_for(facts: Facts) -> Iterator[str]:
    """Yield what the spec asks for and the provider does not allow, each with the word that would."""
    resource, spec = facts.resource, facts.resource.spec
    if spec is None:
        return
    if observing(resource):
        if not may(facts, "Observe") and not has_own_server(resource):
            yield "managementPolicy Observe (Observe)"
        return
    records, server = resource.records, spec.server
    if spec.adoption_policy != "Never" and records.bound_id is None and not may(facts, "Adopt"):
        yield f"adoption.policy {spec.adoption_policy} (Adopt)"
    restores = spec.adoption is not None and spec.adoption.restore and records.bound_id is None
    if restores and not may(facts, "Restore"):
        yield "adoption.restore (Restore)"
    if server is None:
        return
    if any(disk.disk_id for disk in server.data_disks or ()) and not may(facts, "DiskID"):
        yield "dataDisks[].diskID (DiskID)"
    if server.eip is not None and (server.eip.id or server.eip.name) and not may(facts, "EIP"):
        yield "eip.id and eip.name (EIP)"


def may(facts: Facts, what: Allowance) -> bool:
    """Return whether the object may take *what*; with credentials of its own it may."""
    return facts.provider is None or what in facts.provider.allow


def _has_made_one(resource: Resource) -> bool:
    return resource.records.creation is not None and not forged(resource)


def hidden(facts: Facts, server: Observed) -> bool:
    """
    Return whether *server* is not to be seen by the object: only the status says that it is its own.

    A status can be edited, and must not show what belongs to another namespace.
    """
    if facts.provider is None or _has_made_one(facts.resource):
        return False
    if server.owner is not None and server.owner.uid == facts.resource.uid:
        return False
    return not may(facts, "Observe" if observing(facts.resource) else "Adopt")


def _withheld() -> Hold:
    """Return the hold for an object of which only the status says that a server is its own."""
    return Hold(
        Reason.NOT_ALLOWED,
        "The server that the status names does not carry this object's owner tags, so under a provider that "
        "namespaces share it is neither shown nor touched. Delete this object with deletionPolicy: Retain, "
        "or have an administrator add Adopt to the provider's spec.allow.",
    )


def named(facts: Facts, owner: Owner) -> str:
    """Return *owner* as a message may name it: another namespace's is nobody's business under a provider."""
    if facts.provider is None or owner.namespace == facts.resource.namespace:
        return str(owner)
    return "an object of another namespace"


def other(facts: Facts, what: str) -> str:
    """Return *what*, of which it is not known whose it is, as a message may name it."""
    return what if facts.provider is None else "something else"


def takes_a_place(facts: Facts, step: Step) -> bool:
    """Return whether the object begins to count towards the limits of its provider with *step*."""
    begins = isinstance(step, AddFinalizer | BeginCreation | BeginAdoption)
    return begins and facts.provider is not None and facts.resource.records.bound_id is None


def limited(facts: Facts, step: Step) -> Hold | None:
    """Return a hold for *step* if the provider's limits are reached."""
    provider = facts.provider
    if provider is None or not takes_a_place(facts, step):
        return None
    if provider.deleting:
        return Hold(
            Reason.PROVIDER_NOT_FOUND,
            f"OneCloudProvider {provider.name} is being deleted, so no further server is made with it. Name "
            "another one in spec.providerRef.",
        )
    taken, here = facts.places
    for count, most, where in (
        (taken, provider.servers_limit, "limits.servers"),
        (here, provider.servers_per_namespace_limit, "limits.serversPerNamespace"),
    ):
        if most is not None and count >= most:
            return Hold(
                Reason.LIMIT_REACHED,
                f"OneCloudProvider {provider.name} has as many servers as its {where} allows ({most}). "
                "Delete one that is not needed, or have an administrator raise it.",
                LIMIT_SECONDS,
            )
    return None
