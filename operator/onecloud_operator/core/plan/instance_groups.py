"""
Instance groups, which only a stopped server enters and leaves.

The cloud shows nowhere which groups a server is in, so they are compared with what we had done, as the
status has it. One with a ``?`` there was in one of two POSTs, and nobody knows which made the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import GROUPS
from onecloud_operator.core.actions import RecordGroups
from onecloud_operator.core.card_records import GROUPS_LENGTH
from onecloud_operator.core.card_writes import BindGroup, UnbindGroup
from onecloud_operator.core.creation_digests import UNSURE, made_as_declared
from onecloud_operator.core.plan.attempt import unmade
from onecloud_operator.core.plan.diff import Difference
from onecloud_operator.core.plan.stops import Candidate, Purpose
from onecloud_operator.core.policies import ignored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.records import Creation
    from onecloud_operator.core.resource import Resource


def groups_on_record(resource: Resource) -> tuple[str, ...] | None:
    """Return the groups that the server is in by our doing; None where the spec never spoke of any."""
    spec, records, wanted = resource.server_spec, resource.records, _wanted(resource)
    if records.instance_groups is not None or spec is None or wanted is None:
        return records.instance_groups
    creation = records.creation
    made_so = creation is not None and made_as_declared(spec, creation, GROUPS)
    return tuple(sorted(wanted)) if made_so else ()


def begun_groups(facts: Facts, creation: Creation) -> tuple[str, ...] | None:
    """Return the groups that the server of *creation* is made in, by the next POST or one before."""
    spec, records = facts.resource.server_spec, facts.resource.records
    wanted = tuple(sorted(spec.instance_groups or ())) if spec is not None else ()
    before, last = records.instance_groups or (), records.creation
    again = last is not None and last.attempt == creation.attempt and not unmade(facts)
    if again and before != wanted:
        possible = {_bare(group) for group in (*before, *wanted)}
        return tuple(sorted(f"{group}{UNSURE}" for group in possible))[:GROUPS_LENGTH]
    return wanted or None


def _bare(group: str) -> str:
    return group.removesuffix(UNSURE)


def _wanted(resource: Resource) -> frozenset[str] | None:
    """Return the groups that the server is to be in, None where they are not looked after."""
    spec = resource.server_spec
    if spec is None or spec.instance_groups is None or ignored(resource, GROUPS):
        return None
    return frozenset(spec.instance_groups)


def group_differences(resource: Resource) -> Iterator[Difference]:
    """Yield the difference between the groups of the spec and those on record."""
    wanted, have = _wanted(resource), groups_on_record(resource)
    if wanted is not None and have is not None and wanted != set(have):
        yield Difference(GROUPS, ", ".join(sorted(wanted)) or "none", ", ".join(sorted(have)) or None)


def group_records(facts: Facts) -> Iterator[Candidate]:
    """Yield the record of what the cloud has accepted."""
    have, told = groups_on_record(facts.resource), facts.memory.grouped
    if have is None:
        return
    now = {group for group in have if _bare(group) not in told}
    now |= {group for group, bound in told.items() if bound}
    if now != set(have):
        yield Candidate(RecordGroups(tuple(sorted(now))))


def group_purposes(facts: Facts, server: Observed) -> Iterator[Purpose]:
    """Yield what of the groups a stopped server takes, one group at a time."""
    wanted, have = _wanted(facts.resource), groups_on_record(facts.resource)
    if wanted is None or have is None:
        return
    for group in sorted({_bare(group) for group in have} - wanted):
        yield Purpose(UnbindGroup(server.id, group), (GROUPS,))
    for group in sorted(wanted - set(have)):
        yield Purpose(BindGroup(server.id, group), (GROUPS,))
