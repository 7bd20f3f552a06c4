"""What is done with the objects of a OneCloudServer: core decides, the cloud and its feeds are asked here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.actuator import Actuator, Observation
from onecloud_operator.controller.attribution import concealed
from onecloud_operator.controller.executor import Executor
from onecloud_operator.controller.observer import Observer
from onecloud_operator.controller.sessions import Opened
from onecloud_operator.core.actions import Step
from onecloud_operator.core.cloud_writes import Create
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.config import Config
from onecloud_operator.core.effective import effective
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.outcome import Failed, Outcome
from onecloud_operator.core.plan.failure_cause import asked_first
from onecloud_operator.core.plan.mass_deletion import noted
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.policies import observing, power
from onecloud_operator.core.report.events import events_between, untold
from onecloud_operator.core.report.log_lines import log_lines
from onecloud_operator.core.report.report import differs, report
from onecloud_operator.core.resource import Resource
from onecloud_operator.core.retry_state import reconsider
from onecloud_operator.core.values import Problem
from onecloud_operator.core.waits import OF_SECRETS
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeNotFound
from onecloud_operator.kube.secrets import PASSWORD_BYTES, USER_DATA_BYTES, Part
from onecloud_operator.kube.store import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from onecloud_operator.controller.awaited_secrets import AwaitedSecrets
    from onecloud_operator.controller.departures import Departures
    from onecloud_operator.controller.password_secrets import PasswordSecrets
    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.controller.tenants import Tenants
    from onecloud_operator.core.conclusion import Conclusion, KubeEvent, LogLine
    from onecloud_operator.feed import Feed, Feeds
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.namespaces import Namespaces
    from onecloud_operator.kube.store import Store
    from onecloud_operator.onecloud import Cloud

# Under these the credentials are known to show nothing, or cannot be known any more.
NO_SIGHT = frozenset(
    {
        Reason.CREDENTIALS_REJECTED,
        Reason.FORBIDDEN,
        Reason.SECRET_INVALID,
        Reason.ENDPOINT_NOT_ALLOWED,
        Reason.NOT_ALLOWED,
        Reason.PROVIDER_NOT_FOUND,
    }
)
# What no other Secret cures.
OF_PROVIDERS = frozenset({Reason.NOT_ALLOWED, Reason.PROVIDER_NOT_FOUND, Reason.NOT_YET_OBSERVED})

# Refusals that do not hold any more once it has changed; where an answer was lost, they do.
OF_VALUES = frozenset({Reason.SECRET_NOT_FOUND, Reason.SECRET_INVALID})
CURED = OF_SECRETS - {Reason.ENDPOINT_UNREACHABLE}


@dataclass(slots=True)
class ServerActuator(Actuator[Resource, Facts, Step, Outcome, Memory]):
    """One for the process."""

    objects: Store[Resource]
    tenants: Tenants
    cluster: KubeClient
    sessions: Sessions
    awaited: AwaitedSecrets
    passwords: PasswordSecrets
    feeds: Feeds[Key]
    namespaces: Namespaces
    departures: Departures
    config: Config
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    _observer: Observer = field(init=False)

    def __post_init__(self) -> None:
        self._observer = Observer(self.feeds, self.objects, self.config)

    def new_memory(self, now: float) -> Memory:
        return Memory(born_at=now)

    async def prepare(self, key: Key) -> bool:
        """
        Read the Secret of an object whose cloud is not known yet; return whether it is known now.

        Many Secrets that lead to a cloud that hangs must not hold all workers.
        """
        secret = self.tenants.secret_of(key)
        if secret is None or self.sessions.endpoint_of(secret) is not None:
            return False
        found = self.objects.get(key)
        if found is None or self.tenants.obstacle(key, found) is not None:
            return False
        return await self.sessions.learn(secret)

    async def observe(
        self, key: Key, found: Resource, memory: Memory
    ) -> Observation[Facts, Step, Outcome, Memory]:
        """Gather all that the decision needs; only what Secrets hold may take a call."""
        changed = self.awaited.changed(key)
        try:
            return await self._observe(key, found, reconsider(memory, CURED) if changed else memory)
        except KubeError:
            if changed:  # nothing has come of it yet
                self.awaited.note_change(key)
            raise

    async def _observe(
        self, key: Key, found: Resource, memory: Memory
    ) -> Observation[Facts, Step, Outcome, Memory]:
        provider = self.tenants.provider_of(key)
        found = effective(found, provider)
        opened = None if found.paused and not found.deleting else await self._open(key, found)
        if key not in self.objects:
            msg = f"{key} went while its Secret was read"
            raise KubeNotFound(msg)
        facts = Facts(
            found,
            self.monotonic(),
            self.wall(),
            self.config,
            memory,
            place=opened.place if isinstance(opened, Opened) else None,
            trouble=opened if isinstance(opened, Problem) else None,
            provider=provider,
        )
        facts = self._surrounded(key, facts)
        if facts.trouble is not None and facts.trouble.reason in NO_SIGHT:
            self._observer.leave(key)
        if not isinstance(opened, Opened):
            problem = facts.trouble
            waits = problem is not None and problem.reason not in OF_PROVIDERS
            self._await_credentials(key, waits=waits)
            return self._observation(key, facts)
        if found.records.place is not None and found.records.place != opened.place:
            self._observer.leave(key)
            self._await_credentials(key, waits=True)
            return self._observation(key, facts)
        if (lacking := await self._lacking(key, facts)) is not None:
            facts = replace(facts, lacking=lacking)
        if (password := await self.passwords.version(key, facts)) is not None:
            facts = replace(facts, password=password)
        if key not in self.objects:
            msg = f"{key} went while a Secret was read"
            raise KubeNotFound(msg)
        if provider is not None:
            if (obstacle := self.tenants.obstacle(key, found)) is not None:  # it came meanwhile
                self._observer.leave(key)
                return self._observation(key, replace(facts, place=None, trouble=obstacle))
            if self.tenants.provider_of(key) != provider:  # frozen, deleted or made smaller, perhaps
                msg = f"the provider of {key} changed while a Secret was read"
                raise KubeConflict(msg)
            if found.records.bound_id is None:  # others have a place
                facts = replace(facts, places=self.tenants.places(key, provider, opened.place))
        # As they are now: a freeze, or more deletions, may have come while Secrets were read.
        facts, feed = self._observer.look(key, self._surrounded(key, facts), opened)
        self._await_credentials(key, waits=_held_up(facts))
        return self._observation(key, facts, opened.cloud, feed)

    def _surrounded(self, key: Key, facts: Facts) -> Facts:
        facts = replace(facts, surroundings=self.namespaces.of(facts.resource.namespace))
        if not facts.resource.deleting:
            return facts
        return noted(replace(facts, deletions=self.departures.of(key)))

    def plan(self, facts: Facts) -> Step:
        return asked_first(plan(facts))

    def conclude(self, facts: Facts, step: Step, outcome: Outcome, jitter: float) -> Conclusion[Memory]:
        return conclude(facts, step, outcome, jitter)

    def released_status(self, found: Resource) -> Mapping[str, Any] | None:
        provider = self.tenants.provider_of(Key(found.namespace, found.name, found.uid))
        held = effective(found, provider)
        facts = Facts(held, self.monotonic(), self.wall(), self.config, provider=provider)
        return report(facts, plan(facts)).status

    def differs(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return differs(old, new)

    def events_between(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[KubeEvent]:
        return events_between(old, new)

    def untold(self, status: Mapping[str, Any], wall: datetime) -> Iterable[KubeEvent]:
        return untold(status, wall)

    def log_lines(self, key: Key, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[LogLine]:
        secret = self.tenants.secret_of(key)
        origin = self.sessions.endpoint_of(secret) if secret is not None else None
        names = {
            "object": str(key),
            "cloud": urlsplit(origin).netloc if origin else None,
            "secret": secret[1] if secret is not None else None,
        }
        found = self.objects.get(key)
        return log_lines(old, new, names, power(found) if found is not None else None)

    def forget(self, key: Key) -> None:
        self._observer.forget(key)
        self.tenants.forget(key)
        self.awaited.forget(key)
        self.passwords.forget(key)

    async def _open(self, key: Key, found: Resource) -> Opened | Problem:
        if (obstacle := self.tenants.obstacle(key, found)) is not None:
            return obstacle
        secret, provider = self.tenants.secret_of(key), self.tenants.provider_of(key)
        if secret is None:
            return Problem(Reason.SECRET_NOT_FOUND, "spec.credentialsRef names no Secret.")
        asked = found.reconcile_requested_at
        reread = asked is not None and asked != found.records.last_handled
        opened = await self.sessions.open(*secret, reread=reread, last_will_do=found.deleting)
        if isinstance(opened, Problem) and provider is not None:
            return concealed(opened, provider.name)
        return opened

    def _observation(
        self, key: Key, facts: Facts, cloud: Cloud | None = None, feed: Feed[Key] | None = None
    ) -> Observation[Facts, Step, Outcome, Memory]:
        executor = Executor(self.cluster, self.objects, self.sessions, self.monotonic, cloud, feed)
        return Observation(facts, facts.memory, partial(self._act, key, facts, executor))

    async def _act(self, key: Key, facts: Facts, executor: Executor, step: Step) -> Outcome:
        self.tenants.note(key, facts, step)
        outcome = await executor.act(facts, step)
        self._observer.note_the_wait(key, facts, step)
        self._observer.note_the_bin(key, facts, step, outcome)
        if isinstance(outcome, Failed) and outcome.problem.reason in OF_SECRETS:
            self._await_credentials(key, waits=True)
        if isinstance(step, Create):
            lacks = (
                isinstance(outcome, Failed) and outcome.problem.reason in OF_VALUES and key in self.objects
            )
            self.awaited.values(key, _values_of(facts) if lacks else ())
        return outcome

    async def _lacking(self, key: Key, facts: Facts) -> Problem | None:
        """Return why the first server of an object cannot be asked for yet, or None."""
        resource = facts.resource
        if resource.records.bound_id is not None:
            return None
        adoption = resource.spec.adoption if resource.spec is not None else None
        adopts = adoption is not None and adoption.policy == "Adopt"
        never = adopts or resource.deleting or observing(resource)
        parts = () if never else tuple(_values_of(facts))
        for part in parts:
            value = await self.sessions.value(part.namespace, part.name, part.key, part.max_bytes)
            if isinstance(value, Problem):
                self.awaited.values(key, parts if key in self.objects else ())
                return value
        self.awaited.values(key)
        return None

    def _await_credentials(self, key: Key, *, waits: bool) -> None:
        """Have the Secret of *key* read every few seconds while a correction of it may help."""
        secret = self.tenants.secret_of(key)
        self.awaited.credentials(key, Part(*secret) if waits and secret is not None else None)


def _held_up(facts: Facts) -> bool:
    """Return whether the object waits for what other credentials could do."""
    if facts.trouble is not None:
        return facts.trouble.reason in OF_SECRETS
    waiting = (one for one in facts.memory.refusals.values() if one.intent == facts.intent)
    return any(one.problem.reason in OF_SECRETS and facts.now < one.until for one in waiting)


def _values_of(facts: Facts) -> Iterator[Part]:
    """Yield the values of Secrets that a new server is made with."""
    spec, namespace = facts.resource.server_spec, facts.resource.namespace
    if spec is None:
        return
    sources = ((spec.password_from, PASSWORD_BYTES), (spec.user_data_from, USER_DATA_BYTES))
    for source, most in sources:
        if source is not None:
            yield Part(namespace, source.secret_key_ref.name, source.secret_key_ref.key, most)
