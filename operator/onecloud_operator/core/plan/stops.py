"""
What a running server must be stopped for, and how it comes to that.

    larger, and its metadata allow hot-plug    as it runs; refused, or without effect: as the others
    the others                                 record → stop → all of them → start (update.py)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from onecloud_operator.api.quantity import mib_of
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginRestart, Hold, Look
from onecloud_operator.core.cloud_writes import GrowDisk, Resize, Stop
from onecloud_operator.core.disk_ids import disks_of
from onecloud_operator.core.observed import MatchedDisks, Phase
from onecloud_operator.core.plan.guards import look_up
from onecloud_operator.core.plan.retry import (
    MAX_SAID,
    acceptance_of,
    hold_spent,
    passing,
    refused_for_good,
    tried,
)
from onecloud_operator.core.records import Restart
from onecloud_operator.core.references import Kind, Missing, Reference, Resolved, why_unresolved
from onecloud_operator.core.restart import stopped_by_us
from onecloud_operator.core.values import text_of_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Disk, Observed
    from onecloud_operator.core.plan.diff import Difference

LOOKED_SECONDS = 60.0  # how old the reading may be on which a server is stopped for what might go without


@dataclass(frozen=True, slots=True)
class Purpose:
    """A change that a stopped server takes. *grows*: one that runs takes it, too, if hot-plug is on."""

    step: Resize | GrowDisk
    fields: tuple[str, ...]
    grows: bool = False


@dataclass(frozen=True, slots=True)
class StopReason:
    """A step, and the changes that it stops the server for: each is tried once for an intent."""

    step: Step
    purposes: tuple[Purpose, ...] = ()


def resize_of(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Purpose | None:
    """Return the change of cpu, memory or instance type, None if they are as wanted."""
    fields = tuple(field for field in ("cpu", "memory", "instanceType") if field in by_field)
    if not fields:
        return None
    step = Resize(
        server.id,
        cpu=spec.cpu if "cpu" in fields else None,
        memory_mib=mib_of(spec.memory) if spec.memory is not None and "memory" in fields else None,
        instance_type=spec.instance_type if "instanceType" in fields else None,
    )
    return Purpose(step, fields, grows=_grows(facts, server, step))


def _grows(facts: Facts, server: Observed, step: Resize) -> bool:
    """Return whether it is known that nothing becomes smaller by *step*."""
    cpu, memory_mib = step.cpu or server.cpu, step.memory_mib or server.memory_mib
    if (reference := _type_of(step)) is not None:
        answer = facts.names.get(reference)
        if not isinstance(answer, Resolved) or answer.cpu is None or answer.memory_mib is None:
            return False
        cpu, memory_mib = answer.cpu, answer.memory_mib
    return cpu >= server.cpu and memory_mib >= server.memory_mib


def _type_of(step: Resize) -> Reference | None:
    return None if step.instance_type is None else Reference(Kind.INSTANCE_TYPE, step.instance_type)


def _asked(facts: Facts, step: Resize | GrowDisk) -> Step | None:
    """Return what comes before a running server is touched for an instance type, None if that is known."""
    if not isinstance(step, Resize) or (reference := _type_of(step)) is None:
        return None
    if (look := look_up(facts, reference)) is not None:
        return look
    answer = facts.names[reference]
    if not isinstance(answer, Missing):
        return None
    reason, message = why_unresolved(reference, answer)
    return Hold(reason, f"instanceType: {message}")


def root_growth_of(
    facts: Facts, spec: ServerSpec, server: Observed, by_field: Mapping[str, Difference]
) -> Purpose | None:
    """Return the growth of the root disk, None if it is large enough, or it is not known which it is."""
    root = _root(facts, server)
    size = spec.root_disk.size if spec.root_disk is not None else None
    if "rootDisk.size" not in by_field or size is None or root is None:
        return None
    return Purpose(GrowDisk(server.id, root.id, mib_of(size)), ("rootDisk.size",))


def _root(facts: Facts, server: Observed) -> Disk | None:
    disks = disks_of(facts.resource, server.details) if server.details else MatchedDisks()
    return None if disks.trouble is not None else disks.root


def steps_while_stopped(facts: Facts, server: Observed, *wanted: Purpose | None) -> Iterator[StopReason]:
    """Yield the steps to what is *wanted*, all of which a stopped server takes."""
    purposes = [purpose for purpose in wanted if purpose is not None]
    if server.phase is Phase.STOPPED:
        yield from (StopReason(purpose.step) for purpose in purposes)
        return
    stops: list[Purpose] = []
    refusal = ""
    for purpose in purposes:
        if (first := _asked(facts, purpose.step)) is not None:
            yield StopReason(first)
            continue
        live = _live(facts, server, purpose)
        if live is None:
            stops.append(purpose)
            continue
        if isinstance(live, Resize) and (no := _refusal_of(facts, live)):
            stops.append(purpose)
            refusal = no
            continue
        yield StopReason(live)
    if not stops:
        return
    if server.phase is not Phase.RUNNING or not _restarts(facts):
        yield StopReason(_restart_needed(server, _named(stops), refusal))
    else:
        yield StopReason(Stop(server.id), tuple(stops))


def _named(purposes: Iterable[Purpose]) -> str:
    return ", ".join(sorted(field for purpose in purposes for field in purpose.fields))


def _live(facts: Facts, server: Observed, purpose: Purpose) -> Look | Resize | None:
    """Return how *purpose* is done to a server that goes on running, or None if it must be stopped."""
    if server.phase is not Phase.RUNNING or server.details is None or not purpose.grows:
        return None
    if server.details.hot_plug is None and facts.memory.looked_version != server.version:
        return Look(server.id)  # the status that it was recalled from does not tell
    if not server.details.hot_plug or not isinstance(purpose.step, Resize):
        return None
    return replace(purpose.step, live=True)


def _refusal_of(facts: Facts, live: Resize) -> str:
    """Return why *live* is not tried again while the server runs, "" if it may be."""
    if (refusal := refused_for_good(facts, live)) is not None:
        return refusal.problem.message
    if acceptance_of(facts, live) is not None:
        return "The cloud accepted it for the running server, which did not change."
    return ""


def _restarts(facts: Facts) -> bool:
    disruption = facts.resource.spec.disruption if facts.resource.spec else None
    return disruption is not None and disruption.allow == "Restart"


def _restart_needed(server: Observed, fields: str, refusal: str) -> Hold:
    if server.phase is Phase.SUSPENDED:
        return Hold(
            Reason.RESTART_NEEDED,
            f"A change of {fields} needs the server to be stopped, and it is suspended, so what runs in it "
            "would be lost. Resume it or stop it, here by powerState: Running or in the cloud.",
        )
    detail = f" {refusal[:MAX_SAID]}" if refusal else ""
    return Hold(
        Reason.RESTART_NEEDED,
        f"A change of {fields} needs the server to be stopped. Set disruption.allow: Restart to have it "
        f"stopped, changed and started again, or stop it yourself.{detail}",
    )


def spent_on(facts: Facts, candidate: StopReason) -> Hold | None:
    """Return why the server is not stopped once more: each change that it is for was tried."""
    purposes = [purpose.step for purpose in candidate.purposes]
    if not purposes or not all(tried(facts, step) for step in purposes):
        return None
    held = [hold_spent(facts, step) for step in purposes]
    return replace(held[0], spent=tuple(each for hold in held for each in hold.spent))


def unsettled(facts: Facts, server: Observed, step: Step) -> bool:
    """Return whether *step* needs the server off, and is sent again so soon that it is not started before."""
    needs_it_off = server.phase is Phase.STOPPED and isinstance(step, Resize | GrowDisk)
    return needs_it_off and passing(facts, step)


def begun(facts: Facts, server: Observed, candidate: StopReason) -> Step:
    """Return the step of *candidate*, or what comes before a stop for a change: a look, and its record."""
    if not candidate.purposes or facts.resource.records.restart is not None:
        return candidate.step
    at, version = facts.memory.looked_at, facts.memory.looked_version
    lately = at is not None and version == server.version and facts.now - at < LOOKED_SECONDS
    if any(purpose.grows for purpose in candidate.purposes) and not lately:
        return Look(server.id)  # no version tells that hot-plug is allowed by now
    return BeginRestart(Restart(text_of_time(facts.wall), _named(candidate.purposes)))


def vain_stop(facts: Facts, step: Step) -> bool:
    """Return whether *step* was refused, for good, to a server that we have stopped for it."""
    server = facts.server
    if server is None or not stopped_by_us(facts.resource, server) or passing(facts, step):
        return False
    root = _root(facts, server)
    return isinstance(step, Resize) or (
        isinstance(step, GrowDisk) and root is not None and step.disk_id == root.id
    )
