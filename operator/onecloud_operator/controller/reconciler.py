"""
Observe, plan, act, report: for one key, as often as there is something to be done at once.

A key carries no reason. What is done follows from the object and its server as they are now, never from
what has changed, so that a pass may be repeated, or lost, at any time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.executor import Executor
from onecloud_operator.controller.observer import Observer
from onecloud_operator.controller.recorder import Recorder, log
from onecloud_operator.controller.sessions import Opened
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.facts import Config, Facts, Memory
from onecloud_operator.core.plan.failure_cause import asked_first
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from onecloud_operator.engine.backoff import Backoff, spread
from onecloud_operator.kube.client import KubeConflict, KubeError, KubeNotFound
from onecloud_operator.kube.store import key_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.conclude import Conclusion
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.feed import Feed, Feeds
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.installed_crd import InstalledCRD
    from onecloud_operator.kube.store import Key, Store
    from onecloud_operator.onecloud import Cloud

logger = logging.getLogger(__name__)

STEPS_A_TURN = 12  # from nothing to a POST are five; more in a row gives other keys their turn
UNPROCESSABLE = 422
# Under these the credentials are known to show nothing, or cannot be known any more.
NO_SIGHT = frozenset(
    {Reason.CREDENTIALS_REJECTED, Reason.FORBIDDEN, Reason.SECRET_INVALID, Reason.ENDPOINT_NOT_ALLOWED}
)


@dataclass(slots=True)
class _Known:
    """What is kept of a key between passes; losing it costs time, never safety."""

    memory: Memory


@dataclass(slots=True)
class Reconciler:
    """
    One for the process.

    *on_step*, which must not raise, is told of each step: its kind, and the reason of a refusal or None.
    """

    objects: Store[Resource]
    cluster: KubeClient
    sessions: Sessions
    feeds: Feeds[Key]
    config: Config
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    random: Callable[[], float]
    resync_seconds: float
    installed_crd: InstalledCRD
    on_step: Callable[[str, str | None], None] = lambda _step, _refusal: None
    _known: dict[Key, _Known] = field(default_factory=dict)
    _stumbles: Backoff[Key] = field(init=False)
    _observer: Observer = field(init=False)
    _recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self._stumbles = Backoff(1.0, 60.0, self.random)
        self._observer = Observer(self.feeds, self.objects, self.config)
        self._recorder = Recorder(self.objects, self.cluster, self.monotonic, self.installed_crd)

    async def __call__(self, key: Key) -> float | None:
        """Work on *key* until nothing can be done at once; return the seconds until it is to be looked at."""
        if (rest := self.objects.rest_seconds(key)) > 0:
            return rest
        try:
            if await self._newly_known(key):
                return 0.0
            for _ in range(STEPS_A_TURN):
                again, seconds = await self._pass(key)
                if not again:
                    self._stumbles.reset(key)
                    return seconds
        except KubeNotFound:
            self._drop(key)
            return None
        except KubeConflict:
            await self._refresh(key)
            return self._stumbled(key, 0.1)  # with the object as it is now it mostly succeeds
        except KubeError as error:
            if error.status == UNPROCESSABLE:
                await self._refresh(key)
            wait = self._stumbled(key)
            logger.warning(
                "a call to the Kubernetes API failed; trying again",
                extra={"object": _text(key), "error": str(error)},
            )
            return wait
        return 0.0

    async def _newly_known(self, key: Key) -> bool:
        """
        Read the Secret of an object whose cloud is not known yet; return whether it is known now.

        The object then takes its turn among those of its cloud: many Secrets that lead to a cloud that hangs
        must not hold all workers.
        """
        secret = self.objects.secret_of(key)
        if secret is None or self.sessions.endpoint_of(secret) is not None:
            return False
        return await self.sessions.learn(secret)

    def _stumbled(self, key: Key, part: float = 1.0) -> float | None:
        """Return the seconds until the next try; of an object that went meanwhile nothing is kept."""
        if key not in self.objects:
            self.forget(key)
            return None
        return self._stumbles.next(key) * part

    def forget(self, key: Key) -> None:
        """Drop what is kept of an object that is gone."""
        self._known.pop(key, None)
        self._stumbles.reset(key)
        self._observer.forget(key)

    # -- the four beats ----------------------------------------------------------------------------------
    async def _pass(self, key: Key) -> tuple[bool, float | None]:
        """Make one pass; return whether another can follow at once, else the seconds until the next."""
        resource = self.objects.get(key)
        if resource is None or (resource.deleting and not resource.held):
            self.forget(key)
            if resource is not None and resource.finalizers:
                await self._say_released(resource)
            return False, None
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(Memory(born_at=self.monotonic()))
        facts, executor = await self._observe(key, resource, known)
        known.memory = facts.memory
        step = asked_first(plan(facts))
        outcome = await executor.act(facts, step)
        self._observer.note_the_bin(key, facts, step, outcome)
        return await self._report(known, facts, conclude(facts, step, outcome, spread(self.random)))

    async def _observe(self, key: Key, resource: Resource, known: _Known) -> tuple[Facts, Executor]:
        """Gather all that the decision needs; only the credentials may take a call."""
        opened = None if resource.paused and not resource.deleting else await self._open(key, resource)
        if key not in self.objects:
            msg = f"{_text(key)} went while its Secret was read"
            raise KubeNotFound(msg)
        facts = Facts(
            resource,
            self.monotonic(),
            self.wall(),
            self.config,
            known.memory,
            place=opened.place if isinstance(opened, Opened) else None,
            trouble=opened if isinstance(opened, Problem) else None,
        )
        if facts.trouble is not None and facts.trouble.reason in NO_SIGHT:
            self._observer.leave(key)
        if not isinstance(opened, Opened):
            return facts, self._executor()
        if resource.records.place not in {None, opened.place}:
            self._observer.leave(key)
            return facts, self._executor()
        facts, feed = self._observer.look(key, facts, opened)
        return facts, self._executor(opened.cloud, feed)

    async def _say_released(self, resource: Resource) -> None:
        """Say of an object that only others hold that our part is done; it is not worked on any more."""
        facts = Facts(resource, self.monotonic(), self.wall(), self.config)
        said = report(facts, plan(facts))
        if said.status is not None:
            await self._recorder.status(facts, said.status)

    def _executor(self, cloud: Cloud | None = None, feed: Feed[Key] | None = None) -> Executor:
        return Executor(self.cluster, self.objects, self.sessions, self.monotonic, cloud, feed)

    async def _open(self, key: Key, resource: Resource) -> Opened | Problem:
        secret = self.objects.secret_of(key)
        if secret is None:
            return Problem(Reason.SECRET_NOT_FOUND, "spec.credentialsRef names no Secret.")
        asked = resource.reconcile_requested_at
        anew = asked is not None and asked != resource.records.last_handled
        return await self.sessions.open(*secret, anew=anew, last_will_do=resource.deleting)

    async def _report(self, known: _Known, facts: Facts, conclusion: Conclusion) -> tuple[bool, float | None]:
        known.memory = conclusion.unwritten
        if (counted := conclusion.counted) is not None:
            self.on_step(counted.step, counted.refusal)
        if conclusion.log is not None:
            log(conclusion.log)
        if conclusion.status is not None:
            await self._recorder.status(facts, conclusion.status)
        known.memory = conclusion.memory
        if conclusion.event is not None:
            await self._recorder.event(facts, conclusion.event)
        if conclusion.again:
            return True, None
        requeue_after = conclusion.requeue_after
        return False, self.resync_seconds if requeue_after is None else min(
            requeue_after, self.resync_seconds
        )

    # -- what the beats are made of ----------------------------------------------------------------------
    async def _refresh(self, key: Key) -> None:
        """Read an object that has changed under a decision."""
        asked_at = self.monotonic()
        try:
            body = await self.cluster.read(self.objects.kind.identity, key.namespace, key.name)
        except KubeNotFound:
            self._drop(key)
        except KubeError as error:
            logger.debug(
                "an object could not be read again", extra={"object": _text(key), "error": str(error)}
            )
        else:
            if key_of(body) == key:
                self.objects.answered(body, asked_at)
            else:
                self._drop(key)  # another object has its name by now

    def _drop(self, key: Key) -> None:
        self.objects.drop(key)
        self.forget(key)


def _text(key: Key) -> str:
    return f"{key.namespace}/{key.name}"
