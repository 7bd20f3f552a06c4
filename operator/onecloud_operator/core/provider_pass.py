"""
What is done about a OneCloudProvider itself; its servers are decided upon one by one, elsewhere.

    not deleted, without our finalizer        AddFinalizer
    deleted, and some object has a server     its servers could not be looked after: it stays, and says whose
    deleted, and not all objects are known    it stays
    deleted otherwise                         RemoveFinalizer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from onecloud_operator.core.conclusion import Conclusion, Counted, LogLine
from onecloud_operator.core.provider_status import status_of
from onecloud_operator.core.retry_state import RetryState
from onecloud_operator.core.values import Problem
from onecloud_operator.core.waits import OF_SECRETS

if TYPE_CHECKING:
    from onecloud_operator.core.provider_facts import ProviderFacts

ProviderStep = Literal["AddFinalizer", "RemoveFinalizer", "Wait"]

LOOK_SECONDS = 10.0  # no request is made for it: what the feed and the store know is read
LISTED_SECONDS = 1.0  # while the objects are listed, at the start


def plan(facts: ProviderFacts) -> ProviderStep:
    """Return the one step to be taken."""
    found, usage = facts.found, facts.usage
    if not found.deleting:
        return "Wait" if found.held else "AddFinalizer"
    if not found.held or usage.bound or not usage.complete:
        return "Wait"
    return "RemoveFinalizer"


def waits_for_secret(facts: ProviderFacts) -> bool:
    """Return whether another Secret, or other values in it, may cure what is wrong."""
    trouble: Problem | None
    if isinstance(facts.signed_in, Problem):
        trouble = facts.signed_in if facts.found.provider.flaw is None else None
    else:
        trouble = facts.polled.problem if facts.polled is not None else None
    return trouble is not None and trouble.reason in OF_SECRETS


def conclude(facts: ProviderFacts, step: ProviderStep, jitter: float) -> Conclusion[RetryState[ProviderStep]]:
    """Return what the step comes to. Nothing is remembered: all that counts stands in the objects."""
    memory: RetryState[ProviderStep] = RetryState()
    if step != "Wait":
        log = None
        if step == "RemoveFinalizer":
            names = {"provider": facts.found.provider.name}
            log = LogLine("INFO", "provider removed; no object has a server of it", names)
        return Conclusion(memory, memory, again=step == "AddFinalizer", log=log, counted=Counted(step))
    listing = facts.found.deleting and not facts.usage.complete
    seconds = LISTED_SECONDS if listing else LOOK_SECONDS
    return Conclusion(memory, memory, status_of(facts), requeue_after=seconds * jitter)
