"""A provider that namespaces share, and objects that name it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.provider import ProviderDefaults
from onecloud_operator.core.provider import Provider
from tests.core.fixtures import facts, resource, spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.core.facts import Facts

SHARED = Provider(
    name="lab", uid="99999999-2222-4333-8444-555555555555", generation=1,
    secret=("onecloud-system", "lab"), allowed_names=frozenset({"shop"}),
)  # fmt: skip
NAMING: dict[str, Any] = {"credentialsRef": None, "providerRef": {"name": "lab"}}


def provider(defaults: Mapping[str, Any] | None = None, **changes: Any) -> Provider:
    """Return the provider with *changes*; *defaults* by their names on the wire."""
    if defaults is not None:
        changes["defaults"] = ProviderDefaults.model_validate(defaults)
    return replace(SHARED, **changes)


def sharing(
    server_spec: Mapping[str, Any] | None = None,
    *,
    by: Provider = SHARED,
    policies: Mapping[str, Any] | None = None,
    own: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Facts:
    """Return facts of an object that names the provider; *own*: changes of the object itself."""
    wanted = spec(server_spec, **{**NAMING, **(policies or {})})
    return facts(resource=resource(spec=wanted, **(own or {})), provider=by, **changes)
