"""What an object wants done with its server, with the defaults: observe, report, delete, power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.ignorable import word_of

if TYPE_CHECKING:
    from onecloud_operator.core.resource import Resource

DISRUPTIONS = ("Never", "Restart", "Rebuild")


def observing(resource: Resource) -> bool:
    """Return whether nothing may be sent to the cloud for this object."""
    return resource.spec is not None and resource.spec.management_policy == "Observe"


def reporting(resource: Resource) -> bool:
    """Return whether differences are reported only."""
    return bool(resource.spec and resource.spec.drift and resource.spec.drift.mode == "Report")


def asks_first(resource: Resource) -> bool:
    """Return whether what is done in the cloud waits for a person's approval."""
    return resource.spec is not None and resource.spec.approval == "Manual"


def ignored(resource: Resource, field: str) -> bool:
    """Return whether *field*, a path below ``spec.server``, is left to others once the server is there."""
    drift = resource.spec.drift if resource.spec else None
    return drift is not None and drift.ignore is not None and word_of(field) in drift.ignore


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


def allows(resource: Resource, disruption: str) -> bool:
    """Return whether *disruption* is allowed: each kind includes those before it."""
    chosen = resource.spec.disruption if resource.spec is not None else None
    return DISRUPTIONS.index(chosen.allow if chosen is not None else "Never") >= DISRUPTIONS.index(disruption)


def rebuild_due(resource: Resource) -> bool:
    """Return whether the image was edited, so that the root disk is to be rebuilt, and may be."""
    record, spec = resource.records.image, resource.server_spec
    if record is None or spec is None or spec.image in {None, record.text}:
        return False
    return allows(resource, "Rebuild") and not reporting(resource) and not ignored(resource, "image")


def power(resource: Resource) -> str:
    """Return the wanted power state: Running, Stopped, Suspended or Unmanaged."""
    if ignored(resource, "powerState"):
        return "Unmanaged"
    server = resource.server_spec
    if server is not None and server.power_state is not None:
        return server.power_state
    records = resource.records  # a server comes back stopped out of the bin
    return "Unmanaged" if records.creation is None and records.restore is None else "Running"
