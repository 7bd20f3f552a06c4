"""Which of a server's tags are the object's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.server import folded
from onecloud_operator.core.cloud_writes import SetTags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts


def managed_tags(facts: Facts) -> tuple[str, ...]:
    """
    Return the keys of the tags that the object set: one that leaves the spec is taken off the server.

    The status has them once they were read. One that was asked for since then counts as well, since the spec
    may have lost it before anybody read it.
    """
    known = facts.resource.records.managed_tags
    if not facts.memory.acceptances and not facts.memory.refusals:
        return known
    found = {folded(key): key for key in known}
    for step in _sent(facts):
        if isinstance(step, SetTags) and step.server_id == facts.resource.records.bound_id:
            for key, _value in step.put:
                found.setdefault(folded(key), key)
    return tuple(found.values())


def _sent(facts: Facts) -> Iterator[Step | object]:
    """Give the steps that were sent and not seen to have done their work, if they may have done it."""
    yield from (step for step, past in facts.memory.acceptances.items() if past.worked_at is None)
    oldest = facts.now - facts.config.post_settle_seconds
    refusals = facts.memory.refusals.values()
    yield from (past.step for past in refusals if past.problem.ambiguous and past.at >= oldest)
