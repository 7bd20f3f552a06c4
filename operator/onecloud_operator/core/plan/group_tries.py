"""
What is certain of the instance groups, of which the cloud does not show which a server is in.

    recorded     that the server enters a group, or leaves it, stands in the status before it is asked for
    done         the cloud accepted it
    refused      it is as it was before, where this process began it
    no such      what is not there has no servers
    lost         nobody knows; the opposite is asked for only when the lost one cannot come true any more

``g?`` in the status: it may be in g, which it enters, or which was in one of two POSTs; ``g??``: it may be
out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import GROUPS
from onecloud_operator.core.actions import RecordGroups
from onecloud_operator.core.card_writes import BindGroup, GroupWrite, UnbindGroup
from onecloud_operator.core.creation_digests import UNSURE, made_as_declared
from onecloud_operator.core.facts import GroupTry
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.policies import ignored
from onecloud_operator.core.references import is_id
from onecloud_operator.core.values import newest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts, Memory
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.core.values import Problem

ENTERING, LEAVING = UNSURE, UNSURE * 2


def bare(group: str) -> str:
    """Return the id of a group without its mark."""
    return group.rstrip(UNSURE)


def wanted_groups(resource: Resource) -> frozenset[str] | None:
    """Return the groups that the server is to be in, None where they are not looked after."""
    spec = resource.server_spec
    if spec is None or spec.instance_groups is None or ignored(resource, GROUPS):
        return None
    return frozenset(spec.instance_groups)


def groups_on_record(resource: Resource) -> tuple[str, ...] | None:
    """Return the groups that the server is in by our doing; None where the spec never spoke of any."""
    spec, records, wanted = resource.server_spec, resource.records, wanted_groups(resource)
    if records.instance_groups is not None or spec is None or wanted is None:
        return records.instance_groups
    creation = records.creation
    made_so = creation is not None and made_as_declared(spec, creation, GROUPS)
    return tuple(sorted(wanted)) if made_so else ()


def known_groups(facts: Facts) -> tuple[str, ...]:
    """Return the groups as they are to stand in the status, by what this process knows besides."""
    found = (_as_known(facts, one) for one in groups_on_record(facts.resource) or ())
    return tuple(sorted(one for one in found if one is not None))


def _as_known(facts: Facts, one: str) -> str | None:
    group = bare(one)
    attempt = facts.memory.groups.get(group) if one != group else None
    if attempt is None or attempt.inside is None:
        return one
    return group if attempt.inside else None


def recorded_first(facts: Facts, step: Step) -> RecordGroups | None:
    """Return the record that comes before *step*, None if it stands in the status."""
    if not isinstance(step, GroupWrite):
        return None
    mark = f"{step.group_id}{ENTERING if isinstance(step, BindGroup) else LEAVING}"
    if mark in (groups_on_record(facts.resource) or ()):
        return None
    others = (one for one in known_groups(facts) if bare(one) != step.group_id)
    return RecordGroups(tuple(sorted((*others, mark))))


def settle_seconds(facts: Facts, steps: Iterable[GroupWrite]) -> float:
    """Return for how long the opposite of one of *steps* may still come true; 0 if it cannot."""
    settle, moments = facts.config.post_settle_seconds, [facts.now]
    on_record = groups_on_record(facts.resource) or ()
    for step in steps:
        enters, attempt = isinstance(step, BindGroup), facts.memory.groups.get(step.group_id)
        if attempt is None and f"{step.group_id}{LEAVING if enters else ENTERING}" in on_record:
            moments.append(facts.memory.born_at + settle)  # another process sent it, or was about to
        elif attempt is not None and attempt.lost == (not enters):
            moments.append(attempt.lost_at + settle)
    return max(moments) - facts.now


# -- in the memory ---------------------------------------------------------------------------------------
def begun(facts: Facts, memory: Memory, groups: tuple[str, ...]) -> Memory:
    """Return what is remembered once *groups* is on record: what each was that is unsure from now on."""
    before = {bare(one): one for one in groups_on_record(facts.resource) or ()}
    found = {group: one for group, one in memory.groups.items() if one.lost is not None}
    for group in (bare(one) for one in groups if one != bare(one)):
        attempt, was = memory.groups.get(group), before.get(group)
        if was in {None, group}:
            found[group] = replace(attempt or GroupTry(), inside=was is not None)
        elif attempt is not None:
            found[group] = attempt
    return replace(memory, groups=newest(found))


def done(memory: Memory, step: GroupWrite) -> Memory:
    """Return what is remembered of *step*, which the cloud accepted."""
    return _noted(memory, step, replace(_of(memory, step), inside=isinstance(step, BindGroup)))


def refused(memory: Memory, step: GroupWrite, problem: Problem, ended_at: float) -> Memory:
    """Return what is remembered of *step*, which failed with *problem*."""
    if problem.ambiguous:
        lost = GroupTry(inside=None, lost=isinstance(step, BindGroup), lost_at=ended_at)
        return _noted(memory, step, lost)
    if problem.absent and is_id(step.group_id):  # a name may be another's by now, and proves nothing
        return _noted(memory, step, replace(_of(memory, step), inside=False))
    return memory


def _of(memory: Memory, step: GroupWrite) -> GroupTry:
    return memory.groups.get(step.group_id, GroupTry())


def _noted(memory: Memory, step: BindGroup | UnbindGroup, attempt: GroupTry) -> Memory:
    others = {group: one for group, one in memory.groups.items() if group != step.group_id}
    return replace(memory, groups=newest({**others, step.group_id: attempt}))
