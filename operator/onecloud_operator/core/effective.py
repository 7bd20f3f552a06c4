"""
The spec that holds for an object: its own, and what the defaults of its provider add.

Defaults never weaken. Protection holds where either asks for it. An adopted server stays, and ``Delete``
reaches no object that was there before. A rebuild, which loses a disk, is allowed by the object alone. Where
a new server is put is settled when it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import ValidationError

from onecloud_operator.api.server import folded
from onecloud_operator.api.server_parts import Placement
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.status_values import mapping

if TYPE_CHECKING:
    from onecloud_operator.api.management import Disruption
    from onecloud_operator.api.provider import ProviderDefaults
    from onecloud_operator.api.spec import ServerSpec, Spec
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.resource import Resource

MAX_TAGS = 15  # of a server; the platform takes 20, and the owner tags are among them
POLICIES = ("RecycleBin", "Delete", "Retain")
_Policy = Literal["RecycleBin", "Delete", "Retain"]


def effective(resource: Resource, provider: Provider | None) -> Resource:
    """Return *resource* with the spec that holds; without a provider as it is."""
    spec = resource.spec
    if spec is None or spec.provider_ref is None:
        return resource
    if provider is None:
        # What held is not known to hold no longer.
        policy = spec.deletion_policy or _stood(resource)
        return _with(resource, spec, {"deletion_policy": policy})
    defaults = provider.defaults
    changes: dict[str, Any] = {
        "deletion_policy": spec.deletion_policy or _deletion_policy(resource, spec, defaults),
        "deletion_protection": spec.deletion_protection or bool(defaults.deletion_protection),
        "disruption": _disruption(spec.disruption, defaults.disruption),
    }
    flaw = None
    if spec.server is not None and not spec.observes:
        changes["server"], flaw = _server(resource, spec.server, defaults)
    held = _with(resource, spec, changes)
    if flaw is None or resource.flaw is not None:
        return held
    message = f"{flaw} Take some out of the spec, or have an administrator take some out of {provider.name}."
    return replace(held, flaw=message)


def _with(resource: Resource, spec: Spec, changes: dict[str, Any]) -> Resource:
    changed = {name: value for name, value in changes.items() if value != getattr(spec, name)}
    return replace(resource, spec=spec.model_copy(update=changed)) if changed else resource


def _stood(resource: Resource) -> _Policy | None:
    """Return the policy that the status says to hold."""
    found = resource.status.get("deletionPolicy")
    return cast("_Policy", found) if found in POLICIES else None


def _deletion_policy(resource: Resource, spec: Spec, defaults: ProviderDefaults) -> _Policy | None:
    records, wanted = resource.records, defaults.deletion_policy
    adopted = records.creation is None and (records.adopted_at or spec.adoption_policy == "Adopt")
    if wanted is None or adopted:
        return None
    if wanted != "Delete" or "deletionPolicy" not in resource.status:
        return wanted
    return _stood(resource)


def _disruption(own: Disruption | None, default: Disruption | None) -> Disruption | None:
    if default is None:
        return own
    if default.allow == "Rebuild":
        default = default.model_copy(update={"allow": "Restart"})
    if own is None:
        return default
    return default.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _server(
    resource: Resource, server: ServerSpec, defaults: ProviderDefaults
) -> tuple[ServerSpec, str | None]:
    """Return the server as it is to be, and what is wrong with that."""
    changes: dict[str, Any] = {}
    flaw = None
    if defaults.tags:
        own = server.tags or {}
        taken = {folded(key) for key in own}
        added = {key: value for key, value in defaults.tags.items() if folded(key) not in taken}
        if len(own) + len(added) > MAX_TAGS:
            flaw = (
                f"spec.server.tags has {len(own)} tags and the provider adds {len(added)}, but a server "
                f"can have {MAX_TAGS}."
            )
        elif added:
            changes["tags"] = {**own, **added}
    placement = _placement(resource, defaults)
    if placement is not None:
        given = server.placement
        own_fields = {name: getattr(given, name) for name in given.model_fields_set} if given else {}
        changes["placement"] = placement.model_copy(update=own_fields)
    return (server.model_copy(update=changes) if changes else server), flaw


def _placement(resource: Resource, defaults: ProviderDefaults) -> Placement | None:
    """Return where a new server is to be put, and for one that is made where it was to be put then."""
    creation = resource.records.creation
    if creation is None:
        return None if resource.records.adopted_at else defaults.placement
    if creation.completed_at is None:
        return defaults.placement
    stood = mapping(mapping(resource.status.get("effective")).get("placement"))
    try:
        return Placement.model_validate(stood) if stood else None
    except ValidationError:
        return None  # somebody has edited the status
