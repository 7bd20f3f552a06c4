"""What is done with the objects of one kind: all that the reconciler knows of it."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.engine import loggers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from onecloud_operator.core.conclusion import Conclusion, KubeEvent, LogLine
    from onecloud_operator.kube.store import Key


class KubeObject(Protocol):
    """What the reconciler reads of an object, whatever its kind. *held*: our finalizer is on it."""

    @property
    def version(self) -> str: ...
    @property
    def deleting(self) -> bool: ...
    @property
    def held(self) -> bool: ...
    @property
    def finalizers(self) -> Sequence[str]: ...
    @property
    def status(self) -> Mapping[str, Any]: ...


ObjectT = TypeVar("ObjectT", bound=KubeObject)
FactsT = TypeVar("FactsT")
StepT = TypeVar("StepT")
OutcomeT = TypeVar("OutcomeT")
MemoryT = TypeVar("MemoryT")


@fast_dataclass(frozen=True, slots=True)
class Observation(Generic[FactsT, StepT, OutcomeT, MemoryT]):
    """
    What is known when a decision is due, and what carries it out.

    *memory*: with what was observed. *act* raises KubeError; whatever else fails is in the outcome.
    """

    facts: FactsT
    memory: MemoryT
    act: Callable[[StepT], Awaitable[OutcomeT]]


class Actuator(ABC, Generic[ObjectT, FactsT, StepT, OutcomeT, MemoryT]):
    """One for each kind. The memory of an object may be lost at any moment: that costs time, never safety."""

    logger: ClassVar[logging.Logger] = logging.getLogger(loggers.SERVERS)  # of the lines about its objects

    @abstractmethod
    def new_memory(self, now: float) -> MemoryT:
        """Return the memory of an object that is seen for the first time (monotonic)."""

    @abstractmethod
    async def observe(
        self, key: Key, found: ObjectT, memory: MemoryT
    ) -> Observation[FactsT, StepT, OutcomeT, MemoryT]:
        """Gather all that the decision needs. Raises KubeError."""

    @abstractmethod
    def plan(self, facts: FactsT) -> StepT:
        """Return the one step to be taken. Pure."""

    @abstractmethod
    def conclude(self, facts: FactsT, step: StepT, outcome: OutcomeT, jitter: float) -> Conclusion[MemoryT]:
        """Return what the step comes to; waits are multiplied by *jitter*. Pure."""

    @abstractmethod
    def released_status(self, found: ObjectT) -> Mapping[str, Any] | None:
        """Return the status of a deleted object that only others hold, None if what stands there will do."""

    @abstractmethod
    def differs(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Return whether status *new* is worth a write over *old*."""

    @abstractmethod
    def events_between(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[KubeEvent]:
        """Return what is worth an Event between two statuses of one object."""

    def untold(self, status: Mapping[str, Any], wall: datetime) -> Iterable[KubeEvent]:
        """Return the Events of a status that stands for which it is not known whether they were posted."""
        del status, wall
        return ()

    def log_lines(self, key: Key, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[LogLine]:
        """Return what the log tells of two statuses of one object."""
        del key, old, new
        return ()

    @abstractmethod
    async def prepare(self, key: Key) -> bool:
        """
        Learn, before the first pass, what decides in whose turn an object is worked on.

        Return whether that was learned just now: the object then takes that turn. Raises KubeError.
        """

    @abstractmethod
    def forget(self, key: Key) -> None:
        """Drop what is kept of an object that is gone."""
