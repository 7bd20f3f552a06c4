"""
Whoever deletes a large part of a fleet at once is asked whether that was meant.

    more than the limit within ten minutes    held, in the namespaces that asked for more than their share
    just asked for                            waits a moment: the others may be heard of only then
    held before, by the word of the status    held, however few are left and whatever has restarted
    and by this process, whatever that says   the same: it may tell of a freeze, or of a cloud that is away
    agreed to                                 goes on, if it was deleted before the time of the agreement
    begun, or nothing goes with it            goes on

An agreement is the time up to which it speaks. So one that is left there says nothing of a later deletion.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from onecloud_operator.api.annotations import ALLOW_MASS_DELETION
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import Hold
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.mass_deletion import asked_away
from onecloud_operator.core.plan.delete import UNDER_WAY
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.values import time_of_text

if TYPE_CHECKING:
    from datetime import datetime

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

CLOCKS_SECONDS = 60.0  # by which a person's clock may be ahead of ours
UNCOUNTED_SECONDS = 1.0


def gate(facts: Facts, step: Step) -> Hold | None:
    """Return why *step*, which changes the cloud, waits: it is one of too many deletions."""
    del step
    resource, deletions = facts.resource, facts.deletions
    if not deletions.limited or not asked_away(resource):
        return None
    if resource.records.deletion_requested_at is not None:
        return None
    if _one_of_too_many(facts):
        return None if _agreed(facts) else _held(facts)
    if deletions.settles_in > 0.0:
        return Hold(Reason.REMOVING, UNDER_WAY, deletions.settles_in)
    if not deletions.counted:
        return Hold(
            Reason.WAITING_FOR_CLOUD,
            "The operator has only begun, and does not know yet how many objects are being deleted. If this "
            f"does not change, look into its log; or {DETACH}",
            UNCOUNTED_SECONDS,
        )
    return None


def noted(facts: Facts) -> Facts:
    """Return *facts* in whose memory it stands whether the object's deletion is one of too many."""
    memory, now = facts.memory, asked_away(facts.resource) and _one_of_too_many(facts)
    return facts if now == memory.too_many else replace(facts, memory=replace(memory, too_many=now))


def _one_of_too_many(facts: Facts) -> bool:
    before = facts.resource.records.deleting_reason == Reason.TOO_MANY_DELETIONS
    return before or facts.memory.too_many or facts.deletions.too_many


def _agreed(facts: Facts) -> bool:
    return any(_covers(facts, moment) for moment in _agreements(facts))


def _agreements(facts: Facts) -> list[datetime]:
    """Return the times up to which somebody who may say so has agreed."""
    return [moment for text in _given(facts) if (moment := time_of_text(text)) is not None]


def _given(facts: Facts) -> list[str]:
    """Return what stands in the annotation: of the namespace, which speaks for it alone, and the provider."""
    provider = facts.provider
    texts = (facts.surroundings.agreed_deletion, provider.agreed_deletion if provider is not None else None)
    return [text for text in texts if text]


def _covers(facts: Facts, moment: datetime) -> bool:
    asked_at = time_of_text(facts.resource.deleted_at)
    return asked_at is not None and asked_at < moment and not _ahead(facts, moment)  # in whole seconds


def _ahead(facts: Facts, moment: datetime) -> bool:
    return moment - facts.wall > timedelta(seconds=CLOCKS_SECONDS)


def _held(facts: Facts) -> Hold:
    resource, config = facts.resource, facts.config
    ahead = [moment for moment in _agreements(facts) if _ahead(facts, moment)]
    return Hold(
        Reason.TOO_MANY_DELETIONS,
        f"Within ten minutes more than {config.mass_deletion_floor} servers of this project, and more than "
        f"{config.mass_deletion_percent:g} % of them, were to be deleted, and this namespace asked for "
        f"more than its share of that.{_why_not(facts, ahead)} If this is meant, agree: kubectl annotate "
        f"namespace {resource.namespace} --overwrite {ALLOW_MASS_DELETION}=$(date -u +%FT%TZ)"
        f"{_on_provider(facts)}. That speaks for what was deleted before that time. To keep the "
        f"server set deletionPolicy: Retain, or {DETACH}",
        min((moment - facts.wall).total_seconds() for moment in ahead) if ahead else None,
    )


def _on_provider(facts: Facts) -> str:
    """Return where one may agree for all namespaces of a shared cloud."""
    if facts.provider is None:
        return ""
    return f", or, for all namespaces, the OneCloudProvider {facts.provider.name} in the same way"


def _why_not(facts: Facts, ahead: list[datetime]) -> str:
    """Return why an agreement that stands there does not count."""
    if ahead:
        return f" The time in {ALLOW_MASS_DELETION} is still to come, and does not count until then."
    if _agreements(facts):
        return f" The time in {ALLOW_MASS_DELETION} is not after this deletion, and does not speak for it."
    return f" What {ALLOW_MASS_DELETION} says is no time." if _given(facts) else ""
