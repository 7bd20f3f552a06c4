"""What is done with the objects of a OneCloudProvider: a sign-in, and telling the objects that name it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from onecloud_operator.api.identity import PROVIDER
from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.actuator import Actuator, Observation
from onecloud_operator.controller.providers import is_stranger, usage_of
from onecloud_operator.core.provider_facts import Polled, ProviderFacts, ProviderObject, SignedIn, Usage
from onecloud_operator.core.provider_pass import ProviderStep, conclude, plan, waits_for_secret
from onecloud_operator.core.provider_status import differs, events_between, log_lines, status_of
from onecloud_operator.core.records import place_in
from onecloud_operator.core.retry_state import RetryState
from onecloud_operator.core.values import Problem
from onecloud_operator.engine import loggers
from onecloud_operator.engine.telling import tell_each
from onecloud_operator.kube.client import ObjectReference
from onecloud_operator.kube.secrets import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from onecloud_operator.controller.awaited_secrets import AwaitedSecrets
    from onecloud_operator.controller.sessions import Opened, Sessions
    from onecloud_operator.core.conclusion import Conclusion, KubeEvent, LogLine
    from onecloud_operator.core.provider import Provider
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.feed import Feeds
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.store import Key, Store

Memory = RetryState[ProviderStep]
NOT_KNOWN = Problem(Reason.NOT_YET_OBSERVED, "The credentials were not tried yet.")


@dataclass(slots=True)
class ProviderActuator(Actuator[ProviderObject, ProviderFacts, ProviderStep, None, Memory]):
    """
    One for the process.

    *servers*: the objects that may name providers; *tell* is called with each whose provider changed.
    *beginning*: those of a provider that are about to have a server, which no status says yet.
    """

    logger: ClassVar[logging.Logger] = logging.getLogger(loggers.CLOUD)

    objects: Store[ProviderObject]
    servers: Store[Any]
    cluster: KubeClient
    sessions: Sessions
    awaited: AwaitedSecrets
    feeds: Feeds[Key]
    tell: Callable[[Key], None]
    clock: Clock
    wall: Callable[[], datetime]
    beginning: Callable[[str], Iterable[Key]] = lambda _provider: ()
    _told: dict[Key, Provider] = field(default_factory=dict)

    def new_memory(self, now: float) -> Memory:
        return RetryState(born_at=now)

    async def prepare(self, key: Key) -> bool:  # noqa: ARG002 - they share one turn
        return False

    async def observe(
        self, key: Key, found: ProviderObject, memory: Memory
    ) -> Observation[ProviderFacts, ProviderStep, None, Memory]:
        await self._tell_of_change(key, found.provider)
        opened = await self._open(found)
        polled = None
        if isinstance(opened, Problem):
            signed_in: SignedIn | Problem = opened
        else:
            signed_in = SignedIn(opened.place, _project_of(opened))
            polled = self._polled(found.provider.name, opened)
        # Last, and without a wait before the decision: nothing may begin in between.
        usage = self._usage(found, signed_in)
        facts = ProviderFacts(found, self.wall(), signed_in, usage, polled)
        waits = key in self.objects and waits_for_secret(facts)
        self.awaited.credentials(key, Part(*found.provider.secret) if waits else None)
        return Observation(facts, memory, partial(self._act, key, found))

    def plan(self, facts: ProviderFacts) -> ProviderStep:
        return plan(facts)

    def conclude(
        self, facts: ProviderFacts, step: ProviderStep, outcome: None, jitter: float
    ) -> Conclusion[Memory]:
        del outcome
        return conclude(facts, step, jitter)

    def released_status(self, found: ProviderObject) -> Mapping[str, Any] | None:
        facts = ProviderFacts(found, self.wall(), NOT_KNOWN, self._usage(found, NOT_KNOWN))
        return {**found.status, **status_of(facts)}

    def differs(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return differs(old, new)

    def events_between(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[KubeEvent]:
        return events_between(old, new)

    def log_lines(self, key: Key, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[LogLine]:
        found = self.objects.get(key)
        if found is None:
            return ()
        origin = self.sessions.endpoint_of(found.provider.secret)
        names = {
            "provider": key.name,
            "cloud": urlsplit(origin).netloc if origin else None,
            "secret": "/".join(filter(None, found.provider.secret)) or None,
        }
        return log_lines(old, new, names)

    def forget(self, key: Key) -> None:
        self.awaited.forget(key)
        if (told := self._told.pop(key, None)) is not None:
            for server in self.servers.by_provider.keys(told.name):
                self.tell(server)

    async def _tell_of_change(self, key: Key, provider: Provider) -> None:
        """Have each object that names the provider looked at, if anything that counts for it has changed."""
        if self._told.get(key) == provider:
            return
        self._told[key] = provider
        await tell_each(self.servers.by_provider.keys(provider.name), self.tell, self.clock)

    async def _open(self, found: ProviderObject) -> Opened | Problem:
        provider = found.provider
        if provider.flaw is not None:
            return provider.flaw
        return await self.sessions.open(*provider.secret, last_will_do=found.deleting)

    def _polled(self, name: str, opened: Opened) -> Polled | None:
        feed = self.feeds.of(opened.place, opened.cloud)
        if feed is None:
            return None
        own = next((key for key in self.servers.by_provider.keys(name) if self.feeds.has(key, feed)), None)
        health = feed.health
        problem = feed.trouble(own) if own is not None else health.problem
        age = self.clock.monotonic() - health.fresh_at if health.fresh_at is not None else None
        return Polled(problem, age, feed.owned)

    def _usage(self, found: ProviderObject, signed_in: SignedIn | Problem) -> Usage:
        name = found.provider.name
        place = signed_in.place if isinstance(signed_in, SignedIn) else place_in(found.status)
        stranger = partial(is_stranger, self.servers, found, place)
        return usage_of(self.servers, name, frozenset(self.beginning(name)), stranger)

    async def _act(self, key: Key, found: ProviderObject, step: ProviderStep) -> None:
        if step == "Wait":
            return
        reference = ObjectReference(PROVIDER, key.namespace, key.name, key.uid, found.version)
        asked_at = self.clock.monotonic()
        if step == "AddFinalizer":
            body = await self.cluster.add_finalizer(
                reference, PROVIDER.finalizer, others=bool(found.finalizers)
            )
        else:
            place = found.finalizer_place
            body = await self.cluster.remove_finalizer(reference, PROVIDER.finalizer, place)
        self.objects.answered(body, asked_at)


def _project_of(opened: Opened) -> str | None:
    account = opened.cloud.account
    return account[1] if account is not None else None
