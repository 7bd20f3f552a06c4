"""
Observe, plan, act, conclude, write: for one key, as often as there is something to be done at once.

A key carries no reason. What is done follows from the object and its surroundings as they are now, never
from what has changed, so that a pass may be repeated, or lost, at any time. What a kind of object is for,
only its actuator knows.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from onecloud_operator.controller.actuator import (
    Actuator,
    FactsT,
    MemoryT,
    ObjectT,
    OutcomeT,
    StepT,
)
from onecloud_operator.controller.recorder import Recorder
from onecloud_operator.engine import loggers
from onecloud_operator.engine.backoff import Backoff, spread
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeNotFound
from onecloud_operator.kube.store import key_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from onecloud_operator.core.conclusion import Conclusion
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.installed_crd import InstalledCRD
    from onecloud_operator.kube.store import Key, Store

logger = logging.getLogger(loggers.SERVERS)

STEPS_A_TURN = 12  # from nothing to a POST are five; more in a row gives other keys their turn
UNPROCESSABLE = 422


@dataclass(slots=True)
class _Known(Generic[MemoryT]):
    """
    What is kept of a key between passes; losing it costs time, never safety.

    *told*: of all that stands in the status the Events were posted, so far as this process knows.
    """

    memory: MemoryT
    told: bool = False


@dataclass(slots=True)
class Reconciler(Generic[ObjectT, FactsT, StepT, OutcomeT, MemoryT]):
    """
    One for each kind.

    *on_step*, which must not raise, is told of each step: its kind, and the reason of a refusal or None.
    """

    actuator: Actuator[ObjectT, FactsT, StepT, OutcomeT, MemoryT]
    objects: Store[ObjectT]
    cluster: KubeClient
    installed_crd: InstalledCRD
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    random: Callable[[], float]
    resync_seconds: float
    on_step: Callable[[str, str | None], None] = lambda _step, _refusal: None
    _known: dict[Key, _Known[MemoryT]] = field(default_factory=dict)
    _backoff: Backoff[Key] = field(init=False)
    _recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self._backoff = Backoff(1.0, 60.0, self.random)
        self._recorder = Recorder(
            self.objects,
            self.cluster,
            self.installed_crd,
            self.monotonic,
            self.wall,
            self.actuator.differs,
            self.actuator.events_between,
            self.actuator.log_lines,
            self.actuator.logger,
        )

    async def __call__(self, key: Key) -> float | None:
        """Work on *key* until nothing can be done at once; return the seconds until it is to be looked at."""
        if (rest := self.objects.rest_seconds(key)) > 0:
            return rest
        try:
            if await self.actuator.prepare(key):
                return 0.0
            for _ in range(STEPS_A_TURN):
                again, seconds = await self._pass(key)
                if not again:
                    self._backoff.reset(key)
                    return seconds
        except KubeNotFound:
            self._drop(key)
            return None
        except KubeConflict:
            await self._refresh(key)
            return self._wait_after_error(key, 0.1)  # with the object as it is now it mostly succeeds
        except KubeError as error:
            if error.status == UNPROCESSABLE:
                await self._refresh(key)
            wait = self._wait_after_error(key)
            logger.warning(
                "a call to the Kubernetes API failed; trying again",
                extra={"object": str(key), "error": str(error)},
            )
            return wait
        return 0.0

    def forget(self, key: Key) -> None:
        """Drop what is kept of an object that is gone."""
        self._known.pop(key, None)
        self._backoff.reset(key)
        self.actuator.forget(key)

    # -- one pass ----------------------------------------------------------------------------------------
    async def _pass(self, key: Key) -> tuple[bool, float | None]:
        """Make one pass; return whether another can follow at once, else the seconds until the next."""
        found = self.objects.get(key)
        if found is None or (found.deleting and not found.held):
            self.forget(key)
            if found is not None and found.finalizers:
                await self._say_released(key, found)
            return False, None
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(self.actuator.new_memory(self.monotonic()))
        if not known.told:
            known.told = True
            for event in self.actuator.untold(found.status, self.wall()):
                await self._recorder.event(key, found, event)
        seen = await self.actuator.observe(key, found, known.memory)
        known.memory = seen.memory
        step = self.actuator.plan(seen.facts)
        outcome = await seen.act(step)
        conclusion = self.actuator.conclude(seen.facts, step, outcome, spread(self.random))
        return await self._write(key, found, known, conclusion)

    async def _write(
        self, key: Key, found: ObjectT, known: _Known[MemoryT], conclusion: Conclusion[MemoryT]
    ) -> tuple[bool, float | None]:
        known.memory = conclusion.unwritten
        if (counted := conclusion.counted) is not None:
            self.on_step(counted.step, counted.refusal)
        if conclusion.log is not None:
            self._recorder.log(conclusion.log)
        if conclusion.status is not None:
            await self._recorder.status(key, found, conclusion.status)
        known.memory = conclusion.memory
        if conclusion.event is not None:
            await self._recorder.event(key, found, conclusion.event)
        seconds = conclusion.requeue_after
        return conclusion.again, self.resync_seconds if seconds is None else min(seconds, self.resync_seconds)

    async def _say_released(self, key: Key, found: ObjectT) -> None:
        """Say of an object that only others hold that our part is done; it is not worked on any more."""
        if (status := self.actuator.released_status(found)) is not None:
            await self._recorder.status(key, found, status)

    # -- when a write has failed -------------------------------------------------------------------------
    def _wait_after_error(self, key: Key, part: float = 1.0) -> float | None:
        """Return the seconds until the next try; of an object that went meanwhile nothing is kept."""
        if key not in self.objects:
            self.forget(key)
            return None
        if (known := self._known.get(key)) is not None:
            known.told = False  # a status may have been written, and no Event has followed it
        return self._backoff.next(key) * part

    async def _refresh(self, key: Key) -> None:
        """Read an object that has changed under a decision."""
        asked_at = self.monotonic()
        try:
            body = await self.cluster.read(self.objects.kind.identity, key.namespace, key.name)
        except KubeNotFound:
            self._drop(key)
        except KubeError as error:
            logger.debug("an object could not be read again", extra={"object": str(key), "error": str(error)})
        else:
            if key_of(body) == key:
                self.objects.answered(body, asked_at)
            else:
                self._drop(key)  # another object has its name by now

    def _drop(self, key: Key) -> None:
        self.objects.drop(key)
        self.forget(key)
