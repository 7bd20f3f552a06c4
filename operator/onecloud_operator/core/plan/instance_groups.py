"""
Instance groups, which only a stopped server enters and leaves.

The cloud shows nowhere which groups a server is in, so they are compared with what we had done, as the
status has it (group_tries.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import GROUPS
from onecloud_operator.core.actions import RecordGroups
from onecloud_operator.core.card_records import GROUPS_LENGTH
from onecloud_operator.core.card_writes import BindGroup, GroupWrite, UnbindGroup
from onecloud_operator.core.plan.attempt import unmade
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.group_tries import (
    ENTERING,
    bare,
    groups_on_record,
    known_groups,
    settle_seconds,
    wanted_groups,
)
from onecloud_operator.core.plan.guards import still_coming
from onecloud_operator.core.plan.stops import Candidate, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import Creation
    from onecloud_operator.core.resource import Resource


def begun_groups(facts: Facts, creation: Creation) -> tuple[str, ...] | None:
    """Return the groups that the server of *creation* is made in, by the next POST or one before."""
    spec, records = facts.resource.server_spec, facts.resource.records
    wanted = tuple(sorted(spec.instance_groups or ())) if spec is not None else ()
    before, last = records.instance_groups or (), records.creation
    again = last is not None and last.attempt == creation.attempt and not unmade(facts)
    if again and before != wanted:
        possible = {bare(group) for group in (*before, *wanted)}
        return tuple(sorted(f"{group}{ENTERING}" for group in possible))[:GROUPS_LENGTH]
    return wanted or None


def group_differences(resource: Resource) -> Iterator[Difference]:
    """Yield the difference between the groups of the spec and those on record."""
    wanted, have = wanted_groups(resource), groups_on_record(resource)
    if wanted is not None and have is not None and wanted != set(have):
        yield Difference(GROUPS, ", ".join(sorted(wanted)) or "none", ", ".join(sorted(have)) or None)


def group_records(facts: Facts) -> Iterator[Candidate]:
    """Yield the record of what the cloud has accepted, or has surely not done."""
    have, known = groups_on_record(facts.resource), known_groups(facts)
    if have is not None and set(known) != set(have):
        yield Candidate(RecordGroups(known))


def group_purposes(facts: Facts, server: Observed) -> Iterator[Purpose]:
    """Yield what of the groups a stopped server takes, one group at a time."""
    steps = _steps(facts, server)
    if settle_seconds(facts, steps) <= 0.0:
        yield from (Purpose(step, (GROUPS,)) for step in steps)


def group_holds(facts: Facts, server: Observed) -> Iterator[Candidate]:
    """Yield what keeps the groups from being changed now."""
    if (seconds := settle_seconds(facts, _steps(facts, server))) > 0.0:
        yield Candidate(still_coming(GROUPS, seconds))


def _steps(facts: Facts, server: Observed) -> tuple[GroupWrite, ...]:
    wanted, have = wanted_groups(facts.resource), groups_on_record(facts.resource)
    if wanted is None or have is None:
        return ()
    known = known_groups(facts)
    there = {bare(one) for one in known}
    new = sorted(wanted - there)[: GROUPS_LENGTH - len(there)]  # what it cannot be taken out of takes room
    return (
        *(UnbindGroup(server.id, group) for group in sorted(there - wanted)),
        *(BindGroup(server.id, group) for group in sorted({*(wanted & there) - set(known), *new})),
    )
