"""What of the spec in force the status shows: that for which the object's provider has a default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.status_values import given, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts


def effective_values(facts: Facts) -> Mapping[str, Any] | None:
    """Return ``status.effective``; as it stands while the provider is not there, and None without one."""
    spec, provider = facts.resource.spec, facts.provider
    stood = mapping(facts.resource.status.get("effective")) or None
    if spec is None:
        return stood
    if spec.provider_ref is None:
        return None
    if provider is None:
        return stood
    defaults, server = provider.defaults, spec.server
    placement = server.placement if server is not None else None
    found = given(
        {
            "deletionProtection": spec.deletion_protection if defaults.deletion_protection else None,
            "disruption": spec.disruption.allow if defaults.disruption and spec.disruption else None,
            "tags": dict(server.tags) if defaults.tags and server is not None and server.tags else None,
            "placement": (
                placement.model_dump(mode="json", by_alias=True, exclude_none=True)
                if placement is not None and (defaults.placement is not None or "placement" in (stood or {}))
                else None
            ),
        }
    )
    return found or None


def shown_policy(facts: Facts, policy: str) -> str | None:
    """
    Return ``status.deletionPolicy``: *policy*, or what stands there while the provider is not known.

    It says which policy held when the provider was last seen, and must not say what never held.
    """
    spec = facts.resource.spec
    if spec is None or spec.provider_ref is None or facts.provider is not None or spec.deletion_policy:
        return policy
    stood = facts.resource.status.get("deletionPolicy")
    return stood if isinstance(stood, str) else None
