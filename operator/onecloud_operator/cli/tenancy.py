"""What stands around an object of a plan: its namespace and its provider, as the user may read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.cli.cluster import named
from onecloud_operator.cli.failure import Refused
from onecloud_operator.cli.provider_link import Seen, provider_of
from onecloud_operator.cli.statuses import namespace_of, text_at
from onecloud_operator.controller.provider_object import provider_object
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.kube.namespaces import surroundings_in

if TYPE_CHECKING:
    from onecloud_operator.cli.cluster import Cluster
    from onecloud_operator.core.provider import Provider

UNREADABLE: Final = frozenset({403, 404})


@dataclass(frozen=True, slots=True)
class Around:
    """*seen*: the provider that the object names, None if it names none; *provider*: as decisions see it."""

    surroundings: Surroundings = field(default_factory=Surroundings)
    seen: Seen | None = None
    provider: Provider | None = None


@dataclass(slots=True)
class Neighbourhood:
    """Reads each namespace and each provider once."""

    cluster: Cluster
    _namespaces: dict[str, Surroundings] = field(default_factory=dict)
    _providers: dict[str, Seen | None] = field(default_factory=dict)

    def of(self, body: Mapping[str, Any]) -> Around:
        """Return what stands around an object. Raises Refused."""
        space, name = namespace_of(body), text_at(body, "spec", "providerRef", "name")
        if space not in self._namespaces:
            self._namespaces[space] = self._read(space)
        if name not in self._providers:
            self._providers[name] = provider_of(self.cluster, body)
        seen = self._providers[name]
        found = _provider(seen.body) if seen is not None and seen.body is not None else None
        return Around(self._namespaces[space], seen, found)

    def _read(self, namespace: str) -> Surroundings:
        try:
            found = self.cluster.call("GET", f"/api/v1/namespaces/{named(namespace)}")
        except Refused as error:
            if error.status not in UNREADABLE:
                raise
            return Surroundings()
        return surroundings_in(found["metadata"])


def _provider(body: Mapping[str, Any]) -> Provider:
    # Which namespaces' Secrets the operator may read is its own setting: none is refused here.
    own = text_at(body, "spec", "secretRef", "namespace")
    return provider_object(frozenset({own}), body).provider
