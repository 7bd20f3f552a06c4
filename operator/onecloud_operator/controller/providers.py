"""The providers that there are, by name; and which objects have servers of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.provider_facts import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.provider_facts import ProviderObject
    from onecloud_operator.core.values import Place
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


def is_stranger(servers: Store[Any], found: ProviderObject, place: Place | None, key: Key) -> bool:
    """
    Return whether an object has its server elsewhere than *place*, and is not let in by the provider either.

    It may have named the provider once its server was made, and must not keep it from going.
    """
    home, provider = servers.home_of(key), found.provider
    if place is None or home is None or home.project is None or provider.flaw is not None:
        return False
    let_in = provider.allowed_selector is not None or provider.allows(key.namespace)
    return not let_in and home.project != (place.auth_url, place.region, place.project_id)


def usage_of(
    servers: Store[Any],
    provider: str,
    beginning: frozenset[Key] = frozenset(),
    stranger: Callable[[Key], bool] = lambda _key: False,
) -> Usage:
    """
    Return which objects name *provider*; *beginning*: those of them that are about to have a server.

    *stranger*: whether the server of an object is none of the provider's, whatever the object names by now.
    """
    states: Counter[str] = Counter()
    namespaces: Counter[str] = Counter()
    bound: Counter[str] = Counter()
    for key in servers.by_provider.keys(provider):
        naming = servers.naming_of(key)
        states[servers.state_of(key)] += 1
        namespaces[key.namespace] += 1
        if key in beginning or (naming is not None and naming.bound and not stranger(key)):
            bound[key.namespace] += 1
    return Usage(states, namespaces, bound, servers.complete)
