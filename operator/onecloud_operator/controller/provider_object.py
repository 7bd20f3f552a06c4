"""A OneCloudProvider as the API server gives it → as decisions see it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from onecloud_operator.api.annotations import ALLOW_MASS_DELETION, FREEZE, switched_on
from onecloud_operator.api.identity import PROVIDER
from onecloud_operator.api.provider import ProviderDefaults, ProviderSpec
from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.server_object import flaw_of
from onecloud_operator.core.provider import Provider
from onecloud_operator.core.provider_facts import ProviderObject
from onecloud_operator.core.values import Problem
from onecloud_operator.core.windows import no_such_zone, unknown_zones
from onecloud_operator.kube.bounded_json import finalizer_place
from onecloud_operator.kube.store import StoredKind, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NOWHERE = ("", "")  # the Secret of a provider that names none that may be read


def provider_kind(secret_namespaces: frozenset[str]) -> StoredKind[ProviderObject]:
    """Return how providers are kept whose Secrets are in *secret_namespaces*."""
    return StoredKind(
        PROVIDER, partial(provider_object, secret_namespaces), partial(_secret_of, secret_namespaces)
    )


def provider_object(secret_namespaces: frozenset[str], body: Mapping[str, Any]) -> ProviderObject:
    """Return the object as decisions see it."""
    metadata = body["metadata"]
    finalizers = tuple(metadata.get("finalizers") or ())
    return ProviderObject(
        provider=_provider(secret_namespaces, body),
        version=version_of(body),
        held=PROVIDER.finalizer in finalizers,
        finalizers=finalizers,
        finalizer_place=finalizer_place(metadata, PROVIDER.finalizer),
        status=body.get("status") or {},
    )


def _provider(secret_namespaces: frozenset[str], body: Mapping[str, Any]) -> Provider:
    metadata = body["metadata"]
    name, uid, generation = metadata["name"], metadata["uid"], int(metadata.get("generation", 0))
    deleting, annotations = "deletionTimestamp" in metadata, metadata.get("annotations") or {}
    frozen, agreed = switched_on(annotations, FREEZE), annotations.get(ALLOW_MASS_DELETION)
    secret = _secret_of(secret_namespaces, body) or NOWHERE
    try:
        spec = ProviderSpec.model_validate(body.get("spec") or {})
    except ValidationError as error:
        flaw = Problem(Reason.INVALID_SPEC, flaw_of(error))
        return Provider(
            name, uid, generation, secret, frozen=frozen, agreed_deletion=agreed, deleting=deleting, flaw=flaw
        )
    allowed, limits = spec.allowed_namespaces, spec.limits
    return Provider(
        name=name,
        uid=uid,
        generation=generation,
        secret=secret,
        allowed_names=frozenset(allowed.names or ()) if allowed is not None else frozenset(),
        allowed_selector=allowed.selector if allowed is not None else None,
        defaults=spec.defaults or ProviderDefaults(),
        allow=frozenset(spec.allow or ()),
        frozen=spec.freeze or frozen,
        windows=spec.windows or (),
        servers_limit=limits.servers if limits is not None else None,
        servers_per_namespace_limit=limits.servers_per_namespace if limits is not None else None,
        agreed_deletion=agreed,
        deleting=deleting,
        flaw=_not_read(secret_namespaces, spec.secret_ref.namespace) or _unknown_zone(spec),
    )


def _unknown_zone(spec: ProviderSpec) -> Problem | None:
    """Return what is wrong with the time zones of windows, which the API server cannot know."""
    disruption = spec.defaults.disruption if spec.defaults is not None else None
    found = {
        "spec.windows": spec.windows,
        "spec.defaults.disruption.windows": disruption.windows if disruption is not None else None,
    }
    for field, windows in found.items():
        if unknown := unknown_zones(windows or ()):
            return Problem(Reason.INVALID_SPEC, no_such_zone(field, unknown))
    return None


def _not_read(secret_namespaces: frozenset[str], namespace: str) -> Problem | None:
    """Return why a Secret of *namespace* is not read for a provider, or None."""
    if namespace in secret_namespaces:
        return None
    allowed = ", ".join(sorted(secret_namespaces)[:8]) or "none"
    return Problem(
        Reason.SECRET_INVALID,
        f"spec.secretRef.namespace is {namespace}, and Secrets of providers are read in these namespaces "
        f"only: {allowed}. Move the Secret there, or add the namespace to the operator's setting "
        "provider_secret_namespaces.",
    )


def _secret_of(secret_namespaces: frozenset[str], body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return namespace and name of the Secret, None if it is not to be read."""
    spec = body.get("spec")
    reference = spec.get("secretRef") if isinstance(spec, dict) else None
    if not isinstance(reference, dict):
        return None
    namespace, name = reference.get("namespace"), reference.get("name")
    if not isinstance(namespace, str) or not isinstance(name, str) or namespace not in secret_namespaces:
        return None
    return namespace, name
