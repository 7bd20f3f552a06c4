"""What came of a step: it was done, or it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from onecloud_operator.core.eip_record import EipState
    from onecloud_operator.core.facts import Cause, History
    from onecloud_operator.core.observed import DiskState, Observed
    from onecloud_operator.core.values import Problem


@fast_dataclass(frozen=True, slots=True)
class Done:
    """
    The cloud or Kubernetes accepted it; monotonic times.

    *gone*: a look found nothing. *version*: of the server that a look found, *disk*, *eip*: if it was of one.
    *history*: what was read. *found*: the candidates that a search brought. *disks*: the ids that a
    list of disks had.
    *refusal*: why the cloud would not make what it was asked to check.
    """

    began_at: float
    ended_at: float
    gone: bool = False
    version: int | None = None
    disk: DiskState | None = None
    eip: EipState | None = None
    history: History | None = None
    cause: Cause | None = None
    found: tuple[Observed, ...] = ()
    disks: tuple[str, ...] = ()
    refusal: Problem | None = None
    complete: bool = True  # False: the list may have left some out


@fast_dataclass(frozen=True, slots=True)
class Failed:
    """The cloud refused it, or did not answer; *ended_at* is monotonic."""

    problem: Problem
    ended_at: float


Outcome = Done | Failed
