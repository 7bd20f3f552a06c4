"""
Why the cloud failed at something: its events say so, soon after.

They are asked once for each failure, and a few times more while they do not tell; then no more of it. While a
password is being carried out they are not asked: an event may repeat what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.actions import Hold, ReadCause
from onecloud_operator.core.facts import Asked
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.ownership import bound_id

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Cause, Facts, Memory
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.retry_state import Acceptance

AGAIN_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)  # after each reading without an answer: events are written later
ASKED_KEPT = 8
CLOSE_SECONDS = 5.0  # the cloud's times are whole seconds, and an answer takes a while


def of_status(facts: Facts, server: Observed) -> ReadCause:
    """Return the question why *server* is in the failed status in which it is."""
    return ReadCause(bound_id(facts.resource), f"{server.status} {server.version}", status=server.status)


def of_accepted(facts: Facts, step: Step, acceptance: Acceptance) -> ReadCause:
    """Return the question why *step*, which was accepted, has changed nothing."""
    failure = f"{type(step).__name__} {acceptance.count} {acceptance.at}"
    return ReadCause(bound_id(facts.resource), failure, since=acceptance.at - CLOSE_SECONDS)


def said(facts: Facts, question: ReadCause) -> str | None:
    """Return the cloud's words, or None while they are not known."""
    asked = facts.memory.asked.get(question.failure)
    return asked.text if asked is not None else None


def wait_seconds(facts: Facts, question: ReadCause) -> float | None:
    """Return in how many seconds the events are asked (again), 0 for now; None: not any more."""
    asked = facts.memory.asked.get(question.failure)
    if asked is None:
        return 0.0
    if asked.text is not None or asked.count > len(AGAIN_SECONDS):
        return None
    return max(asked.at + AGAIN_SECONDS[asked.count - 1] - facts.now, 0.0)


def asking(facts: Facts, question: ReadCause, hold: Hold) -> Hold:
    """Return *hold*, which says what is known, with *question* where it is to be asked now, or soon."""
    wait = wait_seconds(facts, question)
    if wait is None or _password_sent(facts):
        return hold
    return replace(hold, asks=question) if wait <= 0 else replace(hold, look_seconds=wait)


def _password_sent(facts: Facts) -> bool:
    """Return whether a password was sent, alone or with a new root disk, and was not seen to be set."""
    spec, records = facts.resource.server_spec, facts.resource.records
    login, image = records.login, records.image
    if login is not None and login.pending is not None:
        return True
    # One that has left the spec since was sent all the same.
    has_one = (spec is not None and spec.password_from is not None) or (
        login is not None and login.password is not None
    )
    return has_one and image is not None and image.rebuild is not None


def asked_first(step: Step) -> Step:
    """Return the question on which it depends what *step* says, or *step* itself."""
    return step.asks if isinstance(step, Hold) and step.asks is not None else step


def answered(memory: Memory, question: ReadCause, cause: Cause | None, at: float) -> Memory:
    """Return the memory after the events were asked; *cause* None: they cannot be read."""
    before = memory.asked.get(question.failure)
    count = before.count + 1 if before is not None else 1
    if cause is None:
        count = len(AGAIN_SECONDS) + 1
    fits = cause is not None and (
        cause.at >= question.since if question.since is not None else cause.status == question.status
    )
    text = cause.text or None if cause is not None and fits else None
    asked = {**memory.asked, question.failure: Asked(count, at, text)}
    while len(asked) > ASKED_KEPT:
        del asked[min(asked, key=lambda one: asked[one].at)]
    return replace(memory, asked=asked)
