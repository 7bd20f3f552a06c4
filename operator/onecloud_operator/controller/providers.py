"""The providers that there are, by name; and which objects have servers of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.provider_facts import Usage

if TYPE_CHECKING:
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.provider_facts import ProviderObject
    from onecloud_operator.kube.store import Key, Store


@dataclass(slots=True)
class Providers:
    """One for the process."""

    objects: Store[ProviderObject]

    @property
    def complete(self) -> bool:
        """Whether every provider was heard of."""
        return self.objects.complete

    def named(self, name: str) -> Provider | None:
        """Return the provider of that name, or None if none is known."""
        key = self.objects.named(name)
        found = self.objects.get(key) if key is not None else None
        return found.provider if found is not None else None

    def names(self, secret: tuple[str, str]) -> bool:
        """Return whether any provider has this Secret."""
        return self.objects.names(secret)


def usage_of(servers: Store[Any], provider: str, beginning: frozenset[Key] = frozenset()) -> Usage:
    """Return which objects name *provider*; *beginning*: those of them that are about to have a server."""
    states: Counter[str] = Counter()
    namespaces: Counter[str] = Counter()
    bound: Counter[str] = Counter()
    for key in servers.by_provider.keys(provider):
        naming = servers.naming_of(key)
        states[servers.state_of(key)] += 1
        namespaces[key.namespace] += 1
        if key in beginning or (naming is not None and naming.bound):
            bound[key.namespace] += 1
    return Usage(states, namespaces, bound, servers.complete)
