"""
What a pass over a server comes to: what is remembered, written and logged, and when to look again.

A record counts only once it is written: a step that rests on it must not be taken on a status that was lost.
So there are two memories, one for before the status is written and one for after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import EventReason
from onecloud_operator.core.actions import AskAgain, Hold, Record, RecordConnection, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import CloudWrite, Stop
from onecloud_operator.core.conclusion import Conclusion, Counted, KubeEvent, LogLine
from onecloud_operator.core.disk_writes import MakeDisk
from onecloud_operator.core.eip_writes import MakeEip
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.outcome import Failed
from onecloud_operator.core.plan.keep_disks import kept_text
from onecloud_operator.core.plan.retry import kind_of, reassessed
from onecloud_operator.core.refusals import paced, refused, unpaced, wait_after
from onecloud_operator.core.report.card_events import card_detached
from onecloud_operator.core.report.corrections import after_step, correction_of
from onecloud_operator.core.report.next_records import asked_again
from onecloud_operator.core.report.report import report
from onecloud_operator.core.step_text import let_go, released, words_of
from onecloud_operator.core.waits import DEFAULT_WAITS, waits_of

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts, Memory
    from onecloud_operator.core.outcome import Done, Outcome

SOON_SECONDS = 1.0


def conclude(facts: Facts, step: Step, outcome: Outcome, jitter: float = 1.0) -> Conclusion[Memory]:
    """Return what *step* comes to; waits are multiplied by *jitter*, so that not all try again at once."""
    if isinstance(outcome, Failed):
        return _failed(facts, step, outcome, jitter)
    if isinstance(step, Hold):
        return _held(facts, step, jitter)
    if isinstance(step, RemoveFinalizer):
        log = LogLine("INFO", let_go(step.why), _names(facts, step))
        event = KubeEvent("Normal", EventReason.RELEASED, f"{released(step.why)}{kept_text(facts)}")
        # Others may hold the object still, and are to be told.
        return Conclusion(facts.memory, facts.memory, again=True, log=log, event=event)
    return _done(facts, step, outcome)


def _failed(facts: Facts, step: Step, failed: Failed, jitter: float) -> Conclusion[Memory]:
    facts = replace(facts, memory=unpaced(facts.memory))
    problem = reassessed(facts, step, failed.problem)
    waits = waits_of(problem.reason, facts.config, jitter) or DEFAULT_WAITS
    wait = wait_after(problem, facts, step, waits)
    memory = refused(facts, step, problem, ended_at=failed.ended_at, wait_seconds=wait)
    said = report(replace(facts, memory=memory), step, problem)
    fields = {"reason": problem.reason, "request_id": problem.request_id, "detail": problem.message}
    seconds = said.requeue_after
    if (problem.duplicate_id or problem.duplicate_name) and isinstance(step, MakeDisk | MakeEip):
        # No feed tells of these, so it is looked at once whether the id is ours already.
        seconds = SOON_SECONDS if seconds is None else min(seconds, SOON_SECONDS)
    return Conclusion(
        memory,
        memory,
        said.status,
        requeue_after=seconds,
        log=LogLine("DEBUG", "a step failed", {**_names(facts, step), **fields}),
        counted=Counted(type(step).__name__, problem.reason),
    )


def _held(facts: Facts, hold: Hold, jitter: float) -> Conclusion[Memory]:
    memory = facts.memory
    waits = waits_of(hold.reason, facts.config, jitter)
    if waits is not None and not hold.final and hold.requeue_after is None:
        memory, hold = paced(facts, hold, waits)
    said = report(replace(facts, memory=memory), hold)
    return Conclusion(memory, memory, said.status, requeue_after=said.requeue_after)


def _done(facts: Facts, step: Step, done: Done) -> Conclusion[Memory]:
    facts = replace(facts, memory=unpaced(facts.memory))
    memory = after_step(facts, step, accepted(facts, step, done))
    if isinstance(step, AskAgain):
        # The refusal stands until there is another answer: only the record of it goes.
        return Conclusion(memory, facts.memory, asked_again(facts.resource.status), again=True)
    if isinstance(step, RecordConnection):
        records = replace(facts.resource.records, connection=step.record)
        noted = replace(facts, resource=replace(facts.resource, records=records))
        return Conclusion(memory, facts.memory, report(noted, step.beside).status, again=True)
    if isinstance(step, Record):
        said = report(facts, step)
        log, correction = _correction(facts, step)
        return Conclusion(memory, facts.memory, said.status, again=True, log=log, event=correction)
    if isinstance(step, Settled):
        said = report(replace(facts, memory=memory), step)
        return Conclusion(memory, memory, said.status, requeue_after=said.requeue_after)
    # What stops a server must show at once; other writes show with what comes of them.
    status = report(replace(facts, memory=memory), step).status if isinstance(step, Stop) else None
    counted = Counted(type(step).__name__)
    log, event = _correction(facts, step)
    log, event = log or _line(facts, step), card_detached(facts, step) or event
    return Conclusion(memory, memory, status, again=True, log=log, counted=counted, event=event)


def _correction(facts: Facts, step: Step) -> tuple[LogLine | None, KubeEvent | None]:
    """Return the line and the Event of *step* if it begins to correct a drift."""
    event = correction_of(facts, step)
    if event is None:
        return None, None
    return LogLine("INFO", event.message, {**_names(facts, step), "reason": event.reason}), event


def _line(facts: Facts, step: Step) -> LogLine | None:
    """Return the line for a step that changed something, or will: then what comes of it is told later."""
    words, names = words_of(step), _names(facts, step)
    if words.done is not None:
        return LogLine("INFO", words.done, names)
    return (
        LogLine("DEBUG", f"the cloud accepted {words.noun}", names) if isinstance(step, CloudWrite) else None
    )


def _names(facts: Facts, step: Step) -> dict[str, str | None]:
    resource = facts.resource
    return {
        "object": f"{resource.namespace}/{resource.name}",
        "server_id": resource.records.bound_id,
        "step": kind_of(step),
    }
