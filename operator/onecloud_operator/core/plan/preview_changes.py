"""What is about to be changed of a server that rests, and how much each change disturbs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.fixed import GROUPS, IMAGE, NETWORKS, fixed_field_of
from onecloud_operator.core.actions import Hold, Look, Resolve
from onecloud_operator.core.cloud_writes import CloudWrite
from onecloud_operator.core.disk_records import BOUND, RECYCLE, declared
from onecloud_operator.core.eip_record import MADE
from onecloud_operator.core.login_record import use_of
from onecloud_operator.core.observed import Phase
from onecloud_operator.core.plan.cards import card_purposes
from onecloud_operator.core.plan.differing import looked_after, matched_cards, open_differences
from onecloud_operator.core.plan.login import KEYPAIR, PASSWORD, login_purposes
from onecloud_operator.core.plan.sizes import size_purposes
from onecloud_operator.core.plan.stops import may_restart
from onecloud_operator.core.plan_step import OWNER_TAGS, RESTART, Effect, PlanStep, planned
from onecloud_operator.core.policies import allows, power, reporting
from onecloud_operator.core.restart import asked_restart, stopped_by_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.plan.diff import Difference
    from onecloud_operator.core.plan.stops import Purpose

_SIZES = frozenset({"cpu", "memory", "instanceType", "rootDisk.size"})
_STOPPED = _SIZES | {KEYPAIR, PASSWORD, GROUPS}  # what may need the server off
_CARD_PARTS = frozenset({"mac", "address6", "default"})  # of a card, which nothing changes
_EIP_PARTS = frozenset({"eip.chargeType", "eip.network"})


def changes(facts: Facts, server: Observed) -> Iterator[PlanStep]:
    """Yield what is about to be done to *server*, which rests and is detailed; not what is only reported."""
    found = () if reporting(facts.resource) else open_differences(facts, server)
    stopping = _stopping(facts, server, found)
    for each in found:
        if each.field == "powerState" and stopped_by_us(facts.resource, server):
            continue  # the end of what was begun
        effect = _effect(facts, server, each, stopping)
        if effect is not None:
            yield _step(facts, each, effect)
    if not reporting(facts.resource):
        yield from _upkeep(facts)
    yield from _restart(facts, server)


def _step(facts: Facts, one: Difference, effect: Effect) -> PlanStep:
    if one.field != PASSWORD:
        return planned(one.field, one.have, one.want, effect)
    spec = facts.resource.server_spec
    source = spec.password_from if spec is not None else None
    return planned(PASSWORD, None, str(use_of(source)) if source is not None else None, effect)


def _effect(facts: Facts, server: Observed, one: Difference, stopping: frozenset[str]) -> Effect | None:
    """Return what the change does to the server; None: it is not made, and its hold says why."""
    field = one.field
    if field == IMAGE:
        return _of_image(facts, server)
    if fixed_field_of(field) is not None and not field.startswith(f"{NETWORKS}["):
        return None
    if field in _EIP_PARTS or (field.startswith(f"{NETWORKS}[") and field.rpartition("].")[2] in _CARD_PARTS):
        return None
    if field == "powerState":
        return _of_power(server, one)
    if field.startswith("dataDisks[") and not one.want:
        return _of_leaving_disk(facts, field)
    if field == "eip":
        return _of_eip(facts, one)
    if field not in _STOPPED and not field.startswith(f"{NETWORKS}["):
        return Effect.LIVE
    if server.phase is Phase.SUSPENDED:
        return None
    if server.phase is not Phase.RUNNING or field not in stopping:
        return Effect.LIVE
    return Effect.RESTART if may_restart(facts) else None


def _stopping(facts: Facts, server: Observed, found: Iterable[Difference]) -> frozenset[str]:
    """Return the fields for which a running server is stopped."""
    spec = facts.resource.server_spec
    by_field = {one.field: one for one in found}
    if spec is None or server.phase is not Phase.RUNNING:
        return frozenset()
    purposes = _purposes(facts, spec, server, by_field)
    live = {field for one in purposes for field in one.fields if _taken_live(one)}
    needed = {field for one in purposes for field in one.fields if not _taken_live(one)}
    # What no purpose speaks of yet waits for a look-up or a Secret; so it counts as what it may come to.
    unknown = {field for field in by_field if field in _STOPPED and field not in live}
    return frozenset(needed | unknown)


def first_look(facts: Facts, server: Observed) -> Look | Resolve | None:
    """Return what is asked first, so that it is known how much a change disturbs *server*."""
    spec = facts.resource.server_spec
    if spec is None or server.phase is not Phase.RUNNING:
        return None
    by_field = {one.field: one for one in open_differences(facts, server)}
    found = (one.live for one in _purposes(facts, spec, server, by_field))
    return next((live for live in found if isinstance(live, Look | Resolve)), None)


def _purposes(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> tuple[Purpose, ...]:
    return (
        *size_purposes(facts, spec, server, by_field),
        *card_purposes(facts, server, matched_cards(facts, server)),
        *login_purposes(facts, spec, server, by_field),
    )


def _taken_live(purpose: Purpose) -> bool:
    """Return whether the server goes on for it, as far as is known; what is asked first may say otherwise."""
    return purpose.rides or isinstance(purpose.live, CloudWrite | Hold)


def _of_image(facts: Facts, server: Observed) -> Effect | None:
    record, spec = facts.resource.records.image, facts.resource.server_spec
    if record is None or spec is None or spec.image in {None, record.text}:
        return None  # an adopted server's, whose first image is only reported
    if not allows(facts.resource, "Rebuild") or server.phase is Phase.SUSPENDED:
        return None
    return Effect.REBUILD


def _of_power(server: Observed, one: Difference) -> Effect:
    return Effect.RESTART if server.phase is Phase.RUNNING and one.want != "Running" else Effect.LIVE


def _of_leaving_disk(facts: Facts, field: str) -> Effect:
    name = field.removeprefix("dataDisks[").removesuffix("]")
    record = next((one for one in facts.resource.records.disks if one.name == name), None)
    return Effect.RECYCLE if record is not None and record.policy == RECYCLE else Effect.LIVE


def _of_eip(facts: Facts, one: Difference) -> Effect:
    record = facts.resource.records.eip
    made = record is not None and record.origin == MADE and record.held
    spec = facts.resource.server_spec
    another = spec is not None and spec.eip is not None and spec.eip.bandwidth is None
    if made and (one.want == "none" or another):
        return Effect.DELETE  # the cloud has no bin for them
    return Effect.LIVE


def _upkeep(facts: Facts) -> Iterator[PlanStep]:
    """Yield what the cloud is to be told of the disks: whose they are, and what becomes of them."""
    spec = facts.resource.server_spec
    if spec is None or not spec.data_disks or not looked_after(facts, "dataDisks"):
        return
    creation = facts.resource.records.creation
    if creation is not None and creation.completed_at is None:
        return
    wanted = {entry.name for entry in spec.data_disks}
    for record in declared(facts.resource.records.disks, spec):
        if record.name not in wanted or record.stage != BOUND:
            continue
        path = f"dataDisks[{record.name}]"
        if not record.tagged and not record.given:
            yield planned(f"{path}.{OWNER_TAGS}", None, "set", Effect.LIVE)
        if record.applied != record.policy:
            yield planned(f"{path}.reclaimPolicy", record.applied, record.policy, Effect.LIVE)


def _restart(facts: Facts, server: Observed) -> Iterator[PlanStep]:
    """Yield the restart that a person asks for by the annotation, while it has not begun."""
    value = asked_restart(facts.resource)
    if value is None or not may_restart(facts):
        return
    if server.phase is Phase.RUNNING and power(facts.resource) != "Stopped":
        yield planned(RESTART, None, value, Effect.RESTART)
