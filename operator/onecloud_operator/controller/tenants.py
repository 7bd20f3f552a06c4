"""By whose credentials each object reaches its cloud: a Secret of its namespace, or a shared provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.tenancy import no_leave, not_found, takes_a_place
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.surroundings import Surroundings
    from onecloud_operator.core.values import Place
    from onecloud_operator.kube.store import Key, Store

NO_PROVIDERS = Problem(
    Reason.PROVIDER_NOT_FOUND,
    "This operator looks after single namespaces, and providers belong to none. Give credentials by "
    "spec.credentialsRef instead of spec.providerRef.",
)
NOT_READ = Problem(
    Reason.NOT_YET_OBSERVED,
    "The providers, their servers or this namespace have not been read yet. If this lasts, have an "
    "administrator see whether the CRD of OneCloudProvider is installed.",
)


class Providers(Protocol):
    """What is known of the providers. *complete*: all that there are were heard of."""

    @property
    def complete(self) -> bool: ...

    def named(self, name: str) -> Provider | None:
        """Return the provider of that name, None if there is none."""

    def names(self, secret: tuple[str, str]) -> bool:
        """Return whether any of them has this Secret."""


@dataclass(slots=True)
class Tenants:
    """
    One for the process.

    *providers*: None where there are none to be had. *surroundings*: what stands on a namespace, None where
    its labels let nobody in.

    A place under a provider's limits is taken before it stands in a status, so that many objects that are
    worked on at once do not all take the last one.
    """

    objects: Store[Resource]
    providers: Providers | None = None
    surroundings: Callable[[str], Surroundings] | None = None
    _taken: dict[str, dict[Key, None]] = field(default_factory=dict)
    _takers: dict[Key, str] = field(default_factory=dict)

    def provider_of(self, key: Key) -> Provider | None:
        """Return the provider that the object names, if there is one of that name."""
        naming = self.objects.naming_of(key)
        return self.providers.named(naming.provider) if naming is not None and self.providers else None

    def secret_of(self, key: Key) -> tuple[str, str] | None:
        """Return namespace and name of the Secret by which the object's cloud is reached."""
        provider = self.provider_of(key)
        return provider.secret if provider is not None else self.objects.secret_of(key)

    def uses(self, secret: tuple[str, str]) -> bool:
        """Return whether any object, or any provider, has this Secret."""
        return self.objects.names(secret) or (self.providers is not None and self.providers.names(secret))

    def obstacle(self, key: Key, resource: Resource) -> Problem | None:
        """Return why the object may not use its provider, None if it may or has credentials of its own."""
        naming = self.objects.naming_of(key)
        if naming is None:
            return None
        if self.providers is None:
            return NO_PROVIDERS
        provider = self.providers.named(naming.provider)
        if provider is None:
            return not_found(naming.provider) if self.providers.complete else NOT_READ
        around = self.surroundings(key.namespace) if self.surroundings is not None else None
        labels = _labels(around)
        if (problem := no_leave(resource, provider, labels)) is not None:
            unread = around is not None and not around.known and provider.allowed_selector is not None
            return NOT_READ if unread and problem.reason is Reason.NOT_ALLOWED else problem
        limits = provider.servers_limit, provider.servers_per_namespace_limit
        # Before all objects were heard of, their servers cannot be counted.
        return None if limits == (None, None) or self.objects.complete else NOT_READ

    def places(self, key: Key, provider: Provider, place: Place | None = None) -> tuple[int, int]:
        """
        Return how many servers the provider has besides the object's, in all and in its namespace.

        *place*: where it leads. What is there counts also if its object names other credentials by now, which
        anybody may write who may write the object; what is elsewhere does not.
        """
        project = (place.auth_url, place.region, place.project_id) if place is not None else None
        total, in_namespace = self.objects.by_place.taken(provider.name, project, key.namespace, self._serves)
        home = self.objects.home_of(key)
        own = 1 if home is not None and home.project in {None, project} else 0
        beginning = [other for other in self._taken.get(provider.name, ()) if self._begins(key, other)]
        here = sum(other.namespace == key.namespace for other in beginning)
        return (
            total - own + len(beginning),
            in_namespace - own + here,
        )

    def beginning(self, provider: str) -> Iterator[Key]:
        """Return the objects that are about to have a server of *provider*, which no status says yet."""
        return iter(tuple(self._taken.get(provider, ())))

    def note(self, key: Key, facts: Facts, step: Step) -> None:
        """Take note of *step*, which is about to be carried out, in the same turn as it was decided."""
        self.forget(key)
        if facts.provider is not None and takes_a_place(facts, step):
            self._taken.setdefault(facts.provider.name, {})[key] = None
            self._takers[key] = facts.provider.name

    def forget(self, key: Key) -> None:
        """Let go of the place of an object that begins no server, or has the record of one."""
        if (name := self._takers.pop(key, None)) is not None:
            del self._taken[name][key]
            if not self._taken[name]:
                del self._taken[name]

    def _serves(self, name: str, namespace: str) -> bool:
        """Return whether the provider of that name serves *namespace*, as far as can be told."""
        other = self.providers.named(name) if name and self.providers is not None else None
        if other is None or other.flaw is not None:
            return other is not None
        around = self.surroundings(namespace) if self.surroundings is not None else None
        return other.allows(namespace, _labels(around))

    def _begins(self, key: Key, other: Key) -> bool:
        naming = self.objects.naming_of(other)
        return other != key and naming is not None and not naming.bound


def _labels(around: Surroundings | None) -> Mapping[str, str] | None:
    return around.labels if around is not None and around.known else None
