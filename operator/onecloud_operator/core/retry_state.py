"""What is remembered of the tries for one object, whatever its kind."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from onecloud_operator.core.fast_dataclass import fast_dataclass, replace
from onecloud_operator.core.values import Problem
from onecloud_operator.core.waits import Waits

if TYPE_CHECKING:
    from onecloud_operator.api.reasons import Reason

ACCEPTANCES_KEPT = 16
REFUSALS_KEPT = 160  # more than the disks that a server shows, and than those that were kept of it
ACCEPTANCE_LIFE_SECONDS = 1800.0
WAITING = "Hold"  # the kind of step under which a hold's own waiting time is kept
LOOK_AGAIN_FIRST_SECONDS = 2.0
LOOK_AGAIN_MAX_SECONDS = 60.0

StepT = TypeVar("StepT", bound=Hashable)


@fast_dataclass(frozen=True, slots=True)
class Acceptance:
    """
    How often one and the same step was accepted for one intent, and when last (monotonic).

    *worked_at*: when it was first seen to have done its work since.
    """

    intent: str
    count: int
    at: float
    worked_at: float | None = None


@fast_dataclass(frozen=True, slots=True)
class Refusal:
    """
    The newest refusal of a step: nothing like it is sent before *until*, unless the intent changed.

    *since*, *at*: monotonic, of the first and the last of the *count* refusals in a row. *version*: of what
    the last was decided upon.
    """

    problem: Problem
    intent: str
    until: float
    count: int
    since: float
    at: float = 0.0
    version: int | None = None
    step: Hashable | None = None


@fast_dataclass(frozen=True, slots=True)
class RetryState(Generic[StepT]):
    """
    The tries for one object, as this process remembers them. Losing it costs time, never safety.

    Refusals are kept by the kind of the step: one holds back the others of its kind.
    """

    born_at: float = 0.0  # when this process first saw the object (monotonic)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    acceptances: Mapping[StepT, Acceptance] = field(default_factory=dict)

    def latest(self, moment: float | None) -> float:
        """Return *moment*, or that of birth: what was not seen may have happened right before it."""
        return self.born_at if moment is None else moment


StateT = TypeVar("StateT", bound=RetryState[Any])


def repeated(state: RetryState[Any], kind: str, reason: Reason, intent: str) -> Refusal | None:
    """Return the last refusal of *kind*, if it was for the same reason and intent."""
    before = state.refusals.get(kind)
    same = before is not None and before.problem.reason == reason and before.intent == intent
    return before if same else None


def refuse(  # noqa: PLR0913 - what is kept of a refusal
    state: StateT,
    kind: str,
    problem: Problem,
    *,
    intent: str,
    ended_at: float,
    wait_seconds: float,
    step: Hashable = None,
    version: int | None = None,
) -> StateT:
    """Note that a step failed with *problem*: nothing of its kind is sent for *wait_seconds*."""
    before = repeated(state, kind, problem.reason, intent)
    refusal = Refusal(
        problem=problem,
        intent=intent,
        until=ended_at + wait_seconds,
        count=before.count + 1 if before is not None else 1,
        since=before.since if before is not None else ended_at,
        step=step,
        at=ended_at,
        version=version,
    )
    refusals = {**state.refusals, kind: refusal}
    while len(refusals) > REFUSALS_KEPT:
        del refusals[min(refusals, key=lambda one: refusals[one].until)]
    return replace(state, refusals=refusals)


def forgive(state: StateT, kind: str) -> StateT:
    """Forget the refusal of *kind*: a step of it was accepted, or what was waited for is over."""
    if kind not in state.refusals:
        return state
    return replace(state, refusals={other: one for other, one in state.refusals.items() if other != kind})


def reconsider(state: StateT, reasons: frozenset[Reason]) -> StateT:
    """Forget the refusals for these *reasons*: what led to them has changed."""
    kept = {kind: one for kind, one in state.refusals.items() if one.problem.reason not in reasons}
    return state if len(kept) == len(state.refusals) else replace(state, refusals=kept)


def count_accepted(state: StateT, step: Hashable, *, intent: str, ended_at: float) -> StateT:
    """Note that *step* was accepted, once more if it is for the same intent and not long after."""
    before = state.acceptances.get(step)
    again = before is not None and before.intent == intent and ended_at - before.at < ACCEPTANCE_LIFE_SECONDS
    number = before.count + 1 if before is not None and again else 1
    acceptances = {**state.acceptances, step: Acceptance(intent, number, ended_at)}
    while len(acceptances) > ACCEPTANCES_KEPT:
        acceptances.pop(min(acceptances, key=lambda kept: acceptances[kept].at))
    return replace(state, acceptances=acceptances)


def note_success(state: StateT, now: float, step: Hashable | None = None) -> StateT:
    """Note that *step*, or all that was accepted, has done its work."""
    worked = {
        one: replace(past, worked_at=now)
        for one, past in state.acceptances.items()
        if past.worked_at is None and step in {None, one}
    }
    return replace(state, acceptances={**state.acceptances, **worked}) if worked else state


def expire(state: StateT, now: float) -> StateT:
    """Forget what was done long ago and did its work: it may be asked for once more."""
    kept = {step: past for step, past in state.acceptances.items() if now - past.at < ACCEPTANCE_LIFE_SECONDS}
    return state if len(kept) == len(state.acceptances) else replace(state, acceptances=kept)


def pace(state: StateT, problem: Problem, *, intent: str, now: float, waits: Waits) -> tuple[StateT, float]:
    """
    Return the seconds until the next look, which grow while it is held for one reason.

    A pass that comes earlier, for whatever cause, leaves that time as it is.
    """
    before = repeated(state, WAITING, problem.reason, intent)
    if before is not None and now < before.until:
        return state, before.until - now
    number = before.count + 1 if before is not None else 1
    wait = waits.after(number - 1)
    since = before.since if before is not None else now
    refusal: Refusal = Refusal(problem, intent, now + wait, number, since)
    return replace(state, refusals={**state.refusals, WAITING: refusal}), wait


def wait_for_next(state: RetryState[Any], kind: str, problem: Problem, *, intent: str, waits: Waits) -> float:
    """Return how long to wait after a refusal, longer each time while it stays the same."""
    if problem.again:
        waits = Waits(LOOK_AGAIN_FIRST_SECONDS, LOOK_AGAIN_MAX_SECONDS)
    elif problem.ambiguous:
        # It may well have happened: look soon.
        waits = Waits(min(waits.first, LOOK_AGAIN_FIRST_SECONDS), waits.longest)
    before = repeated(state, kind, problem.reason, intent)
    return waits.after(before.count) if before is not None else waits.first
