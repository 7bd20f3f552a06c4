"""
What is done about a OneCloudProvider itself; its servers are decided upon one by one, elsewhere.

    not deleted, without our finalizer        AddFinalizer
    deleted, and some object has a server     its servers could not be looked after: it stays, and says whose
    deleted, and not all objects are known    it stays
    deleted otherwise                         RemoveFinalizer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onecloud_operator.api.reasons import CREDENTIALS_REASONS
from onecloud_operator.core.conclusion import Conclusion, Counted
from onecloud_operator.core.provider_status import status_of
from onecloud_operator.core.retry_state import RetryState
from onecloud_operator.core.values import Problem

if TYPE_CHECKING:
    from onecloud_operator.core.provider_facts import ProviderFacts

ProviderStep = Literal["AddFinalizer", "RemoveFinalizer", "Wait"]

LOOK_SECONDS = 10.0  # no request is made for it: what the feed and the store know is read
LISTED_SECONDS = 1.0  # while the objects are listed, at the start
SECRET_SECONDS = 5.0  # until a Secret that is wrong is read again


def plan(facts: ProviderFacts) -> ProviderStep:
    """Return the one step to be taken."""
    found, usage = facts.found, facts.usage
    if not found.deleting:
        return "Wait" if found.held else "AddFinalizer"
    if not found.held or usage.bound or not usage.complete:
        return "Wait"
    return "RemoveFinalizer"


def conclude(facts: ProviderFacts, step: ProviderStep, jitter: float) -> Conclusion[RetryState[ProviderStep]]:
    """Return what the step comes to. Nothing is remembered: all that counts stands in the objects."""
    memory: RetryState[ProviderStep] = RetryState()
    if step != "Wait":
        return Conclusion(memory, memory, again=step == "AddFinalizer", counted=Counted(step))
    trouble = facts.signed_in
    soon = isinstance(trouble, Problem) and trouble.reason in CREDENTIALS_REASONS
    seconds = SECRET_SECONDS if soon else LOOK_SECONDS
    if facts.found.deleting and not facts.usage.complete:
        seconds = LISTED_SECONDS
    return Conclusion(memory, memory, status_of(facts), requeue_after=seconds * jitter)
